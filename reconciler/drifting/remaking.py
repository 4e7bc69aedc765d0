"""Whose doing it is that a resource was made again, where the lockfile moved on: an apply's, or somebody's outside.

A lockfile holds no creation time. So it is taken for the apply's if the event that made this very one says that it is
`reconciler`, and so does what deleted the one before, unless that was told: then the apply made good for it.
"""

from __future__ import annotations

from reconciler.drifting.choosing import LATE
from reconciler.drifting.writers import CLOCKS
from reconciler.model.drift import DriftClass, Drifted, Memory
from reconciler.model.moments import seconds_between
from reconciler.model.trail import OWN_TOOL, Event


def by_apply(one: Drifted, before: Memory) -> bool:
    """Whether an apply made it again, as far as anybody can tell. `one`: a finding that it was; `before`: what was known."""
    needed = [_makers(one)] if _told_deleted(one, before) else [_makers(one), _removers(one)]
    return all(events and all(event.tool == OWN_TOOL for event in events) for events in needed)


def awaits_maker(one: Drifted, before: Memory, *, at: str) -> bool:
    """Whether it has to be seen who made it again: the events that tell may still come. `at`: now (ISO 8601, UTC)."""
    if one.what is not DriftClass.RECREATED:
        return False
    shown = _makers(one) and (_removers(one) or _told_deleted(one, before))
    return not shown and 0 <= seconds_between(_made(one), at) < LATE


def _made(one: Drifted) -> str:
    """When what stands there now was made, in whole seconds as events have it."""
    return str(one.after)[:19] + "Z"


def _makers(one: Drifted) -> list[Event]:
    """The events that made this very one."""
    made = (event for event in one.events if event.operation.startswith("Create"))
    return [event for event in made if abs(seconds_between(_made(one), event.time)) <= CLOCKS]


def _removers(one: Drifted) -> list[Event]:
    return [event for event in one.events if event.operation.startswith("Delete")]


def _told_deleted(one: Drifted, before: Memory) -> bool:
    past = (standing.drifted for standing in before.findings.values())
    return any(drifted.what is DriftClass.DELETED and drifted.remote == one.remote for drifted in past)
