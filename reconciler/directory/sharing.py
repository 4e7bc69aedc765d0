"""What the directories of one process share when several are at work: a pace per account and region, and the threads.

A quota is an account's in a region: two targets there slow each other down, and no others. Safe to use from several threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from reconciler.aws.pacing import Pacing

Place = tuple[str, str, str]
"""Account, region, endpoint."""


class Sharing:
    """`threads`: how many calls each of the directories has under way at most."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._changing = threading.Lock()
        self._paces: dict[Place, _Slot] = {}
        self._hurried = False

    def pacing(self, place: Place, make: Callable[[], Pacing]) -> Pacing:
        """The pace of that place, made by whoever comes first. Raises what making it raises; the next one tries again."""
        with self._changing:
            slot = self._paces.setdefault(place, _Slot())
        with slot.making:  # making one may ask for the account's quotas
            if slot.pacing is None:
                slot.pacing = make()
        if self._hurried:
            slot.pacing.hurry.set()
        return slot.pacing

    def hurry(self) -> None:
        """End all calls within seconds, those of directories that are connected later as well."""
        with self._changing:
            self._hurried = True
            slots = list(self._paces.values())
        for slot in slots:
            if slot.pacing is not None:
                slot.pacing.hurry.set()


class _Slot:
    def __init__(self) -> None:
        self.making = threading.Lock()
        self.pacing: Pacing | None = None
