"""What the emulated directory holds, in one SQLite database: identities, parents and tombstones by account and region.

Only storage: what is allowed, and what the API answers, stands in `reconciler.emulator.identities` and `parents`. One store
may be shared by threads, and one file by processes. A write is in the file when its transaction ends, so that a killed
process loses nothing that was answered.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.emulator import statements
from reconciler.errors import DirectoryError


class Scope(NamedTuple):
    """An account in a region: each is a directory of its own."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The partition that ARNs of the region begin with."""
        for prefix, partition in _PARTITIONS.items():
            if self.region.startswith(prefix):
                return partition
        return "aws"

    def arn(self, resource: str) -> str:
        """The ARN of something of AgentCore's here."""
        return f"arn:{self.partition}:bedrock-agentcore:{self.region}:{self.account}:{resource}"


_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "us-iso-": "aws-iso",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A workload identity as stored. `urls` in the order given; times in seconds since 1970; parent "" for one of one's own."""

    name: str
    urls: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    created: float = 0.0
    updated: float = 0.0
    parent_kind: str = ""
    parent_id: str = ""

    @property
    def linked(self) -> bool:
        """Whether a Runtime, Gateway or PaymentManager made it."""
        return bool(self.parent_kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A Runtime, Gateway or PaymentManager, and the name of the identity that came with it."""

    kind: str
    id: str
    name: str
    identity: str
    created: float


class Store:
    """The database. With a path it is that file (made if missing, its folder too), without one it lives in memory.

    Raises DirectoryError for a file that cannot be opened, is no database, or was written by a newer version.
    """

    def __init__(self, path: Path | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.clock = clock
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = _opened(path)

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

    def get(self, scope: Scope, name: str) -> Identity | None:
        """The identity of that name, or None."""
        rows = self._all(statements.ONE, (*scope, name, self.clock()))
        return _identity(rows[0]) if rows else None

    def names(self, scope: Scope, after: str, limit: int) -> list[str]:
        """Up to `limit` names that come after `after` in the order of their bytes."""
        rows = self._all(statements.PAGE, (*scope, after, self.clock(), limit))
        return [row[0] for row in rows]

    def identities(self, scope: Scope) -> list[Identity]:
        """All of them, by name."""
        rows = self._all(statements.ALL, (*scope, self.clock()))
        return [_identity(row) for row in rows]

    def count(self, scope: Scope) -> int:
        """How many identities there are: a counter that triggers keep, so that a quota costs no scan."""
        with self.transaction():
            self._bid_farewell()
            rows = self._all("SELECT number FROM census WHERE account = ? AND region = ?", scope)
        return int(rows[0][0]) if rows else 0

    def put(self, scope: Scope, identity: Identity) -> None:
        """Store the identity as it is given, over one of the same name."""
        self.put_all(scope, (identity,))

    def put_all(self, scope: Scope, identities: Iterable[Identity]) -> None:
        """Store many in one transaction."""
        rows = [(*scope, *_row(one)) for one in identities]
        with self.transaction():
            self._bid_farewell()
            self._connection.executemany(statements.UPSERT, rows)

    def drop(self, scope: Scope, name: str) -> bool:
        """Remove the identity; whether there was one."""
        with self.transaction():
            present = self.get(scope, name) is not None
            self._all(statements.DROP, (*scope, name))
        return present

    def bury(self, scope: Scope, name: str, *, seconds: float, attempts: int) -> None:
        """Leave a tombstone that stands for so long, and for so many attempts to take the name again."""
        with self.transaction():
            self._all(
                "INSERT OR REPLACE INTO tombstone VALUES (?,?,?,?,?)", (*scope, name, self.clock() + seconds, attempts)
            )

    def disturb(self, scope: Scope, name: str) -> bool:
        """One attempt to take the name: whether a tombstone stands in the way. It wears off while either measure lasts."""
        with self.transaction():
            rows = self._all(statements.TOMBSTONE, (*scope, name))
            if not rows:
                return False
            until, attempts = rows[0]
            if until <= self.clock() and attempts <= 0:
                self._all(statements.WORN, (*scope, name))
                return False
            self._all(statements.WEAR, (*scope, name))
        return True

    def link(self, scope: Scope, kind: str, parent_id: str, *, name: str = "", identity: str = "") -> Parent:
        """Make a parent, and with it the identity that the service would make (named like the parent's id unless given)."""
        now = self.clock()
        parent = Parent(kind=kind, id=parent_id, name=name or parent_id, identity=identity or parent_id, created=now)
        made = Identity(name=parent.identity, created=now, updated=now, parent_kind=kind, parent_id=parent_id)
        with self.transaction():
            row = (*scope, kind, parent_id, parent.name, parent.identity, now)
            self._all("INSERT OR REPLACE INTO parent VALUES (?,?,?,?,?,?,?)", row)
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
                self._all(statements.VANISH, (self.clock() + linger, *scope, parent.identity))
        return parent

    def parent(self, scope: Scope, kind: str, parent_id: str) -> Parent | None:
        """The parent of that kind and id, or None."""
        rows = self._all(statements.PARENT, (*scope, kind, parent_id))
        return _parent(rows[0]) if rows else None

    def parents(self, scope: Scope, kind: str, after: str, limit: int) -> list[Parent]:
        """Up to `limit` parents of that kind whose ids come after `after`."""
        rows = self._all(statements.PARENTS, (*scope, kind, after, limit))
        return [_parent(row) for row in rows]

    def clear(self, scope: Scope) -> None:
        """Forget everything of that account and region."""
        with self.transaction():
            for statement in statements.CLEAR:
                self._all(statement, scope)

    def _bid_farewell(self) -> None:
        self._all("DELETE FROM identity WHERE vanishes <= ?", (self.clock(),))

    def _all(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _opened(path: Path | None) -> sqlite3.Connection:
    try:
        if path is not None:
            _make_private(path)
        place = ":memory:" if path is None else path
        connection = sqlite3.connect(place, timeout=30.0, isolation_level=None, check_same_thread=False)
        try:
            return _prepared(connection)
        except BaseException:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise DirectoryError(
            f"the emulated directory's file {path} cannot be used: {error}",
            "Move the file away to begin with an empty directory, or name another one.",
        ) from error


def _make_private(path: Path) -> None:
    """Make the file that SQLite will open, for its owner alone; SQLite gives the mode on to the log beside it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if path.is_file() and path.stat().st_mode & 0o077:
        path.chmod(0o600)  # an earlier version left it open to all


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    # Write-ahead log: readers never wait. NORMAL: safe against a killed process, which is what an emulator must survive.
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > statements.VERSION:
        raise sqlite3.DatabaseError(
            f"it was written by a newer version (format {version}, known here: {statements.VERSION})"
        )
    for statement in statements.SCHEMA:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {statements.VERSION}")
    connection.execute("COMMIT")
    return connection


def _write_ahead(connection: sqlite3.Connection, tries: int = 250) -> None:
    # When several connections switch a new file at once, SQLite refuses some without waiting for its timeout.
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            tries -= 1
            if not tries:
                raise
            time.sleep(0.02)
        else:
            return


def _identity(row: tuple[Any, ...]) -> Identity:
    name, urls, tags, created, updated, parent_kind, parent_id = row
    return Identity(
        name=name,
        urls=tuple(json.loads(urls)),
        tags=json.loads(tags),
        created=created,
        updated=updated,
        parent_kind=parent_kind,
        parent_id=parent_id,
    )


def _row(identity: Identity) -> tuple[Any, ...]:
    urls, tags = json.dumps(identity.urls), json.dumps(dict(identity.tags))
    times = (identity.created, identity.updated)
    return (identity.name, urls, tags, *times, identity.parent_kind, identity.parent_id)


def _parent(row: tuple[Any, ...]) -> Parent:
    kind, id_, name, identity, created = row
    return Parent(kind=kind, id=id_, name=name, identity=identity, created=created)
