"""The pace against a token bucket on a clock that is only counted: many workers, no thread, no luck."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from reconciler.aws.pace import Pace

WORKERS = 32


class Arrival(NamedTuple):
    """A call at the service: when, and whether it was let through."""

    when: float
    passed: bool


def steady(rate: float) -> Callable[[float], float]:
    return lambda _: rate


def play(
    pace: Pace,
    calls: int,
    quota: Callable[[float], float],
    *,
    burst: float | None = None,
    latency: float = 0.05,
    jitter: float = 0.01,
    until: float = float("inf"),
) -> list[Arrival]:
    """What arrives while `WORKERS` make so many calls; a throttled one is sent again when its turn comes.

    One of those who wait watches the clock, as in `reconciler.aws.pacing`. A new quota begins with a full bucket.
    """
    dice = random.Random(1)
    number = itertools.count()
    queue: list[tuple[float, int, str, Any]] = [(0.0, next(number), "turn", None)]
    idle, left, watched = WORKERS, calls, True
    rate = quota(0.0)
    tokens, filled = burst or rate, 0.0
    arrivals: list[Arrival] = []

    def later(seconds: float, what: str, about: Any = None) -> None:
        heapq.heappush(queue, (now + seconds + dice.random() * jitter, next(number), what, about))

    while queue:
        now, _, what, about = heapq.heappop(queue)
        if now > until:
            break
        if what == "turn":
            watched = False
            while idle and left and not watched:
                seconds = pace.claim(now)
                if seconds:
                    later(seconds, "turn")
                    watched = True
                else:
                    idle, left = idle - 1, left - 1
                    later(latency / 2, "arrival", now)
        elif what == "arrival":
            if quota(now) != rate:
                rate = quota(now)
                tokens, filled = burst or rate, now
            tokens, filled = min(burst or rate, tokens + (now - filled) * rate), now
            passed = tokens >= 1
            tokens -= passed
            arrivals.append(Arrival(now, passed))
            later(latency / 2, "answer", (about, passed))
        else:
            sent, passed = about
            if passed:
                pace.passed(now)
            else:
                pace.throttled(sent, now)
                left += 1
            idle += 1
            if not watched:
                later(0.0, "turn")
                watched = True
    return arrivals


def throttled(arrivals: list[Arrival]) -> float:
    """The share of calls that were."""
    return sum(not one.passed for one in arrivals) / len(arrivals)


def reached(arrivals: list[Arrival], begin: float = 0.0, end: float = float("inf")) -> float:
    """Calls a second that got through, in a part of the time."""
    passed = [one.when for one in arrivals if one.passed and begin <= one.when < end]
    return len(passed) / (min(end, arrivals[-1].when) - begin)


@pytest.mark.parametrize("jitter", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("latency", [0.003, 0.05, 0.3])
@pytest.mark.parametrize("burst", [3, 20])
def test_a_budget_that_is_the_quota_is_ridden(jitter: float, latency: float, burst: float) -> None:
    arrivals = play(Pace(budget=20.0), 400, steady(20.0), burst=burst, latency=latency, jitter=jitter)
    assert reached(arrivals) >= 0.97 * 20
    assert throttled(arrivals) <= 0.01


def test_a_quota_that_drops_is_followed_within_seconds_both_ways() -> None:
    arrivals = play(Pace(budget=20.0), 10_000, lambda now: 5.0 if 10 <= now < 30 else 20.0, until=60)
    assert reached(arrivals, 0, 10) >= 0.97 * 20
    first = [one for one in arrivals if 10 <= one.when < 13]
    assert sum(not one.passed for one in first) <= 5, "a handful of throttled calls tell it"
    assert reached(arrivals, 12, 30) >= 0.9 * 5
    assert throttled([one for one in arrivals if 13 <= one.when < 30]) <= 0.05
    assert reached(arrivals, 38, 60) >= 0.97 * 20, "eight seconds after the quota came back"
    assert throttled([one for one in arrivals if one.when >= 30]) <= 0.01


@pytest.mark.parametrize("quota", [2.0, 5.0, 10.0, 15.0, 19.0])
def test_a_quota_below_the_budget_is_found_and_asked_again_every_few_seconds(quota: float) -> None:
    arrivals = play(Pace(budget=20.0), 600, steady(quota))
    assert reached(arrivals) >= 0.88 * quota
    assert sum(not one.passed for one in arrivals) <= arrivals[-1].when / 3.5


def test_a_budget_is_not_exceeded_where_more_would_go() -> None:
    arrivals = play(Pace(budget=20.0), 400, steady(1000.0))
    assert reached(arrivals) <= 20.5
    moments = [one.when for one in arrivals]
    assert max(sum(begin <= one < begin + 1 for one in moments) for begin in moments) <= 27


def test_without_a_budget_and_a_quota_nothing_waits_for_long() -> None:
    arrivals = play(Pace(budget=None), 1000, steady(1e9), jitter=0.0)
    assert arrivals[-1].when <= 1000 * 0.05 / WORKERS + 0.2
    free = Pace(budget=None, ramp=False)
    assert [free.claim(0.0) for _ in range(500)] == [0.0] * 500


@pytest.mark.parametrize(("quota", "least", "most"), [(20.0, 0.97, 0.01), (100.0, 0.55, 0.03)])
def test_without_a_budget_a_quota_is_found_by_a_few_throttled_calls(quota: float, least: float, most: float) -> None:
    arrivals = play(Pace(budget=None), int(quota * 20), steady(quota), latency=0.01, jitter=0.002)
    assert reached(arrivals) >= least * quota
    assert throttled(arrivals) <= most


def test_a_guess_is_raised_while_it_holds() -> None:
    pace = Pace(budget=None, ramp=False)
    assert pace.claim(0.0) == 0.0
    pace.throttled(0.0, 0.1)
    assert pace.rate(1.0) == 20.0
    pace.passed(40.0)
    assert pace.rate(60.0) == 25.0


def test_many_throttlings_of_one_moment_slow_down_once() -> None:
    pace = Pace(budget=20.0)
    for number in range(20):
        assert pace.claim(1 + number / 20) == 0.0
        pace.passed(1 + number / 20)
    pace.throttled(1.9, 2.0)
    once = pace.rate(2.0)
    assert once is not None
    assert 16 < once < 20
    for _ in range(30):
        pace.throttled(1.95, 2.01)
    assert pace.rate(2.01) == once
    pace.throttled(2.02, 2.1)
    assert pace.rate(2.1) == pytest.approx(once / 2 * 0.9)


def test_it_never_stops_altogether() -> None:
    pace, now = Pace(budget=20.0), 0.0
    for _ in range(50):
        while seconds := pace.claim(now):
            now += seconds
        pace.throttled(now, now + 0.01)
        now += 0.01
    assert pace.claim(now) < 5
    assert pace.throttled_since == 0.01


def test_a_budget_below_the_least_pace_is_not_exceeded_either() -> None:
    pace = Pace(budget=0.1)
    assert pace.claim(0.0) == 0.0
    pace.throttled(0.0, 0.1)
    assert pace.rate(1000.0) == 0.1


def test_without_a_budget_the_others_wait_for_the_first_answer_but_not_for_ever() -> None:
    pace = Pace(budget=None)
    assert [pace.claim(0.0) for _ in range(16)] == [0.0] * 16
    assert 0 < pace.claim(0.2) <= 0.01
    assert pace.claim(0.6) == 0.0, "perhaps nobody answers"
    answered = Pace(budget=None)
    assert [answered.claim(0.0) for _ in range(16)] == [0.0] * 16
    answered.passed(0.1)
    assert answered.claim(0.1) == 0.0
