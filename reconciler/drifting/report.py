"""A drift run as the one report that every format is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.drifting import wording
from reconciler.drifting.verdict import Verdict
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, AttributeChange
from reconciler.model.drift import Against, DriftClass, DriftRun, Noted, Status
from reconciler.model.fleet import Failure
from reconciler.model.report import (
    ChangeReport,
    Finding,
    Item,
    Place,
    Topic,
    by_gravity,
    gravest,
)
from reconciler.reviewing.review import merged, together

_ACTIONS: Mapping[DriftClass, Action] = {
    DriftClass.CHANGED: Action.UPDATE,
    DriftClass.TAKEN_OVER: Action.UPDATE,
    DriftClass.DELETED: Action.DELETE,
    DriftClass.RECREATED: Action.UPDATE,
    DriftClass.NEWCOMER: Action.CREATE,
    DriftClass.LINKED_NEWCOMER: Action.CREATE,
    DriftClass.ORPHAN: Action.CREATE,
    DriftClass.UNAPPLIED: Action.UPDATE,
}
"""What was done outside, in the words of changes."""

_AGAINST: Mapping[Against, str] = {
    Against.LOCKFILE: "what was applied",
    Against.MANIFEST: "what the manifest declares",
}


def report_of_drift(run: DriftRun, *, only_new: bool = False) -> ChangeReport:
    """The report of what stands now, in which what is over is told beside. `only_new`: without what was told before."""
    verdict = Verdict(stack=run.target.stack, runs=(run,), only_new=only_new)
    standing = [
        one
        for one in verdict.told(run)
        if one.status is not Status.RESOLVED and one.drifted.what is not DriftClass.UNKNOWN
    ]
    environment = run.target.environment
    findings = by_gravity(_finding(one, environment) for one in standing)
    return ChangeReport(
        topic=Topic.DRIFT,
        stack=run.target.stack,
        places=(
            Place(
                name=environment,
                where=run.plan.route.where,
                account=run.target.account,
                region=run.target.region,
                protected=run.plan.protected,
            ),
        ),
        items=tuple(_items(standing, environment)),
        findings=findings,
        unchanged=run.managed - len(_touched(run)),
        hidden=verdict.hidden(run),
        against=_AGAINST[run.against],
        unread=run.unread,
        beside=tuple(_beside(run)),
    )


def _touched(run: DriftRun) -> set[Address]:
    """What the lockfile holds and is not as it was, alarming or not, or not known."""
    return {one.drifted.address for one in run.noted if one.drifted.address and one.status is not Status.RESOLVED}


def report_of_runs(verdict: Verdict) -> ChangeReport:
    """The report of several runs, what is the same in several of them once. Of a target that failed, nobody knows."""
    failures = verdict.failures
    parts = [report_of_drift(run, only_new=verdict.only_new) for run in verdict.runs]
    if len(parts) == 1 and not failures:
        return parts[0]
    named = [(part.places[0].name, part) for part in parts]
    items = merged(item for part in parts for item in part.items)
    return ChangeReport(
        topic=Topic.DRIFT,
        stack=verdict.stack,
        places=(*(part.places[0] for part in parts), *(Place(name=name) for name, _ in failures)),
        items=tuple(sorted(items, key=lambda one: (one.about, one.environments, one.became))),
        findings=by_gravity(together(found for part in parts for found in part.findings)),
        unchanged=sum(part.unchanged for part in parts),
        hidden=sum(part.hidden for part in parts),
        against=parts[0].against if parts else "",
        unread=(
            *(f"{name}: {said}" for name, part in named for said in part.unread),
            *(f"{name}: {failure.summary}. {failure.detail}".strip() for name, failure in failures),
        ),
        beside=tuple(f"{name}: {said}" for name, part in named for said in part.beside),
    )


def run_words(runs: Sequence[DriftRun], failures: Sequence[tuple[str, Failure]] = ()) -> str:
    """What runs came to, in a line: `1 new, 2 standing, 0 over; 120 managed, 14 calls`."""
    noted = [one for run in runs for one in run.noted]
    new, standing, over = (
        sum(one.status is status for one in noted) for status in (Status.NEW, Status.STANDING, Status.RESOLVED)
    )
    said = [
        f"{new} new, {standing} standing, {over} over",
        f"{sum(run.managed for run in runs)} managed, {sum(run.coverage.calls for run in runs)} calls",
    ]
    if any(not run.complete for run in runs):
        said.append("not everything could be read")
    if failures:
        said.append(f"failed: {', '.join(name for name, _ in failures)}")
    return "; ".join(said)


def _items(told: Iterable[Noted], environment: str) -> Iterator[Item]:
    """One for each thing that became of a resource."""
    alike: dict[tuple[str, str], list[Noted]] = {}
    for one in told:
        alike.setdefault((one.drifted.about, wording.became(one)), []).append(one)
    for (about, became), same in sorted(alike.items()):
        first = same[0].drifted
        yield Item(
            action=_ACTIONS[first.what],
            kind=first.remote.type,
            about=about,
            became=became,
            name=first.remote.name,
            environments=(environment,),
            rows=tuple(
                AttributeChange(
                    name=one.drifted.attribute, before=one.drifted.before, after=one.drifted.after, cause=None
                )
                for one in same
                if one.drifted.attribute
            ),
            source=first.source,
            level=gravest(map(wording.level_of, same)),
        )


def _finding(one: Noted, environment: str) -> Finding:
    drifted = one.drifted
    summary, consequence = wording.words_of(drifted)
    return Finding(
        level=wording.level_of(one),
        code=f"drift-{drifted.what.value.replace('_', '-')}",
        about=drifted.about,
        summary=summary,
        consequence=" ".join((consequence, *wording.who(drifted), _since(one))).strip(),
        advice=wording.advice_on(drifted),
        subject=f"{drifted.attribute} {drifted.fingerprint}",
        environments=(environment,),
        source=drifted.source,
        allowed=_allowed(one),
    )


def _allowed(one: Noted) -> str:
    ack = one.acknowledged
    return f"an acknowledgement of {ack.by} until {ack.until}: {ack.reason}" if ack else ""


def _since(one: Noted) -> str:
    if one.status is not Status.STANDING:
        return ""
    return f"Seen since {one.first}, in {one.count} runs."


def _beside(run: DriftRun) -> Iterator[str]:
    if run.against is not Against.LOCKFILE:
        yield f"Compared with {_AGAINST[run.against]}, not with {_AGAINST[Against.LOCKFILE]}."
    over = [one for one in run.noted if one.status is Status.RESOLVED]
    for one in over:
        attribute = f", {one.drifted.attribute}" if one.drifted.attribute else ""
        yield f"Over since the last run: {one.drifted.about}{attribute} (seen first {one.first})."
    yield from wording.acknowledged(run)
    yield from wording.ignored(run)
    yield from wording.coverage(run.coverage)
