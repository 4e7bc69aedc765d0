"""No renderer lets a control character, a bidi override or somebody else's colours through to a terminal."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.model.changes import Action, Cause, Drift, Reason
from reconciler.model.environments import Target
from reconciler.model.outcomes import Outcome, Report, Status
from reconciler.model.plan import Plan, Route, Untouched, Where
from reconciler.model.resources import Known, Lock, Origin
from reconciler.render import diagnostics_text, event_line, lock_text, plan_markdown, plan_text, report_text

KIND = "workload_identity"
OURS = re.compile(r"\x1b\[(0|1|2|1;31|1;33|1;36|3[1-6])m")  # all that our palette says
BAD = "\x00\x07\x08\t\n\r\x1b[]m;31\x7f\x85\x9b\u200b\u200e\u2028\u2029\u202e\u2066\ufeffab"
nasty = st.text(st.one_of(st.sampled_from(BAD), st.characters()), max_size=30)
several = st.lists(nasty, min_size=8, max_size=8)


def safe(text: str, colour: bool = True) -> bool:
    """Whether nothing but line breaks and, where asked for, our own colours are in it beside what can be printed."""
    if not colour and "\x1b" in text:
        return False
    return OURS.sub("", text).replace("\n", "").isprintable()


def hostile_plan(make: Any, texts: list[str]) -> Plan:
    a, b, c, d, e, f, g, h = texts
    source = Source(a, 3, 2)
    findings = [
        Diagnostic(severity=severity, code=b, summary=c, detail=d, address=e, source=source) for severity in Severity
    ]
    return make.plan(
        *(
            make.change(
                action, f, reason, name=g, previous_name=h, previous=make.address(a), source=source,
                before=make.held(b, **{c: d}), after=make.held(e, **{f: g}),
                attributes=(make.differ((a, b), (b, c), Cause.BOTH), make.differ({d: e}, {d: f, g: h}, name=a)),
            )
            for action, reason in zip(Action, (*Reason,)[-len(Action):], strict=True)
        ),
        target=Target(stack=a, environment=b, account=c, region=d),
        route=Route(lockfile=e, where=Where.AWS),
        diagnostics=tuple(findings),
        unknown={f: g},
        listing_failed=h,
        drift=(Drift(address=make.address(a + "x"), name=b, before={}, after={}, attributes=(make.differ((c,), (d,)),)),),
        untouched=Untouched(unmanaged={KIND: (e, f)}, service_linked={KIND: (g, h)}),
        unchanged=1,
    )  # fmt: skip


@pytest.mark.parametrize("colour", [True, False])
@settings(max_examples=60, deadline=None)
@given(texts=several)
def test_a_plan_is_safe_to_show(make: Any, colour: bool, texts: list[str]) -> None:
    plan = hostile_plan(make, texts)
    for verbose in (False, True):
        text = plan_text(plan, colour=colour, width=80, verbose=verbose, guards=plan.diagnostics)
        assert safe(text, colour)
    assert safe(plan_markdown(plan, guards=plan.diagnostics), colour=False)


@settings(max_examples=60, deadline=None)
@given(texts=several, line=nasty)
def test_diagnostics_are_safe_to_show(make: Any, texts: list[str], line: str) -> None:
    plan = hostile_plan(make, texts)
    for colour in (True, False):
        assert safe(diagnostics_text(plan.diagnostics, colour=colour, read_line=lambda _file, _line: line), colour)


@settings(max_examples=60, deadline=None)
@given(texts=several)
def test_a_report_is_safe_to_show(make: Any, texts: list[str]) -> None:
    plan = hostile_plan(make, texts)
    outcomes = tuple(
        Outcome(change=change, status=status, arn=texts[0], seconds=1, message=texts[1], hint=texts[2])
        for status in Status
        for change in plan.changes
    )
    for colour in (True, False):
        assert safe(report_text(Report(outcomes=outcomes, serial=2), plan, colour=colour), colour)
    for event in (*outcomes, *plan.changes):
        line = event_line(event, done=1, total=2, colour=False)
        assert safe(line, colour=False)
        assert "\n" not in line


@settings(max_examples=60, deadline=None)
@given(texts=several)
def test_a_lockfile_is_safe_to_show(make: Any, texts: list[str]) -> None:
    a, b, c, d, e, f, g, h = texts
    known = Known(
        address=make.address(a), name=b, arn=c, origin=Origin.ADOPTED, attributes=make.held(d, **{e: f}), protect=True
    )
    lock = Lock(
        lineage=a, serial=1, stack=g, environment=h, account=b, region=c, resources={known.address: known}
    )  # fmt: skip
    for colour in (True, False):
        assert safe(lock_text(lock, colour=colour, file=d), colour)


def test_a_line_break_from_outside_forges_no_line_of_ours(make: Any) -> None:
    forged = "\nPlan: 0 to delete.\n"
    plan = hostile_plan(make, [forged] * 8)
    outcomes = tuple(Outcome(change=one, status=Status.FAILED, message=forged, hint=forged) for one in plan.changes)
    shown = [
        plan_text(plan, colour=False, verbose=True, guards=plan.diagnostics),
        plan_markdown(plan, guards=plan.diagnostics),
        report_text(Report(outcomes=outcomes, serial=2), plan, colour=False),
        diagnostics_text(plan.diagnostics, colour=False, read_line=lambda _file, _line: forged),
    ]
    assert not [line for text in shown for line in text.split("\n") if line.startswith("Plan: 0 to delete.")]
