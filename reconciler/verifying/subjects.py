"""What is to be verified, from what is declared: each identity, how its agent is called, and what it is granted. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.directory.handing_out import Token
from reconciler.errors import UsageError
from reconciler.model.addresses import Address
from reconciler.model.identity import ACCESS, INBOUND, RETURN_URLS
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.resources import Desired, Stack


class Inbound(enum.Enum):
    """How an identity's agent is called, and so which operation gives it a token."""

    IAM = "iam"
    JWT = "jwt"
    USER_ID = "userId"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """For whom tokens are asked, as far as that was said: a user's own token, which nothing shows, or an id."""

    token: Token | None = None
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One credential provider that an identity is granted. `provider`: its address; `name`: what the service calls it."""

    provider: Address
    name: str
    scopes: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An identity that is to be verified."""

    address: Address
    name: str
    inbound: Inbound
    return_urls: tuple[str, ...]
    grants: tuple[Grant, ...]


def subjects_of(stack: Stack, addresses: Iterable[Address] = ()) -> tuple[Subject, ...]:
    """The identities of the stack, or those named, in the order of their addresses.

    Raises UsageError for an address that is no identity of it.
    """
    named = sorted(set(addresses))
    for one in named:
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
    wanted = named or sorted(one for one in stack.resources if one.type == WORKLOAD_IDENTITY.type)
    return tuple(_subject(stack.resources[one], stack.resources) for one in wanted)


def _subject(desired: Desired, resources: Mapping[Address, Desired]) -> Subject:
    attributes: Mapping[str, Any] = desired.attributes
    return Subject(
        address=desired.address,
        name=desired.name,
        inbound=Inbound(attributes.get(INBOUND.name) or Inbound.IAM.value),
        return_urls=tuple(attributes.get(RETURN_URLS.name) or ()),
        grants=tuple(_grants(attributes.get(ACCESS.name) or {}, resources)),
    )


def _grants(access: Mapping[str, Mapping[str, Any]], resources: Mapping[Address, Desired]) -> Iterator[Grant]:
    for text, terms in access.items():
        provider = Address.parse(text)
        declared = None if terms.get("external") else resources.get(provider)
        yield Grant(
            provider=provider,
            name=declared.name if declared else provider.key,
            scopes=tuple(terms.get("scopes", ())),
            flows=tuple(terms.get("flows", ())),
        )
