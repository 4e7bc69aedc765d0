"""A plan as a report: what it changes, what somebody should think of it, what nobody knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.changes import Action, Drift, Reason
from reconciler.model.fleet import Failure, FleetResult, TargetResult
from reconciler.model.plan import Untouched
from reconciler.model.report import Level
from reconciler.reviewing.of_fleet import report_of_fleet
from reconciler.reviewing.of_plan import report_of_plan
from tests.render.conftest import Make

URL = "https://app.example.com/cb"
KIND = "workload_identity"


def said(severity: Severity, code: str, **fields: Any) -> Diagnostic:
    return Diagnostic(severity=severity, code=code, **({"summary": "it is so", "detail": "do\nthis"} | fields))


def test_what_is_made_and_what_goes_shows_all_that_it_has() -> None:
    report = report_of_plan(
        Make.plan(
            Make.change(Action.CREATE, "a", Reason.DECLARED, after=Make.held(URL), source=Make.at(3)),
            Make.change(Action.DELETE, "b", Reason.NOT_DECLARED, before=Make.held(URL, team="x")),
            unchanged=5,
        )
    )
    created, deleted = report.items
    assert [(one.name, one.before, one.after) for one in created.rows] == [(Make.urls, None, (URL,))]
    assert [(one.name, one.before, one.after) for one in deleted.rows] == [
        (Make.urls, (URL,), None),
        ("tags", {"team": "x"}, None),
    ]
    assert deleted.reasons == ("no longer in the manifest",)
    assert (created.source, created.environments, report.unchanged) == (Make.at(3), ("prod",), 5)


def test_a_deletion_is_a_warning_and_critical_where_the_environment_is_protected() -> None:
    plan = Make.plan(Make.change(Action.DELETE, "b", Reason.NOT_DECLARED))
    (found,) = report_of_plan(plan).findings
    assert (found.level, found.code, found.about) == (Level.WARNING, "deletion", f"{KIND}.b")
    assert "consents are stranded" in found.consequence
    protected = report_of_plan(replace(plan, protected=True))
    assert protected.worst is Level.CRITICAL
    assert protected.items[0].level is Level.CRITICAL
    assert protected.places[0].protected


def test_a_rename_is_said_once() -> None:
    change = Make.change(Action.REPLACE, "new", Reason.RENAMED, previous=Make.address("old"), previous_name="old")
    assert [one.code for one in report_of_plan(Make.plan(change)).findings] == ["replacement"]
    told = said(Severity.WARNING, "consents-stranded", address=f"{KIND}.new")
    report = report_of_plan(Make.plan(change, diagnostics=(told,)))
    assert [one.code for one in report.findings] == ["consents-stranded"]
    assert report.items[0].previously == f"{KIND}.old"


def test_what_planning_says_keeps_its_gravity_and_names_its_thing() -> None:
    report = report_of_plan(
        Make.plan(
            diagnostics=(
                said(Severity.INFO, "adopted-differs", address=f"{KIND}.c", summary=f"{KIND}.c: it differs"),
                said(Severity.ERROR, "protected", address=f"{KIND}.a", source=Make.at(9)),
                said(Severity.WARNING, "too-many"),
            )
        )
    )
    assert [(one.level, one.summary, one.about) for one in report.findings] == [
        (Level.CRITICAL, f"{KIND}.a: it is so", f"{KIND}.a"),
        (Level.WARNING, "it is so", "stack"),
        (Level.INFO, f"{KIND}.c: it differs", f"{KIND}.c"),
    ]
    assert report.findings[0].consequence == "do this"
    assert report.findings[0].source == Make.at(9)


def test_what_could_not_be_read_is_unread_and_no_finding_besides() -> None:
    unread = said(Severity.WARNING, "unreadable", address=f"{KIND}.dark")
    report = report_of_plan(
        Make.plan(unknown={f"{KIND}.dark": "throttled"}, listing_failed="denied", diagnostics=(unread,)),
        (said(Severity.ERROR, "guard-incomplete", summary="incomplete"),),
    )
    assert not report.complete
    assert report.unread == (
        "The listing of the directory could not be read in full: denied",
        f"{KIND}.dark could not be read: throttled",
    )
    assert report.findings == ()
    assert report.refused == ("incomplete",)


def test_what_changed_outside_and_stays_is_a_notice() -> None:
    drift = (
        Drift(address=Make.address("a"), name="a", before={}, after=None),
        Drift(address=Make.address("b"), name="b", before={}, after={}),
    )
    plan = Make.plan(Make.change(Action.UPDATE, "b", Reason.CHANGED_OUTSIDE), drift=drift)
    (found,) = report_of_plan(plan).findings
    assert (found.level, found.code, found.about) == (Level.NOTICE, "left-changed", f"{KIND}.a")
    assert "was deleted outside" in found.summary


def test_what_is_left_alone_stands_beside() -> None:
    plan = Make.plan(excluded=2, untouched=Untouched(unmanaged={KIND: ("x", "y")}, service_linked={KIND: ("z",)}))
    assert report_of_plan(plan).beside == (
        "Left out by --target or --exclude: 2.",
        "Not touched: 2 unmanaged, 1 service-linked.",
    )


def test_several_targets_share_what_is_the_same_and_one_without_a_plan_is_unknown() -> None:
    plan = Make.plan(Make.change(Action.DELETE, "b", Reason.NOT_DECLARED), unchanged=1)

    def target(name: str) -> TargetResult:
        return TargetResult(name=name, plan=replace(plan, target=replace(plan.target, environment=name)))

    lost = TargetResult(name="c", account="1", failure=Failure(summary="no credentials"))
    left = TargetResult(name="d", left=True)
    report = report_of_fleet(
        FleetResult(command="plan", stack="payments", targets=(target("a"), target("b"), lost, left), chosen=4)
    )
    assert [one.name for one in report.places] == ["a", "b", "c", "d"]
    (item,) = report.items
    (found,) = report.findings
    assert item.environments == found.environments == ("a", "b")
    assert report.unchanged == 2
    assert [(one.label, one.environments) for one in report.reach.nodes] == [("b", ("a", "b"))]
    assert report.unread == ("c: no credentials", "d: it was not planned.")
