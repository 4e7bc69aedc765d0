"""One drift run, put together from what was read: the findings, the report of it, and what the next run will know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.drifting.choosing import Choice, oldest
from reconciler.drifting.finding import find
from reconciler.drifting.ignoring import still_told, without_ignored
from reconciler.drifting.remembering import expired, noted, others, superfluous, with_findings
from reconciler.drifting.restoring import as_recorded
from reconciler.drifting.writers import with_writers
from reconciler.model.addresses import Remote
from reconciler.model.drift import Acknowledgement, Against, Coverage, DriftClass, Drifted, DriftRun, Memory, Why
from reconciler.model.environments import Target
from reconciler.model.plan import Plan, Route
from reconciler.model.resources import Lock, Snapshot, Stack
from reconciler.model.trail import OWN_TOOL, Trail
from reconciler.planning import make_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a run has seen. `listed`: whether a listing says what exists; `at`: when it began (ISO 8601, UTC).

    `choice`: what was to be read, and why. `memory`: what was remembered before, with this run's readings in it `after`.
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
    found = tuple(one for one in with_writers(found, look.trail, look.before) if not _by_us(one, look))
    today = look.at[:10]
    rules = [one for one in look.stack.settings.drift_ignore if not one.lapsed(today)]
    found, ignored = without_ignored(found, rules)
    before = replace(look.before, findings=still_told(look.before.findings, rules))
    unread = _unread(plan, look.snapshot)
    known = {one.fingerprint: one for one in acknowledged}
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
        expired=tuple(expired(acknowledged, findings, today)),
        superfluous=() if unread or look.only is not None else tuple(superfluous(acknowledged, findings)),
        ignored=ignored,
        lapsed=tuple(one for one in look.stack.settings.drift_ignore if one.lapsed(today)),
        glance=look.only is not None,
    )
    return run, _remembered(look, run)


def _remembered(look: Look, run: DriftRun) -> Memory:
    """What the next run will know. After a glance, of the rest no more than before."""
    memory = with_findings(look.after, run.noted, at=look.at)
    if look.only is not None:
        return replace(memory, others=_others_after(look, look.only))
    whole = run.complete
    trailed = look.trail is not None and not look.trail.failed
    return replace(
        memory,
        serial=look.lock.serial,
        watermark=look.trail.until if look.trail is not None and trailed else memory.watermark,
        last_success=look.at if whole else memory.last_success,
        full_since="",
        others=others(look.lock, look.snapshot) if look.listed and not look.snapshot.listing_failed else memory.others,
    )


def _others_after(look: Look, only: frozenset[Remote]) -> frozenset[Remote] | None:
    """What is known to stand that is not ours, when only these were looked at; None as long as nobody has listed it."""
    if look.before.others is None:
        return None
    strangers = only - _ours(look.lock)
    gone = strangers - look.snapshot.live.keys() - look.snapshot.unknown.keys()
    return (look.before.others | (strangers & look.snapshot.live.keys())) - gone


def _ours(lock: Lock) -> frozenset[Remote]:
    return frozenset(Remote(address.type, one.name) for address, one in lock.resources.items())


def _by_us(one: Drifted, look: Look) -> bool:
    """Whether it was most likely an apply that made it again: the lockfile moved on, and nobody else is known to have made it.

    The ownership of a name by its creation time is all that the directory shows of that; a lockfile does not hold the time.
    """
    moved_on = look.lock.serial != look.before.serial
    makers = [event for event in one.events if event.operation.startswith("Create")]
    return one.what is DriftClass.RECREATED and moved_on and all(event.tool == OWN_TOOL for event in makers)


def _unread(plan: Plan, snapshot: Snapshot) -> tuple[str, ...]:
    """Why the run does not know everything, as sentences."""
    said = [f"{about} could not be read: {why}" for about, why in plan.unknown.items()]
    if snapshot.listing_failed:
        said.insert(0, f"The listing could not be read in full: {snapshot.listing_failed}")
    if snapshot.linkage_failed:
        said.append(f"Nobody can tell which identities the service made: {snapshot.linkage_failed}")
    return tuple(said)


def _coverage(look: Look) -> Coverage:
    read: dict[Why, int] = {}
    for remote in (*look.snapshot.live, *look.snapshot.unknown):
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
