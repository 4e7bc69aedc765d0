"""How long a run waits for the service to show what it did, and in which steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

_BRIEF = 3.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: `total` at most, the `first` pause, each then twice as long up to `longest`.

    After a delete the service still says "already exists" for a while (how long is not documented). Reads may lag behind
    writes, by less: see `brief`.
    """

    total: float = 60.0
    first: float = 0.5
    longest: float = 8.0

    @property
    def brief(self) -> Patience:
        """For an answer that was lost: a read that shows the old state is not believed before this is over."""
        return replace(self, total=min(self.total, _BRIEF))

    def pauses(self) -> Iterator[float]:
        """The pauses between attempts, in seconds; they add up to `total`."""
        left, pause = self.total, self.first
        while left > 0:
            yield min(pause, left)
            left -= pause
            pause = min(pause * 2, self.longest)
