"""When calls are sent: a pace per operation that yields to throttling and recovers, and which failures are tried again.

The service counts requests per operation, so paces are kept per operation, shared by every worker. A pace is unlimited
until the service throttles for the first time; from then on it falls by a factor at each throttling and climbs with each
success. Knows nothing of AWS: whoever sends says what a failure means (`Verdict`).
"""

from __future__ import annotations

import enum
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Answer = TypeVar("Answer")


class Verdict(enum.Enum):
    """What a failed call means for the next attempt."""

    THROTTLED = "throttled"  # certainly not done; the service wants fewer calls
    NOT_SENT = "not sent"  # certainly not done; no connection came about
    UNCERTAIN = "uncertain"  # sent, and perhaps done
    FINAL = "final"  # the same call would fail again


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long one call is tried: `attempts` in all, throttled ones apart; `throttled` seconds from its first throttling.

    `first` and `longest` are the seconds between attempts; each pause is twice the one before.
    """

    attempts: int = 4
    throttled: float = 60.0
    first: float = 0.2
    longest: float = 2.0

    def pause(self, failures: int) -> float:
        """Seconds to wait after that many failures, counted from 1."""
        return float(min(self.longest, self.first * 2 ** (failures - 1)))


class Pace:
    """When the calls of one operation may be sent. Safe to use from several threads.

    `ceiling`: calls a second that are never exceeded; None leaves it to the service to complain.
    """

    _FIRST_CUT = 0.5  # the calls of the last second were too many; how many would do is not known yet
    _CUT = 0.7
    _CLIMB = 0.05  # of the rate, a second, and at least:
    _LEAST_CLIMB = 1.0
    _FLOOR = 0.5

    def __init__(
        self, *, clock: Callable[[], float], sleep: Callable[[float], object], ceiling: float | None = None
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._ceiling = ceiling
        self._lock = threading.Lock()
        self._rate = ceiling
        self._next = 0.0
        self._last_cut = float("-inf")
        self._recent: deque[float] = deque()

    @property
    def rate(self) -> float | None:
        """Calls a second at present; None while there is no limit."""
        return self._rate

    def admit(self) -> float:
        """Wait for the next free moment. Returns that moment, which `throttled` wants back."""
        with self._lock:
            now = self._clock()
            if self._rate is None:
                self._recent.append(now)
                while self._recent[0] < now - 1.0:
                    self._recent.popleft()
                return now
            moment = max(now, self._next)
            self._next = moment + 1.0 / self._rate
        if moment > now:
            self._sleep(moment - now)
        return moment

    def throttled(self, admitted: float) -> None:
        """The service refused a call for the rate. Many calls in flight at once are one reason to slow down, not many."""
        with self._lock:
            if admitted < self._last_cut:
                return
            now = self._clock()
            rate = len(self._recent) * self._FIRST_CUT if self._rate is None else self._rate * self._CUT
            self._rate = max(self._FLOOR, rate)
            self._last_cut = now
            self._next = max(self._next, now + 1.0 / self._rate)
            self._recent.clear()

    def passed(self) -> None:
        """A call went through."""
        if self._rate is None or self._rate == self._ceiling:
            return
        with self._lock:
            rate = self._rate
            climbed = rate + max(self._LEAST_CLIMB, rate * self._CLIMB) / rate
            self._rate = climbed if self._ceiling is None else min(self._ceiling, climbed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """The paces of a directory, by operation, and the bounds of every call.

    `ceilings`: calls a second by operation, where a budget is set; it is kept below whatever the service would take.
    """

    bounds: Bounds = field(default_factory=Bounds)
    ceilings: Mapping[str, float] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    _paces: dict[str, Pace] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def pace(self, operation: str) -> Pace:
        """The pace that all calls of the operation share."""
        found = self._paces.get(operation)
        if found is not None:
            return found
        with self._lock:
            made = Pace(clock=self.clock, sleep=self.sleep, ceiling=self.ceilings.get(operation))
            return self._paces.setdefault(operation, made)

    def run(
        self, operation: str, send: Callable[[], Answer], judge: Callable[[Exception], Verdict], *, repeatable: bool
    ) -> Answer:
        """The answer of `send()`, tried within bounds. Raises the last failure as it came.

        What certainly was not done is always tried again; what perhaps was, only if `repeatable`.
        """
        pace = self.pace(operation)
        failures = 0
        give_up: float | None = None
        while True:
            admitted = pace.admit()
            try:
                answer = send()
            except Exception as error:
                verdict = judge(error)
                if verdict is Verdict.THROTTLED:
                    pace.throttled(admitted)
                    give_up = give_up if give_up is not None else self.clock() + self.bounds.throttled
                    if self.clock() >= give_up:
                        raise
                    continue
                failures += 1
                hopeless = verdict is Verdict.FINAL or (verdict is Verdict.UNCERTAIN and not repeatable)
                if hopeless or failures >= self.bounds.attempts:
                    raise
                self.sleep(self.bounds.pause(failures))
                continue
            pace.passed()
            return answer
