"""The grants of a stack as values: each identity with the providers it may reach, from the manifest or from the lockfile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.access.arns import planned_arn
from reconciler.access.operations import API_KEY, IDENTITY, OAUTH2, Inbound
from reconciler.model.addresses import Address
from reconciler.model.environments import Target
from reconciler.model.identity import ACCESS, INBOUND, RETURN_URLS
from reconciler.model.resources import Desired, Known, Lock, Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A credential provider. `external`: of another stack; `arn` and `secret_arn` are "" where nobody has told them yet."""

    address: Address
    name: str
    arn: str = ""
    secret_arn: str = ""
    external: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A provider that an identity may reach, with the scopes and flows that it is meant for; both sorted."""

    provider: Provider
    scopes: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """An identity and all that it may reach, in the order of addresses. `arn` is "" where it is not applied yet."""

    identity: Address
    name: str
    arn: str = ""
    inbound: Inbound = Inbound.IAM
    grants: tuple[Granted, ...] = ()
    return_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """The whole of a stack: every identity and every provider, granted or not, in the order of addresses."""

    target: Target
    reaches: tuple[Reach, ...]
    providers: tuple[Provider, ...]

    def of(self, address: Address) -> Reach | None:
        """What stands at the address, or None."""
        return next((one for one in self.reaches if one.identity == address), None)


def grants_declared(stack: Stack, target: Target, lock: Lock | None) -> Grants:
    """What the manifest grants, with the ARNs that the API returned for what the lockfile holds.

    What renames left behind is still granted what it was, until they are finished: agents may still go by the old name.
    """
    known: Mapping[Address, Known] = lock.resources if lock else {}
    left = [one for address, one in known.items() if address.is_leftover]
    return _grants([*stack.resources.values(), *left], known, target)


def grants_recorded(lock: Lock) -> Grants:
    """What was granted when the lockfile was written last."""
    target = Target(stack=lock.stack, environment=lock.environment, account=lock.account, region=lock.region)
    return _grants(lock.resources.values(), lock.resources, target)


def with_planned_arns(grants: Grants) -> Grants:
    """The same, with an ARN as the tagging page spells it wherever the API has told none."""
    providers = {one.address: _planned(one, grants.target) for one in grants.providers}
    return replace(
        grants,
        providers=tuple(providers.values()),
        reaches=tuple(
            replace(
                reach,
                arn=reach.arn or planned_arn(reach.identity.type, reach.name, grants.target),
                grants=tuple(replace(one, provider=providers[one.provider.address]) for one in reach.grants),
            )
            for reach in grants.reaches
        ),
    )


def _planned(provider: Provider, target: Target) -> Provider:
    return (
        provider if provider.arn else replace(provider, arn=planned_arn(provider.address.type, provider.name, target))
    )


def _grants(resources: Iterable[Desired | Known], known: Mapping[Address, Known], target: Target) -> Grants:
    found = sorted(resources, key=lambda one: one.address)
    providers = {one.address: _provider(one, known) for one in found if one.address.type in (OAUTH2, API_KEY)}
    for address, terms in (each for one in found for each in _access(one, providers)):
        if address not in providers:
            external = bool(terms.get("external"))
            providers[address] = Provider(address=address, name=address.key, external=external)
    return Grants(
        target=target,
        providers=tuple(providers[address] for address in sorted(providers)),
        reaches=tuple(_reach(one, known, providers) for one in found if one.address.type == IDENTITY),
    )


def _reach(one: Desired | Known, known: Mapping[Address, Known], providers: Mapping[Address, Provider]) -> Reach:
    return Reach(
        identity=one.address,
        name=one.name or _told_later(one, known),
        arn=_arn(one, known),
        inbound=Inbound(one.attributes.get(INBOUND.name) or Inbound.IAM.value),
        grants=tuple(
            Granted(
                provider=providers[address], scopes=tuple(terms.get("scopes", ())), flows=tuple(terms.get("flows", ()))
            )
            for address, terms in _access(one, providers)
        ),
        return_urls=_texts(one.attributes.get(RETURN_URLS.name)),
    )


def _told_later(one: Desired | Known, known: Mapping[Address, Known]) -> str:
    """The name of what is declared by its runtime or gateway: the lockfile's, else what that is called."""
    entry = known.get(one.address)
    return entry.name if entry else str(one.parent if isinstance(one, Desired) else "")


def _provider(one: Desired | Known, known: Mapping[Address, Known]) -> Provider:
    return Provider(address=one.address, name=one.name, arn=_arn(one, known), secret_arn=_secret(one, known))


def _arn(one: Desired | Known, known: Mapping[Address, Known]) -> str:
    """Of what the lockfile holds under that very name; a rename waits for its apply."""
    found = known.get(one.address)
    return found.arn if found is not None and found.name == one.name else ""


def _secret(one: Desired | Known, known: Mapping[Address, Known]) -> str:
    found = known.get(one.address)
    return found.outputs.get("secretArn", "") if found is not None and found.name == one.name else ""


def _access(one: Desired | Known, held: Iterable[Address]) -> Iterator[tuple[Address, Mapping[str, Any]]]:
    """The providers by address, each with the terms of the grant.

    An identity that a rename left behind goes with the old one of a provider that was renamed, too.
    """
    old = {address.heir: address for address in held if address.is_leftover} if one.address.is_leftover else {}
    access: Any = one.attributes.get(ACCESS.name) or {}
    for text in sorted(access):
        type_, _, key = text.partition(".")
        address = Address(type_, key)
        yield old.get(address, address), access[text] or {}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, tuple | list) else ()
