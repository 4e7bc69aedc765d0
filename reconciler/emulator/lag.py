"""Reads that lag behind writes: Get and List see the directory as it was a few calls or seconds ago."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from reconciler.emulator.store import Store
from reconciler.emulator.things import Item, Kind, Scope, Thing


class _Past(NamedTuple):
    """What stood under a name before a write, and until when reads still see that."""

    before: Thing | None
    until_call: int
    until_time: float


class Lag:
    """How far reads are behind: a write is seen after so many further calls and so many seconds, both."""

    def __init__(self, *, calls: int, seconds: float, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._seconds = seconds
        self._clock = clock
        self._count = 0
        self._lock = threading.Lock()
        self._past: dict[tuple[Scope, str], dict[str, list[_Past]]] = {}

    def tick(self) -> None:
        """A call begins."""
        with self._lock:
            self._count += 1

    def wrote(self, scope: Scope, kind: Kind[Any], name: str, before: Thing | None) -> None:
        """A write just happened; `before` is what stood there."""
        past = _Past(before, self._count + self._calls, self._clock() + self._seconds)
        with self._lock:
            self._past.setdefault((scope, kind.name), {}).setdefault(name, []).append(past)

    def view(self, store: Store) -> LaggingReads:
        """The store as reads see it now."""
        return LaggingReads(store, self)

    def past(self, scope: Scope, kind: Kind[Any]) -> dict[str, Thing | None]:
        """What reads still see in place of the truth, by name."""
        seen: dict[str, Thing | None] = {}
        with self._lock:
            past = self._past.get((scope, kind.name), {})
            for name, entries in list(past.items()):
                entries[:] = [one for one in entries if self._hides(one)]
                if entries:
                    seen[name] = entries[0].before
                else:
                    del past[name]
        return seen

    def _hides(self, one: _Past) -> bool:
        return self._count <= one.until_call or self._clock() < one.until_time


class LaggingReads:
    """What a store holds, as it was a while ago."""

    def __init__(self, store: Store, lag: Lag) -> None:
        self._store = store
        self._lag = lag

    def get(self, scope: Scope, name: str, kind: Kind[Item]) -> Item | None:
        """The thing as it was, or None."""
        past = self._lag.past(scope, kind)
        if name not in past:
            return self._store.get(scope, name, kind)
        before = past[name]
        return before if isinstance(before, kind.holds) else None

    def names(self, scope: Scope, after: str, limit: int, kind: Kind[Any]) -> list[str]:
        """Up to `limit` names after `after`, as they were."""
        past = self._lag.past(scope, kind)
        now = set(self._store.names(scope, after, limit + len(past), kind)) - past.keys()
        then = {name for name, before in past.items() if before is not None and name > after}
        return sorted(now | then)[:limit]
