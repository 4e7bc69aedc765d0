"""What the documentation leaves open, as data: the terms under which an emulated directory serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the service decides where the model does not say. The defaults are what people saw the live service do.

    `max_identities` (service-linked ones included), `max_oauth2_providers`, `max_api_key_providers`: in one account and region.
    `conflict_on_exists`: Create on an identity's name that exists answers ConflictException, as the model has it (and as
    providers always do), and not the ValidationException that was seen.
    `tombstone_seconds`, `tombstone_attempts`: how long, and for how many Creates, a deleted name "already exists".
    `keeps_cleared`: Update with an empty list answers success and keeps the old list.
    `linger`: seconds between the end of a parent and that of its identity; None leaves an orphan.
    `settling_seconds`, `settling_reads`: how long, and for how many Gets, an OAuth2 provider is CREATING or UPDATING.
    `create_failures`, `update_failures`: the OAuth2 providers, by name, that end in …_FAILED, each with its failureReason.
    `forgets_secret`: Update without a secret loses the managed one; no answer shows that, only the data plane does.
    `tags_touch`: lastUpdatedTime moves with the tags, too.
    `provider_arn_service`: the service in the ARNs of providers; the model's patterns for answers say `acps`.
    `token_seconds`: how long a workload access token is good.
    `any_return_url`: the data plane sends users to URLs that the identity does not allow, which nobody saw the service do.
    `consented`: every user has agreed already, so that USER_FEDERATION answers a token unless it is forced to ask again.
    """

    max_identities: int = 11_000
    max_oauth2_providers: int = 50
    max_api_key_providers: int = 50
    conflict_on_exists: bool = False
    tombstone_seconds: float = 0.0
    tombstone_attempts: int = 0
    keeps_cleared: bool = False
    linger: float | None = 0.0
    settling_seconds: float = 0.0
    settling_reads: int = 0
    create_failures: Mapping[str, str] = field(default_factory=dict)
    update_failures: Mapping[str, str] = field(default_factory=dict)
    forgets_secret: bool = False
    tags_touch: bool = False
    provider_arn_service: str = "bedrock-agentcore"
    token_seconds: float = 900.0
    any_return_url: bool = False
    consented: bool = False


STRICT = Terms(
    tombstone_seconds=2.0,
    keeps_cleared=True,
    linger=2.0,
    settling_seconds=0.5,
    tags_touch=True,
    provider_arn_service="acps",
)
"""Every inconvenience that the facts call seen or undocumented, at once."""
