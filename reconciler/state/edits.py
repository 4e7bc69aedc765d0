"""What a run does to the lockfile's entries, as values: edits, and the lockfile after them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.model.addresses import Address, Remote
from reconciler.model.environments import Target
from reconciler.model.resources import Known, Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """Entries to take out, then entries to put in (each under its own address)."""

    drop: tuple[Address, ...] = ()
    put: tuple[Known, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.drop or self.put)


NO_EDITS = Edits()
"""The lockfile stays as it is."""


def remote_of(known: Known) -> Remote:
    """What the entry stands for in the directory."""
    return Remote(known.address.type, known.name)


def edited(resources: Mapping[Address, Known], steps: Iterable[Edits]) -> dict[Address, Known]:
    """The entries after the edits, one after the other, in address order.

    One remote has one entry: putting it under an address takes it from any other. That is also how a resource moves, and
    why doing the same steps again changes nothing.
    """
    after = dict(resources)
    holder = {remote_of(known): address for address, known in after.items()}
    for step in steps:
        for address in step.drop:
            known = after.pop(address, None)
            if known is not None:
                del holder[remote_of(known)]
        for known in step.put:
            before = after.pop(known.address, None)
            if before is not None:
                del holder[remote_of(before)]
            taken_from = holder.get(remote_of(known))
            if taken_from is not None:
                del after[taken_from]
            after[known.address] = known
            holder[remote_of(known)] = known.address
    return dict(sorted(after.items()))


def next_lock(lock: Lock | None, steps: Iterable[Edits], *, lineage: str, target: Target, plan: str) -> Lock | None:
    """The lockfile after the edits: the very same object where the plan did nothing, else one serial later.

    `lineage` is that of a first lockfile; `plan` the digest of the plan that brought the edits. Edits that put what is there
    already come of a plan that changed the directory alone: it counts as applied, and other plans of that serial as stale.
    """
    steps = tuple(steps)
    before = lock.resources if lock else {}
    after = edited(before, steps)
    if after == before and (lock is None or lock.last_plan == plan or not any(steps)):
        return lock
    if lock is not None:
        return replace(
            lock,
            serial=lock.serial + 1,
            account=lock.account or target.account,
            region=lock.region or target.region,
            resources=after,
            last_plan=plan,
        )
    return Lock(
        lineage=lineage,
        serial=1,
        stack=target.stack,
        environment=target.environment,
        account=target.account,
        region=target.region,
        resources=after,
        last_plan=plan,
    )
