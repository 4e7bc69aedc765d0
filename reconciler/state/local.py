"""State beside the manifest: the lockfile on this disk, its journal, and the one writer that may change them.

Reading takes no lock and never writes.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from reconciler.errors import StateError, StateLocked
from reconciler.model.resources import Lock
from reconciler.state.disk import Disk
from reconciler.state.files import cannot_write, read_bytes, read_text, write_atomically
from reconciler.state.group_commit import GroupCommit
from reconciler.state.guard import Held, forget_holder, held, living_holder
from reconciler.state.holder import Holder
from reconciler.state.journal import Journal, check_fits, journal_path, parse_journal
from reconciler.state.journal_file import JournalFile
from reconciler.state.lockfile import parse_lock
from reconciler.state.memory import Remembered, memory_on_disk
from reconciler.state.writer import Writer


class LocalState:
    """The state at one lockfile path. `disk` and `new_lineage` are there for tests."""

    def __init__(
        self, path: Path, *, disk: Disk | None = None, new_lineage: Callable[[], str] = lambda: str(uuid.uuid4())
    ) -> None:
        self.path = path
        self._disk = disk or Disk()
        self._new_lineage = new_lineage

    @property
    def place(self) -> str:
        """What messages call the lockfile."""
        return str(self.path)

    def read(self) -> Lock | None:
        """What the lockfile says, None if there is none. Raises StateError (see `parse_lock`)."""
        text = read_text(self.path)
        return None if text is None else parse_lock(text, file=self.place)

    def unfinished(self) -> Journal | None:
        """What an interrupted run left behind, or what a running one has written so far; None if there is nothing.

        Raises StateError for a damaged journal, and for one that belongs to another state of the lockfile.
        """
        journal = self._read_journal()
        if journal is not None:
            self._check_fits(journal, self.read())
        return journal

    def holder(self) -> Holder | None:
        """The living process that holds the state, or None."""
        return living_holder(self.path)

    def lease_left(self) -> float | None:
        """None: the system knows whether a holder lives."""
        return None

    def remembering(self, command: str) -> AbstractContextManager[Remembered]:
        """What drift runs remember, beside the lockfile; for this run alone while inside."""
        return memory_on_disk(self.path, command, self._disk)

    def unlock(self, holder_id: str) -> Holder:
        """Remove the record of a dead holder, by its id; that holder.

        Raises StateLocked for one that lives: the system gives its lock to nobody else. Raises StateError for another id.
        """
        living = living_holder(self.path)
        if living is not None:
            raise StateLocked(
                f"{self.place} is locked by {living}, and that process lives",
                "End it: the lock goes with it, and the next run settles what it left. Nothing can take it from a process that "
                "lives.",
            )
        return forget_holder(self.path, holder_id, self._disk)

    @contextlib.contextmanager
    def exclusive(self, command: str, timeout: float = 0.0, *, blind: bool = False) -> Iterator[Writer]:
        """The only writer of this state while inside; `command` is what others are told that runs here.

        `blind`: what the lockfile says is not read, for one that puts another in its place. Waits up to `timeout` seconds,
        then raises StateLocked. Raises StateError for state that cannot be trusted or a folder that cannot be
        written to.
        """
        with held(self.path, command, timeout, self._disk) as guard:
            journal = self._read_journal()
            stands = read_bytes(self.path)
            lock = None if blind else self.read()
            if journal is not None and not blind:
                self._check_fits(journal, lock)
            writer = Writer(
                _Folder(self.path, self._disk, guard, stands),
                lock=lock,
                pending=journal,
                command=command,
                new_lineage=self._new_lineage,
                took_over=guard.dead,
            )
            try:
                yield writer
            finally:
                writer.close()

    def _read_journal(self) -> Journal | None:
        path = journal_path(self.path)
        data = read_bytes(path)
        return None if data is None else parse_journal(data, file=str(path))

    def _check_fits(self, journal: Journal, lock: Lock | None) -> None:
        check_fits(journal.header, lock, journal=str(journal_path(self.path)), lockfile=self.place)


class _Folder:
    """`Keeping` in the folder of a lockfile, whose guard this process holds."""

    def __init__(self, lockfile: Path, disk: Disk, guard: Held, stands: bytes | None) -> None:
        self._lockfile, self._journal, self._disk = lockfile, journal_path(lockfile), disk
        self._guard, self._stands = guard, stands
        self.place, self.journal_place = str(lockfile), str(self._journal)

    def write_lock(self, text: str) -> None:
        self.check()
        if read_bytes(self._lockfile) != self._stands:
            raise StateError(
                f"{self.place} was written by somebody else in mid-run",
                "It was not replaced. Was another commit checked out meanwhile? What this run did is in the journal: put the "
                "lockfile back that it was begun on, and run it again.",
            )
        write_atomically(self._lockfile, text, self._disk)
        self._stands = text.encode("utf-8")

    def retire(self, text: str) -> None:
        """Whoever has the old manifest is told where it went."""
        self.write_lock(text)

    def start_journal(self, first_line: str) -> GroupCommit:
        self._remove_journal()  # the stump of one that died before its first line was whole
        return JournalFile(self._journal, first_line, self._disk)

    def restart_journal(self, text: str) -> None:
        write_atomically(self._journal, text, self._disk)

    def drop_journal(self) -> None:
        self.check()
        self._remove_journal()
        try:
            self._disk.sync_folder(self._lockfile.parent)
        except OSError as error:
            raise cannot_write(self._lockfile, error) from error

    def check(self) -> None:
        """The system lets nobody else in while this process lives, as long as the guard is the one that it locked."""
        self._guard.check()

    def _remove_journal(self) -> None:
        try:
            self._disk.remove(self._journal)
        except OSError as error:
            raise cannot_write(self._journal, error) from error
