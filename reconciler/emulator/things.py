"""What the emulated directory holds, as values: each kind of thing, and how one is kept in a row of the database.

No rules and no SQL: what is allowed stands in `identities`, `providers` and `vault`, the database in `store`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "us-iso-": "aws-iso",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}


class Scope(NamedTuple):
    """An account in a region: each is a directory of its own."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The partition that ARNs of the region begin with."""
        for prefix, partition in _PARTITIONS.items():
            if self.region.startswith(prefix):
                return partition
        return "aws"

    def arn(self, resource: str, service: str = "bedrock-agentcore") -> str:
        """The ARN of something of the service's here."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A workload identity as stored. `urls` in the order given; times in seconds since 1970; parent "" for one of one's own."""

    name: str
    urls: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    created: float = 0.0
    updated: float = 0.0
    parent_kind: str = ""
    parent_id: str = ""

    @property
    def linked(self) -> bool:
        """Whether a Runtime, Gateway or PaymentManager made it."""
        return bool(self.parent_kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A credential provider as stored: an OAuth2 one has a vendor, an API-key one has none.

    `config` holds the members of the vendor's config in the API, without the three of the secret. `source` is MANAGED,
    EXTERNAL, or "" for a client that has no secret; `secret_id` (a name or an ARN, as given) and `json_key` belong to EXTERNAL.
    The value of a managed secret is kept nowhere; `lost`: the service has it no longer. Times in seconds since 1970.

    `status` is where it ends up; until then Get shows the word in `settles` (CREATING, UPDATING), for `unsettled_reads` Gets
    and until the time `settled`. `failure` is the failureReason of a status that ends in FAILED.
    """

    name: str
    vendor: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    source: str = "MANAGED"
    secret_id: str = ""
    json_key: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    created: float = 0.0
    updated: float = 0.0
    lost: bool = False
    status: str = "READY"
    failure: str = ""
    settles: str = ""
    unsettled_reads: int = 0
    settled: float = 0.0

    def status_at(self, now: float) -> str:
        """The status that a Get at this moment shows."""
        return self.settles if self.unsettled_reads > 0 or now < self.settled else self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """The token vault of an account and region: every one has the vault `default`. `kms_key_arn` for a key of one's own."""

    name: str = "default"
    key_type: str = "ServiceManagedKey"
    kms_key_arn: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    created: float = 0.0
    updated: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A Runtime, Gateway or PaymentManager, and the name of the identity that came with it."""

    kind: str
    id: str
    name: str
    identity: str
    created: float


class Kept(NamedTuple):
    """An event of the audit trail as stored: what it is looked up by, and the JSON text of the record.

    `time` in whole seconds since 1970; `shown`: from when on it shows. `resources` is JSON too.
    """

    time: int
    shown: float
    id: str
    name: str
    read_only: str
    username: str
    access_key: str
    resources: str
    record: str


Thing: TypeAlias = Identity | Provider | Vault
Item = TypeVar("Item", Identity, Provider, Vault)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Item]):
    """A kind of thing: its name in the database, which is the one that addresses have, and its ARN's resource.

    `noun` and `plural` are what the service calls one and many in its messages.
    """

    name: str
    holds: type[Item]
    resource: str
    noun: str
    plural: str


IDENTITY = Kind(
    "workload_identity",
    Identity,
    "workload-identity-directory/default/workload-identity/",
    "WorkloadIdentity",
    "workload identities",
)
OAUTH2_PROVIDER = Kind(
    "oauth2_credential_provider",
    Provider,
    "token-vault/default/oauth2credentialprovider/",
    "OAuth2CredentialProvider",
    "OAuth2 credential providers",
)
API_KEY_PROVIDER = Kind(
    "api_key_credential_provider",
    Provider,
    "token-vault/default/apikeycredentialprovider/",
    "ApiKeyCredentialProvider",
    "API key credential providers",
)
TOKEN_VAULT = Kind("token_vault", Vault, "token-vault/", "TokenVault", "token vaults")
KINDS: Mapping[str, Kind[Any]] = {
    kind.name: kind for kind in (IDENTITY, OAUTH2_PROVIDER, API_KEY_PROVIDER, TOKEN_VAULT)
}
"""All kinds, by the name that addresses have."""

BY_NOUN: Mapping[str, Kind[Any]] = {
    "WorkloadIdentity": IDENTITY,
    "Oauth2CredentialProvider": OAUTH2_PROVIDER,
    "ApiKeyCredentialProvider": API_KEY_PROVIDER,
}
"""The kinds of which there are many, by what the names of their operations call them."""

_ROW = ("name", "tags", "created", "updated")
"""The fields that have a column of their own; all others are in the column `body`, as JSON."""


def kind_of(thing: Thing) -> Kind[Any]:
    """Which kind a thing is of."""
    match thing:
        case Identity():
            return IDENTITY
        case Vault():
            return TOKEN_VAULT
    return OAUTH2_PROVIDER if thing.vendor else API_KEY_PROVIDER


def to_row(thing: Thing) -> tuple[str, str, float, float, str]:
    """Name, tags, created, updated and body, for the columns of those names."""
    body = {one.name: getattr(thing, one.name) for one in dataclasses.fields(thing) if one.name not in _ROW}
    return thing.name, json.dumps(dict(thing.tags)), thing.created, thing.updated, json.dumps(body, default=dict)


def from_row(kind: Kind[Item], row: tuple[Any, ...]) -> Item:
    """The thing that such a row holds."""
    name, tags, created, updated, body = row
    members = json.loads(body)
    if "urls" in members:
        members["urls"] = tuple(members["urls"])
    return kind.holds(name=name, tags=json.loads(tags), created=created, updated=updated, **members)
