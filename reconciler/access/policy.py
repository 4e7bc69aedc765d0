"""The least that an agent's role needs: one token operation on one identity, credentials of the granted providers only.

Sizes are IAM's: characters without white space.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.access.arns import container
from reconciler.access.operations import (
    API_KEY,
    CREDENTIAL_OPERATION,
    LISTED_CLAIMS,
    OAUTH2,
    SERVICE,
    USER_ID_KEY,
    Inbound,
    action,
)
from reconciler.access.reach import Reach

VERSION = "2012-10-17"


class Form(enum.Enum):
    """How a policy is put on a role, and how large IAM lets it be."""

    MANAGED = "managed"
    INLINE = "inline"

    @property
    def limit(self) -> int:
        """Characters: of one managed policy, or of all inline policies of a role together."""
        return 6_144 if self is Form.MANAGED else 10_240


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Whom the agent may get a token for: values of the condition keys that the token operation brings along."""

    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    users: tuple[str, ...] = ()

    @property
    def of_jwt(self) -> bool:
        """Whether any of it is a claim of a JWT."""
        return bool(self.issuers or self.audiences or self.clients)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. `resources`: those that every part needs if it has to be split; `each`: one by one, the rest."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    each: tuple[str, ...] = ()
    condition: Mapping[str, Mapping[str, Any]] | None = None

    def document(self) -> dict[str, Any]:
        """As it stands in a policy."""
        out: dict[str, Any] = {"Sid": self.sid, "Effect": "Allow", "Action": list(self.actions)}
        out["Resource"] = [*self.resources, *self.each]
        if self.condition:
            out["Condition"] = {operator: dict(keys) for operator, keys in self.condition.items()}
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPolicy:
    """The policy of one agent's role, in as many documents as its form needs. `size`: of all together, in characters."""

    reach: Reach
    documents: tuple[dict[str, Any], ...]
    size: int


def agent_policy(
    reach: Reach, *, claims: Claims | None = None, form: Form = Form.MANAGED, with_secrets: bool = False
) -> AgentPolicy:
    """The least policy for the role of that agent; every ARN must be known.

    `with_secrets`: also to read the providers' secrets, where the API has told their ARNs. A managed policy that is too large
    becomes several; inline policies share one limit, so that there is always one, whatever its size.
    """
    statements = [_token(reach, claims or Claims()), *_credentials(reach)]
    if with_secrets:
        statements += _secrets(reach)
    split = _packed(statements, form.limit) if form is Form.MANAGED else [statements]
    documents = tuple(_document(part) for part in split)
    return AgentPolicy(reach=reach, documents=documents, size=sum(map(size, documents)))


def size(document: Mapping[str, Any]) -> int:
    """How many characters IAM counts."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def _token(reach: Reach, claims: Claims) -> Statement:
    return Statement(
        sid={
            Inbound.IAM: "TokenOfThisIdentity",
            Inbound.JWT: "TokenOfThisIdentityForJwt",
            Inbound.USER_ID: "TokenOfThisIdentityForUserId",
        }[reach.inbound],
        actions=(action(reach.inbound.operation),),
        resources=(container(reach.arn), reach.arn),
        condition=_condition(reach.inbound, claims),
    )


def _condition(inbound: Inbound, claims: Claims) -> dict[str, dict[str, Any]] | None:
    """Only keys that a call of the operation has: under any other, IAM would never find the statement to apply."""
    if inbound is Inbound.USER_ID:
        wanted = {USER_ID_KEY: claims.users}
    elif inbound is Inbound.JWT:
        said = (("iss", claims.issuers), ("aud", claims.audiences), ("client_id", claims.clients))
        wanted = {f"{SERVICE}:InboundJwtClaim/{claim}": values for claim, values in said}
    else:
        wanted = {}
    out: dict[str, dict[str, Any]] = {}
    for key, values in wanted.items():
        if values:
            compare = "StringLike" if any(set("*?") & set(value) for value in values) else "StringEquals"
            operator = f"ForAnyValue:{compare}" if key in LISTED_CLAIMS else compare
            out.setdefault(operator, {})[key] = values[0] if len(values) == 1 else sorted(values)
    return dict(sorted(out.items())) or None


def _credentials(reach: Reach) -> Iterable[Statement]:
    for type_, sid in ((API_KEY, "ApiKeysOfGrantedProviders"), (OAUTH2, "Oauth2TokensOfGrantedProviders")):
        granted = sorted(one.provider.arn for one in reach.grants if one.provider.address.type == type_)
        if granted:
            vaults = sorted({container(arn) for arn in granted})
            yield Statement(
                sid=sid,
                actions=(action(CREDENTIAL_OPERATION[type_]),),
                resources=(container(reach.arn), reach.arn, *vaults),
                each=tuple(granted),
            )


def _secrets(reach: Reach) -> Iterable[Statement]:
    arns = sorted({one.provider.secret_arn for one in reach.grants if one.provider.secret_arn})
    if arns:
        yield Statement(
            sid="SecretsOfGrantedProviders",
            actions=("secretsmanager:GetSecretValue",),
            resources=(),
            each=tuple(arns),
        )


def _packed(statements: Sequence[Statement], limit: int) -> list[list[Statement]]:
    """The statements in as few policies as hold them in their order, those that are too large in parts."""
    packs: list[list[Statement]] = [[]]
    waiting = list(reversed(statements))
    while waiting:
        one = waiting.pop()
        fits = _fitting(packs[-1], one, limit)
        whole = fits == len(one.each) and _fits([*packs[-1], one], limit)
        if whole or not (
            packs[-1] or fits
        ):  # what fits nowhere stands alone: whoever prints it says that it is too large
            packs[-1].append(one)
        elif fits:
            packs[-1].append(replace(one, each=one.each[:fits]))
            packs.append([])
            waiting.append(replace(one, each=one.each[fits:]))
        else:
            packs.append([])
            waiting.append(one)
    return packs


def _fitting(pack: Sequence[Statement], one: Statement, limit: int) -> int:
    """How many of `each` may stand beside what the pack holds; bisected, for each more makes it larger."""
    low, high = 0, len(one.each)
    while low < high:
        middle = (low + high + 1) // 2
        if _fits([*pack, replace(one, each=one.each[:middle])], limit):
            low = middle
        else:
            high = middle - 1
    return low


def _fits(pack: Sequence[Statement], limit: int) -> bool:
    return size(_document(pack)) <= limit


def _document(statements: Sequence[Statement]) -> dict[str, Any]:
    return {"Version": VERSION, "Statement": [one.document() for one in statements]}
