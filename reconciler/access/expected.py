"""What a role should allow: the ARNs, operations and providers of the identities that it is for, looked up in no time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.access.arns import container, spellings
from reconciler.access.operations import COMPLETION, CREDENTIAL_OPERATION, OAUTH2
from reconciler.access.reach import Grants, Reach
from reconciler.model.addresses import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """`containers`, `identities`, `granted`, `secrets`: ARNs, in every spelling. `known_…`: of the whole stack, by ARN.

    `operations`: those that are needed. `tolerated`: those that are neither needed nor too much.
    """

    reaches: tuple[Reach, ...]
    directories: tuple[str, ...]
    vaults: tuple[str, ...]
    identities: frozenset[str]
    granted: frozenset[str]
    operations: frozenset[str]
    tolerated: frozenset[str]
    known_identities: Mapping[str, Address]
    known_providers: Mapping[str, Address]


def expected(grants: Grants, reaches: Sequence[Reach]) -> Expected:
    """Of these identities; every ARN of theirs must be known."""
    granted = [one.provider for reach in reaches for one in reach.grants]
    vaults = {container(one.arn) for one in granted} or {container(one.arn) for one in grants.providers if one.arn}
    has_oauth2 = any(one.address.type == OAUTH2 for one in granted)
    return Expected(
        reaches=tuple(reaches),
        directories=_spelled(sorted({container(one.arn) for one in reaches})),
        vaults=_spelled(sorted(vaults)),
        identities=frozenset(_spelled(one.arn for one in reaches)),
        granted=frozenset(_spelled(one.arn for one in granted)),
        operations=frozenset(operation for reach in reaches for operation in needed(reach)),
        tolerated=frozenset((COMPLETION,) if has_oauth2 else ()),
        known_identities={arn: one.identity for one in grants.reaches if one.arn for arn in spellings(one.arn)},
        known_providers={arn: one.address for one in grants.providers if one.arn for arn in spellings(one.arn)},
    )


def needed(reach: Reach) -> Mapping[str, tuple[str, ...]]:
    """The operations that the identity needs, each with the ARNs that it needs them on."""
    itself = (container(reach.arn), reach.arn)
    out: dict[str, tuple[str, ...]] = {reach.inbound.operation: itself}
    for type_, operation in CREDENTIAL_OPERATION.items():
        providers = [one.provider.arn for one in reach.grants if one.provider.address.type == type_]
        if providers:
            vaults = sorted({container(arn) for arn in providers})
            out[operation] = (*itself, *vaults, *sorted(providers))
    return out


def _spelled(arns: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(spelling for arn in arns for spelling in spellings(arn)))
