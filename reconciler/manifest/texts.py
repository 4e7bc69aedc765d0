"""Bytes to text, and the YAML parser's complaints, in words that say what to do."""

from __future__ import annotations

import re

import yaml

from reconciler.diagnostics import Diagnostic, Source
from reconciler.manifest.documents import ManifestFile, error

MAX_BYTES = 64 * 1024 * 1024
_MAX_FINDINGS = 20

# What YAML forbids, what breaks a line for YAML but not for editors (NEL, LS, PS), and what turns the direction of text:
# none of them can be seen, and with each of them a file says something else than it shows.
_UNSEEN = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]|[\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]"
)
_TAG_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)

_SPACES = "Indent with spaces, never with tabs."
_QUOTE = "Text that begins with one of @ ` % ! & * | > { [ , ? - or holds `: ` or ` #` needs quotes."
_INDENT = "Mind the indentation: what belongs together stands in the same column, and a list item begins with `- `."
_TEMPLATE = "Text with ${…} needs quotes inside [ ] and { }."
_ADVICE: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "A `:` stands where no key can be", f"{_INDENT} {_QUOTE}"),
    ("could not find expected ':'", "A line is neither `key: value` nor a list item", _INDENT),
    ("did not find expected key", "The indentation does not fit what stands above", _INDENT),
    ("expected <block end>", "The indentation does not fit what stands above", _INDENT),
    ("did not find expected '-' indicator", "A list item or the end of the list is expected", _INDENT),
    ("block sequence entries are not allowed", "A list item stands where none can be", _INDENT),
    (
        "did not find expected ',' or",
        "A `,` or the closing bracket is missing",
        "Close every [ with ] and every { with }.",
    ),
    ("expected ',' or", "A `,` or the closing bracket is missing", "Close every [ with ] and every { with }."),
    ("did not find expected node content", "A value is missing here", "Close every [ with ] and every { with }."),
    ("found unexpected end of stream", "A quoted text is never closed", "Close it with the quote that opened it."),
    ("found unexpected document indicator", "A quoted text is never closed", "Close it with the quote that opened it."),
    (
        "found unknown escape character",
        "There is no such escape in double quotes",
        "Write \\\\ for \\, or use single quotes.",
    ),
    ("invalid Unicode character escape", "This escape stands for no character", "Write the character itself."),
    ("found a tab character", "A tab stands where only spaces can", _SPACES),
    ("expected comment or line break", "Something follows a value that has ended", _QUOTE),
    ("expected whitespace or line break", "A space is missing here", _QUOTE),
    ("mapping keys are not allowed", "A `?` stands where no key can be", _QUOTE),
    (
        "found unexpected ':'",
        "A `:` stands where none can be",
        "Text with a `:` in it needs quotes inside [ ] and { }.",
    ),
    ("directive", "A line that begins with % is a YAML directive, and not one that is read", _QUOTE),
    ("found undefined tag handle", "YAML tags are not read", _QUOTE),
    ("did not find expected alphabetic", "An anchor or alias has no name", _QUOTE),
    ("expected alphabetic", "An anchor or alias has no name", _QUOTE),
    ("did not find expected <document start>", "What stands here does not belong to the mapping above", _INDENT),
    ("expected '<document start>'", "What stands here does not belong to the mapping above", _INDENT),
)


def decode(file: ManifestFile) -> tuple[str | None, list[Diagnostic]]:
    """The file's text without a byte order mark, or None and why it has none that can be read."""
    name, content = file
    start = Source(name)
    if len(content) > MAX_BYTES:
        summary = f"The file has {len(content) >> 20} MiB, more than the {MAX_BYTES >> 20} MiB that are read"
        return None, [error("file-too-large", summary, "Spread the stack over several folders.", source=start)]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None, [error("yaml-encoding", "The file is UTF-16", "Save it as UTF-8.", source=start)]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        return None, [_not_utf8(name, content, problem.start)]
    found = _unseen(name, text)
    if not found and "%TAG" in text and (directive := _TAG_DIRECTIVE.search(text)):
        source = _source(name, text, directive.start())
        found.append(error("yaml-tag", "%TAG directives are not read", "Take the line away.", source=source))
    return (None if found else text), found


def _not_utf8(name: str, content: bytes, at: int) -> Diagnostic:
    before = content[:at].decode("utf-8", "replace")
    summary = f"The file is not UTF-8: byte 0x{content[at]:02x}"
    return error("yaml-encoding", summary, "Save it as UTF-8.", source=_source(name, before, len(before)))


def _unseen(name: str, text: str) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for match in _UNSEEN.finditer(text):
        what = f"U+{ord(match[0]):04X}"
        if len(found) == _MAX_FINDINGS:
            summary = "More characters that cannot be seen follow"
            found.append(error("yaml-character", summary, source=_source(name, text, match.start())))
            break
        summary = f"The character {what} cannot be seen and is not read"
        detail = f'Take it away; in double quotes "\\u{ord(match[0]):04x}" stands for it.'
        if ord(match[0]) > 0xFFFF or match[0] == "\0":
            detail = "Take it away. Is this a text file?"
        found.append(error("yaml-character", summary, detail, source=_source(name, text, match.start())))
    return found


def word_yaml_error(problem: yaml.YAMLError, name: str, text: str) -> Diagnostic:
    """The parser's complaint as one diagnostic, where it stands."""
    said = str(getattr(problem, "problem", None) or "the parser gave up")
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    summary, detail = _advice(said, text, line, column)
    if "nesting depth" in said:  # libyaml's own limit, since 0.2.6, met while it looks ahead for the end of a key
        return error(
            "yaml-depth", "Nested too deeply", "No manifest needs that.", source=Source(name, line + 1, column + 1)
        )
    opened = getattr(problem, "context_mark", None)
    if opened is not None and summary.startswith("A quoted text"):
        line, column = opened.line, opened.column
    elif opened is not None and "bracket" in summary:
        detail = f"The one that is open stands in line {opened.line + 1}. {detail}"
    return error("yaml-syntax", summary, detail, source=Source(name, line + 1, column + 1))


def _advice(said: str, text: str, line: int, column: int) -> tuple[str, str]:
    if "cannot start any token" in said:
        character = _line(text, line)[column : column + 1]
        if character == "\t":
            return "A tab stands where only spaces can", _SPACES
        return f"Text cannot begin with {character!r} here" if character else "Text cannot begin here", _QUOTE
    for begin, summary, detail in _ADVICE:
        if begin in said:
            return summary, f"{_TEMPLATE} {detail}" if "bracket" in summary and "${" in _line(text, line) else detail
    return f"This is not YAML: {said}", f"{_INDENT} {_QUOTE}"


def _line(text: str, line: int) -> str:
    lines = text.splitlines()
    return lines[line] if line < len(lines) else ""


def _source(name: str, text: str, at: int) -> Source:
    """The place of a position in the text."""
    line = text.count("\n", 0, at)
    return Source(name, line + 1, at - (text.rfind("\n", 0, at) + 1) + 1)
