"""The plans of several targets as one `ChangeReport`: what is the same in several stands in it once."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.fleet import FleetResult, TargetResult
from reconciler.model.report import ChangeReport, Finding, Place, Topic, by_gravity, levels_by_item
from reconciler.reviewing.of_plan import report_of_plan
from reconciler.reviewing.reach import reach_of_plans
from reconciler.reviewing.review import merged, together


def report_of_fleet(result: FleetResult) -> ChangeReport:
    """What apply would do in each. A target without a plan is one of which nobody knows."""
    parts = {one.name: report_of_plan(one.plan, one.guards) for one in result.targets if one.plan is not None}
    plans = [one.plan for one in result.targets if one.plan is not None]
    places = [parts[one.name].places[0] if one.name in parts else _unplanned(one) for one in result.targets]
    findings: list[Finding] = together(found for part in parts.values() for found in part.findings)
    items = merged(item for part in parts.values() for item in part.items)
    return ChangeReport(
        topic=Topic.PLAN,
        stack=result.stack,
        places=tuple(places),
        items=tuple(sorted(items, key=lambda one: (one.about, one.environments))),
        findings=by_gravity(findings),
        reach=reach_of_plans(plans, levels_by_item(findings)),
        unchanged=sum(part.unchanged for part in parts.values()),
        unread=tuple(_unread(result, parts)),
        refused=tuple(f"{name}: {said}" for name, part in parts.items() for said in part.refused),
        beside=tuple(f"{name}: {said}" for name, part in parts.items() for said in part.beside),
    )


def _unread(result: FleetResult, parts: dict[str, ChangeReport]) -> Iterator[str]:
    for one in result.targets:
        if one.failure is not None:
            yield f"{one.name}: {one.failure.summary}"
        elif one.name not in parts:
            yield f"{one.name}: it was not planned."
        else:
            yield from (f"{one.name}: {said}" for said in parts[one.name].unread)


def _unplanned(one: TargetResult) -> Place:
    return Place(name=one.name, account=one.account, region=one.region)
