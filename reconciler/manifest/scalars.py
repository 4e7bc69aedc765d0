"""What an unquoted scalar means: YAML 1.2's text, booleans, null and decimal integers; everything else is odd.

Odd is what YAML 1.1 and 1.2, or two programs, read differently (`no`, `0123`, `1:30`, dates), and numbers that a manifest
has no use for (`1.0`, `0x1F`). They count as text here, and as a mistake that quotes mend.
"""

from __future__ import annotations

import re
from typing import NamedTuple

Scalar = str | int | bool | None

_SUSPECTS = frozenset("+-.0123456789~=<nNtTfFyYoO")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"-?[1-9][0-9]{0,17}|0")
_BOOLEANS_OF_1_1 = frozenset(
    spelled for word in ("y", "n", "yes", "no", "on", "off") for spelled in (word, word.capitalize(), word.upper())
)
_ODD = (
    (re.compile(r"[-+]?0[0-9_]+"), "an octal number in YAML 1.1 and a decimal one in YAML 1.2"),
    (re.compile(r"[-+]?0(?:b[01_]+|o[0-7_]+|x[0-9a-fA-F_]+)"), "a number that is not decimal"),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "a number in base 60 in YAML 1.1"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"), "a date in YAML 1.1"),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), "a number"),
    (re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"), "a number"),
    (re.compile(r"=|<<"), "a special key in YAML 1.1"),
)


class Odd(NamedTuple):
    """Unquoted text that programs read differently. `reading`: what some of them take it for."""

    text: str
    reading: str


def read_plain(text: str) -> Scalar | Odd:
    """The value of an unquoted scalar, or why it has none that everybody agrees on."""
    if text and text[0] not in _SUSPECTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if text in _BOOLEANS_OF_1_1:
        return Odd(text, "true or false in YAML 1.1")
    for pattern, reading in _ODD:
        if pattern.fullmatch(text):
            return Odd(text, reading)
    return text
