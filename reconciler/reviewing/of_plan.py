"""A plan as a `ChangeReport`: what it changes, what somebody should think of that, what it could not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.diagnostics import Diagnostic
from reconciler.model.changes import Action, AttributeChange, Change
from reconciler.model.kinds import kind_of
from reconciler.model.plan import Plan
from reconciler.model.reasons import reasons_of
from reconciler.model.report import ChangeReport, Finding, Item, Level, Place, Topic, by_gravity, levels_by_item
from reconciler.model.values import Attributes, Value
from reconciler.reviewing.reach import reach_of_plan

PLAN_TITLES: Mapping[str, str] = {
    "deletion": "A resource is deleted",
    "replacement": "A resource is replaced by one of another name",
    "left-changed": "What was changed outside stays as it is",
    "consents-stranded": "Users' OAuth consents do not come along",
    "vault-key-changes": "Another key seals every token and secret",
}
"""What the findings of a plan are about that planning words anew for each resource."""

_UNREAD = ("unreadable", "listing-incomplete")


def report_of_plan(plan: Plan, guards: Sequence[Diagnostic] = ()) -> ChangeReport:
    """What apply would do and what speaks against it. `guards`: what would make apply refuse it."""
    of = plan.target
    findings = by_gravity([*_said(plan), *_lost(plan), *_left(plan)])
    levels = levels_by_item(findings)
    place = Place(
        name=of.environment,
        where=plan.route.where,
        account=of.account,
        region=of.region,
        protected=plan.protected,
    )
    return ChangeReport(
        topic=Topic.PLAN,
        stack=of.stack,
        places=(place,),
        items=tuple(_item(one, of.environment, levels) for one in plan.changes),
        findings=findings,
        unchanged=plan.unchanged,
        reach=reach_of_plan(plan, levels),
        unread=tuple(_unread(plan)),
        refused=tuple(one.summary for one in guards),
        beside=tuple(_beside(plan)),
    )


def _item(change: Change, environment: str, levels: Mapping[str, Level]) -> Item:
    moved = change.previous if change.previous != change.address else None
    return Item(
        action=change.action,
        kind=change.address.type,
        about=str(change.address),
        name=change.name,
        previously=str(moved) if moved else "",
        environments=(environment,),
        rows=tuple(_rows(change)),
        reasons=tuple(reasons_of(change)),
        source=change.source,
        level=levels.get(str(change.address)),
    )


def _rows(change: Change) -> Iterator[AttributeChange]:
    if change.action is Action.CREATE:
        for name, value in _held(change, change.after):
            yield AttributeChange(name=name, before=None, after=value, cause=None)
    elif change.action is Action.DELETE:
        for name, value in _held(change, change.before):
            yield AttributeChange(name=name, before=value, after=None, cause=None)
    elif change.action not in (Action.ADOPT, Action.FORGET):
        yield from change.attributes


def _held(change: Change, attributes: Attributes | None) -> Iterable[tuple[str, Value]]:
    """What it has, in the kind's own order."""
    held = attributes or {}
    named = ((one.name, held.get(one.name)) for one in kind_of(change.address.type).attributes)
    return ((name, value) for name, value in named if value is not None and value not in ((), {}))


def _said(plan: Plan) -> Iterator[Finding]:
    """What planning says itself, less what `unread` says of the same."""
    for one in plan.diagnostics:
        if one.code in _UNREAD and (plan.listing_failed or one.address in plan.unknown):
            continue
        about = one.address or "stack"
        named = one.address is None or one.summary.startswith(f"{one.address}: ")
        yield Finding(
            level=Level.of(one.severity),
            code=one.code,
            about=about,
            summary=one.summary if named else f"{one.address}: {one.summary}",
            consequence=one.detail.replace("\n", " "),
            subject="" if one.address else one.summary,
            environments=(plan.target.environment,),
            source=one.source,
        )


def _lost(plan: Plan) -> Iterator[Finding]:
    """What goes, and what people lose with it; of a rename only where planning has not said so itself."""
    told = {one.address for one in plan.diagnostics if one.code == "consents-stranded"}
    grave = Level.CRITICAL if plan.protected else Level.WARNING
    for one in plan.changes:
        kind, address = kind_of(one.address.type), str(one.address)
        if one.action is Action.DELETE:
            cost = kind.stranded or "What uses it will fail."
            protected = f" Environment {plan.target.environment} is protected." if plan.protected else ""
            yield Finding(
                level=grave,
                code="deletion",
                about=address,
                summary=f"{address} will be deleted",
                consequence=f"{cost}{protected}",
                environments=(plan.target.environment,),
            )
        elif one.action is Action.REPLACE and address not in told:
            yield Finding(
                level=Level.WARNING,
                code="replacement",
                about=address,
                summary=f"{address} will stand beside what was {one.previous_name or one.previous}",
                consequence=kind.stranded or "What uses the old name will not find the new one.",
                environments=(plan.target.environment,),
                source=one.source,
            )


def _left(plan: Plan) -> Iterator[Finding]:
    """What others changed and apply does not change back."""
    planned = {one.address for one in plan.changes}
    for one in plan.drift:
        if one.address not in planned:
            yield Finding(
                level=Level.NOTICE,
                code="left-changed",
                about=str(one.address),
                summary=f"{one.address} was {'deleted' if one.after is None else 'changed'} outside and is left as it is",
                consequence="Apply does nothing about it.",
                environments=(plan.target.environment,),
            )


def _unread(plan: Plan) -> Iterator[str]:
    if plan.listing_failed:
        yield f"The listing of the directory could not be read in full: {plan.listing_failed}"
    for address, why in sorted(plan.unknown.items()):
        yield f"{address} could not be read: {why}"


def _beside(plan: Plan) -> Iterator[str]:
    if plan.excluded:
        yield f"Left out by --target or --exclude: {plan.excluded}."
    if plan.trusted:
        yield f"Not read again, since the listing shows no update after the lockfile's: {plan.trusted}."
    counts = {
        "unmanaged": plan.untouched.unmanaged_count,
        "service-linked": plan.untouched.service_linked_count,
    }
    if said := [f"{number} {word}" for word, number in counts.items() if number]:
        yield f"Not touched: {', '.join(said)}."
