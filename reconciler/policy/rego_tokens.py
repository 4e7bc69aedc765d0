"""The words of a text in Rego, as far as needed to say what it declares and what it may not ask for.

Leaves out its grammar: the engine reads that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*")|(?P<raw>`[^`]*`)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<number>[0-9][0-9.eE+-]*)|(?P<sign>:=|==|!=|<=|>=|[^\s\w])"""
)
_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word or sign. `kind`: name, text, number or sign. `inside`: the innermost bracket that is open, "" for none.

    `depth`: how many are. `first`: the first of its line. `called`: the function's name, where `inside` is its argument list.
    """

    kind: str
    text: str
    offset: int
    inside: str
    depth: int
    first: bool
    called: str


def tokens(text: str) -> list[Token]:
    """The tokens in their order, without comments; a string's `text` is what stands between its quotes."""
    found: list[Token] = []
    open_: list[tuple[str, str]] = []
    line_end = -1  # where the last token's line break would have to be before
    for one in _TOKEN.finditer(text):
        kind = one.lastgroup or ""
        if kind == "comment":
            continue
        word = one.group()
        if kind in ("text", "raw"):
            kind, word = "text", word[1:-1]
        if word in _CLOSE and kind == "sign" and open_:
            open_.pop()
        bracket, called = open_[-1] if open_ else ("", "")
        first = line_end < 0 or "\n" in text[line_end : one.start()]
        line_end = one.end()
        found.append(
            Token(
                kind=kind, text=word, offset=one.start(), inside=bracket, depth=len(open_), first=first, called=called
            )
        )
        if kind == "sign" and word in _OPEN:
            before = found[-2] if len(found) > 1 else None
            open_.append((word, before.text if before and before.kind == "name" else ""))
    return found
