"""The lockfile as if it were the manifest: what a plan brings the directory back to."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.resources import Desired, Known, Lock, Stack


def as_recorded(stack: Stack, lock: Lock) -> Stack:
    """The stack with everything that the lockfile holds, as it holds it, and nothing else.

    `stack`: what the manifest says, for its settings, for the lines at which things are declared, and for where secrets are
    read from, which a lockfile never knows.
    """
    return replace(stack, resources={address: _desired(stack, one) for address, one in lock.resources.items()})


def _desired(stack: Stack, known: Known) -> Desired:
    declared = stack.resources.get(known.address)
    return Desired(
        address=known.address,
        name=known.name,
        attributes=known.attributes,
        protect=known.protect,
        update_only=known.update_only,
        secrets=declared.secrets if declared else {},
        source=declared.source if declared else None,
    )
