"""The one writer of a state: what a run intends is durable before its call, and folded into the lockfile once, at the end.

The same wherever the state is kept; what a place must be able to do is `Keeping`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from reconciler.errors import StalePlan, StateError
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change
from reconciler.model.outcomes import Outcome
from reconciler.model.plan import Plan
from reconciler.model.resources import Lock
from reconciler.state.edits import Edits, next_lock
from reconciler.state.group_commit import GroupCommit
from reconciler.state.holder import Holder, now, who
from reconciler.state.journal import Header, Journal, check_fits, header_line, intent_line, journal_text, outcome_line
from reconciler.state.lockfile import dump_lock, moved_text, parse_lock


class Keeping(Protocol):
    """The place where a state is kept, in the hands of its one writer. Every verb raises StateError and nothing else."""

    @property
    def place(self) -> str:
        """What messages call the lockfile."""

    @property
    def journal_place(self) -> str:
        """What messages call its journal."""

    def write_lock(self, text: str) -> None:
        """Put the lockfile's text there, durably and whole; at every instant the old or the new one stands."""

    def retire(self, text: str) -> None:
        """End this state for good, leaving `text` in the place of the lockfile where others may still look for it."""

    def start_journal(self, first_line: str) -> GroupCommit:
        """A new journal that durably holds its first line."""

    def restart_journal(self, text: str) -> None:
        """Put this in the place of the journal that stands, in one step."""

    def drop_journal(self) -> None:
        """Durably have no journal any more."""

    def check(self) -> None:
        """Raise where this is no longer the only writer; to be asked right before a call is sent."""


class Writer:
    """What may change the state; got from `State.exclusive`.

    `place`: what messages call the lockfile. `lock`: the lockfile as it stands now. `pending`: what an interrupted run left,
    to be settled before anything is begun. `took_over`: the dead holder whose place this one took. `intend` and `record` may
    be called from several threads.
    """

    def __init__(
        self,
        keeping: Keeping,
        *,
        lock: Lock | None,
        pending: Journal | None,
        command: str,
        new_lineage: Callable[[], str],
        took_over: Holder | None = None,
    ) -> None:
        self.place = keeping.place
        self.journal_place = keeping.journal_place
        self.lock = lock
        self.pending = pending
        self.took_over = took_over
        self._command = command
        self._keeping = keeping
        self._new_lineage = new_lineage
        self._header: Header | None = None
        self._journal: GroupCommit | None = None
        self._intents: dict[Address, Change] = {}
        self._steps: list[Edits] = []

    def settle(self, found: Iterable[Edits]) -> Lock | None:
        """Fold what the interrupted run had recorded, and what was `found` of the rest by looking; its journal is gone then.

        Returns the lockfile. Raises StateError if it cannot be written; the journal then stays.
        """
        if self.pending is None:
            return self.lock
        self.lock = self._written(settled(self.lock, self.pending, found))
        self._keeping.drop_journal()
        self.pending = None
        return self.lock

    def begin(self, plan: Plan, digest: str) -> None:
        """Open the journal of a run of that plan; `digest` is the plan's own, which the lockfile will remember.

        A plan that makes no call needs no journal: its changes are the lockfile's alone, which is replaced in one step.
        Raises StalePlan if the lockfile is no longer the one that the plan was made from, StateError if the journal cannot be
        written or an interrupted run is not settled yet.
        """
        self._check_settled()
        at = (self.lock.lineage, self.lock.serial) if self.lock else ("", 0)
        if at != (plan.lineage, plan.serial):
            raise StalePlan(
                f"{self.place} changed since the plan was made (serial {at[1]}, the plan has {plan.serial})",
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
        if any(change.action is not Action.NO_OP for change in plan.changes):
            self._journal = self._keeping.start_journal(header_line(header))
        self._header = header

    def intend(self, change: Change) -> None:
        """Return when it is durable that the change is about to be made. Raises StateError: then its call must not be sent."""
        if self._journal is None:
            raise RuntimeError(f"{change.address} makes a call, and no journal was begun")
        self._journal.append_durably(intent_line(change))
        self.check()
        self._intents[change.address] = change

    def check(self) -> None:
        """Raise StateError where this is no longer the only writer; asked right before each call that changes something."""
        self._keeping.check()

    def record(self, outcome: Outcome, edits: Edits) -> None:
        """Note what came of a change and what the lockfile will say. Never fails: what the disk does not take is kept here.

        An intent that is never recorded stays open: the next run settles it by looking.
        """
        if self._journal is not None:
            self._journal.append(outcome_line(outcome, edits))
        self._steps.append(edits)
        self._intents.pop(outcome.change.address, None)

    def fold(self) -> Lock | None:
        """Write the lockfile once, if the run did anything, and end the journal; the lockfile as it stands then.

        A journal with open intents is kept, with these alone. Raises StateError if something cannot be written; the journal
        then stays for the next run.
        """
        header = self._header
        if header is None:
            return self.lock
        journalled = self._journal is not None
        self.close()
        after = next_lock(self.lock, self._steps, lineage=header.lineage, target=header.target, plan=header.plan)
        self.lock = self._written(after)
        if self._intents:
            left = replace(header, serial=self.lock.serial if self.lock else 0)
            self._keeping.restart_journal(journal_text(left, self._intents.values()))
        elif journalled:
            self._keeping.drop_journal()
        self._header = None
        self._intents, self._steps = {}, []
        return self.lock

    def replace(self, lock: Lock) -> None:
        """Put a lockfile from elsewhere in the place of the one that stands.

        Raises StateError where an interrupted run left a journal that does not belong to it.
        """
        if self.pending is not None:
            check_fits(self.pending.header, lock, journal=self._keeping.journal_place, lockfile=self.place)
        self.lock = self._written(lock)

    def retire(self, moved_to: str) -> None:
        """End this state: it is kept at `moved_to` from now on. Raises StateError while a run is unsettled."""
        self._check_settled()
        if self.lock is not None:
            self._keeping.retire(moved_text(self.lock, moved_to))
            self.lock = None

    def close(self) -> None:
        """Let go of the journal, as it stands."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _check_settled(self) -> None:
        if self.pending is not None:
            raise StateError(
                f"{self._keeping.journal_place}: an interrupted run is not settled yet",
                "Run apply first: it begins by looking at what that run left behind.",
            )

    def _written(self, lock: Lock | None) -> Lock | None:
        if lock is not None and lock is not self.lock:
            self._keeping.write_lock(dump_lock(lock))
        return lock


def settled(lock: Lock | None, journal: Journal, found: Iterable[Edits]) -> Lock | None:
    """The lockfile as settling that journal will leave it, serial included: what a plan is made on meanwhile.

    Raises StateError where that would be none: the journal was written by somebody else.
    """
    header = journal.header
    after = next_lock(lock, (*journal.edits, *found), lineage=header.lineage, target=header.target, plan=header.plan)
    if after is not None and after is not lock:
        parse_lock(dump_lock(after), file=f"what the journal of {header.who} makes of the lockfile")
    return after
