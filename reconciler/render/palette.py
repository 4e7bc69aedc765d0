"""The few colours we use, all among a terminal's first sixteen, so that they follow the reader's own theme."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.diagnostics import Severity
from reconciler.model.changes import Action
from reconciler.model.report import Level

_RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN = "31", "32", "33", "34", "35", "36"
_OF_ACTION = {
    Action.CREATE: _GREEN,
    Action.UPDATE: _YELLOW,
    Action.DELETE: _RED,
    Action.REPLACE: _MAGENTA,
    Action.ADOPT: _CYAN,
    Action.FORGET: _BLUE,
    Action.NO_OP: "2",
}
_OF_SIGN = {"+": _GREEN, "-": _RED, "~": _YELLOW, " ": "2"}
_OF_SEVERITY = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW, Severity.INFO: _CYAN}

_OF_LEVEL = {Level.CRITICAL: f"1;{_RED}", Level.WARNING: f"1;{_YELLOW}", Level.NOTICE: f"1;{_CYAN}", Level.INFO: "2"}


@dataclass(frozen=True, slots=True)
class Palette:
    """Paints cleaned text; with `colour` false every method returns its text as it is."""

    colour: bool

    def bold(self, text: str) -> str:
        """What a line is about."""
        return self._paint("1", text)

    def dim(self, text: str) -> str:
        """What is there for the sake of completeness."""
        return self._paint("2", text)

    def good(self, text: str) -> str:
        """All is well."""
        return self._paint(_GREEN, text)

    def bad(self, text: str) -> str:
        """Failed, refused, incomplete."""
        return self._paint(f"1;{_RED}", text)

    def careful(self, text: str) -> str:
        """Worth a second look."""
        return self._paint(_YELLOW, text)

    def gutter(self, text: str) -> str:
        """The frame around a quoted source line."""
        return self._paint(_BLUE, text)

    def action(self, action: Action, text: str) -> str:
        """In the colour of the action."""
        return self._paint(_OF_ACTION[action], text)

    def sign(self, sign: str, text: str) -> str:
        """In the colour of `+`, `-`, `~`, or dim for an unchanged element."""
        return self._paint(_OF_SIGN[sign], text)

    def severity(self, severity: Severity, text: str) -> str:
        """In the colour of the severity, bold."""
        return self._paint(f"1;{_OF_SEVERITY[severity]}", text)

    def level(self, level: Level, text: str) -> str:
        """In the colour of a finding's level."""
        return self._paint(_OF_LEVEL[level], text)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text
