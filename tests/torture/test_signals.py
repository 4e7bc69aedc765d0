"""A run asked to end, at any point: it finishes what is under way and says what is left; asked twice, it ends at once."""

from __future__ import annotations

import os
import signal

import pytest

from tests.torture import fleet
from tests.torture.figures import Figures
from tests.torture.running import Ran
from tests.torture.sweep import SCENARIOS, Signals, Sweep, told

INT, TERM, HUP = int(signal.SIGINT), int(signal.SIGTERM), int(signal.SIGHUP)
APPLY = SCENARIOS["apply"]
TORTURE = bool(os.environ.get("TORTURE"))
AS_BEGUN = {"gone-1", "mine-1"}
"""What the lockfile and the directory do not agree upon when the scenario begins."""
ONCE = {"SIGINT": (INT,), "SIGTERM": (TERM,), "SIGHUP": (HUP,), "SIGINT, then SIGTERM": (INT, TERM)}
MANY = {"SIGINT": 60, "SIGTERM": 20, "SIGHUP": 12, "SIGINT, then SIGTERM": 20, "SIGINT twice": 40}
FEW = {"SIGINT": 5, "SIGTERM": 2, "SIGHUP": 1, "SIGINT, then SIGTERM": 2, "SIGINT twice": 4}


def points(sweep: Sweep, what: str) -> list[int]:
    """So many, spread over the run."""
    every, many = len(sweep.labels(APPLY)), (MANY if TORTURE else FEW)[what]
    return [1 + (2 * one + 1) * every // (2 * many) for one in range(many)]


def as_told(sweep: Sweep, ran: Ran) -> list[str]:
    """What is wrong with how a run ended that was asked once: nothing unclear, and the truth about what is left."""
    now, lock = fleet.truth(sweep.server), sweep.place.lock()
    wrong = [one for one in fleet.unequal(now, lock) if one.split()[0] not in AS_BEGUN]
    match ran.code:
        case 0:
            wrong += ["exit 0, and something is left"] if "never started" in ran.out else []
        case 1:
            if "Interrupted; nothing was written to the directory." not in ran.err:
                wrong.append(f"exit 1 with the words {ran.err}")
            if now.identities != {one.name: one for one in sweep.stands(APPLY)}:
                wrong.append("exit 1, and something was written")
        case 6:
            if "Interrupted: " not in ran.out or "Left: never started" not in ran.out:
                wrong.append(f"exit 6 with the words {ran.out}")
    if sweep.place.journal() is not None:
        wrong.append("a journal is left, though everything under way was finished")
    return wrong


@pytest.mark.parametrize("what", ONCE)
def test_asked_once_it_finishes_what_is_under_way_and_says_what_is_left(
    local_sweep: Sweep, what: str, record_property: Figures.Record
) -> None:
    figures = Figures(record_property, f"signals, {what}", "point")
    codes = set()
    for point in points(local_sweep, what):
        signals: Signals = tuple((point + 2 * number, one) for number, one in enumerate(ONCE[what]))
        ran, wrong = local_sweep.problems(APPLY, signals, codes=frozenset({0, 1, 6}), also=as_told)
        codes.add(ran.code)
        figures.one(told(APPLY, signals, ran, wrong) if wrong else "")
    figures.close()
    assert codes >= {6}


def test_asked_twice_it_ends_at_once_and_the_next_run_settles_it(
    local_sweep: Sweep, record_property: Figures.Record
) -> None:
    figures = Figures(record_property, "signals, SIGINT twice", "point")
    at_once = 0
    for number, point in enumerate(points(local_sweep, "SIGINT twice")):
        signals: Signals = ((point, INT), (point + 1 + number % 4, INT))
        ran, wrong = local_sweep.problems(APPLY, signals, codes=frozenset({0, 1, 6}))
        at_once += "ended at once" in ran.err
        figures.one(told(APPLY, signals, ran, wrong) if wrong else "")
    figures.close()
    assert at_once
