"""Who wrote what drifted, as far as the trail tells: the events that name it since it was last seen as known, in order.

What was found there before, and is another thing by now, was changed since it was last seen: whoever did that is named, and
not those who made it what it was before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.drifting.choosing import SKEW
from reconciler.model.addresses import Remote
from reconciler.model.drift import DriftClass, Drifted, Memory
from reconciler.model.moments import seconds_between
from reconciler.model.trail import OWN_TOOL, Event, Trail

_MATTERS: Mapping[DriftClass, tuple[str, ...]] = {
    DriftClass.DELETED: ("Delete",),
    DriftClass.RECREATED: ("Delete", "Create"),
    DriftClass.NEWCOMER: ("Create",),
    DriftClass.LINKED_NEWCOMER: ("Create",),
    DriftClass.ORPHAN: ("Create",),
}
"""What an operation begins with that can have brought such drift about; of the others, any that writes."""
CLOCKS = 2
"""Seconds by which two clocks that are kept in step differ; where no event fits, `SKEW` is allowed for."""

PERHAPS_OURS = (
    "what wrote it last says that it is reconciler, and may be the last apply; the event of who changed it after that is not "
    "there yet: events show up to 15 minutes late"
)
"""Why a writer that is named may not be the one."""

_TAGS = ("TagResource", "UntagResource")


def with_writers(
    found: Iterable[Drifted], trail: Trail | None, memory: Memory, *, applied: bool = False
) -> Iterator[Drifted]:
    """The findings with the events that may have made them; where there are none, why.

    `applied`: the lockfile moved on since the last run, so that some of what says to be `reconciler` was an apply of ours.
    """
    by_remote: dict[Remote, list[Event]] = {}
    for event in trail.events if trail else ():
        for remote in event.remotes if not event.error else ():
            by_remote.setdefault(remote, []).append(event)
    places = {past.drifted.place for past in memory.findings.values()}
    for one in found:
        if one.what in (DriftClass.UNKNOWN, DriftClass.UNAPPLIED):  # nobody did that
            yield one
            continue
        reading = memory.readings.get(one.remote)
        may = [event for event in by_remote.get(one.remote, ()) if _may_have(one, event)]
        if one.fingerprint not in memory.findings and one.place in places:
            events = _after(may, reading.at if reading else "", CLOCKS)
        else:
            since = reading.sound if reading else ""
            events = _after(may, since, CLOCKS) or _after(may, since, SKEW)
        if one.what in (DriftClass.CHANGED, DriftClass.TAKEN_OVER):
            events = _of_this_one(events)
            events = without_ours(events) if applied else events
        untraced = PERHAPS_OURS if applied and _all_ours(events) else "" if events else _untraced(trail)
        yield replace(one, events=in_order(events), untraced=untraced)


def in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """By the trail's whole seconds; within one, a thing is first deleted, then made, then changed."""

    def key(event: Event) -> tuple[str, int, str]:
        rank = next((at for at, word in enumerate(("Delete", "Create")) if event.operation.startswith(word)), 2)
        return (event.time, rank, event.id)

    return tuple(sorted(events, key=key))


def _all_ours(events: tuple[Event, ...]) -> bool:
    return bool(events) and all(event.tool == OWN_TOOL for event in events)


def without_ours(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Without what says to be `reconciler` and was followed by others: what an apply wrote, the lockfile says."""
    last = max((event.time for event in events if event.tool == OWN_TOOL), default="")
    after = tuple(event for event in events if event.tool != OWN_TOOL and event.time >= last)
    return after or events


def _after(events: Iterable[Event], since: str, skew: float) -> tuple[Event, ...]:
    """Those since that moment, "" for all, taking the trail's clock to be up to `skew` seconds behind ours."""
    return tuple(one for one in events if not since or seconds_between(since, one.time) >= -skew)


def _of_this_one(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Without what was done to an earlier resource of the name; and without its making, where others changed it after that."""
    made = [event for event in events if event.operation.startswith("Create")]
    if not made:
        return events
    # The trail has whole seconds: what happened in that of the making may have come after it.
    after = (event for event in events if event not in made and event.time >= made[-1].time)
    return tuple(after) or (made[-1],)


def _may_have(one: Drifted, event: Event) -> bool:
    """Whether such a call brings such drift about."""
    tagging = event.operation in _TAGS
    if one.what is DriftClass.CHANGED or one.what is DriftClass.TAKEN_OVER:
        tags = one.attribute == "tags" or one.attribute.startswith("reconciler:")
        return (tagging or event.operation.startswith("Create")) if tags else not tagging
    return event.operation.startswith(_MATTERS[one.what])


def _untraced(trail: Trail | None) -> str:
    if trail is None:
        return "the audit trail was not read"
    if trail.failed:
        return f"the audit trail could not be read: {trail.failed}"
    return f"no event since {trail.since} names it: events show up to 15 minutes late, and are kept for 90 days"
