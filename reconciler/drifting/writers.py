"""Who wrote what drifted, as far as the trail tells: the events that name it, in order.

What is found for the first time was done since the last reading, which showed something else. What stands is looked for back to
the last reading that showed what the lockfile holds, because events come late. Rather nobody is named than the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

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
"""Seconds by which two clocks that are kept in step differ."""

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
    standing = memory.findings.keys() | {mark for findings in memory.shelved.values() for mark in findings}
    for one in found:
        if one.what in (DriftClass.UNKNOWN, DriftClass.UNAPPLIED):  # nobody did that
            yield one
            continue
        reading = memory.readings.get(one.remote)
        may = [event for event in by_remote.get(one.remote, ()) if _may_have(one, event)]
        stands = one.fingerprint in standing
        events = _after(may, (reading.sound if stands else reading.at) if reading else memory.watermark)
        perhaps_ours = False
        if one.what in (DriftClass.CHANGED, DriftClass.TAKEN_OVER):
            events = _of_this_one(events)
            events = without_ours(events) if applied or stands else events
            perhaps_ours = (applied or stands) and _all_ours(events)
        untraced = PERHAPS_OURS if perhaps_ours else "" if events else _untraced(trail)
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


def _after(events: Iterable[Event], since: str) -> tuple[Event, ...]:
    """Those since that moment, "" for all."""
    return tuple(one for one in events if not since or seconds_between(since, one.time) >= -CLOCKS)


def _of_this_one(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Without what was done to an earlier resource of the name; and without its making by us, where others changed it then.

    Whoever else made it may have made it so. Events have whole seconds: what happened in that of the making may be later.
    """
    gone = max((event.time for event in events if event.operation.startswith("Delete")), default="")
    events = tuple(event for event in events if event.time >= gone and not event.operation.startswith("Delete"))
    made = [event for event in events if event.operation.startswith("Create")]
    if not made:
        return events
    after = tuple(event for event in events if event not in made and event.time >= made[-1].time)
    return after if after and made[-1].tool == OWN_TOOL else (made[-1], *after)


def _may_have(one: Drifted, event: Event) -> bool:
    """Whether such a call brings such drift about."""
    tagging = event.operation in _TAGS
    if one.what is DriftClass.CHANGED or one.what is DriftClass.TAKEN_OVER:
        tags = one.attribute == "tags" or one.attribute.startswith("reconciler:")
        return (tagging or event.operation.startswith(("Create", "Delete"))) if tags else not tagging
    return event.operation.startswith(_MATTERS[one.what])


def _untraced(trail: Trail | None) -> str:
    if trail is None:
        return "the audit trail was not read"
    if trail.failed:
        return f"the audit trail could not be read: {trail.failed}"
    return f"no event since {trail.since} names it: events show up to 15 minutes late, and are kept for 90 days"
