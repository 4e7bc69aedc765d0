"""The credential providers, described: OAuth2, with the configuration of each vendor, and API keys.

Limits are botocore's (`bedrock-agentcore-control` 2023-06-05), a test compares them; quotas are the guide's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.kind import EXPIRES, OWNER, TAGS, Api, Attribute, Kind, Secrets, Shape, Text, plain
from reconciler.model.secrets import EXTERNAL, MANAGED

CUSTOM = "CustomOauth2"
INCLUDED = "includedOauth2ProviderConfig"
_OWN_MEMBERS = {
    "AtlassianOauth2": "atlassianOauth2ProviderConfig",
    CUSTOM: "customOauth2ProviderConfig",
    "GithubOauth2": "githubOauth2ProviderConfig",
    "GoogleOauth2": "googleOauth2ProviderConfig",
    "LinkedinOauth2": "linkedinOauth2ProviderConfig",
    "MicrosoftOauth2": "microsoftOauth2ProviderConfig",
    "SalesforceOauth2": "salesforceOauth2ProviderConfig",
    "SlackOauth2": "slackOauth2ProviderConfig",
}
_ENDPOINTS = ("issuer", "authorizationEndpoint", "tokenEndpoint")

_NAME = Text(minimum=1, maximum=128, pattern=r"[a-zA-Z0-9\-_]+")
VENDOR = Attribute(name="credentialProviderVendor", shape=Shape.SCALAR, immutable=True)
CONFIG = Attribute(
    name="config",
    shape=Shape.NESTED,
    vague=(
        "tenantId",  # no answer shows it
        *_ENDPOINTS,  # answers show the service's own where nobody gave them
        "clientAuthenticationMethod",
        "oauthDiscovery.authorizationServerMetadata.responseTypes",
        "oauthDiscovery.authorizationServerMetadata.tokenEndpointAuthMethods",
    ),
)
CLIENT_SECRET = Attribute(name="clientSecret", shape=Shape.REFERENCE)
API_KEY = Attribute(name="apiKey", shape=Shape.REFERENCE)


def config_member(vendor: str) -> str:
    """The member of `oauth2ProviderConfigInput` that holds the vendor's configuration."""
    return _OWN_MEMBERS.get(vendor, INCLUDED)


def _secret_sent(name: str, stem: str, value: Mapping[str, Any] | None, given: Secrets) -> dict[str, Any]:
    """The members of a request that say where the secret `name` is, or what it is; `stem` begins all but one of them."""
    if value is None:
        return {}
    if value["source"] == EXTERNAL:
        where = {"secretId": value["secretId"], "jsonKey": value["jsonKey"]}
        return {f"{stem}Config": where, f"{stem}Source": EXTERNAL}
    return {name: given[name], f"{stem}Source": MANAGED} if name in given else {}


def _secret_found(stem: str, found: Mapping[str, Any]) -> dict[str, Any] | None:
    """The secret as an answer tells of it: where it is, or only that the service manages it."""
    where = (found.get(f"{stem}Arn") or {}).get("secretArn")
    if found.get(f"{stem}Source") == EXTERNAL:
        return {"source": EXTERNAL, "secretId": where, "jsonKey": found.get(f"{stem}JsonKey")}
    return {"source": MANAGED} if where or found.get(f"{stem}Source") else None


def _oauth2_request(attributes: Mapping[str, Any], given: Secrets) -> dict[str, Any]:
    vendor, secret = attributes[VENDOR.name], attributes[CLIENT_SECRET.name]
    config = {**plain(attributes[CONFIG.name]), **_secret_sent("clientSecret", "clientSecret", secret, given)}
    return {VENDOR.name: vendor, "oauth2ProviderConfigInput": {config_member(vendor): config}}


def _oauth2_answer(found: Mapping[str, Any]) -> dict[str, Any]:
    vendor = found[VENDOR.name]
    config = dict(found["oauth2ProviderConfigOutput"].get(config_member(vendor)) or {})
    if vendor != CUSTOM:  # where the service itself found out what everybody knows
        metadata = config.pop("oauthDiscovery", {}).get("authorizationServerMetadata") or {}
        config |= {name: metadata[name] for name in _ENDPOINTS if name in metadata}
    return {VENDOR.name: vendor, CONFIG.name: config, CLIENT_SECRET.name: _secret_found("clientSecret", found)}


def _oauth2_outputs(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"callbackUrl": found.get("callbackUrl"), "secretArn": (found.get("clientSecretArn") or {}).get("secretArn")}


def _api_key_request(attributes: Mapping[str, Any], given: Secrets) -> dict[str, Any]:
    return _secret_sent("apiKey", "apiKeySecret", attributes[API_KEY.name], given)


def _api_key_answer(found: Mapping[str, Any]) -> dict[str, Any]:
    return {API_KEY.name: _secret_found("apiKeySecret", found)}


def _api_key_outputs(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"secretArn": (found.get("apiKeySecretArn") or {}).get("secretArn")}


OAUTH2_PROVIDER = Kind(
    type="oauth2_credential_provider",
    section="oauth2CredentialProviders",
    singular="OAuth2 credential provider",
    plural="OAuth2 credential providers",
    name=_NAME,
    attributes=(VENDOR, CONFIG, CLIENT_SECRET, TAGS, OWNER, EXPIRES),
    api=Api(
        create="CreateOauth2CredentialProvider",
        get="GetOauth2CredentialProvider",
        list="ListOauth2CredentialProviders",
        update="UpdateOauth2CredentialProvider",
        delete="DeleteOauth2CredentialProvider",
        items="credentialProviders",
        arn="credentialProviderArn",
        page_size=20,
        resource="token-vault/default/oauth2credentialprovider/{name}",
        rate=20.0,
        dated=True,
        settles=True,
    ),
    rank=1,
    most=50,
    stranded="Users' OAuth consents are stranded: the token vault keeps them by workload, user and provider.",
    request=_oauth2_request,
    answer=_oauth2_answer,
    outputs=_oauth2_outputs,
)

API_KEY_PROVIDER = Kind(
    type="api_key_credential_provider",
    section="apiKeyCredentialProviders",
    singular="API-key credential provider",
    plural="API-key credential providers",
    name=_NAME,
    attributes=(API_KEY, TAGS, OWNER, EXPIRES),
    api=Api(
        create="CreateApiKeyCredentialProvider",
        get="GetApiKeyCredentialProvider",
        list="ListApiKeyCredentialProviders",
        update="UpdateApiKeyCredentialProvider",
        delete="DeleteApiKeyCredentialProvider",
        items="credentialProviders",
        arn="credentialProviderArn",
        page_size=100,
        resource="token-vault/default/apikeycredentialprovider/{name}",
        rate=20.0,
        dated=True,
    ),
    rank=1,
    most=50,
    request=_api_key_request,
    answer=_api_key_answer,
    outputs=_api_key_outputs,
)
