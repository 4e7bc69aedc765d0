"""How the audit trail is kept: who is said to have called, and what becomes of events on their way into it.

Deterministic, as all misbehaviour: what is lost, late or there twice was asked for. All methods may be called at any time,
from any thread.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.emulator.callers import Caller, Sender, stranger


@dataclass(slots=True)
class _Turn:
    """What becomes of the next events that fit."""

    operation: str
    name: str | None
    times: int | None
    copies: int
    seconds: float

    def fits(self, operation: str, name: str) -> bool:
        return self.operation in ("*", operation) and self.name in (None, name) and self.times != 0


class Recording:
    """The trail of one emulated service. Fresh, every event is there once, at once, and calls that only read leave none.

    `delay`: seconds until an event shows; CloudTrail's are mostly there within minutes, and promised for no time. `reads`: keep
    the events of reading calls of the control plane too, as CloudTrail does; they are many.
    `callers`: who holds an access key. A key that nobody told of is an IAM user's: one that is a word names them.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.reads = False
        self.callers: dict[str, Caller] = {}
        self._acting: list[Caller] = []
        self._turns: list[_Turn] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def acting(self, caller: Caller) -> Iterator[None]:
        """All calls inside are this one's, whatever signs them and whichever thread sends them."""
        with self._lock:
            self._acting.append(caller)
        try:
            yield
        finally:
            with self._lock:
                self._acting.remove(caller)

    def lose(self, operation: str = "*", *, times: int | None = 1, name: str | None = None) -> None:
        """The next `times` events never come."""
        self._add(_Turn(operation, name, times, 0, 0.0))

    def repeat(self, operation: str = "*", *, times: int | None = 1, name: str | None = None) -> None:
        """The next `times` events are there twice, with one id."""
        self._add(_Turn(operation, name, times, 2, 0.0))

    def late(self, seconds: float, operation: str = "*", *, times: int | None = 1, name: str | None = None) -> None:
        """The next `times` events show so many seconds later, and so after others that happened later."""
        self._add(_Turn(operation, name, times, 1, seconds))

    def reset(self) -> None:
        """Every event once and at once again. Who holds which key stays, and whether reading calls are kept."""
        with self._lock:
            self._turns.clear()
        self.delay = 0.0

    def keeps(self, operation: str) -> bool:
        """Whether a call of the operation leaves an event."""
        return self.reads or not operation.startswith(("Get", "List"))

    def caller(self, sender: Sender) -> Caller:
        """Who calls; nobody is unknown."""
        with self._lock:
            said = self._acting[-1] if self._acting else self.callers.get(sender.access_key)
        return said or sender.known or stranger(sender.access_key)

    def fate(self, operation: str, name: str) -> tuple[int, float]:
        """Of the event that is kept now: how many times it will be there, and after how many seconds."""
        copies, seconds = 1, self.delay
        with self._lock:
            for turn in self._turns:
                if turn.fits(operation, name):
                    if turn.times is not None:
                        turn.times -= 1
                    copies, seconds = copies * turn.copies, seconds + turn.seconds
            self._turns = [one for one in self._turns if one.times != 0]
        return copies, seconds

    def _add(self, turn: _Turn) -> None:
        with self._lock:
            self._turns.append(turn)
