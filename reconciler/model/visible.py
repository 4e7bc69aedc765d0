"""Which characters are seen for what they are. All others are written out wherever text is shown, and in every file we keep."""

from __future__ import annotations

import re

# Printable by Unicode's book and yet nothing to see: fillers, blanks and variation selectors. `str.isprintable` lets them pass.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")

COMMAND = re.compile(r"##(?=\w*\[)")
"""What begins a command to a CI runner wherever in a line it stands: `##vso[`, `##[`, `##teamcity[`."""


def is_visible(text: str) -> bool:
    """Whether every character of the text is seen for what it is; a line break is not."""
    return text.isprintable() and (text.isascii() or not _BLANK.search(text))
