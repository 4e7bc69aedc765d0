"""Sending calls at a pace per operation that all threads share, trying again what may be, and ending early when asked to.

How fast is `reconciler.aws.pace`'s. Knows nothing of AWS: whoever sends says what a failure means (`Verdict`).
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from reconciler.aws.pace import Pace
from reconciler.model.rates import Rates, default_rate

Answer = TypeVar("Answer")

NO_QUOTA = Rates(limited=False)


class Verdict(enum.Enum):
    """What a failed call means for the next attempt."""

    THROTTLED = "throttled"  # certainly not done; the service wants fewer calls
    NOT_SENT = "not sent"  # certainly not done; no connection came about
    UNCERTAIN = "uncertain"  # sent, and perhaps done
    FINAL = "final"  # answered, and the same call would be answered so again
    HOPELESS = "hopeless"  # no answer, and the same call would get none again


_IN_VAIN = (Verdict.FINAL, Verdict.HOPELESS)


class NotSent(Exception):
    """The run is being ended, and the call's turn would have come too late."""


class Overloaded(Exception):
    """The operation has been throttled for so long, without a single success, that waiting makes no sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long calls are tried, in seconds.

    `attempts` of one call in all, throttled ones apart; `first` and `longest` between them, each pause twice the one before.
    `throttled`: from a call's first throttling to the last; also how long an operation may be throttled without any success
    before its calls are refused unsent. `grace`: how long a call still waits for its turn when the run is being ended.
    """

    attempts: int = 4
    throttled: float = 60.0
    first: float = 0.2
    longest: float = 2.0
    grace: float = 3.0

    def pause(self, failures: int) -> float:
        """Seconds to wait after that many failures, counted from 1."""
        return float(min(self.longest, self.first * 2 ** (failures - 1)))


class Pacing:
    """The paces of a directory, by operation, and the bounds of every call. Safe to use from several threads.

    `ramp`: an operation without a budget starts carefully (see `Pace`). `hurry`: set it, and every call ends soon: one that
    would wait for its turn longer than the grace is not sent, and none is tried again.
    """

    def __init__(
        self,
        *,
        rates: Rates = NO_QUOTA,
        ramp: bool = False,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.rates = rates
        self.bounds = bounds or Bounds()
        self.clock = clock
        self.hurry = threading.Event()
        self._ramp = ramp
        self._sleep = sleep
        self._gates: dict[str, _Gate] = {}
        self._lock = threading.Lock()
        self._ends: float | None = None

    def rate(self, operation: str) -> float | None:
        """Calls a second of the operation at present; None while there is no limit."""
        return self._gate(operation).rate()

    def run(
        self, operation: str, send: Callable[[], Answer], judge: Callable[[Exception], Verdict], *, repeatable: bool
    ) -> Answer:
        """The answer of `send()`, tried within bounds. Raises the last failure as it came, NotSent or Overloaded.

        What certainly was not done is always tried again; what perhaps was, only if `repeatable`.
        """
        gate = self._gate(operation)
        failures = 0
        give_up: float | None = None
        last: Exception | None = None
        while True:
            sent = gate.admit()
            if last is not None and self.hurry.is_set():  # since the failure; waiting ends early then
                raise last
            try:
                answer = send()
            except Exception as error:
                last, verdict = error, judge(error)
                if verdict is Verdict.THROTTLED:
                    gate.throttled(sent)
                    now = self.clock()
                    give_up = give_up if give_up is not None else now + self.bounds.throttled
                    if now >= give_up or self.hurry.is_set():
                        raise
                    continue
                if verdict is Verdict.FINAL:  # an answer, if not a welcome one
                    gate.passed()
                failures += 1
                in_vain = verdict in _IN_VAIN or (verdict is Verdict.UNCERTAIN and not repeatable)
                if in_vain or failures >= self.bounds.attempts or self.hurry.is_set():
                    raise
                self.wait(self.bounds.pause(failures))
                continue
            gate.passed()
            return answer

    def wait(self, seconds: float) -> None:
        """Let the time pass, or less of it when the run is being ended; raises NotSent where that would take too long."""
        if not self.hurry.is_set():
            (self._sleep or self.hurry.wait)(seconds)
            return
        now = self.clock()
        with self._lock:
            self._ends = self._ends if self._ends is not None else now + self.bounds.grace
        if now + seconds > self._ends:
            raise NotSent
        (self._sleep or time.sleep)(seconds)

    def _gate(self, operation: str) -> _Gate:
        found = self._gates.get(operation)
        if found is not None:
            return found
        with self._lock:
            pace = Pace(budget=self.rates.of(operation), guess=default_rate(operation), ramp=self._ramp)
            return self._gates.setdefault(operation, _Gate(self, pace))


class _Gate:
    """Where the calls of one operation wait for their turn: one for the clock, the others for that one."""

    def __init__(self, pacing: Pacing, pace: Pace) -> None:
        self._pacing = pacing
        self._pace = pace
        self._turn = threading.Lock()
        self._changing = threading.Lock()

    def rate(self) -> float | None:
        with self._changing:
            return self._pace.rate(self._pacing.clock())

    def admit(self) -> float:
        """The moment at which the call may go, once it has come; `throttled` wants it back."""
        with self._turn:
            while True:
                with self._changing:
                    now = self._pacing.clock()
                    seconds = self._pace.claim(now)
                    since = self._pace.throttled_since
                if not seconds:
                    return now
                if since is not None and now - since >= self._pacing.bounds.throttled:
                    raise Overloaded  # one call each time the slowest pace is due goes through to see whether that is over
                self._pacing.wait(seconds)

    def throttled(self, sent: float) -> None:
        with self._changing:
            self._pace.throttled(sent, self._pacing.clock())

    def passed(self) -> None:
        with self._changing:
            self._pace.passed(self._pacing.clock())
