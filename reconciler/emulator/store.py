"""What the emulated directory holds, in one SQLite database: things of every kind, parents, tombstones and an audit trail.

Only storage: what is allowed, and what the API answers, stands in `identities`, `providers`, `vault` and `parents`. One store
may be shared by threads, and one file by processes. A write is in the file when its transaction ends, so that a killed
process loses nothing that was answered.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, overload

from reconciler.emulator import statements
from reconciler.emulator.opening import opened
from reconciler.emulator.things import (
    API_KEY_PROVIDER,
    IDENTITY,
    OAUTH2_PROVIDER,
    TOKEN_VAULT,
    Identity,
    Item,
    Kept,
    Kind,
    Parent,
    Provider,
    Scope,
    Thing,
    Vault,
    from_row,
    kind_of,
    to_row,
)

REACH = 90 * 86_400.0
"""Seconds that the trail reaches back, as CloudTrail's event history does."""
_SWEEP = 256  # events; between two looks for those that are too many or too old


class Store:
    """The database. With a path it is that file (made if missing, its folder too), without one it lives in memory.

    A kind that is not given is that of identities. Raises DirectoryError for a file that cannot be opened, is no database, or
    was written by a newer version.
    """

    def __init__(self, path: Path | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.clock = clock
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = opened(path)

    def close(self) -> None:
        """Close the database; a store in memory is gone then."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens at once or not at all, among threads and processes. May be nested."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    @overload
    def get(self, scope: Scope, name: str) -> Identity | None: ...
    @overload
    def get(self, scope: Scope, name: str, kind: Kind[Item]) -> Item | None: ...
    def get(self, scope: Scope, name: str, kind: Kind[Any] = IDENTITY) -> Any:
        """The thing of that kind and name, or None."""
        rows = self._all(statements.ONE, (*scope, kind.name, name, self.clock()))
        return from_row(kind, rows[0]) if rows else None

    def names(self, scope: Scope, after: str, limit: int, kind: Kind[Any] = IDENTITY) -> list[str]:
        """Up to `limit` names that come after `after` in the order of their bytes."""
        rows = self._all(statements.PAGE, (*scope, kind.name, after, self.clock(), limit))
        return [row[0] for row in rows]

    def all(self, scope: Scope, kind: Kind[Item]) -> list[Item]:
        """All things of that kind, by name."""
        return [from_row(kind, row) for row in self._all(statements.ALL, (*scope, kind.name, self.clock()))]

    def identities(self, scope: Scope) -> list[Identity]:
        """All workload identities, by name."""
        return self.all(scope, IDENTITY)

    def providers(self, scope: Scope) -> list[Provider]:
        """All credential providers: the OAuth2 ones by name, then those of API keys by name."""
        return [*self.all(scope, OAUTH2_PROVIDER), *self.all(scope, API_KEY_PROVIDER)]

    def vault(self, scope: Scope) -> Vault:
        """The token vault, which is always there."""
        return self.get(scope, "default", TOKEN_VAULT) or Vault()

    def count(self, scope: Scope, kind: Kind[Any] = IDENTITY) -> int:
        """How many of that kind there are: a counter that triggers keep, so that a quota costs no scan."""
        with self.transaction():
            self._bid_farewell()
            rows = self._all(statements.COUNT, (*scope, kind.name))
        return int(rows[0][0]) if rows else 0

    def put(self, scope: Scope, thing: Thing) -> None:
        """Store the thing as it is given, over one of its kind and name."""
        self.put_all(scope, (thing,))

    def put_all(self, scope: Scope, things: Iterable[Thing]) -> None:
        """Store many, of any kinds, in one transaction."""
        rows = [(*scope, kind_of(one).name, *to_row(one)) for one in things]
        with self.transaction():
            self._bid_farewell()
            self._connection.executemany(statements.UPSERT, rows)

    def drop(self, scope: Scope, name: str, kind: Kind[Any] = IDENTITY) -> bool:
        """Remove the thing; whether there was one."""
        with self.transaction():
            present = self.get(scope, name, kind) is not None
            self._all(statements.DROP, (*scope, kind.name, name))
        return present

    def bury(self, scope: Scope, name: str, kind: Kind[Any] = IDENTITY, *, seconds: float, attempts: int) -> None:
        """Leave a tombstone that stands for so long, and for so many attempts to take the name again."""
        with self.transaction():
            self._all(statements.BURY, (*scope, kind.name, name, self.clock() + seconds, attempts))

    def disturb(self, scope: Scope, name: str, kind: Kind[Any] = IDENTITY) -> bool:
        """One attempt to take the name: whether a tombstone stands in the way. It wears off while either measure lasts."""
        key = (*scope, kind.name, name)
        with self.transaction():
            rows = self._all(statements.TOMBSTONE, key)
            if not rows:
                return False
            until, attempts = rows[0]
            if until <= self.clock() and attempts <= 0:
                self._all(statements.WORN, key)
                return False
            self._all(statements.WEAR, key)
        return True

    def link(self, scope: Scope, kind: str, parent_id: str, *, name: str = "", identity: str = "") -> Parent:
        """Make a parent, and with it the identity that the service would make (named like the parent's id unless given)."""
        now = self.clock()
        parent = Parent(kind=kind, id=parent_id, name=name or parent_id, identity=identity or parent_id, created=now)
        made = Identity(name=parent.identity, created=now, updated=now, parent_kind=kind, parent_id=parent_id)
        with self.transaction():
            self._all(statements.LINK, (*scope, kind, parent_id, parent.name, parent.identity, now))
            self.put(scope, made)
        return parent

    def unlink(self, scope: Scope, kind: str, parent_id: str, *, linger: float | None = 0.0) -> Parent | None:
        """Remove a parent; its identity goes after `linger` seconds, or stays for ever as an orphan (None)."""
        with self.transaction():
            parent = self.parent(scope, kind, parent_id)
            if parent is None:
                return None
            self._all(statements.UNLINK, (*scope, kind, parent_id))
            if linger is not None:
                self._all(statements.VANISH, (self.clock() + linger, *scope, IDENTITY.name, parent.identity))
        return parent

    def parent(self, scope: Scope, kind: str, parent_id: str) -> Parent | None:
        """The parent of that kind and id, or None."""
        rows = self._all(statements.PARENT, (*scope, kind, parent_id))
        return _parent(rows[0]) if rows else None

    def parents(self, scope: Scope, kind: str, after: str, limit: int) -> list[Parent]:
        """Up to `limit` parents of that kind whose ids come after `after`."""
        rows = self._all(statements.PARENTS, (*scope, kind, after, limit))
        return [_parent(row) for row in rows]

    def keep(self, scope: Scope, event: Kept) -> None:
        """Add an event to the trail. The oldest go when there are too many, or when they are older than it reaches back."""
        with self.transaction():
            ((number,),) = self._all(statements.KEEP, (*scope, *event))
            if number % _SWEEP == 0:
                self._all(statements.TOO_MANY, (number - statements.EVENTS,))
                self._all(statements.TOO_OLD, (self.clock() - REACH,))

    def kept(
        self,
        scope: Scope,
        span: tuple[float, float],
        chosen: tuple[str, str],
        before: tuple[int, int] | None,
        limit: int,
    ) -> list[tuple[int, Kept]]:
        """Up to `limit` events of a span of time that show by now, each with its number, newest first.

        `chosen`: one of `statements.KEPT_BY` and its value; any other chooses all. `before`: time and number of the event
        behind which they begin.
        """
        condition = statements.KEPT_BY.get(chosen[0])
        statement = " ".join((statements.KEPT, condition or "", statements.NEWEST_FIRST))
        now = self.clock()
        place = (*scope, max(span[0], now - REACH), span[1], now, *(before or (2**62, 0)))
        rows = self._all(statement, (*place, *(chosen[1:] if condition else ()), limit))
        return [(row[0], Kept(*row[1:])) for row in rows]

    def clear(self, scope: Scope) -> None:
        """Forget everything of that account and region."""
        with self.transaction():
            for statement in statements.CLEAR:
                self._all(statement, scope)

    def _bid_farewell(self) -> None:
        self._all(statements.FAREWELL, (self.clock(),))

    def _all(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _parent(row: tuple[Any, ...]) -> Parent:
    kind, id_, name, identity, created = row
    return Parent(kind=kind, id=id_, name=name, identity=identity, created=created)
