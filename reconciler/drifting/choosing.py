"""What to read one by one in this run: what an event names, what differed, what grew old; everything, where in doubt.

The trail only ever narrows what is read. A resource is believed to be what its last reading showed only as long as no event
names it, the lockfile says what it said then, and that reading is not too old.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.addresses import Remote
from reconciler.model.drift import Memory, Reading, Why
from reconciler.model.kinds import kind_of
from reconciler.model.moments import seconds_between
from reconciler.model.resources import Known, Lock
from reconciler.model.trail import Trail
from reconciler.model.values import digest, without_tags

SKEW = 300
"""Seconds by which the trail's clock and ours may differ: AWS refuses what is signed at a time further from its own."""

LATE = 900
"""Seconds after which an event shows at the latest, as CloudTrail has it."""

GOES_ON = 7200
"""Seconds after which a full reading that was interrupted begins anew: what it read first is no longer news."""

_SHUT_OUT = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation"}
)

OVERLAP = 1800
"""Seconds before the watermark from which the trail is read again: events come up to 15 minutes late, and not in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to read, and why. `everything`: no reading is believed but of this full one; `fell_back`: why, if nobody asked."""

    why: Mapping[Remote, Why]
    everything: bool = False
    fell_back: str = ""


def choose(
    memory: Memory, lock: Lock, trail: Trail | None, *, now: str, every: float, full: bool, ignored: tuple[str, ...]
) -> Choice:
    """What of the lockfile's resources to read. `every`: seconds within which each is read, whatever the trail says.

    `trail` None: it is not to be used. `full`: read everything, but for what a full reading that was interrupted has read.
    """
    fell_back = "" if full else _doubts(memory, trail, now)
    everything, begun = bool(full or fell_back), going_on_from(memory, now)
    named = _named(trail)
    # As long as it is since the last run, it is taken to be until the next.
    pause = max(0.0, seconds_between(memory.last_run, now)) if memory.last_run else 0.0
    why: dict[Remote, Why] = {}
    for address, known in lock.resources.items():
        remote = Remote(address.type, known.name)
        reading = memory.readings.get(remote)
        if reading is None:
            why[remote] = Why.NEVER
        elif everything and not (begun and begun <= reading.at <= now):
            why[remote] = Why.FULL
        elif remote in named and seconds_between(reading.at, named[remote]) >= -SKEW:
            why[remote] = Why.NAMED
        elif reading.agreed != agreed(known, ignored):
            why[remote] = Why.DIFFERS
        elif not 0 <= seconds_between(reading.at, now) < min(_due(remote, every), every - pause):
            why[remote] = Why.DUE
    return Choice(why=why, everything=everything, fell_back=fell_back)


def going_on_from(memory: Memory, now: str) -> str:
    """When the full reading began that was interrupted and is gone on with; "" for none, or one of too long ago."""
    begun = memory.full_since
    return begun if begun and 0 <= seconds_between(begun, now) < GOES_ON else ""


def agreed(known: Known, ignored: tuple[str, ...]) -> str:
    """What `Reading.agreed` is where the directory holds what the lockfile says."""
    return digest(dict(without_tags(kind_of(known.address.type), known.attributes, ignored)))


def _doubts(memory: Memory, trail: Trail | None, now: str) -> str:
    """Why the trail cannot say what to leave unread, or ""."""
    if trail is None:
        return "the trail was not to be used"
    if trail.failed:
        return f"the trail could not be read: {trail.failed}"
    if not memory.watermark:
        return "no run has read the trail before"
    if memory.watermark > now:
        return f"an earlier run read it up to {memory.watermark}, which is later than now: was the clock set back?"
    return _vague(memory, trail)


def _named(trail: Trail | None) -> dict[Remote, str]:
    """When each resource was last named by an event. One that failed may have done its work; not one that was not let in."""
    named: dict[Remote, str] = {}
    for event in trail.events if trail else ():
        for remote in event.remotes if event.error not in _SHUT_OUT else ():
            named[remote] = max(event.time, named.get(remote, ""))
    return named


def _vague(memory: Memory, trail: Trail) -> str:
    """Why an event that does not say what it was about leaves in doubt what was last read, or ""."""
    told = [event for event in trail.events if event.vague]
    if not told:
        return ""
    last = max(told, key=lambda event: event.time)
    if all(seconds_between(one.at, last.time) < -SKEW for one in memory.readings.values()):
        return ""
    return f"the trail does not say what the {last.operation} of {last.time} by {last.principal.name} was about"


def _due(remote: Remote, every: float) -> float:
    """How old its reading may grow: between half of `every` and three quarters, spread so that not all are due at once.

    The last quarter is for runs that come late. Where they come so seldom that the next would find it too old, it is due now.
    """
    spread = hashlib.sha256(f"{remote.type}.{remote.name}".encode()).digest()[0] / 255
    return every * (0.5 + 0.25 * spread)


def oldest(readings: Mapping[Remote, Reading]) -> str:
    """When the oldest of these readings was made, "" for none."""
    return min((one.at for one in readings.values()), default="")
