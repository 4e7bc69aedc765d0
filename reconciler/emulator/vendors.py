"""The vendors of OAuth2 providers: which member of the API holds whose config, and what Get shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.emulator.faults import Fault

CUSTOM = "CustomOauth2"
_INCLUDED = "includedOauth2ProviderConfig"
_OWN = frozenset({
    CUSTOM, "AtlassianOauth2", "GithubOauth2", "GoogleOauth2", "LinkedinOauth2", "MicrosoftOauth2", "SalesforceOauth2",
    "SlackOauth2",
})  # fmt: skip
_ISSUERS = {
    "Auth0Oauth2": "example.auth0.com",
    "AtlassianOauth2": "auth.atlassian.com",
    "CognitoOauth2": "cognito-idp.us-east-1.amazonaws.com/us-east-1_Example",
    "CyberArkOauth2": "example.id.cyberark.cloud",
    "GoogleOauth2": "accounts.google.com",
    "MicrosoftOauth2": "login.microsoftonline.com/common/v2.0",
    "SalesforceOauth2": "login.salesforce.com",
    "TwitchOauth2": "id.twitch.tv/oauth2",
}
"""Whose issuer is not simply the vendor's name with .com. Nothing ever asks there: the emulator shows the addresses only."""


def member_of(vendor: str) -> str:
    """The member of `oauth2ProviderConfigInput` and `…Output` that holds the config of this vendor."""
    return f"{vendor[0].lower()}{vendor[1:]}ProviderConfig" if vendor in _OWN else _INCLUDED


def config_in(params: Mapping[str, Any]) -> dict[str, Any]:
    """The vendor's config in the parameters of Create or Update. Raises ValidationException if it is another vendor's."""
    vendor, union = params["credentialProviderVendor"], params["oauth2ProviderConfigInput"]
    member = member_of(vendor)
    if not isinstance(union.get(member), dict):
        given = ", ".join(name for name, value in union.items() if value is not None)
        raise Fault("ValidationException", f"credentialProviderVendor {vendor} needs {member}, not {given}")
    return dict(union[member])


def shown(vendor: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """`oauth2ProviderConfigOutput`: of a custom provider all that it was given, of another its client and its discovery."""
    if vendor == CUSTOM:
        return {member_of(vendor): {**config, "clientId": config.get("clientId") or None}}
    return {member_of(vendor): {"clientId": config.get("clientId"), "oauthDiscovery": _discovery(vendor, config)}}


def needs_secret(vendor: str, config: Mapping[str, Any]) -> bool:
    """Whether the client authenticates by a secret. By another way only a custom one can."""
    on_behalf = (config.get("onBehalfOfTokenExchangeConfig") or {}).get("onBehalfOfAuthenticationConfig") or {}
    others = (config.get("clientAuthenticationMethod"), on_behalf.get("clientAuthenticationMethod"))
    return vendor != CUSTOM or not {"AWS_IAM_ID_TOKEN_JWT", "PRIVATE_KEY_JWT", "NO_CLIENT"}.intersection(others)


def _discovery(vendor: str, config: Mapping[str, Any]) -> dict[str, Any]:
    issuer = "https://" + _ISSUERS.get(vendor, f"{vendor.removesuffix('Oauth2').lower()}.com")
    usual = {
        "issuer": issuer,
        "authorizationEndpoint": f"{issuer}/oauth2/authorize",
        "tokenEndpoint": f"{issuer}/oauth2/token",
    }
    given = {member: config[member] for member in usual if config.get(member)}
    if given:
        return {"authorizationServerMetadata": {**usual, **given}}
    return {"discoveryUrl": f"{issuer}/.well-known/openid-configuration"}
