"""What a command has to say about its input, as values: severity, code, words, place; and their one order.

Leaves out how they look: see `reconciler.render`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Severity(enum.Enum):
    """How bad it is. An ERROR stops the command; the others do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A place in a text file; line and column count from 1, as editors do. `file` is the path as the user gave it."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding. `code` is stable and kebab-case; `summary` one line; `detail` why, and what to do.

    `address` names the resource where there is one, in the form `workload_identity.invoice-agent`.
    """

    severity: Severity
    code: str
    summary: str
    detail: str = ""
    source: Source | None = None
    address: str | None = None


_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def in_order(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics without repetition, by file, line, column, then severity, code and words."""

    def key(one: Diagnostic) -> tuple[object, ...]:
        place = one.source or Source("", 0, 0)
        return (
            place.file,
            place.line,
            place.column,
            _RANK[one.severity],
            one.code,
            one.address or "",
            one.summary,
            one.detail,
        )

    return tuple(sorted(set(found), key=key))


def has_errors(found: Iterable[Diagnostic]) -> bool:
    """Whether any of them stops the command."""
    return any(one.severity is Severity.ERROR for one in found)
