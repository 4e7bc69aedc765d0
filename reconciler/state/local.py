"""State beside the manifest: the lockfile on this disk, its journal, and the one writer that may change them.

Reading takes no lock and never writes. A writer folds everything a run did into the lockfile once, at its end.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from reconciler.errors import StalePlan, StateError
from reconciler.model.addresses import Address
from reconciler.model.changes import Change
from reconciler.model.outcomes import Outcome
from reconciler.model.plan import Plan
from reconciler.model.resources import Lock
from reconciler.state.disk import Disk
from reconciler.state.edits import Edits, next_lock
from reconciler.state.files import cannot_write, read_text, reason, write_atomically
from reconciler.state.guard import Holder, held, living_holder, now, who
from reconciler.state.journal import (
    Header,
    Journal,
    header_line,
    intent_line,
    journal_path,
    journal_text,
    outcome_line,
    parse_journal,
)
from reconciler.state.journal_file import JournalFile
from reconciler.state.lockfile import dump_lock, parse_lock


class LocalState:
    """The state at one lockfile path. `disk` and `new_lineage` are there for tests."""

    def __init__(
        self, path: Path, *, disk: Disk | None = None, new_lineage: Callable[[], str] = lambda: str(uuid.uuid4())
    ) -> None:
        self.path = path
        self._disk = disk or Disk()
        self._new_lineage = new_lineage

    def read(self) -> Lock | None:
        """What the lockfile says, None if there is none. Raises StateError (see `parse_lock`)."""
        text = read_text(self.path)
        return None if text is None else parse_lock(text, file=str(self.path))

    def unfinished(self) -> Journal | None:
        """What an interrupted run left behind, or what a running one has written so far; None if there is nothing.

        Raises StateError for a damaged journal, and for one that belongs to another state of the lockfile.
        """
        journal = self._read_journal()
        if journal is not None:
            _check_fits(journal.header, self.read(), self.path)
        return journal

    def holder(self) -> Holder | None:
        """The living process that holds the state, or None."""
        return living_holder(self.path)

    @contextlib.contextmanager
    def exclusive(self, command: str, timeout: float = 0.0) -> Iterator[Writer]:
        """The only writer of this state while inside; `command` is what others are told that runs here.

        Waits up to `timeout` seconds, then raises StateLocked. Raises StateError for state that cannot be trusted or a folder
        that cannot be written to.
        """
        with held(self.path, command, timeout, self._disk) as dead:
            journal = self._read_journal()
            lock = self.read()
            if journal is not None:
                _check_fits(journal.header, lock, self.path)
            writer = Writer(
                self.path,
                lock=lock,
                pending=journal,
                command=command,
                disk=self._disk,
                new_lineage=self._new_lineage,
                took_over=dead,
            )
            try:
                yield writer
            finally:
                writer.close()

    def _read_journal(self) -> Journal | None:
        path = journal_path(self.path)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"{path} cannot be read: {reason(error)}") from error
        return parse_journal(data, file=str(path))


class Writer:
    """What may change the state; got from `LocalState.exclusive`.

    `lock`: the lockfile as it stands now. `pending`: what an interrupted run left, to be settled before anything is begun.
    `took_over`: the dead holder whose place this one took. `intend` and `record` may be called from several threads.
    """

    def __init__(
        self,
        path: Path,
        *,
        lock: Lock | None,
        pending: Journal | None,
        command: str,
        disk: Disk,
        new_lineage: Callable[[], str],
        took_over: Holder | None = None,
    ) -> None:
        self.path = path
        self.lock = lock
        self.pending = pending
        self.took_over = took_over
        self._command = command
        self._disk = disk
        self._new_lineage = new_lineage
        self._header: Header | None = None
        self._journal: JournalFile | None = None
        self._intents: dict[Address, Change] = {}
        self._steps: list[Edits] = []

    def settle(self, found: Iterable[Edits]) -> Lock | None:
        """Fold what the interrupted run had recorded, and what was `found` of the rest by looking; its journal is gone then.

        Returns the lockfile. Raises StateError if it cannot be written; the journal then stays.
        """
        if self.pending is None:
            return self.lock
        self.lock = self._written(settled(self.lock, self.pending, found))
        self._drop_journal()
        self.pending = None
        return self.lock

    def begin(self, plan: Plan, digest: str) -> None:
        """Open the journal of a run of that plan; `digest` is the plan's own, which the lockfile will remember.

        Raises StalePlan if the lockfile is no longer the one that the plan was made from, StateError if the journal cannot
        be written or an interrupted run is not settled yet.
        """
        if self.pending is not None:
            raise StateError(
                f"{journal_path(self.path)}: an interrupted run is not settled yet",
                "Run apply again: it first looks at what that run left behind.",
            )
        at = (self.lock.lineage, self.lock.serial) if self.lock else ("", 0)
        if at != (plan.lineage, plan.serial):
            raise StalePlan(
                f"{self.path} changed since the plan was made (serial {at[1]}, the plan has {plan.serial})",
                "Make a new plan.",
            )
        header = Header(
            lineage=at[0] or self._new_lineage(),
            serial=at[1],
            plan=digest,
            target=plan.target,
            ignore_tags=plan.tags_ignored,
            command=self._command,
            who=who(),
            when=now(),
        )
        self._remove(journal_path(self.path))  # the stump of one that died before its first line was whole
        self._journal = JournalFile(journal_path(self.path), header_line(header), self._disk)
        self._header = header

    def intend(self, change: Change) -> None:
        """Return when it is durable that the change is about to be made. Raises StateError: then its call must not be sent."""
        self._open().append_durably(intent_line(change))
        self._intents[change.address] = change

    def record(self, outcome: Outcome, edits: Edits) -> None:
        """Note what came of a change and what the lockfile will say. Never fails: what the disk does not take is kept here.

        An intent that is never recorded stays open: the next run settles it by looking.
        """
        self._open().append(outcome_line(outcome, edits))
        self._steps.append(edits)
        self._intents.pop(outcome.change.address, None)

    def fold(self) -> Lock | None:
        """Write the lockfile once, if the run changed anything, and end the journal; the lockfile as it stands then.

        A journal with open intents is kept, with these alone. Raises StateError if something cannot be written; the journal
        then stays for the next run.
        """
        header = self._header
        if header is None:
            return self.lock
        self._open().close()
        after = next_lock(self.lock, self._steps, lineage=header.lineage, target=header.target, plan=header.plan)
        self.lock = self._written(after)
        if self._intents:
            left = replace(header, serial=self.lock.serial if self.lock else 0)
            write_atomically(journal_path(self.path), journal_text(left, self._intents.values()), self._disk)
        else:
            self._drop_journal()
        self._header = self._journal = None
        self._intents, self._steps = {}, []
        return self.lock

    def close(self) -> None:
        """Let go of the journal file, as it stands."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _open(self) -> JournalFile:
        if self._journal is None:
            raise RuntimeError("no run has begun")
        return self._journal

    def _written(self, lock: Lock | None) -> Lock | None:
        if lock is not None and lock is not self.lock:
            write_atomically(self.path, dump_lock(lock), self._disk)
        return lock

    def _drop_journal(self) -> None:
        self._remove(journal_path(self.path))
        try:
            self._disk.sync_folder(self.path.parent)
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def _remove(self, path: Path) -> None:
        try:
            self._disk.remove(path)
        except OSError as error:
            raise cannot_write(path, error) from error


def settled(lock: Lock | None, journal: Journal, found: Iterable[Edits]) -> Lock | None:
    """The lockfile as settling that journal will leave it, serial included: what a plan is made on meanwhile."""
    header = journal.header
    return next_lock(lock, (*journal.edits, *found), lineage=header.lineage, target=header.target, plan=header.plan)


def _check_fits(header: Header, lock: Lock | None, path: Path) -> None:
    """Raise StateError for a journal that speaks of another lockfile than the one that stands.

    It fits the lockfile that its run began with, and the one which that run wrote (it died before it removed its journal).
    """
    if lock is None:
        fits = header.serial == 0
    else:
        same = lock.lineage == header.lineage
        began = lock.serial == header.serial
        wrote = lock.serial == header.serial + 1 and lock.last_plan == header.plan
        fits = same and (began or wrote)
    if not fits:
        stands = f"lineage {lock.lineage}, serial {lock.serial}" if lock else "missing"
        raise StateError(
            f"{journal_path(path)} does not belong to {path}: it was begun by {header.who} at {header.when} on lineage "
            f"{header.lineage}, serial {header.serial}, and the lockfile is {stands}",
            "Was the lockfile taken from another commit? Put the one back that the journal was begun on and run plan. "
            "If it is lost, move the journal away and run plan: what that run made shows as ours by its ownership tag, what "
            "it changed or deleted shows as drift.",
        )
