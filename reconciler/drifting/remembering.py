"""From one run to the next: what is new, what stands, what is over, and what the next run may believe."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.drifting.choosing import agreed
from reconciler.drifting.writers import in_order, without_ours
from reconciler.model.addresses import Remote
from reconciler.model.drift import (
    Acknowledgement,
    Against,
    DriftClass,
    Drifted,
    Memory,
    Noted,
    Reading,
    Standing,
    Status,
)
from reconciler.model.kinds import WORKLOAD_IDENTITY, kind_of
from reconciler.model.reading import beside
from reconciler.model.resources import Known, Live, Lock, Snapshot
from reconciler.model.values import without_tags

WRITERS = 20
"""Events that are kept of one finding: the last ones."""


def fresh(lock: Lock) -> Memory:
    """What is remembered before the first run."""
    return Memory(lineage=lock.lineage, account=lock.account, region=lock.region)


def fitting(memory: Memory | None, lock: Lock, against: Against) -> Memory:
    """The memory, or a fresh one where it is of another lockfile, account or Region; what people were told, they know, and
    what was over is acknowledged no more.

    Findings of runs that compared with something else say nothing here, and are kept for those.
    """
    same = memory is not None and (memory.lineage, memory.account, memory.region) == (
        lock.lineage,
        lock.account,
        lock.region,
    )
    if memory is None or not same:
        kept = memory or fresh(lock)
        return replace(fresh(lock), against=against, told=kept.told, spent=kept.spent)
    if memory.against is against:
        return memory
    shelved = {**memory.shelved, memory.against: memory.findings}
    return replace(memory, against=against, findings=shelved.pop(against, {}), shelved=shelved)


def with_readings(
    memory: Memory, lock: Lock, snapshot: Snapshot, *, at: str, ignored: tuple[str, ...], owner: str
) -> Memory:
    """The memory with what was read now. `owner`: our ownership tag.

    What is gone from the lockfile is forgotten; what is gone from the directory is not, to know another one of its name.
    """
    readings: dict[Remote, Reading] = {}
    for address, known in lock.resources.items():
        remote = Remote(address.type, known.name)
        earlier, stands = memory.readings.get(remote), snapshot.live.get(remote)
        if stands is not None:
            owned = stands.owner == owner or (earlier is not None and earlier.owned)
            as_it_was = _same(known, stands, ignored) and stands.owner in (("", owner) if not owned else (owner,))
            readings[remote] = Reading(
                at=at,
                agreed=agreed(known, ignored) if as_it_was else "",
                sound=at if as_it_was else earlier.sound if earlier else "",
                owned=owned,
                created=stands.created,
            )
        elif earlier is not None:
            believed = remote not in snapshot.unknown and remote in snapshot.listed
            # What cannot be believed is read anew, though no event names it again.
            readings[remote] = earlier if believed else replace(earlier, agreed="")
    return replace(memory, readings=readings)


def so_far(memory: Memory, before: Memory) -> Memory:
    """What a run may leave that is interrupted now: only what is as it was. The rest the next run finds, and traces."""
    readings: dict[Remote, Reading] = {}
    for remote, reading in memory.readings.items():
        earlier = before.readings.get(remote)
        if reading.agreed and (earlier is None or reading.created == earlier.created):
            readings[remote] = reading
        elif earlier is not None:
            readings[remote] = replace(earlier, agreed="")
    forgotten = {remote: one for remote, one in before.readings.items() if remote not in readings}
    return replace(memory, readings={**forgotten, **readings})


def _same(known: Known, live: Live, ignored: tuple[str, ...]) -> bool:
    kind = kind_of(known.address.type)
    seen = without_tags(kind, beside(kind, live, known.attributes), ignored)
    return seen == without_tags(kind, known.attributes, ignored)


def noted(
    found: Sequence[Drifted],
    memory: Memory,
    *,
    at: str,
    today: str,
    acknowledged: Mapping[str, Acknowledgement],
    only: frozenset[Remote] | None = None,
) -> tuple[Noted, ...]:
    """The findings of this run with their history, and those of earlier ones that are over.

    What was found in an earlier run, and could not be read in this one, stands; and so does all else where `only` these were
    looked at. What is no longer managed is over.
    """
    now = {one.fingerprint: one for one in found}
    out = []
    for fingerprint, one in now.items():
        earlier = memory.findings.get(fingerprint)
        out.append(
            Noted(
                drifted=_with_past(one, earlier.drifted if earlier else None),
                status=Status.STANDING if earlier else Status.NEW,
                first=earlier.first if earlier else at,
                last=at,
                count=earlier.count + 1 if earlier else 1,
                acknowledged=_holding(acknowledged, one, today),
            )
        )
    places = {one.place for one in found}
    unknown = {one.remote for one in found if one.what is DriftClass.UNKNOWN}
    for fingerprint, past in memory.findings.items():
        if fingerprint in now or past.drifted.what.passing or past.drifted.what is DriftClass.UNKNOWN:
            continue
        if past.drifted.remote in unknown or (only is not None and past.drifted.remote not in only):
            out.append(
                Noted(
                    drifted=past.drifted,
                    status=Status.STANDING,
                    first=past.first,
                    last=past.last,
                    count=past.count,
                    acknowledged=_holding(acknowledged, past.drifted, today),
                )
            )
        elif past.drifted.place not in places:  # else it is another finding of the same thing: not over, only different
            out.append(Noted(drifted=past.drifted, status=Status.RESOLVED, first=past.first, last=at, count=past.count))
    return tuple(sorted(out, key=_order))


def _holding(acknowledged: Mapping[str, Acknowledgement], one: Drifted, today: str) -> Acknowledgement | None:
    """What acknowledges the finding today: by its fingerprint, and under its name, since people review the name."""
    ack = acknowledged.get(one.fingerprint)
    return ack if ack is not None and ack.about == one.about and ack.until >= today else None


def _order(one: Noted) -> tuple[object, ...]:
    return (
        list(Status).index(one.status) == 2,
        list(DriftClass).index(one.drifted.what),
        one.drifted.about,
        one.drifted.attribute,
    )


def _with_past(one: Drifted, earlier: Drifted | None) -> Drifted:
    """The finding with those, too, whom earlier runs named for it: the trail of then is not read again."""
    if earlier is None or not earlier.events:
        return one
    known = {event.id: event for event in (*earlier.events, *one.events)}
    events = in_order(known.values())
    if earlier.untraced:
        events = without_ours(events)
    untraced = "" if {event.id for event in events} - {event.id for event in earlier.events} else earlier.untraced
    return replace(one, events=events[-WRITERS:], untraced=untraced)


def with_findings(memory: Memory, found: Iterable[Noted], *, at: str) -> Memory:
    """The memory with what stands after this run."""
    return replace(
        memory,
        last_run=at,
        findings={
            one.drifted.fingerprint: Standing(drifted=one.drifted, first=one.first, last=one.last, count=one.count)
            for one in found
            if one.status is not Status.RESOLVED and one.drifted.what is not DriftClass.UNKNOWN
        },
    )


def others(lock: Lock, snapshot: Snapshot) -> frozenset[Remote]:
    """What the listing shows that is not ours, to tell what is new the next time."""
    ours = {Remote(address.type, one.name) for address, one in lock.resources.items()}
    return frozenset(snapshot.listed.keys() - ours)


def listed_types(lock: Lock) -> frozenset[str]:
    """The types whose listing is read: who has nothing but identities needs no permission for more."""
    return frozenset({WORKLOAD_IDENTITY.type, *(address.type for address in lock.resources)})


def expired(acknowledged: Iterable[Acknowledgement], found: Iterable[Noted], today: str) -> Iterator[Acknowledgement]:
    """Those whose last day is over, of what stands all the same."""
    standing = _standing(found)
    yield from (one for one in acknowledged if one.until < today and (one.fingerprint, one.about) in standing)


def superfluous(acknowledged: Iterable[Acknowledgement], found: Iterable[Noted]) -> Iterator[Acknowledgement]:
    """Those of what does not stand, or not as it was acknowledged. Only a run that read everything can tell."""
    standing = _standing(found)
    yield from (one for one in acknowledged if (one.fingerprint, one.about) not in standing)


def split_spent(
    acknowledged: Sequence[Acknowledgement], memory: Memory
) -> tuple[tuple[Acknowledgement, ...], tuple[Acknowledgement, ...]]:
    """Those that may hold; and those whose drift was over once, so that nobody has looked at what stands there now."""
    spent = [one.mark(memory.against) in memory.spent for one in acknowledged]
    held = tuple(one for one, over in zip(acknowledged, spent, strict=True) if not over)
    return held, tuple(one for one, over in zip(acknowledged, spent, strict=True) if over)


def with_spent(
    memory: Memory,
    before: Memory,
    acknowledged: Iterable[Acknowledgement],
    superfluous: Collection[Acknowledgement],
) -> Memory:
    """The memory after a run with those that hold no more: what they were about is over, or, as `superfluous`, stands nowhere.

    Those that nobody has any more are forgotten. What is seen by runs that compare with something else says nothing here.
    """
    over = before.findings.keys() - memory.findings.keys()
    marks = {one.mark(memory.against) for one in acknowledged if one in superfluous or one.fingerprint in over}
    kept = {one.mark(against) for one in acknowledged for against in Against}
    return replace(memory, spent=(memory.spent & kept) | marks)


def standing_of(acknowledged: Iterable[Acknowledgement], found: Iterable[Noted]) -> tuple[Acknowledgement, ...]:
    """Those of what stands as it was acknowledged."""
    standing = _standing(found)
    return tuple(one for one in acknowledged if (one.fingerprint, one.about) in standing)


def _standing(found: Iterable[Noted]) -> set[tuple[str, str]]:
    return {(one.drifted.fingerprint, one.drifted.about) for one in found if one.status is not Status.RESOLVED}
