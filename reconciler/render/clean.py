"""Makes text from outside safe to show: whatever a terminal or a reviewer's eye would be fooled by becomes a visible escape.

Names, tags, URLs and messages come from people and services we do not know. A tag may hold an escape sequence that rewrites
the screen, a bidi override that shows a URL backwards, a line break that forges a line of ours.
"""

from __future__ import annotations

import unicodedata

from reconciler.model.visible import COMMAND, is_visible

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def clean(text: str) -> str:
    r"""The text on one line, with everything that cannot be seen for what it is written out, as in `\u202e`.

    That is: control characters (C0, DEL, C1, so no escape sequence begins), bidi and other format characters, zero widths,
    line and paragraph separators, spaces other than the plain one, lone surrogates, unassigned code points; and what a CI
    runner that reads our output would take for a command: `::` at the beginning, `##vso[` and its like anywhere.
    """
    shown = text if is_visible(text) else "".join(map(_visible, text))
    return inert(shown) if "::" in shown or "##" in shown else shown


def inert(line: str) -> str:
    """A cleaned line in which no CI runner finds a command. Runners skip the blanks in front of one."""
    body = line.lstrip(" ")
    if body.startswith("::"):
        line = line[: len(line) - len(body)] + r"\u003a" + body[1:]
    return COMMAND.sub(r"\\u0023#", line)


def clean_lines(text: str) -> list[str]:
    """The lines of a text that may have several (a diagnostic's detail), each cleaned; none for an empty text."""
    return [clean(line.rstrip()) for line in text.split("\n")] if text else []


def columns(text: str) -> int:
    """How many columns a terminal needs for a cleaned text: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _visible(character: str) -> str:
    if is_visible(character):
        return character
    code = ord(character)
    return _SHORT.get(character) or (f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
