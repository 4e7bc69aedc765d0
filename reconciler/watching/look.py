"""One look at a directory: the trail, the listing, then one by one what has to be seen, in portions remembered at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.directory.protocol import THREADS, Directory
from reconciler.directory.snapshot import Progress, read_named, read_snapshot
from reconciler.drifting.choosing import OVERLAP, choose, going_on_from
from reconciler.drifting.remembering import fitting, so_far, with_readings
from reconciler.drifting.run import Look
from reconciler.errors import StateError
from reconciler.model.addresses import Remote
from reconciler.model.drift import Against, Memory
from reconciler.model.environments import Target
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.moments import moved
from reconciler.model.plan import Route
from reconciler.model.resources import Lock, Refresh, Snapshot, Stack
from reconciler.model.trail import Trail
from reconciler.planning import known_remotes
from reconciler.state import Remembered

NEWCOMERS = 2000
"""Newcomers that are read to see whose tag they carry; more than that in one run are told by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How much is looked at.

    `every`: seconds within which everything is read, whatever the trail says. `full`: everything is read now. `listing`:
    what exists is told by a listing, else by the trail alone. `trail`: reads the trail from one moment to another; None: it
    is not used.
    """

    every: float
    full: bool = False
    listing: bool = True
    trail: Callable[[str, str], Trail] | None = None
    portion: int = 500
    threads: int = THREADS
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is looked at: a stack in one place, and what its lockfile holds."""

    stack: Stack
    lock: Lock
    target: Target
    route: Route
    against: Against = Against.LOCKFILE


def look(directory: Directory, subject: Subject, remembered: Remembered, terms: Terms, *, at: str) -> Look:
    """What stands, as far as it has to be seen. `at`: the moment (ISO 8601, UTC).

    What was read is remembered even where the run is interrupted: the next one goes on from there.
    Raises CredentialsMissing and StateError.
    """
    lock, ignored = subject.lock, subject.stack.settings.ignore_tags
    sent, sent_of, throttled = directory.calls, directory.calls_by_operation, directory.throttled
    before = fitting(remembered.read(), lock, subject.against)
    trail = terms.trail(_since(before, terms.every, at), at) if terms.trail else None
    choice = choose(before, lock, trail, now=at, every=terms.every, full=terms.full, ignored=ignored)
    memory = before
    if choice.everything:
        memory = replace(memory, full_since=going_on_from(before, at) or at)
    snapshot = _listed(directory, subject, before, terms) if terms.listing else unlisted(lock)

    def remember() -> Memory:
        return with_readings(memory, lock, snapshot, at=at, ignored=ignored, owner=subject.target.owner)

    memory = remember()
    seen = snapshot.live.keys() | snapshot.unknown.keys()
    left = [one for one in sorted(choice.why) if one not in seen and one in snapshot.listed]
    for start in range(0, len(left), terms.portion):
        snapshot = _with_read(directory, snapshot, left[start : start + terms.portion], terms)
        memory = remember()
        with contextlib.suppress(StateError):  # what is seen is known all the same; the last writing says it
            remembered.write(so_far(memory, before))
    return Look(
        stack=subject.stack,
        lock=lock,
        target=subject.target,
        route=subject.route,
        against=subject.against,
        snapshot=snapshot,
        listed=terms.listing,
        choice=choice,
        trail=trail,
        before=before,
        after=memory,
        at=at,
        calls=directory.calls - sent,
        by_operation={name: count - sent_of.get(name, 0) for name, count in directory.calls_by_operation.items()},
        throttled=directory.throttled - throttled,
    )


def _since(memory: Memory, every: float, at: str) -> str:
    """From when on the trail is read: a while before where it was read to, because events come late."""
    return moved(memory.watermark, -OVERLAP) if memory.watermark else moved(at, -every)


def _listed(directory: Directory, subject: Subject, memory: Memory, terms: Terms) -> Snapshot:
    """What the listing shows. Read are what it shows missing or updated, and the newcomers."""
    known = known_remotes(subject.lock)
    others = memory.others
    room = [NEWCOMERS]

    def is_new(remote: Remote) -> bool:
        if others is None or remote in known or remote in others or room[0] <= 0:
            return False
        room[0] -= 1
        return True

    return read_snapshot(
        directory,
        refresh=Refresh.CHANGED,
        wanted=is_new,
        expected=frozenset(known),
        changed=frozenset(),
        known=known,
        kinds=(WORKLOAD_IDENTITY,),
        threads=terms.threads,
        progress=terms.progress,
    )


def unlisted(lock: Lock) -> Snapshot:
    """What the lockfile holds, taken to stand as long as no reading shows otherwise."""
    listed = {Remote(address.type, one.name): one.arn for address, one in lock.resources.items()}
    return Snapshot(refresh=Refresh.CHANGED, live={}, listed=dict(sorted(listed.items())), unknown={}, linked={})


def _with_read(directory: Directory, snapshot: Snapshot, remotes: list[Remote], terms: Terms) -> Snapshot:
    live, gone, unknown = read_named(directory, remotes, threads=terms.threads, progress=terms.progress)
    listed = {remote: arn for remote, arn in snapshot.listed.items() if remote not in gone}
    return replace(
        snapshot,
        live=dict(sorted({**snapshot.live, **live}.items())),
        listed=listed,
        unknown=dict(sorted({**snapshot.unknown, **unknown}.items())),
    )
