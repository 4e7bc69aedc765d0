"""What the data plane does for a workload: its access tokens, and credentials for them. One function for each operation.

No credential here is real, and none is stored: what is handed out is made from the provider's name. IAM is not emulated.
Facts from the service model (`bedrock-agentcore` 2024-02-28), the developer guide and public reports; the rest is said to be
inferred.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any, NamedTuple
from urllib.parse import quote

from reconciler.emulator.calls import Call, Operation
from reconciler.emulator.faults import Fault
from reconciler.emulator.things import API_KEY_PROVIDER, IDENTITY, OAUTH2_PROVIDER, Identity, Provider

_KEY = b"the emulated directory"
_SEAL = 16


class _Workload(NamedTuple):
    """Whom a workload access token stands for: an identity, and the user on whose behalf it acts ("" for none)."""

    identity: Identity
    user: str


def token(call: Call) -> dict[str, Any]:
    """GetWorkloadAccessToken: for a workload that does not act for a user."""
    return _issued(call, user="")


def token_for_jwt(call: Call) -> dict[str, Any]:
    """GetWorkloadAccessTokenForJWT: the user is who the token's `iss` and `sub` say. Signatures are not looked at."""
    claims = _claims(call.params["userToken"])
    expires = claims.get("exp")
    if not claims.get("iss") or not claims.get("sub") or (expires is not None and expires <= call.store.clock()):
        raise Fault("UnauthorizedException", "The user token is not valid: it lacks iss or sub, or it has expired")
    return _issued(call, user=f"{claims['iss']} {claims['sub']}")


def token_for_user_id(call: Call) -> dict[str, Any]:
    """GetWorkloadAccessTokenForUserId: the user is whoever the caller says."""
    return _issued(call, user=call.params["userId"])


def api_key(call: Call) -> dict[str, Any]:
    """GetResourceApiKey."""
    _workload(call)
    provider = call.seen(API_KEY_PROVIDER, call.params["resourceCredentialProviderName"])
    if provider.lost:
        raise Fault("ValidationException", f"There is no API key of the provider '{provider.name}'")
    return {"apiKey": f"emulated-key-of-{provider.name}"}


def oauth2_token(call: Call) -> dict[str, Any]:
    """GetResourceOauth2Token."""
    workload = _workload(call)
    provider = call.seen(OAUTH2_PROVIDER, call.params["resourceCredentialProviderName"])
    status = provider.status_at(call.store.clock())
    if status != "READY":
        raise Fault("ValidationException", f"The provider '{provider.name}' is not READY but {status}")
    match call.params["oauth2Flow"]:
        case "USER_FEDERATION":
            return _authorization(call, workload, provider)
        case "ON_BEHALF_OF_TOKEN_EXCHANGE":
            if not provider.config.get("onBehalfOfTokenExchangeConfig"):
                raise Fault(
                    "ValidationException", f"The provider '{provider.name}' has no onBehalfOfTokenExchangeConfig"
                )
            _need_user(workload)
    # M2M takes a token made for no user: the guide has GetWorkloadAccessToken for workloads that act for themselves.
    if provider.lost:
        # The service hands on nothing of what the authorization server said (aws/bedrock-agentcore-sdk-python#81).
        raise Fault("ValidationException", "Error parsing ClientCredentials response")
    return {"accessToken": f"emulated-token-of-{provider.name}"}


def _authorization(call: Call, workload: _Workload, provider: Provider) -> dict[str, Any]:
    """A user has to consent first: nobody can do so here, so it is the terms that say whether that was done."""
    _need_user(workload)
    if call.terms.consented and not call.params.get("forceAuthentication"):
        return {"accessToken": f"emulated-token-of-{provider.name}"}
    back = call.params.get("resourceOauth2ReturnUrl")
    if not back or (back not in workload.identity.urls and not call.terms.any_return_url):
        raise Fault(
            "ValidationException",
            "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow",
        )
    wanted = "\n".join((workload.identity.name, workload.user, provider.name, back, *call.params["scopes"]))
    session = f"urn:ietf:params:oauth:request_uri:{hashlib.sha256(wanted.encode()).hexdigest()}"
    host = f"https://bedrock-agentcore.{call.scope.region}.amazonaws.com"
    return {
        "authorizationUrl": f"{host}/identities/oauth2/authorize?request_uri={quote(session, safe='')}",
        "sessionUri": session,
        "sessionStatus": "IN_PROGRESS",
    }


def _need_user(workload: _Workload) -> None:
    """The vault keeps users' tokens by workload, user and provider, so there must be one. The error is inferred."""
    if not workload.user:
        raise Fault("ValidationException", "This flow needs a workload access token that was made for a user")


def _issued(call: Call, user: str) -> dict[str, Any]:
    identity = call.seen(IDENTITY, call.params["workloadName"])
    if identity.linked:
        raise Fault(
            "ValidationException",
            "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller",
        )
    expires = call.store.clock() + call.terms.token_seconds
    raw = json.dumps([*call.scope, identity.name, user, expires]).encode()
    # The seal stands behind: before, it could begin with a hyphen, which a shell's command takes for an option.
    return {"workloadAccessToken": base64.urlsafe_b64encode(raw + _seal(raw)).decode()}


def _workload(call: Call) -> _Workload:
    """Who calls. A token that was not made here, for this place, or is too old, is no token; the error is inferred."""
    try:
        sealed = base64.b64decode(call.params["workloadIdentityToken"], altchars=b"-_", validate=True)
    except ValueError:
        sealed = b""
    raw, seal = sealed[:-_SEAL], sealed[-_SEAL:]
    if raw and hmac.compare_digest(seal, _seal(raw)):
        account, region, name, user, expires = json.loads(raw)
        if (account, region) == call.scope and call.store.clock() < expires:
            return _Workload(call.seen(IDENTITY, name), user)
    raise Fault("UnauthorizedException", "The workload access token is not valid, or it has expired")


def _seal(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, key=_KEY, digest_size=_SEAL).digest()


def _claims(user_token: str) -> dict[str, Any]:
    """The claims of a JWT; none for what is no JWT."""
    try:
        payload = user_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


OPERATIONS: dict[str, Operation] = {
    "GetWorkloadAccessToken": token,
    "GetWorkloadAccessTokenForJWT": token_for_jwt,
    "GetWorkloadAccessTokenForUserId": token_for_user_id,
    "GetResourceApiKey": api_key,
    "GetResourceOauth2Token": oauth2_token,
}
