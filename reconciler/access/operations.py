"""The operations by which an agent gets tokens and keys: which one when, on which resources, under which condition keys.

From the developer guide (scope-down page) and the service authorization reference.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

from reconciler.model.kinds import API_KEY_PROVIDER, OAUTH2_PROVIDER, WORKLOAD_IDENTITY

SERVICE = "bedrock-agentcore"

OAUTH2, API_KEY, IDENTITY = OAUTH2_PROVIDER.type, API_KEY_PROVIDER.type, WORKLOAD_IDENTITY.type


class Inbound(enum.Enum):
    """How those who call the agent are known, which decides by which operation it gets its workload access token."""

    IAM = "iam"
    JWT = "jwt"
    USER_ID = "userId"

    @property
    def operation(self) -> str:
        """The operation that returns the workload access token."""
        return _TOKEN_OPERATION[self]


_TOKEN_OPERATION: Mapping[Inbound, str] = {
    Inbound.IAM: "GetWorkloadAccessToken",
    Inbound.JWT: "GetWorkloadAccessTokenForJWT",
    Inbound.USER_ID: "GetWorkloadAccessTokenForUserId",
}
TOKEN_OPERATIONS: tuple[str, ...] = tuple(_TOKEN_OPERATION.values())
"""On the directory and the identity."""

CREDENTIAL_OPERATION: Mapping[str, str] = {OAUTH2: "GetResourceOauth2Token", API_KEY: "GetResourceApiKey"}
"""By the type of the provider; on the directory, the identity, the vault and the provider."""

COMPLETION = "CompleteResourceTokenAuth"
"""Ends a user's consent. Whoever serves the return URL calls it, which may be the agent: never asked for, and no excess."""

DATA_PLANE: tuple[str, ...] = (*TOKEN_OPERATIONS, *CREDENTIAL_OPERATION.values(), COMPLETION)

_CLAIMS = tuple(f"{SERVICE}:InboundJwtClaim/{claim}" for claim in ("iss", "sub", "aud", "client_id", "scope"))
USER_ID_KEY = f"{SERVICE}:userid"
CONDITION_KEYS: Mapping[str, tuple[str, ...]] = {
    Inbound.JWT.operation: _CLAIMS,
    Inbound.USER_ID.operation: (USER_ID_KEY,),
    COMPLETION: (*_CLAIMS, USER_ID_KEY),
}
"""The service's own condition keys that a call of the operation brings along; any other operation has none."""

LISTED_CLAIMS = frozenset(f"{SERVICE}:InboundJwtClaim/{claim}" for claim in ("aud", "scope"))
"""Keys with several values at once, which IAM compares with `ForAnyValue:` or `ForAllValues:` only."""

ADMINISTRATION = re.compile(r"(workloadidentit|credentialprovider|tokenvault)")
"""What the names of control-plane operations on identities, providers and the vault hold, in small letters."""


def action(operation: str) -> str:
    """The IAM action that allows the operation."""
    return f"{SERVICE}:{operation}"


def needs_vault(operation: str) -> bool:
    """Whether the operation names vault and provider as well."""
    return operation not in TOKEN_OPERATIONS
