"""What of a reading is drift: against what the lockfile says, and against what the last run saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import Action, Cause, Change, Reason
from reconciler.model.drift import Against, DriftClass, Drifted, Memory
from reconciler.model.environments import OWNER_TAG
from reconciler.model.kinds import kind_of
from reconciler.model.plan import Plan
from reconciler.model.resources import Live, Lock, Snapshot, Stack


def find(
    plan: Plan,
    lock: Lock,
    snapshot: Snapshot,
    memory: Memory,
    *,
    stack: Stack,
    listed: bool,
    against: Against = Against.LOCKFILE,
) -> tuple[Drifted, ...]:
    """Every finding of this run. `plan`: what brings the directory back to what it is compared with. `listed`: by a listing.

    Of what was not read in this run, only what stands by the plan: it is believed to be as it was.
    """
    remotes = {Remote(address.type, one.name): address for address, one in lock.resources.items()}
    found = [
        *(_changed(plan, lock) if against is Against.LOCKFILE else _undeclared(plan, lock)),
        *_owned(plan.target.owner, remotes, snapshot, memory),
        *_recreated(remotes, snapshot, memory),
        *(_newcomers(plan, remotes.keys(), snapshot, memory) if listed else ()),
        *_unknown(plan, remotes),
    ]
    return tuple(
        sorted(
            (_placed(one, stack) for one in found),
            key=lambda one: (list(DriftClass).index(one.what), one.about, one.attribute),
        )
    )


def _placed(one: Drifted, stack: Stack) -> Drifted:
    declared = stack.resources.get(one.address) if one.address else None
    return replace(one, source=declared.source) if declared else one


def _changed(plan: Plan, lock: Lock) -> Iterator[Drifted]:
    for one in plan.drift:
        known = lock.resources[one.address]
        remote = Remote(one.address.type, known.name)
        if one.after is None:
            yield Drifted(what=DriftClass.DELETED, remote=remote, address=one.address, arn=known.arn)
        for differing in one.attributes if one.after is not None else ():
            yield Drifted(
                what=DriftClass.CHANGED,
                remote=remote,
                address=one.address,
                attribute=differing.name,
                before=differing.before,
                after=differing.after,
                arn=known.arn,
            )


def _undeclared(plan: Plan, lock: Lock) -> Iterator[Drifted]:
    """What stands otherwise than it is declared: changed outside, not applied yet, or both, which are two findings.

    What changed outside is told from what the lockfile says. What is as declared is told by neither, whoever made it so.
    """
    outside = {(one.address, row.name): row for one in plan.drift for row in one.attributes}
    for one in plan.changes:
        held = one.address in lock.resources or one.previous is not None
        found = Drifted(
            what=DriftClass.UNAPPLIED,
            remote=Remote(one.address.type, _standing_name(one)),
            address=one.address if held else None,
            arn=one.arn,
            source=one.source,
        )
        if one.action is Action.CREATE and one.reason is Reason.DELETED_OUTSIDE:
            yield replace(found, what=DriftClass.DELETED)
        elif one.action is Action.REPLACE:
            yield replace(found, attribute="name", before=one.name, after=one.previous_name, reason=Action.REPLACE.word)
        elif one.action in (Action.CREATE, Action.DELETE):
            yield replace(found, reason=one.action.word)
        for row in one.attributes if one.action in (Action.UPDATE, Action.REPLACE) else ():
            told = replace(found, attribute=row.name, after=row.before)
            if row.cause is not Cause.OUTSIDE:
                yield replace(told, before=row.after, reason=Action.UPDATE.word)
            if row.cause in (Cause.OUTSIDE, Cause.BOTH):
                was = outside.get((one.address, row.name))
                yield replace(told, what=DriftClass.CHANGED, before=was.before if was else row.after)


def _standing_name(change: Change) -> str:
    """The remote name of what stands, or stood, before the change."""
    renamed = change.action in (Action.CREATE, Action.REPLACE) and change.previous_name
    return renamed or change.name


def _owned(owner: str, remotes: Mapping[Remote, Address], snapshot: Snapshot, memory: Memory) -> Iterator[Drifted]:
    """Whose tag stands on what is ours. One that never had ours, because the tag could not be set, has not lost it."""
    for remote, address in remotes.items():
        live = snapshot.live.get(remote)
        if live is None or live.owner == owner or not kind_of(remote.type).tagged:
            continue
        what = DriftClass.TAKEN_OVER if live.owner else DriftClass.CHANGED
        reading = memory.readings.get(remote)
        if live.owner or (reading is not None and reading.owned):
            yield Drifted(
                what=what, remote=remote, address=address, attribute=OWNER_TAG, before=owner, after=live.owner or None,
                arn=live.arn,
            )  # fmt: skip


def _recreated(remotes: Mapping[Remote, Address], snapshot: Snapshot, memory: Memory) -> Iterator[Drifted]:
    for remote, address in remotes.items():
        live, reading = snapshot.live.get(remote), memory.readings.get(remote)
        if live is not None and reading is not None and live.created and reading.created not in ("", live.created):
            yield Drifted(
                what=DriftClass.RECREATED, remote=remote, address=address, attribute="createdTime",
                before=reading.created, after=live.created, arn=live.arn,
            )  # fmt: skip


def _newcomers(plan: Plan, ours: Iterable[Remote], snapshot: Snapshot, memory: Memory) -> Iterator[Drifted]:
    """What was not there at the last run. The first of each type has nothing to compare with: what stands then is as given.

    What the lockfile held at the last run, and holds no more, is no newcomer as long as it is the same one.
    """
    if memory.others is None:
        return
    for remote in sorted(snapshot.listed.keys() - set(ours) - memory.others):
        live, forgotten = snapshot.live.get(remote), memory.readings.get(remote)
        if remote.type not in memory.listed:
            continue
        if live is not None and forgotten is not None and live.created == forgotten.created:
            continue
        yield Drifted(
            what=_newcomer(plan, live, linked=snapshot.listed[remote] in snapshot.linked),
            remote=remote,
            arn=snapshot.listed[remote],
            after=live.owner if live else None,
        )


def _newcomer(plan: Plan, live: Live | None, *, linked: bool) -> DriftClass:
    if live is not None and live.owner == plan.target.owner:
        return DriftClass.ORPHAN
    return DriftClass.LINKED_NEWCOMER if linked else DriftClass.NEWCOMER


def _unknown(plan: Plan, remotes: Mapping[Remote, Address]) -> Iterator[Drifted]:
    by_about = {str(address): remote for remote, address in remotes.items()}
    for about, reason in plan.unknown.items():
        type_, _, name = about.partition(".")
        remote = by_about.get(about, Remote(type_, name))
        address = Address(type_, name) if about in by_about else None
        yield Drifted(what=DriftClass.UNKNOWN, remote=remote, address=address, reason=reason)
