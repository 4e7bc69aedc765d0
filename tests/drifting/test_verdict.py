"""What drift runs come to: text, JSON and exit code say the same, and nothing but an all-clear reads as one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.drifting.report import report_of_runs
from reconciler.drifting.verdict import Verdict
from reconciler.errors import ExitCode
from reconciler.model.drift import Acknowledgement, DriftClass, Drifted, DriftRun, Noted, Status
from reconciler.model.environments import OWNER_TAG
from reconciler.model.fleet import Failure
from reconciler.model.report_formats import ReportFormat
from reconciler.render.reports import FORMATS, report_text
from reconciler.render.reports.drift_json import drift_json
from reconciler.schema_files import schema
from tests.notifying.runs import changed, noted, run

BUSY = ("qa", Failure(summary="reconciler.qa.drift.json is locked", exit_code=ExitCode.LOCKED))
BROKEN = ("dev", Failure(summary="no credentials"))


def verdict(*runs: DriftRun, failures: tuple[tuple[str, Failure], ...] = (), only_new: bool = False) -> Verdict:
    return Verdict(stack="payments", runs=runs, failures=failures, only_new=only_new)


def as_json(one: Verdict) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(drift_json(one))
    Draft202012Validator(schema("drift")).validate(raw)
    return raw


def as_text(one: Verdict) -> str:
    return " ".join(report_text(report_of_runs(one), colour=False, width=200, verbose=False).split())


def expired(one: Noted) -> DriftRun:
    ack = Acknowledgement(
        fingerprint=one.drifted.fingerprint, about=one.drifted.about, reason="known", by="jane", until="2026-11-01"
    )
    return replace(run(one), expired=(ack,))


CLEAN = run()
DRIFTED = run(noted(changed()))
STANDING = run(noted(changed(), Status.STANDING))
UNREAD = run(unread=("The listing could not be read in full: AccessDenied",))


@pytest.mark.parametrize(
    ("one", "code", "has_drift", "summary"),
    [
        (verdict(CLEAN), 0, False, "no drift"),
        (verdict(DRIFTED), 2, True, "1 changed"),
        (verdict(STANDING), 2, True, "1 changed"),
        (verdict(STANDING, only_new=True), 0, None, "nothing new: 1 finding of earlier runs still stand"),
        (verdict(CLEAN, only_new=True), 0, False, "no drift"),
        (verdict(run(noted(changed(), acknowledged=True))), 0, False, "1 acknowledged"),
        (verdict(run(noted(changed(), Status.STANDING, acknowledged=True)), only_new=True), 0, False,
         "nothing new: 1 finding of earlier runs still stand"),
        (verdict(expired(noted(changed(), Status.STANDING)), only_new=True), 2, True, "1 changed"),
        (verdict(UNREAD), 1, None, "incomplete: nothing found in what could be read"),
        (verdict(replace(UNREAD, noted=DRIFTED.noted)), 1, True, "incomplete: 1 changed"),
        (verdict(failures=(BROKEN,)), 1, None, "incomplete: nothing was looked at"),
        (verdict(CLEAN, failures=(BUSY,)), 5, None, "incomplete: nothing found in what could be read"),
        (verdict(failures=(BUSY,)), 5, None, "incomplete: nothing was looked at"),
        (verdict(DRIFTED, failures=(BUSY,)), 2, True, "incomplete: 1 changed"),
        (verdict(STANDING, failures=(BUSY,), only_new=True), 5, None, "incomplete: nothing found in what could be read"),
        (verdict(DRIFTED, failures=(BROKEN, BUSY)), 1, True, "incomplete: 1 changed"),
        (verdict(UNREAD, failures=(BUSY,)), 1, None, "incomplete: nothing found in what could be read"),
    ],
)  # fmt: skip
def test_json_and_exit_code_say_the_same(one: Verdict, code: int, has_drift: bool | None, summary: str) -> None:
    raw = as_json(one)
    assert (int(one.exit_code), raw["has_drift"], raw["changes_outside"], raw["summary"]) == (
        code, has_drift, has_drift, summary,
    )  # fmt: skip
    told = [found for target in raw["targets"] for found in target["findings"] if found["alarms"]]
    assert (raw["has_drift"] is True) == bool(told)
    assert ("No drift" in as_text(one)) == (raw["summary"] == "no drift")


def test_an_all_clear_is_of_every_target() -> None:
    assert [one["has_drift"] for one in as_json(verdict(CLEAN, UNREAD, DRIFTED))["targets"]] == [False, None, True]


def test_what_is_not_told_again_is_counted_and_does_not_count() -> None:
    other = noted(changed("ledger-agent"))
    one = verdict(run(noted(changed(), Status.STANDING), other), only_new=True)
    raw = as_json(one)
    assert ([found["name"] for found in raw["targets"][0]["findings"]], raw["targets"][0]["hidden"]) == (
        ["ledger-agent"], 1,
    )  # fmt: skip
    assert (raw["only_new"], raw["summary"]) == (True, "1 changed")


def test_an_acknowledgement_whose_day_is_over_is_news_in_the_text_too() -> None:
    one = verdict(expired(noted(changed(), Status.STANDING)), only_new=True)
    assert "was given the return URL https://rogue.example/callback outside" in as_text(one)
    assert one.is_news
    assert not verdict(STANDING).is_news


@pytest.mark.parametrize("form", [ReportFormat.TEXT, ReportFormat.MARKDOWN, ReportFormat.HTML])
def test_what_was_made_again_or_taken_over_is_called_so_and_not_changed(form: ReportFormat) -> None:
    again = Drifted(
        what=DriftClass.RECREATED, remote=changed().remote, address=changed().address, attribute="createdTime",
        before="2026-11-01T00:00:00Z", after="2026-11-24T00:00:00Z",
    )  # fmt: skip
    taken = replace(
        changed("ledger-agent"), what=DriftClass.TAKEN_OVER, attribute=OWNER_TAG, before="payments/prod", after="other/prod"
    )  # fmt: skip
    one = verdict(run(noted(again), noted(taken)))
    assert as_json(one)["summary"] == "1 made again, 1 taken over"
    report = report_of_runs(one)
    said = as_text(one) if form is ReportFormat.TEXT else FORMATS[form](report)
    assert "made again" in said.lower()
    assert "taken over" in said.lower()
    if form is ReportFormat.TEXT:
        assert "Drift: 1 made again, 1 taken over." in said
        assert "~ made again workload_identity.invoice-agent" in said
    assert "1 changed" not in said
    assert "<b>2</b> changed" not in said


def test_one_resource_that_was_changed_and_taken_over_is_counted_under_both() -> None:
    taken = replace(
        changed(), what=DriftClass.TAKEN_OVER, attribute=OWNER_TAG, before="payments/prod", after="other/prod"
    )
    one = verdict(run(noted(changed()), noted(taken)))
    assert as_json(one)["summary"] == "1 changed, 1 taken over"
    assert report_of_runs(one).unchanged == 10
    assert "1 resource changes." in FORMATS[ReportFormat.HTML](report_of_runs(one))


def test_what_is_acknowledged_is_not_said_to_be_unchanged() -> None:
    one = verdict(run(noted(changed(), acknowledged=True)))
    assert "Drift: 1 acknowledged." in as_text(one)
    assert report_of_runs(one).unchanged == 10
