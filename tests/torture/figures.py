"""What the long runs count, and how it is told when they are over. Works over xdist: figures travel with the tests' reports."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

KEY = "torture"


class Figures:
    """Counts what one test does, for the summary: of `what` so many `units`, of them so many failed, in so many seconds."""

    Record = Callable[[str, object], None]
    """pytest's `record_property`."""

    def __init__(self, record: Record, what: str, unit: str) -> None:
        self._record, self._what, self._unit = record, what, unit
        self._begun = time.monotonic()
        self._done = 0
        self.failures: list[str] = []

    def one(self, failure: str = "") -> None:
        """One more is done; `failure` says what went wrong, if anything."""
        self._done += 1
        if failure:
            self.failures.append(failure)

    def close(self) -> None:
        """Hand the figures over, and fail with all that failed."""
        seconds = time.monotonic() - self._begun
        figures = [self._what, self._unit, self._done, len(self.failures), seconds]
        self._record(KEY, figures)
        assert not self.failures, "\n" + "\n".join(self.failures)


def summary(properties: Iterable[tuple[str, Any]]) -> list[str]:
    """A line for each of what was counted: `kill sweep, apply: 165 points, 0 failures, 200 s`."""
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for key, value in properties:
        if key == KEY:
            what, unit, done, failed, seconds = value
            sums[what, unit].update({"done": done, "failed": failed, "seconds": seconds})
    return [
        f"{what}: {one['done']} {unit}s, {one['failed']} failures, {one['seconds']:.0f} s"
        for (what, unit), one in sorted(sums.items())
    ]
