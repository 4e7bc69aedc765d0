"""State in S3, for runners that vanish: lockfile, journal and lease under one prefix, every write on condition.

Needs nothing of the local disk. Reading takes no lease and never writes.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from reconciler.aws.objects import Objects
from reconciler.errors import ObjectChanged, StateError
from reconciler.model.resources import Lock
from reconciler.state.group_commit import GroupCommit
from reconciler.state.holder import Holder
from reconciler.state.journal import Journal, check_fits
from reconciler.state.journal_objects import JournalObjects, only_one, read_journals, remove_journals
from reconciler.state.lease import Lease, Term, break_lease, leased, read_lease
from reconciler.state.lockfile import parse_lock
from reconciler.state.memory import Remembered
from reconciler.state.memory_objects import memory_in_bucket
from reconciler.state.writer import Writer

_DEFAULT_TERM = Term()


class BucketState:
    """The state whose lockfile is the object `name`. `term` and `new_lineage` are there for tests."""

    def __init__(
        self,
        objects: Objects,
        name: str,
        *,
        term: Term = _DEFAULT_TERM,
        new_lineage: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self.objects, self.name = objects, name
        self.lease_key = f"{name}.lease"
        self._journals = f"{name}.journal/"
        self._term = term
        self._new_lineage = new_lineage

    @property
    def place(self) -> str:
        """What messages call the lockfile."""
        return self.objects.url(self.name)

    def read(self) -> Lock | None:
        """What the lockfile says, None if there is none. Raises StateError (see `parse_lock`)."""
        return self._read().lock

    def unfinished(self) -> Journal | None:
        """What an interrupted run left behind, or what a running one has written so far; None if there is nothing.

        Raises StateError for a damaged journal, and for one that belongs to another state of the lockfile.
        """
        journal = self._read_journal()
        if journal is not None:
            self._check_fits(journal, self.read())
        return journal

    def holder(self) -> Holder | None:
        """Who holds the lease, unless it has run out."""
        record = read_lease(self.objects, self.lease_key)
        return record.holder if record is not None and record.left > -self._term.grace else None

    def lease_left(self) -> float | None:
        """Seconds until others take the holder's place unless it renews its lease; None where nobody holds one."""
        record = read_lease(self.objects, self.lease_key)
        return max(0.0, record.left + self._term.grace) if record is not None else None

    def remembering(self, command: str) -> AbstractContextManager[Remembered]:
        """What drift runs remember, beside the lockfile; for this run alone while inside."""
        return memory_in_bucket(self.objects, self.name, command, self._term)

    def unlock(self, holder_id: str) -> Holder:
        """End the lease of the holder with that id; that holder. Raises StateError for another id, or where nobody holds it."""
        return break_lease(self.objects, self.lease_key, holder_id, lockfile=self.place)

    @contextlib.contextmanager
    def exclusive(self, command: str, timeout: float = 0.0, *, blind: bool = False) -> Iterator[Writer]:
        """The only writer of this state while inside; `command` is what others are told that runs here.

        `blind`: what the lockfile says is not read, for one that puts another in its place. Waits up to `timeout` seconds,
        then raises StateLocked. Raises StateError for state that cannot be trusted, and for a bucket that cannot
        be read or written.
        """
        with leased(
            self.objects, self.lease_key, lockfile=self.place, command=command, timeout=timeout, term=self._term
        ) as (lease, dead):
            found = self._unread() if blind else self._read()
            journal = self._read_journal()
            if journal is None:
                lease.check()
                remove_journals(self.objects, self._journals)  # what is left of one that was removed in part
            elif not blind:
                self._check_fits(journal, found.lock)
            writer = Writer(
                _Prefix(self.objects, self.name, self._journals, lease, found.etag, pending=journal is not None),
                lock=found.lock,
                pending=journal,
                command=command,
                new_lineage=self._new_lineage,
                took_over=dead,
            )
            try:
                yield writer
            finally:
                writer.close()

    def _read(self) -> _Found:
        stored = self.objects.get(self.name)
        if stored is None:
            return _Found(lock=None, etag=None)
        try:
            text = stored.body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise StateError(
                f"{self.place}: damaged: not UTF-8 text",
                "`reconciler lock history` lists versions, `lock restore` takes one back.",
            ) from error
        return _Found(lock=parse_lock(text, file=self.place), etag=stored.etag)

    def _unread(self) -> _Found:
        stored = self.objects.get(self.name)
        return _Found(lock=None, etag=stored.etag if stored else None)

    def _read_journal(self) -> Journal | None:
        return only_one(read_journals(self.objects, self._journals), place=self.objects.url(self._journals))

    def _check_fits(self, journal: Journal, lock: Lock | None) -> None:
        check_fits(journal.header, lock, journal=self.objects.url(self._journals), lockfile=self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The lockfile and the etag it was read with, None for none."""

    lock: Lock | None
    etag: str | None


class _Prefix:
    """`Keeping` under a prefix, whose lease this run holds."""

    def __init__(
        self, objects: Objects, name: str, journals: str, lease: Lease, etag: str | None, *, pending: bool
    ) -> None:
        self._objects, self._name, self._journals, self._lease = objects, name, journals, lease
        self._mine = f"{journals}{lease.holder.id}/"
        self._pending = pending  # journals of others stand, which are to be settled
        self._etag = etag
        self._open: JournalObjects | None = None
        self.place, self.journal_place = objects.url(name), objects.url(journals)

    def write_lock(self, text: str) -> None:
        self.check()
        try:
            self._etag = self._objects.put(self._name, text.encode("utf-8"), replacing=self._etag)
        except ObjectChanged as error:
            raise StateError(
                f"{self.place} was written by somebody else while this run held its lease",
                "It was not replaced. Was it restored by hand? What this run did is in the journal.",
            ) from error

    def retire(self, text: str) -> None:
        """Others may still run with a manifest that says the state is here: they are told where it went."""
        self.write_lock(text)

    def start_journal(self, first_line: str) -> GroupCommit:
        self.check()
        self._open = JournalObjects(self._objects, self._mine, first_line, self.check)
        self.check()
        return self._open

    def restart_journal(self, text: str) -> None:
        if self._open is None:
            raise RuntimeError("no journal was begun")
        self.check()
        self._open.restart(text)

    def drop_journal(self) -> None:
        """Of this run, and of the one that it settled; whoever may have taken over since has one of its own."""
        self.check()
        remove_journals(self._objects, self._journals if self._pending else self._mine, before=self.check)
        self._pending = False

    def check(self) -> None:
        self._lease.check()
