"""Many writers, few writes: lines are durable when `append_durably` returns, and those that gather meanwhile share one.

Whoever finds no write under way leads, takes all lines that have gathered and carries them; the others wait for the one that
carries their line. Leaves out where to: see `reconciler.state.journal_file` and `reconciler.state.journal_objects`.
"""

from __future__ import annotations

import abc
import threading

from reconciler.errors import StateError


class GroupCommit(abc.ABC):
    """An open journal. Safe to use from several threads. The first failure to write ends it: nothing is written after.

    `place`: what messages call it.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self._turn = threading.Condition()
        self._waiting: list[bytes] = []
        self._given = 0  # lines handed in
        self._durable = 0  # lines that are where they belong
        self._leading = False
        self._failure: StateError | None = None

    @abc.abstractmethod
    def _carry(self, data: bytes) -> None:
        """Return when the data would survive whatever happens to this process. Raises StateError, with nothing half written."""

    @abc.abstractmethod
    def _let_go(self) -> None:
        """Give back what is held open; more than once does no harm."""

    @property
    def failed(self) -> StateError | None:
        """Why nothing more can be written, or None."""
        return self._failure

    def append(self, line: str) -> None:
        """Give a line to the next batch, without waiting for it. Does nothing after a failure."""
        with self._turn:
            if self._failure is not None:
                return
            self._waiting.append(encoded(line))
            self._given += 1

    def append_durably(self, line: str) -> None:
        """Return when the line is durable. Raises StateError if it does not become so."""
        with self._turn:
            self._waiting.append(encoded(line))
            self._given += 1
            mine = self._given
            while self._durable < mine and self._failure is None:
                if self._leading:
                    self._turn.wait()
                else:
                    self._lead()
            if self._durable < mine:
                failure = self._failure or StateError(f"{self.place} is closed")
                raise type(failure)(failure.summary, failure.detail) from failure  # each thread raises one of its own

    def close(self) -> None:
        """Write what has gathered, as far as that is possible, and let go of what is open."""
        with self._turn:
            while self._leading:
                self._turn.wait()
            if self._waiting and self._failure is None:
                self._lead()
            self._let_go()

    def _lead(self) -> None:
        """Carry everything that waits; called with the turn held, which is let go while that goes on."""
        self._leading = True
        batch, upto = self._waiting, self._given
        self._waiting = []
        self._turn.release()
        failure: StateError | None = StateError(f"{self.place} cannot be written: interrupted")
        try:
            self._carry(b"".join(batch))
            failure = None
        except StateError as error:
            failure = error
        finally:
            self._turn.acquire()
            self._leading = False
            if failure is None:
                self._durable = upto
            else:
                self._failure = failure
            self._turn.notify_all()


def encoded(line: str) -> bytes:
    """The line's bytes; a lone surrogate, which no terminal can show, still makes the way there and back."""
    return line.encode("utf-8", "surrogatepass")
