"""The one exit code of several targets."""

from __future__ import annotations

import itertools

import pytest

from reconciler.errors import ExitCode, Refused, StateLocked, UsageError
from reconciler.model.fleet import WORST_FIRST, Ended, Failure, TargetResult, worst
from reconciler.model.outcomes import Report


def test_every_code_has_its_place_in_the_order() -> None:
    assert sorted(WORST_FIRST) == sorted(ExitCode)
    assert [int(code) for code in WORST_FIRST] == [1, 6, 4, 3, 5, 2, 0]


@pytest.mark.parametrize("codes", list(itertools.permutations(ExitCode, 3)))
def test_the_worst_stands_for_all(codes: tuple[ExitCode, ...]) -> None:
    assert worst(codes) is min(codes, key=WORST_FIRST.index)


def test_none_is_nothing_to_do() -> None:
    assert worst([]) is ExitCode.OK


@pytest.mark.parametrize(
    ("error", "ended", "code"),
    [
        (UsageError("x"), Ended.FAILED, ExitCode.ERROR),
        (StateLocked("x"), Ended.LOCKED, ExitCode.LOCKED),
        (Refused("x"), Ended.REFUSED, ExitCode.REFUSED),
    ],
)
def test_a_target_that_fails_ends_as_it_would_alone(error: Exception, ended: Ended, code: ExitCode) -> None:
    one = TargetResult(name="prod", failure=Failure.of(error))

    assert (one.ended, one.exit_code) == (ended, code)


def test_a_run_that_broke_off_is_an_error_though_it_has_a_report() -> None:
    report = Report(outcomes=(), serial=1, interrupted=True)

    assert TargetResult(name="prod", report=report).exit_code is ExitCode.PARTIAL
    assert TargetResult(name="prod", report=report, failure=Failure(summary="disk full")).exit_code is ExitCode.ERROR


def test_what_was_left_is_never_all_well() -> None:
    assert TargetResult(name="prod", left=True).exit_code is ExitCode.ERROR
