"""What others wrote, made harmless in GitHub-flavoured Markdown: as a code span, in a fence, or as prose whose odd words are.

In code it is text: no mention, link, reference, HTML or table cell can come of it, on GitHub or on GitLab.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from reconciler.model.values import digest
from reconciler.render.clean import clean

LIMIT = 60_000
"""The most characters of a comment; GitHub refuses one of more than 65,536."""

_LONG = 500  # characters of a marker's environments, from which on their digest stands for them
_RUNS = re.compile("`+")
_WORD = re.compile(r"\(?[\"']?((?:[A-Za-z]+|[0-9]{1,3}(?:,[0-9]{3})*)(?:['-][A-Za-z]+)*)[\"']?\)?[.,;:?]?")
_HEX = re.compile(r"(?<![a-z])[a-f]{7,40}(?![a-z])", re.IGNORECASE)  # all letters and yet a commit, to the host
_TAIL = re.compile(r"[.,;:?]$")
_TOKEN = re.compile(r"[^ `]*`[^`]+`(?!`)[^ `]*|[^ ]+")
_MARKED = re.compile(r"(\(?[\"']?)`([^`]+)`([\"']?\)?[.,;:?]?)")
_PAIRS = ("()", "''", '""')


def marker(kind: str, stack: str, environments: Iterable[str]) -> str:
    """The hidden first line by which a comment is found again: one for each kind, stack and set of environments."""
    of = "+".join(map(_quoted, environments))
    if len(of) > _LONG:
        of = f"{of.count('+') + 1}-environments-{digest(of).removeprefix('sha256:')[:32]}"
    return f"<!-- reconciler:{kind} {_quoted(stack)}/{of} -->"


def _quoted(name: str) -> str:
    """Percent-encoded, so that nothing in it ends the comment; `--` would."""
    return quote(name.encode("utf-8", "surrogatepass"), safe="").replace("--", "-%2D")


def code(text: str) -> str:
    """The text as a code span that nothing in it can end; an empty one is left out."""
    shown = clean(text)
    if not shown.strip():
        return ""
    fence = "`" * (longest_run(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def fenced(lines: Iterable[str], language: str = "") -> str:
    """The lines as a fenced block that nothing in them can end."""
    body = [clean(line) for line in lines]
    fence = fence_of(body)
    return "\n".join([fence + language, *body, fence])


def fence_of(lines: Iterable[str]) -> str:
    """A fence that none of the lines can end."""
    return "`" * max(3, 1 + max(map(longest_run, lines), default=0))


def prose(text: str) -> str:
    """A sentence of ours with names of others in it: plain words stay, everything else becomes code. On one line.

    A word is plain that is made of ASCII letters, or is a number; an address, a URL, a mention, a commit is not. It has to
    follow words of ours: a `/` or `-` that begins a line would mean something. What stands between backticks is code already;
    brackets and quotes around code stay words.
    """
    out: list[str] = []
    odd: list[str] = []
    for token in _TOKEN.findall(clean(text)):
        if marked := _MARKED.fullmatch(token):
            out += [*_spans(odd), f"{marked[1]}{code(marked[2])}{marked[3]}"]
            odd = []
        elif _WORD.fullmatch(token) and not _HEX.search(token):
            out += [*_spans(odd), token]
            odd = []
        else:
            odd.append(token)
            if _TAIL.search(token):
                out += _spans(odd)
                odd = []
    return " ".join([*out, *_spans(odd)])


def shortened(text: str, most: int) -> str:
    """The text, cut to at most so many characters with a sign that it was."""
    return text if len(text) <= most else f"{text[: most - 2]} …"


def fold(summary: str, body: str, *, opened: bool = False) -> str:
    """A part that the reader folds out. `summary` is text of ours."""
    return f"{fold_start(summary, opened=opened)}{body}{FOLD_END}"


def fold_start(summary: str, *, opened: bool = False) -> str:
    """What a fold begins with."""
    return f"<details{' open' if opened else ''}><summary>{summary}</summary>\n\n"


FOLD_END = "\n\n</details>"


def longest_run(text: str) -> int:
    """How long the longest run of backticks is."""
    return max(map(len, _RUNS.findall(text)), default=0) if "`" in text else 0


def _spans(odd: list[str]) -> list[str]:
    """Odd words that follow each other as one span, the punctuation of the sentence behind it."""
    if not odd:
        return []
    joined = " ".join(odd)
    tail = _TAIL.search(joined)
    before, body, behind = _peeled(joined[: tail.start()] if tail else joined)
    end = tail.group() if tail else ""
    return [f"{before}{code(body)}{behind}{end}"] if body.strip() else [code(joined)]


def _peeled(body: str) -> tuple[str, str, str]:
    """What stands around it, and the text itself: quotes, and brackets, also of a pair whose other half stands elsewhere."""
    before, behind = "", ""
    while len(body) > 1:
        if body[0] + body[-1] in _PAIRS and body[0] not in body[1:-1]:
            before, body, behind = before + body[0], body[1:-1], body[-1] + behind
        elif body[0] == "(" and body.count("(") > body.count(")"):
            before, body = f"{before}(", body[1:]
        elif body[-1] == ")" and body.count(")") > body.count("("):
            body, behind = body[:-1], f"){behind}"
        else:
            break
    return before, body, behind
