"""The attributes of the AWS provider's four AgentCore identity resources, in a manifest's names. Strict about what is known.

What is not known of (a later provider's attributes) is named in a note. What a state has of secrets is never looked into: only
whether something stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.foreign.found import VAULT, place_of

_Attributes = Mapping[str, Any]

# What every resource has, or has of its own, and no manifest says.
_ASIDE = frozenset({"id", "name", "region", "tags", "tags_all", "timeouts"})
_CUSTOM, _WRITTEN = "custom_oauth2_provider_config", "client_credentials_wo_version"
_SECRETS = frozenset({"client_secret", "client_secret_wo", "client_id_wo", _WRITTEN})
_KEYS = frozenset({"api_key", "api_key_wo", "api_key_wo_version"})
_METADATA = {
    "issuer": "issuer",
    "authorization_endpoint": "authorizationEndpoint",
    "token_endpoint": "tokenEndpoint",
    "response_types": "responseTypes",
}
# The API has them for some vendors and the provider did not, when its schemas were read; it names what it has as the API does.
_LATER = {
    "tenant_id": "tenantId",
    "issuer": "issuer",
    "authorization_endpoint": "authorizationEndpoint",
    "token_endpoint": "tokenEndpoint",
}


class Unexpected(ValueError):
    """A known attribute of another shape. Its text names the attribute and never its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One resource's attributes, read. `hidden`: the members that Terraform only writes, so that no state holds them."""

    type: str
    name: str
    attributes: Mapping[str, Any]
    account: str = ""
    region: str = ""
    notes: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def _identity(raw: _Attributes) -> Read:
    account, region = place_of(raw.get("workload_identity_arn"))
    urls = _texts(raw, "allowed_resource_oauth2_return_urls")
    return Read(
        type="workload_identity",
        name=_text(raw, "name"),
        attributes={"allowedResourceOauth2ReturnUrls": tuple(sorted(set(urls))), "tags": _tags(raw)},
        account=account,
        region=region or _optional(raw, "region"),
        notes=_unknown(raw, {*_ASIDE, "allowed_resource_oauth2_return_urls", "workload_identity_arn"}),
    )


def _oauth2(raw: _Attributes) -> Read:
    account, region = place_of(raw.get("credential_provider_arn"))
    configs = {name: value for name, value in _block(raw, "oauth2_provider_config").items() if value}
    if len(configs) != 1:
        raise Unexpected(f"oauth2_provider_config holds {len(configs)} configurations, not one")
    (member,) = configs
    inner = _block(configs, member)
    config, notes = _config(inner, custom=member == _CUSTOM)
    known = {
        *_ASIDE,
        "client_secret_arn",
        "credential_provider_arn",
        "credential_provider_vendor",
        "oauth2_provider_config",
    }
    return Read(
        type="oauth2_credential_provider",
        name=_text(raw, "name"),
        attributes={
            "credentialProviderVendor": _text(raw, "credential_provider_vendor"),
            "config": config,
            "clientSecret": _secret(inner, "client_secret"),
            "tags": _tags(raw),
        },
        account=account,
        region=region or _optional(raw, "region"),
        notes=(*notes, *_unknown(raw, known)),
        hidden=("clientId",) if "clientId" not in config and (inner.get(_WRITTEN) or member != _CUSTOM) else (),
    )


def _config(raw: _Attributes, *, custom: bool) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The members of a vendor's config. Of any but a custom one, `oauth_discovery` is the service's answer, not a setting."""
    config: dict[str, Any] = {}
    if raw.get("client_id") is not None:
        config["clientId"] = _text(raw, "client_id")
    if custom:
        config.update(_discovery(raw))
    for theirs, ours in _LATER.items():
        if raw.get(theirs) is not None:
            config[ours] = _text(raw, theirs)
    known = {*_SECRETS, *_LATER, "client_id", "client_secret_config", "client_secret_source", "oauth_discovery"}
    return config, _unknown(raw, known)


def _discovery(raw: _Attributes) -> dict[str, Any]:
    found = _block(raw, "oauth_discovery") if raw.get("oauth_discovery") else {}
    if found.get("discovery_url") is not None:
        return {"oauthDiscovery": {"discoveryUrl": _text(found, "discovery_url")}}
    if not found.get("authorization_server_metadata"):
        return {}
    inner = _block(found, "authorization_server_metadata")
    metadata: dict[str, Any] = {}
    for theirs, ours in _METADATA.items():
        if inner.get(theirs) is not None:
            metadata[ours] = _texts(inner, theirs) if theirs == "response_types" else _text(inner, theirs)
    return {"oauthDiscovery": {"authorizationServerMetadata": metadata}}


def _api_key(raw: _Attributes) -> Read:
    account, region = place_of(raw.get("credential_provider_arn"))
    known = {*_ASIDE, *_KEYS, "api_key_secret_arn", "api_key_secret_config", "api_key_secret_source"}
    return Read(
        type="api_key_credential_provider",
        name=_text(raw, "name"),
        attributes={"apiKey": _secret(raw, "api_key_secret"), "tags": _tags(raw)},
        account=account,
        region=region or _optional(raw, "region"),
        notes=_unknown(raw, {*known, "credential_provider_arn"}),
    )


def _vault(raw: _Attributes) -> Read:
    name = _optional(raw, "token_vault_id") or VAULT
    if name != VAULT:
        raise Unexpected(f"token_vault_id is not {VAULT!r}, the one vault that there is")
    inner = _block(raw, "kms_configuration")
    return Read(
        type="token_vault",
        name=name,
        attributes={"keyType": _text(inner, "key_type"), "kmsKeyArn": _optional(inner, "kms_key_arn") or None},
        region=_optional(raw, "region"),
        notes=_unknown(raw, {*_ASIDE, "kms_configuration", "token_vault_id"}),
    )


READERS: Mapping[str, Callable[[_Attributes], Read]] = {
    "aws_bedrockagentcore_workload_identity": _identity,
    "aws_bedrockagentcore_oauth2_credential_provider": _oauth2,
    "aws_bedrockagentcore_api_key_credential_provider": _api_key,
    "aws_bedrockagentcore_token_vault_cmk": _vault,
}
"""By Terraform's type. Each raises Unexpected."""


def _secret(raw: _Attributes, prefix: str) -> dict[str, str]:
    """Where the secret comes from: `PREFIX_source` and `PREFIX_config` say so; without them the service keeps it."""
    source = _optional(raw, f"{prefix}_source")
    if not raw.get(f"{prefix}_config"):
        if source == "EXTERNAL":
            raise Unexpected(f"{prefix}_source is EXTERNAL, and no {prefix}_config says which secret")
        return {"source": "MANAGED"}
    reference = _block(raw, f"{prefix}_config")
    return {"source": "EXTERNAL", "secretId": _text(reference, "secret_id"), "jsonKey": _text(reference, "json_key")}


def _tags(raw: _Attributes) -> dict[str, str]:
    """All that stand on the resource, those of the provider's `default_tags` included. Early providers had none."""
    name = "tags_all" if raw.get("tags_all") is not None else "tags"
    tags = raw.get(name) or {}
    if not isinstance(tags, dict) or not all(isinstance(text, str) for text in tags.values()):
        raise Unexpected(f"{name} is no map of texts")
    return dict(sorted(tags.items()))


def _text(raw: _Attributes, name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise Unexpected(f"{name} is {'missing' if value in (None, '') else 'no text'}")
    return value


def _optional(raw: _Attributes, name: str) -> str:
    return "" if raw.get(name) in (None, "") else _text(raw, name)


def _texts(raw: _Attributes, name: str) -> tuple[str, ...]:
    value = raw.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Unexpected(f"{name} is no list of texts")
    return tuple(value)


def _block(raw: _Attributes, name: str) -> _Attributes:
    """The one block of that name; Terraform keeps blocks as a list."""
    value = raw.get(name)
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        raise Unexpected(f"{name} is not one block")
    return value[0]


def _unknown(raw: _Attributes, known: set[str]) -> tuple[str, ...]:
    names = sorted(name for name, value in raw.items() if name not in known and value not in (None, "", [], {}))
    return (f"Not carried over, because it was not known when this was written: {', '.join(names)}.",) if names else ()
