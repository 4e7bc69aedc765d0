"""What is to be verified, from what is declared: identities with what they may reach; and for whom. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.access import Reach, grants_declared
from reconciler.directory.handing_out import Token
from reconciler.errors import UsageError
from reconciler.model.addresses import Address
from reconciler.model.environments import Target
from reconciler.model.expiry import Day, lapsed
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.resources import Lock, Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """For whom tokens are asked, as far as that was said: a user's own token, which nothing shows, or an id."""

    token: Token | None = None
    id: str = ""


def subjects_of(
    stack: Stack, addresses: Iterable[Address] = (), *, today: Day | None = None, lock: Lock | None = None
) -> tuple[Reach, ...]:
    """The identities of the stack that have not expired by `today`, or those named, in the order of their addresses.

    `lock` knows the names that a manifest cannot: those of identities that a runtime or gateway brought along.
    Raises UsageError for an address that is no identity of it.
    """
    named = frozenset(addresses)
    for one in sorted(named):
        if one.type != WORKLOAD_IDENTITY.type:
            raise UsageError(
                f"{one} is no workload identity",
                "Name the identities that are granted it: what an agent reaches is verified through its identity.",
            )
        if one not in stack.resources:
            raise UsageError(
                f"{one} is not declared in environment {stack.environment.name}",
                "Correct the address; `reconciler validate` checks the manifest, `lock show` lists what is managed.",
            )
    wanted = named or {address for address, one in stack.resources.items() if not lapsed(one.attributes, today)}
    at = stack.environment
    target = Target(stack=stack.name, environment=at.name, account=at.account, region=at.region)
    return tuple(one for one in grants_declared(stack, target, lock).reaches if one.identity in wanted)
