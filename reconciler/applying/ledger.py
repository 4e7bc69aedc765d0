"""What a run's threads hand to the writer of the state: intents and outcomes, until the run is over and nothing is taken."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from reconciler.model.addresses import Address
from reconciler.model.changes import Change
from reconciler.model.outcomes import Outcome
from reconciler.state import Edits, Writer


class Ledger:
    """The one way to the writer while changes are under way. Safe to use from several threads.

    A run that has to end before a call is answered folds what it knows. Whatever its thread says after that came too late
    for the lockfile: its intent stays open in the journal, and the next run settles it.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._turn = threading.Condition()
        self._intending = 0
        self._open: set[Address] = set()
        self._taken: dict[Address, Outcome] = {}
        self._closed = False

    def intend(self, change: Change) -> bool:
        """Whether the change's call may be sent: its intent is durable, and the run not over. Raises StateError."""
        with self._turn:
            if self._closed:
                return False
            self._intending += 1
        try:
            self._writer.intend(change)
        finally:
            with self._turn:
                self._intending -= 1
                self._turn.notify_all()
        with self._turn:
            if not self._closed:
                self._open.add(change.address)
            return not self._closed

    def check(self) -> bool:
        """Whether a call may still be sent: the run is not over. Raises StateError where others may write by now."""
        self._writer.check()
        return not self._closed

    def record(self, outcome: Outcome, edits: Edits) -> None:
        """What came of the change, and what the lockfile will say; not taken any more once the run is over."""
        with self._turn:
            if not self._closed:
                self._writer.record(outcome, edits)
                self._open.discard(outcome.change.address)
                self._taken[outcome.change.address] = outcome

    def close(self) -> tuple[frozenset[Address], Mapping[Address, Outcome]]:
        """The run is over. Returns the addresses of what was begun and has no outcome, and the outcomes that were taken."""
        with self._turn:
            self._closed = True
            self._turn.wait_for(lambda: not self._intending)
            return frozenset(self._open), self._taken
