"""What an apply did is told change by change, and then as a whole."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from reconciler.model.changes import Action, Reason
from reconciler.model.outcomes import Outcome, Report, Status
from reconciler.render import duration, event_line, outcome_line, report_text

ARN = "arn:aws:bedrock-agentcore:us-east-1:222222222222:workload-identity-directory/default/workload-identity/"


def outcome(make: Any, action: Action, key: str, status: Status, **fields: Any) -> Outcome:
    change = make.change(action, key, fields.pop("reason", Reason.DECLARED))
    return Outcome(change=change, status=status, **({"arn": ARN + key, "seconds": 0.34} | fields))


def test_a_whole_apply_reports_arns_times_and_the_lockfile(make: Any) -> None:
    report = Report(
        outcomes=(
            outcome(make, Action.CREATE, "new", Status.DONE),
            outcome(make, Action.DELETE, "old", Status.DONE, seconds=2.04),
            outcome(make, Action.NO_OP, "met", Status.DONE),
        ),
        serial=8, seconds=2.4, calls=5,
    )  # fmt: skip
    assert report_text(report, make.plan(), colour=False) == dedent(f"""\
        Done (3)
          + workload_identity.new  created in 340 ms
              {ARN}new
          - workload_identity.old  deleted in 2.0 s
            workload_identity.met  noted in the lockfile

        Applied: 1 created, 1 deleted, 1 noted in the lockfile, in 2.4 s with 5 calls.
        Lockfile: manifests/prod.prod.lock.json, serial 8; it holds what happened, no more and no less.
    """)


def test_an_apply_in_part_tells_what_failed_why_what_was_left_and_what_to_do_next(make: Any) -> None:
    report = Report(
        outcomes=(
            outcome(make, Action.CREATE, "bare", Status.DONE_WITHOUT_TAGS, message="InternalServerException"),
            outcome(make, Action.CREATE, "poor", Status.FAILED, message="quota reached", hint="ask for more"),
            outcome(make, Action.UPDATE, "busy", Status.REFUSED, message="its tags changed meanwhile"),
            outcome(make, Action.REPLACE, "late", Status.LEFT),
        ),
        serial=8, seconds=65.2,
    )  # fmt: skip
    assert report_text(report, make.plan(), colour=False) == dedent(f"""\
        Done, but for the tags (1)
          + workload_identity.bare  created in 340 ms
              {ARN}bare
              InternalServerException

        Failed (1)
          + workload_identity.poor  not created after 340 ms
              quota reached
              = help: ask for more

        Refused: changed since the plan, so nothing was written (1)
          ~ workload_identity.busy  not updated after 340 ms
              its tags changed meanwhile

        Left: never started (1)
        -/+ workload_identity.late  not replaced

        Applied in part: 1 created, 1 failed, 1 refused, 1 left, in 1 min 5 s.
        Lockfile: manifests/prod.prod.lock.json, serial 8; it holds what happened, no more and no less.
        Tags that could not be set are planned again by the next plan.
        What failed is planned again: settle the reason, then run plan and apply once more.
        What was refused is not as the plan saw it: run plan again to see what stands there now.
        What was left was never started: run apply again to go on.
    """)


def test_an_interrupted_apply_says_that_it_was(make: Any) -> None:
    report = Report(outcomes=(outcome(make, Action.CREATE, "a-b", Status.LEFT),), serial=7, interrupted=True)
    assert "\nInterrupted: nothing done, 1 left, in 0 ms.\n" in report_text(report, make.plan(), colour=False)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (Status.DONE, "  ~ workload_identity.a-b: updated in 340 ms"),
        (Status.DONE_WITHOUT_TAGS, "  ~ workload_identity.a-b: updated in 340 ms, but for the tags: why"),
        (Status.FAILED, "  ~ workload_identity.a-b: failed after 340 ms: why"),
        (Status.REFUSED, "  ~ workload_identity.a-b: refused: why"),
        (Status.LEFT, "  ~ workload_identity.a-b: never started"),
    ],
)
def test_an_outcome_is_one_line(make: Any, status: Status, line: str) -> None:
    assert outcome_line(outcome(make, Action.UPDATE, "a-b", status, message="why"), colour=False) == line


def test_a_plain_log_counts_along(make: Any) -> None:
    ended = outcome(make, Action.CREATE, "a-b", Status.DONE)
    assert event_line(ended.change, done=0, total=12, colour=False) == "[ 0/12]   + workload_identity.a-b: creating"
    assert event_line(ended, done=1, total=12, colour=False) == "[ 1/12]   + workload_identity.a-b: created in 340 ms"


def test_durations_are_rounded_as_people_say_them() -> None:
    assert [duration(one) for one in (0, 0.0004, 0.9996, 1, 59.96, 60, 185.4)] == [
        "0 ms",
        "0 ms",
        "1.0 s",
        "1.0 s",
        "1 min 0 s",
        "1 min 0 s",
        "3 min 5 s",
    ]
