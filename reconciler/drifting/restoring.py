"""The lockfile as if it were the manifest: what a plan brings the directory back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.resources import Desired, Known, Lock, Stack
from reconciler.model.secrets import SecretSource


def as_recorded(stack: Stack, lock: Lock) -> Stack:
    """The stack with everything that the lockfile holds, as it holds it, and nothing else.

    `stack`: what the manifest says, for its settings, for the lines at which things are declared, and for where secrets are
    read from, which a lockfile never knows. A secret whose version the manifest has moved on is another one: what needs the
    recorded one cannot be had, and the plan says so.
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
        secrets=_secrets(declared, known) if declared else {},
        source=declared.source if declared else None,
    )


def _secrets(declared: Desired, known: Known) -> Mapping[str, SecretSource]:
    return {
        name: source
        for name, source in declared.secrets.items()
        if declared.attributes.get(name) == known.attributes.get(name)
    }
