"""How long a create waits for a name that is still being freed, and in which steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: `total` at most, the `first` pause, each then twice as long up to `longest`.

    After a delete the service still says "already exists" for a while (how long is not documented).
    """

    total: float = 60.0
    first: float = 0.5
    longest: float = 8.0

    def pauses(self) -> Iterator[float]:
        """The pauses between attempts, in seconds; they add up to `total`."""
        left, pause = self.total, self.first
        while left > 0:
            yield min(pause, left)
            left -= pause
            pause = min(pause * 2, self.longest)
