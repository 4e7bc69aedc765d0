"""How fast the calls of one operation may go: a budget, kept by spacing calls evenly, that gives way to throttling and returns.

Arithmetic alone: who calls says what time it is, and does the waiting (`reconciler.aws.pacing`). Not safe across threads.

The service fills a bucket with so many calls a second and throttles once it is empty. Sending evenly at exactly that rate
never empties it. Where it is emptied all the same (others share the quota, or it is smaller than the budget), one throttling
is one reason to slow down, however many calls were under way: the pace pauses until the bucket has something in it, goes on
just below the rate that got through, stays there for a moment, and then climbs faster and faster until it meets the budget
or the next throttling. A dip therefore costs seconds, and a lasting one costs a throttled call every few seconds.
"""

from __future__ import annotations

from collections import deque

_CREDIT = 0.25  # seconds' worth of calls that may catch up after a stall; far below what the service lets come at once
_PAUSE = 0.25  # seconds at least after a throttling: what the bucket gains meanwhile is room for jitter
_TICK = 1e-6  # seconds that are as good as none: what is left of them may be too little for a clock to show
_FLOOR = 0.5  # calls a second that are always tried
_WINDOW = 3.0  # seconds over which what got through is counted
_SOON = 1.0  # a throttling this soon after the last one says that the pace is far from what fits
_HALVED = 0.5
_FITS = 0.97  # of what got through is taken for what the service gives
_BELOW = 0.9  # of that the pace begins with, and climbs to it in _PLATEAU seconds
_PLATEAU = 2.0
_CURVE = (1 - _BELOW) / _PLATEAU**3

_FREE_FIRST = 16  # calls at once of a pace without a budget; the service's default lets 20 come at once
_FIRST_ANSWER = 0.5  # seconds that the others wait for one of those to get through, looking every …
_LOOK = 0.005
_RAMP = 100.0  # calls a second then: few are under way when it turns out that there is a quota after all
_RAMP_FOR = 22  # calls that get through before each adds …
_RAMP_STEP = 100.0  # … so many a second, until there is
_RAMP_END = 1000.0  # no limit at all
_LIFT_AFTER, _LIFT = 30.0, 1.25  # a guessed budget is raised when it held for so many seconds, by that factor


class Pace:
    """The pace of one operation. All times are seconds on one clock, the caller's.

    `budget`: calls a second that are never exceeded. None: nobody knows of a quota. Then the first calls go at once, and
    those after them faster and faster until there is no limit; with `ramp` False there is none from the start. The first
    throttling shows that there is a quota after all, which is then taken to be `guess` until it proves to be more.
    """

    def __init__(self, *, budget: float | None, guess: float = 20.0, ramp: bool = True) -> None:
        self._guess = guess
        self._guessed = budget is None
        self._budget = budget if budget is not None else _RAMP
        self._ramping = budget is None and ramp
        self._rate: float | None = None if budget is None and not ramp else self._budget  # None: no limit
        self._next: float | None = None
        self._first = _FREE_FIRST if self._ramping else 0
        self._base = self._goal = self._budget  # after a throttling: where the climb begins, and where it rests
        self._climbs_from = float("-inf")
        self._last_cut = float("-inf")
        self._begun: float | None = None
        self._passed: deque[float] = deque()
        self.throttled_since: float | None = None

    def rate(self, now: float) -> float | None:
        """Calls a second at that time; None while there is no limit."""
        if self._rate is None or self._ramping:
            return self._rate
        if self._rate < self._budget:
            waited = max(0.0, now - self._climbs_from)
            climbed = self._goal * (1 + _CURVE * (waited - _PLATEAU) ** 3)
            self._rate = min(self._budget, max(self._base, climbed))
        return self._rate

    def claim(self, now: float) -> float:
        """Seconds until a call may be sent; 0: it may now, and is taken to be sent."""
        rate = self.rate(now)
        if self._begun is None:
            self._begun = now
        if rate is None:
            return 0.0
        if self._first:
            self._first -= 1
            return 0.0
        if self._ramping and not self._passed and now - self._begun < _FIRST_ANSWER:
            return _LOOK
        due = self._next if self._next is not None else now
        if due - now > _TICK:
            return due - now
        self._next = max(due, now - _CREDIT) + 1.0 / rate
        return 0.0

    def passed(self, now: float) -> None:
        """A call got through."""
        self.throttled_since = None
        self._passed.append(now)
        while self._passed[0] < now - _WINDOW:
            self._passed.popleft()
        if self._ramping and len(self._passed) > _RAMP_FOR:
            self._rate = (self._rate or 0.0) + _RAMP_STEP
            if self._rate >= _RAMP_END:
                self._rate, self._ramping = None, False
        elif (
            self._guessed and not self._ramping and self._rate == self._budget and now - self._climbs_from > _LIFT_AFTER
        ):
            self._base = self._goal = self._budget
            self._budget *= _LIFT
            self._climbs_from = now

    def throttled(self, sent: float, now: float) -> None:
        """A call sent at `sent` was refused for the rate. Calls sent before the last cut add nothing to it."""
        if self.throttled_since is None:
            self.throttled_since = now
        if sent <= self._last_cut:
            return
        rate = self.rate(now)
        if rate is None or self._ramping:
            self._settle(now)
        else:
            self._slow_down(rate, now)
        self._last_cut = now
        self._next = now + max(_PAUSE, 1.0 / self._base) + 1.0 / self._base
        self._climbs_from = self._next
        self._passed.clear()

    def _settle(self, now: float) -> None:
        """There is a quota after all: half of what got through in the last seconds may have come out of a full bucket."""
        known = self._passed[0] if self._passed else now
        through = len(self._passed) / max(1.0, now - known)
        self._budget = max(self._guess, through * _HALVED)
        self._rate = self._base = self._goal = self._budget
        self._ramping, self._first = False, 0

    def _slow_down(self, rate: float, now: float) -> None:
        """Below what got through since the last cut; where that was a moment ago and not enough, to the half."""
        since = now - max(self._last_cut, now - _WINDOW, self._begun if self._begun is not None else now)
        fits = rate * _HALVED if since < _SOON else min(rate, len(self._passed) / since) * _FITS
        floor = min(_FLOOR, self._budget)
        self._goal = max(floor, fits)
        self._rate = self._base = max(floor, self._goal * _BELOW)
