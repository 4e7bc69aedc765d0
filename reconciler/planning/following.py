"""Identities that are declared by their parent: which one it is now, and what to say where that cannot be told. Pure.

The service names such an identity, and names it anew when its runtime or gateway is made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.model.addresses import Address
from reconciler.model.parents import Parent
from reconciler.model.resources import Desired, Lock, Refresh, Snapshot, Stack
from reconciler.planning import findings, parents
from reconciler.planning.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Followed:
    """The stack with every name that is known by now, and the verdict on each entry whose name is not."""

    stack: Stack
    verdicts: Mapping[Address, Verdict]


def follow(stack: Stack, lock: Lock | None, snapshot: Snapshot) -> Followed:
    """Where the identities are that the manifest declares by `runtime` or `gateway`. One that has no name yet keeps what
    the lockfile calls it, so that its entry stays its own.
    """
    if not any(one.parent for one in stack.resources.values()):
        return Followed(stack, {})
    known = lock.resources if lock else {}
    resources: dict[Address, Desired] = {}
    verdicts: dict[Address, Verdict] = {}
    for address, one in stack.resources.items():
        resources[address] = one
        if one.parent is not None:
            entry = known.get(address) or (known.get(one.previously) if one.previously else None)
            found = _find(one, one.parent, snapshot)
            if isinstance(found, Verdict):
                verdicts[address] = found
                found = entry.name if entry else str(one.parent)
            resources[address] = replace(one, name=found)
    return Followed(replace(stack, resources=resources), verdicts)


def _find(desired: Desired, parent: Parent, snapshot: Snapshot) -> str | Verdict:
    """The name of its identity, or what to say instead."""
    if snapshot.refresh is Refresh.NONE:  # whose the known name is, the lockfile does not say
        return Verdict(findings=(parents.absent(desired, parent, looked=False),))
    if snapshot.linkage_failed:
        reason = f"which identity is that of {parent} cannot be told: {snapshot.linkage_failed}"
        return Verdict(unread=reason, findings=(findings.unreadable(desired.address, reason, desired.source),))
    held = snapshot.parents.get(parent, ())
    if len(held) == 1:
        return held[0].rpartition("/")[2]
    if held:
        return Verdict(findings=(parents.ambiguous(desired, parent, held),))
    return Verdict(findings=(parents.absent(desired, parent, looked=True),))
