"""Labels of ours on a request: those that a report asks for are there, those that it asks for no more are gone.

Ours are those that a report can ask for. No other is touched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.errors import UsageError
from reconciler.forge.request import Request

_OURS = re.compile(
    r"reconciler/(?:add|change|destroy|risk-(?:critical|warning|notice|info|none)|incomplete|require-[\w.-]+)", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Names, sorted: what was added and taken away, or in a dry run would be."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def read_labels(text: str, *, file: str) -> frozenset[str]:
    """The labels of a file, one a line. Raises UsageError for one that is not ours to set."""
    names = [line.strip() for line in text.splitlines() if line.strip()]
    for name in names:
        if not _OURS.fullmatch(name):
            raise UsageError(
                f"{file}: {name!r} is no label of ours",
                "Make the file with --output labels=FILE of review, plan or show.",
            )
    return frozenset(names)


def put_labels(request: Request, wanted: frozenset[str], *, dry_run: bool = False) -> Labelled:
    """Make the request's labels of ours those that are wanted. Raises ForgeError where they cannot be read or written."""
    standing = {name for name in request.labels() if _OURS.fullmatch(name)}
    added, removed = sorted(wanted - standing), sorted(standing - wanted)
    if (added or removed) and not dry_run:
        request.label(add=added, remove=removed)
    return Labelled(added=tuple(added), removed=tuple(removed))
