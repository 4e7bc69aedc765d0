"""What the service does with credential providers, OAuth2 ones and API keys: one function for each operation.

Each takes a validated `Call`, and returns the members of the answer or raises `Fault`. Facts from the service model
(`bedrock-agentcore-control` 2023-06-05); what that leaves open is said where it is decided. Vendors' configs are in `vendors`,
what may be said of secrets in `secret_references`.
"""

from __future__ import annotations

import functools
import uuid
from dataclasses import replace
from typing import Any

from reconciler.emulator import secret_references as secret
from reconciler.emulator import tags, vendors
from reconciler.emulator.arns import arn_of
from reconciler.emulator.calls import Call, Operation, listed, release, take
from reconciler.emulator.faults import Fault
from reconciler.emulator.things import API_KEY_PROVIDER, OAUTH2_PROVIDER, Kind, Provider, kind_of

_PAGES = {OAUTH2_PROVIDER.name: 20, API_KEY_PROVIDER.name: 100}


def create_oauth2(call: Call) -> dict[str, Any]:
    """CreateOauth2CredentialProvider."""
    vendor, config = call.params["credentialProviderVendor"], vendors.config_in(call.params)
    kept = secret.created(secret.CLIENT_SECRET, config, needed=vendors.needs_secret(vendor, config))
    provider = _new(call, vendor=vendor, config=_public(config), **kept)
    provider = _settling(call, provider, "CREATE")
    take(call, provider, limit=call.terms.max_oauth2_providers, code="ConflictException")
    return _described(call, provider)


def create_api_key(call: Call) -> dict[str, Any]:
    """CreateApiKeyCredentialProvider."""
    provider = _new(call, **secret.created(secret.API_KEY, call.params, needed=True))
    take(call, provider, limit=call.terms.max_api_key_providers, code="ConflictException")
    return _described(call, provider)


def get(kind: Kind[Provider], call: Call) -> dict[str, Any]:
    """GetOauth2CredentialProvider, GetApiKeyCredentialProvider."""
    name = call.params["name"]
    provider = call.seen(kind, name)
    if provider.unsettled_reads:
        _count_read(call, kind, name)
    return _described(call, provider)


def list_(kind: Kind[Provider], call: Call) -> dict[str, Any]:
    """ListOauth2CredentialProviders, ListApiKeyCredentialProviders: in the order of names, 20 or 100 a page at most."""
    names, token = listed(call, kind, _PAGES[kind.name])
    found = (call.reads.get(call.scope, name, kind) for name in names)
    return {"credentialProviders": [_item(call, one) for one in found if one is not None], "nextToken": token}


def update_oauth2(call: Call) -> dict[str, Any]:
    """UpdateOauth2CredentialProvider: the config given replaces the whole config; a secret that it lacks stays as it is.

    Undocumented, and so decided here: the vendor may change, and a provider that is still being made or changed is in conflict.
    """
    vendor, config = call.params["credentialProviderVendor"], vendors.config_in(call.params)
    now = call.store.clock()
    with call.store.transaction():
        provider = call.stored(OAUTH2_PROVIDER, call.params["name"])
        if provider.status_at(now) == provider.settles:
            raise Fault("ConflictException", f"{OAUTH2_PROVIDER.noun} '{provider.name}' is {provider.settles}")
        needed = vendors.needs_secret(vendor, config)
        kept = secret.updated(secret.CLIENT_SECRET, config, provider, call.terms, needed=needed)
        provider = replace(provider, vendor=vendor, config=_public(config), updated=now, **kept)
        provider = _settling(call, provider, "UPDATE")
        call.store.put(call.scope, provider)
    return _described(call, provider)


def update_api_key(call: Call) -> dict[str, Any]:
    """UpdateApiKeyCredentialProvider."""
    with call.store.transaction():
        provider = call.stored(API_KEY_PROVIDER, call.params["name"])
        kept = secret.updated(secret.API_KEY, call.params, provider, call.terms, needed=True)
        provider = replace(provider, updated=call.store.clock(), **kept)
        call.store.put(call.scope, provider)
    return _described(call, provider)


def delete(kind: Kind[Provider], call: Call) -> dict[str, Any]:
    """DeleteOauth2CredentialProvider, DeleteApiKeyCredentialProvider: the service does not know who needs it."""
    with call.store.transaction():
        call.stored(kind, call.params["name"])
        release(call, kind, call.params["name"])
    return {}


def _new(call: Call, **fields: Any) -> Provider:
    now, given = call.store.clock(), tags.checked(call.params.get("tags"))
    return Provider(name=call.params["name"], tags=given, created=now, updated=now, **fields)


def _public(config: dict[str, Any]) -> dict[str, Any]:
    secrets = secret.CLIENT_SECRET.members
    return {member: value for member, value in config.items() if member not in secrets and value is not None}


def _settling(call: Call, provider: Provider, doing: str) -> Provider:
    """The provider as it is while it is created or updated, in time or in Gets. By the terms, at once."""
    failures = call.terms.create_failures if doing == "CREATE" else call.terms.update_failures
    failure = failures.get(provider.name, "")
    seconds = call.terms.settling_seconds
    return replace(
        provider,
        status=f"{doing}_FAILED" if failure else "READY",
        failure=failure,
        settles={"CREATE": "CREATING", "UPDATE": "UPDATING"}[doing],
        unsettled_reads=call.terms.settling_reads,
        settled=call.store.clock() + seconds if seconds else 0.0,
    )


def _count_read(call: Call, kind: Kind[Provider], name: str) -> None:
    with call.store.transaction():
        provider = call.store.get(call.scope, name, kind)
        if provider is not None and provider.unsettled_reads:
            call.store.put(call.scope, replace(provider, unsettled_reads=provider.unsettled_reads - 1))


def _item(call: Call, provider: Provider) -> dict[str, Any]:
    """What List shows."""
    return {
        "name": provider.name,
        "credentialProviderArn": arn_of(call.scope, kind_of(provider), provider.name, call.terms.provider_arn_service),
        "credentialProviderVendor": provider.vendor or None,
        "createdTime": provider.created,
        "lastUpdatedTime": provider.updated,
    }


def _described(call: Call, provider: Provider) -> dict[str, Any]:
    """Everything that any answer shows of it; each answer keeps what its shape in the model has."""
    if not provider.vendor:
        return {**_item(call, provider), **secret.described(secret.API_KEY, call.scope, provider)}
    status = provider.status_at(call.store.clock())
    return {
        **_item(call, provider),
        **secret.described(secret.CLIENT_SECRET, call.scope, provider),
        "oauth2ProviderConfigOutput": vendors.shown(provider.vendor, provider.config),
        "callbackUrl": _callback(call, provider),
        "status": status,
        "failureReason": provider.failure if status.endswith("_FAILED") else None,
    }


def _callback(call: Call, provider: Provider) -> str:
    """People register it at the vendor's: of one provider always the same, of its successor under the name another."""
    own = uuid.uuid5(uuid.NAMESPACE_URL, "/".join((*call.scope, provider.name, repr(provider.created))))
    return f"https://bedrock-agentcore.{call.scope.region}.amazonaws.com/identities/oauth2/callback/{own}"


OPERATIONS: dict[str, Operation] = {
    "CreateOauth2CredentialProvider": create_oauth2,
    "GetOauth2CredentialProvider": functools.partial(get, OAUTH2_PROVIDER),
    "ListOauth2CredentialProviders": functools.partial(list_, OAUTH2_PROVIDER),
    "UpdateOauth2CredentialProvider": update_oauth2,
    "DeleteOauth2CredentialProvider": functools.partial(delete, OAUTH2_PROVIDER),
    "CreateApiKeyCredentialProvider": create_api_key,
    "GetApiKeyCredentialProvider": functools.partial(get, API_KEY_PROVIDER),
    "ListApiKeyCredentialProviders": functools.partial(list_, API_KEY_PROVIDER),
    "UpdateApiKeyCredentialProvider": update_api_key,
    "DeleteApiKeyCredentialProvider": functools.partial(delete, API_KEY_PROVIDER),
}
