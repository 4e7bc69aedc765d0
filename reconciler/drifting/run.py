"""One drift run, put together from what was read: the findings, the report of it, and what the next run will know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.drifting.choosing import Choice, oldest
from reconciler.drifting.finding import find
from reconciler.drifting.ignoring import still_told, without_ignored
from reconciler.drifting.remaking import awaits_maker, by_apply
from reconciler.drifting.remembering import (
    expired,
    listed_types,
    noted,
    others,
    split_spent,
    standing_of,
    superfluous,
    with_findings,
    with_spent,
)
from reconciler.drifting.restoring import as_recorded
from reconciler.drifting.writers import with_writers
from reconciler.model.addresses import Remote
from reconciler.model.drift import Acknowledgement, Against, Coverage, DriftClass, Drifted, DriftRun, Memory, Why
from reconciler.model.environments import Target
from reconciler.model.plan import Plan, Route
from reconciler.model.resources import Lock, Snapshot, Stack
from reconciler.model.trail import Trail
from reconciler.planning import make_plan

_NAMED = 3
"""Resources that one sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a run has seen. `listed`: whether a listing says what exists; `at`: when it began (ISO 8601, UTC).

    `choice`: what was to be read, and why. `before`: what was remembered; `after`: with this run's readings in it.
    `only`: what a glance was for; None where everything was looked at.
    """

    stack: Stack
    lock: Lock
    target: Target
    route: Route
    against: Against
    snapshot: Snapshot
    listed: bool
    choice: Choice
    trail: Trail | None
    before: Memory
    after: Memory
    at: str
    calls: int
    by_operation: Mapping[str, int] = field(default_factory=dict)
    throttled: int = 0
    only: frozenset[Remote] | None = None


def conclude(look: Look, acknowledged: Sequence[Acknowledgement]) -> tuple[DriftRun, Memory]:
    """What the run came to, and what is to be remembered of it."""
    lock = look.lock
    recorded = look.against is Against.LOCKFILE
    plan = make_plan(
        stack=as_recorded(look.stack, lock) if recorded else look.stack,
        lock=lock,
        snapshot=look.snapshot,
        target=look.target,
        route=look.route,
    )
    shown = look.listed or look.only is not None
    found = find(plan, lock, look.snapshot, look.before, stack=look.stack, listed=shown, against=look.against)
    found, waiting = _judged(tuple(with_writers(found, look.trail, look.before, applied=_moved_on(look))), look)
    today = look.at[:10]
    rules = [one for one in look.stack.settings.drift_ignore if not one.lapsed(today)]
    found, ignored = without_ignored(found, rules)
    before = replace(look.before, findings=still_told(look.before.findings, rules))
    unread = _unread(plan, look.snapshot)
    held, spent = split_spent(acknowledged, before)
    known = {one.fingerprint: one for one in held}
    findings = noted(found, before, at=look.at, today=today, acknowledged=known, only=look.only)
    run = DriftRun(
        target=look.target,
        at=look.at,
        noted=findings,
        coverage=_coverage(look),
        plan=plan,
        managed=len(lock.resources),
        against=look.against,
        unread=unread,
        unreadable=len(plan.unknown) + bool(look.snapshot.listing_failed) + bool(look.snapshot.linkage_failed),
        expired=tuple(expired(held, findings, today)),
        spent=standing_of(spent, findings),
        superfluous=() if unread or look.only is not None else tuple(superfluous(acknowledged, findings)),
        ignored=ignored,
        lapsed=tuple(one for one in look.stack.settings.drift_ignore if one.lapsed(today)),
        glance=look.only is not None,
    )
    return run, with_spent(_remembered(look, run, waiting), before, acknowledged, run.superfluous)


def _judged(found: tuple[Drifted, ...], look: Look) -> tuple[tuple[Drifted, ...], frozenset[Remote]]:
    """The findings without what an apply made again; and what was made again of which nobody can tell yet who did."""
    if not _moved_on(look):
        return found, frozenset()
    trailed = look.trail is not None and not look.trail.failed
    waiting = frozenset(one.remote for one in found if trailed and awaits_maker(one, look.before, at=look.at))
    again = DriftClass.RECREATED
    left = (
        one for one in found if one.what is not again or (one.remote not in waiting and not by_apply(one, look.before))
    )
    return tuple(left), waiting


def _remembered(look: Look, run: DriftRun, waiting: frozenset[Remote]) -> Memory:
    """What the next run will know. After a glance, of the rest no more than before. `waiting`: it judges who made these."""
    memory = with_findings(_as_before(look, waiting), run.noted, at=look.at)
    if look.only is not None:
        return replace(memory, others=_others_after(look, look.only))
    whole = run.complete
    return replace(
        memory,
        serial=look.before.serial if waiting else look.lock.serial,
        watermark=_watermark(look, whole=whole),
        last_success=look.at if whole else memory.last_success,
        full_since="",
        **_known_others(look),
    )


def _as_before(look: Look, waiting: frozenset[Remote]) -> Memory:
    """The memory after the look, in which these are still the ones that stood before."""
    earlier = look.before.readings
    readings = {
        remote: replace(earlier[remote], agreed="") if remote in waiting else one
        for remote, one in look.after.readings.items()
    }
    return replace(look.after, readings=readings)


def _watermark(look: Look, *, whole: bool) -> str:
    """Up to when nothing that the trail may say is news: it was read, or everything was, whatever the trail says."""
    if look.trail is not None and not look.trail.failed:
        return look.trail.until
    return look.after.full_since if look.choice.everything and whole else look.after.watermark


def _known_others(look: Look) -> dict[str, Any]:
    """What stood that is not ours, and of which types: by the listing, as far as there was one."""
    seen, types = others(look.lock, look.snapshot), listed_types(look.lock)
    if not look.listed:
        return {}
    if look.snapshot.listing_failed:  # told of as far as it went
        return {} if look.before.others is None else {"others": look.before.others | seen}
    return {"others": seen, "listed": types}


def _others_after(look: Look, only: frozenset[Remote]) -> frozenset[Remote] | None:
    """What is known to stand that is not ours, when only these were looked at; None as long as nobody has listed it."""
    if look.before.others is None:
        return None
    strangers = only - _ours(look.lock)
    gone = strangers - look.snapshot.live.keys() - look.snapshot.unknown.keys()
    return (look.before.others | (strangers & look.snapshot.live.keys())) - gone


def _ours(lock: Lock) -> frozenset[Remote]:
    return frozenset(Remote(address.type, one.name) for address, one in lock.resources.items())


def _moved_on(look: Look) -> bool:
    """Whether somebody has applied since the last run."""
    return look.lock.serial != look.before.serial


def _unread(plan: Plan, snapshot: Snapshot) -> tuple[str, ...]:
    """Why the run does not know everything, as sentences."""
    by_reason: dict[str, list[str]] = {}
    for about, why in plan.unknown.items():
        by_reason.setdefault(why.replace(about.partition(".")[2], ""), []).append(about)
    alike = by_reason.values()
    said = [f"{_named(abouts)} could not be read: {plan.unknown[abouts[0]]}" for abouts in alike]
    if snapshot.listing_failed:
        said.insert(0, f"The listing could not be read in full: {snapshot.listing_failed}")
    if snapshot.linkage_failed:
        said.append(f"Nobody can tell which identities the service made: {snapshot.linkage_failed}")
    return tuple(said)


def _named(abouts: Sequence[str]) -> str:
    """The first of them by name, and how many more."""
    more = len(abouts) - _NAMED
    return ", ".join(abouts[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _coverage(look: Look) -> Coverage:
    read: dict[Why, int] = {}
    for remote in look.snapshot.live:
        why = look.choice.why.get(remote, Why.LISTED)
        read[why] = read.get(why, 0) + 1
    ours = _ours(look.lock)
    believed = {
        remote: reading
        for remote, reading in look.after.readings.items()
        if remote in ours and reading.agreed and remote not in look.snapshot.live
    }
    trail = look.trail
    return Coverage(
        read=_in_order(read),
        believed=len(believed),
        oldest=oldest(believed),
        trail_since=trail.since if trail else "",
        trail_until=trail.until if trail else "",
        trail_failed=trail.failed if trail else "",
        events=len(trail.events) if trail else 0,
        listed=look.listed,
        fell_back=look.choice.fell_back,
        calls=look.calls,
        by_operation={**look.by_operation, **({"LookupEvents": trail.calls} if trail and trail.calls else {})},
        throttled=look.throttled + (trail.throttled if trail else 0),
    )


def _in_order(read: Mapping[Why, int]) -> dict[Why, int]:
    return {why: read[why] for why in Why if why in read}
