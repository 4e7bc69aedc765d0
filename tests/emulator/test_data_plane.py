"""What the data plane does for a workload, the same behind every door."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reconciler.emulator import Provider, Terms

BACK = "https://app.example/cb"
UNREGISTERED = "register and use at least one ResourceOauth2ReturnUrl on your workload identity"
ON_BEHALF = {"grantType": "JWT_AUTHORIZATION_GRANT"}


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as failure:
        call(**params)
    return failure.value.response["Error"]["Code"], failure.value.response["Error"]["Message"]


def jwt(**claims: Any) -> str:
    parts = ({"alg": "RS256"}, claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts)
    return ".".join((*encoded, "c2lnbmF0dXJl"))


@pytest.fixture
def furnished(door: Any) -> Any:
    """A door with an identity and providers behind it."""
    door.put("agent", BACK)
    door.put_all(
        Provider(name="stripe"),
        Provider(name="github", vendor="GithubOauth2", config={"clientId": "c"}),
        Provider(
            name="idp", vendor="CustomOauth2", config={"clientId": "c", "onBehalfOfTokenExchangeConfig": ON_BEHALF}
        ),
        Provider(name="forgotten", vendor="GithubOauth2", lost=True),
        Provider(name="forgotten", lost=True),
    )
    return door


def token_of(door: Any, user: str = "") -> str:
    token: str = (
        door.data.get_workload_access_token_for_user_id(workloadName="agent", userId=user)
        if user
        else door.data.get_workload_access_token(workloadName="agent")
    )["workloadAccessToken"]
    return token


def ask(door: Any, flow: str, *, provider: str = "github", token: str = "", **more: Any) -> dict[str, Any]:
    return {
        "workloadIdentityToken": token or token_of(door, "alice"),
        "resourceCredentialProviderName": provider,
        "scopes": ["repo"],
        "oauth2Flow": flow,
        **more,
    }


def test_a_token_is_had_in_three_ways(furnished: Any) -> None:
    data = furnished.data
    tokens = {
        token_of(furnished),
        token_of(furnished, "alice"),
        data.get_workload_access_token_for_jwt(
            workloadName="agent", userToken=jwt(iss="https://idp", sub="alice", exp=furnished.clock() + 60)
        )["workloadAccessToken"],
    }
    assert len(tokens) == 3
    for token in tokens:
        key = data.get_resource_api_key(workloadIdentityToken=token, resourceCredentialProviderName="stripe")["apiKey"]
        assert key == "emulated-key-of-stripe"


def test_an_identity_of_a_service_is_refused(furnished: Any) -> None:
    _, arn = furnished.make_runtime("invoices")
    name = arn.rpartition("/")[2]
    expected = (
        "ValidationException",
        "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller",
    )
    assert refused(furnished.data.get_workload_access_token, workloadName=name) == expected
    assert refused(furnished.data.get_workload_access_token_for_user_id, workloadName=name, userId="u") == expected
    user = jwt(iss="i", sub="s")
    assert refused(furnished.data.get_workload_access_token_for_jwt, workloadName=name, userToken=user) == expected


def test_nobody_and_nothing_are_not_found(furnished: Any) -> None:
    assert refused(furnished.data.get_workload_access_token, workloadName="nobody")[0] == "ResourceNotFoundException"
    token = token_of(furnished)
    code, _ = refused(
        furnished.data.get_resource_api_key, workloadIdentityToken=token, resourceCredentialProviderName="github"
    )
    assert code == "ResourceNotFoundException"
    asked = ask(furnished, "M2M", provider="stripe")
    assert refused(furnished.data.get_resource_oauth2_token, **asked)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "claims", [{"iss": "i"}, {"sub": "s"}, {"iss": "i", "sub": "s", "exp": 1_800_000_000}, {"iss": "", "sub": ""}]
)
def test_a_user_token_that_says_too_little_or_is_too_old_is_refused(furnished: Any, claims: dict[str, Any]) -> None:
    code, _ = refused(furnished.data.get_workload_access_token_for_jwt, workloadName="agent", userToken=jwt(**claims))
    assert code == "UnauthorizedException"


def test_a_token_is_checked(furnished: Any) -> None:
    good = token_of(furnished)
    forged = good[:-8] + ("A" * 8 if not good.endswith("A" * 8) else "B" * 8)
    for bad in (forged, "nonsense", "x", "é"):
        code, _ = refused(
            furnished.data.get_resource_api_key, workloadIdentityToken=bad, resourceCredentialProviderName="stripe"
        )
        assert code == "UnauthorizedException"
    asked = {"workloadIdentityToken": good, "resourceCredentialProviderName": "stripe"}
    furnished.clock.sleep(899)
    furnished.data.get_resource_api_key(**asked)
    furnished.clock.sleep(1)
    assert refused(furnished.data.get_resource_api_key, **asked)[0] == "UnauthorizedException"


def test_a_token_goes_with_its_identity(furnished: Any) -> None:
    token = token_of(furnished)
    furnished.client.delete_workload_identity(name="agent")
    asked = {"workloadIdentityToken": token, "resourceCredentialProviderName": "stripe"}
    assert refused(furnished.data.get_resource_api_key, **asked)[0] == "ResourceNotFoundException"


def test_a_machine_has_a_token_with_and_without_a_user(furnished: Any) -> None:
    for token in (token_of(furnished), token_of(furnished, "alice")):
        got = furnished.data.get_resource_oauth2_token(**ask(furnished, "M2M", token=token))
        assert got["accessToken"] == "emulated-token-of-github"
        assert "authorizationUrl" not in got


def test_a_user_is_sent_to_consent(furnished: Any) -> None:
    got = furnished.data.get_resource_oauth2_token(**ask(furnished, "USER_FEDERATION", resourceOauth2ReturnUrl=BACK))
    assert got["authorizationUrl"].startswith("https://bedrock-agentcore.us-east-1.amazonaws.com/identities/oauth2/")
    assert got["sessionUri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert got["sessionStatus"] == "IN_PROGRESS"
    assert "accessToken" not in got
    again = ask(furnished, "USER_FEDERATION", resourceOauth2ReturnUrl=BACK, sessionUri=got["sessionUri"])
    assert furnished.data.get_resource_oauth2_token(**again)["sessionUri"] == got["sessionUri"]
    other = ask(furnished, "USER_FEDERATION", token=token_of(furnished, "bob"), resourceOauth2ReturnUrl=BACK)
    assert furnished.data.get_resource_oauth2_token(**other)["sessionUri"] != got["sessionUri"]


@pytest.mark.parametrize("url", [{}, {"resourceOauth2ReturnUrl": "https://foreign.example/cb"}])
def test_a_user_is_sent_back_only_where_the_identity_allows(furnished: Any, url: dict[str, str]) -> None:
    code, message = refused(furnished.data.get_resource_oauth2_token, **ask(furnished, "USER_FEDERATION", **url))
    assert (code, UNREGISTERED in message) == ("ValidationException", True)


def test_a_user_who_agreed_already_is_not_sent_anywhere_unless_forced(furnished: Any) -> None:
    furnished.misbehaviour.terms = Terms(consented=True)
    got = furnished.data.get_resource_oauth2_token(**ask(furnished, "USER_FEDERATION", resourceOauth2ReturnUrl=BACK))
    assert (got["accessToken"], "authorizationUrl" in got) == ("emulated-token-of-github", False)
    forced = ask(furnished, "USER_FEDERATION", resourceOauth2ReturnUrl=BACK, forceAuthentication=True)
    assert "authorizationUrl" in furnished.data.get_resource_oauth2_token(**forced)


def test_a_service_that_sends_users_anywhere(furnished: Any) -> None:
    furnished.misbehaviour.terms = Terms(any_return_url=True)
    foreign = ask(furnished, "USER_FEDERATION", resourceOauth2ReturnUrl="https://foreign.example/cb")
    assert "authorizationUrl" in furnished.data.get_resource_oauth2_token(**foreign)
    code, message = refused(furnished.data.get_resource_oauth2_token, **ask(furnished, "USER_FEDERATION"))
    assert (code, UNREGISTERED in message) == ("ValidationException", True)


@pytest.mark.parametrize("flow", ["USER_FEDERATION", "ON_BEHALF_OF_TOKEN_EXCHANGE"])
def test_what_is_done_for_a_user_needs_one(furnished: Any, flow: str) -> None:
    asked = ask(furnished, flow, provider="idp", token=token_of(furnished), resourceOauth2ReturnUrl=BACK)
    code, message = refused(furnished.data.get_resource_oauth2_token, **asked)
    assert (code, "made for a user" in message) == ("ValidationException", True)


def test_on_behalf_of_needs_a_provider_that_is_told_how(furnished: Any) -> None:
    flow = "ON_BEHALF_OF_TOKEN_EXCHANGE"
    got = furnished.data.get_resource_oauth2_token(**ask(furnished, flow, provider="idp"))
    assert got["accessToken"] == "emulated-token-of-idp"
    code, message = refused(furnished.data.get_resource_oauth2_token, **ask(furnished, flow))
    assert (code, "onBehalfOfTokenExchangeConfig" in message) == ("ValidationException", True)


@pytest.mark.parametrize("flow", ["M2M", "USER_FEDERATION"])
def test_a_provider_that_is_not_ready_is_refused(furnished: Any, flow: str) -> None:
    failed = Provider(name="failed", vendor="XOauth2", status="CREATE_FAILED", failure="no")
    furnished.put_all(failed, replace(failed, name="new", status="READY", settles="CREATING", unsettled_reads=1))
    for name, status in (("failed", "CREATE_FAILED"), ("new", "CREATING")):
        asked = ask(furnished, flow, provider=name, resourceOauth2ReturnUrl=BACK)
        code, message = refused(furnished.data.get_resource_oauth2_token, **asked)
        assert (code, f"not READY but {status}" in message) == ("ValidationException", True)


def test_a_lost_secret_shows_only_here(furnished: Any) -> None:
    key = {"workloadIdentityToken": token_of(furnished), "resourceCredentialProviderName": "forgotten"}
    assert refused(furnished.data.get_resource_api_key, **key)[0] == "ValidationException"
    asked = ask(furnished, "M2M", provider="forgotten")
    assert refused(furnished.data.get_resource_oauth2_token, **asked) == (
        "ValidationException",
        "Error parsing ClientCredentials response",
    )


def test_the_model_is_checked_here_too(furnished: Any) -> None:
    for params in ({"workloadName": "no spaces"}, {"workloadName": "n" * 256}):
        assert "'workloadName'" in refused(furnished.data.get_workload_access_token, **params)[1]
    assert "'oauth2Flow'" in refused(furnished.data.get_resource_oauth2_token, **ask(furnished, "MAGIC"))[1]


def test_what_goes_wrong_on_request_does_so_here_too(furnished: Any) -> None:
    furnished.misbehaviour.fail("GetResourceApiKey", "ThrottlingException", name="stripe")
    asked = {"workloadIdentityToken": token_of(furnished), "resourceCredentialProviderName": "stripe"}
    assert refused(furnished.data.get_resource_api_key, **asked)[0] == "ThrottlingException"
    furnished.misbehaviour.lag(seconds=10)
    furnished.client.update_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=[])
    federated = ask(furnished, "USER_FEDERATION", resourceOauth2ReturnUrl=BACK)
    furnished.data.get_resource_oauth2_token(**federated)
    furnished.clock.sleep(10)
    assert refused(furnished.data.get_resource_oauth2_token, **federated)[0] == "ValidationException"
    assert furnished.misbehaviour.count("GetResourceApiKey") == 1


def test_what_is_not_emulated_says_so(door: Any) -> None:
    code, _ = refused(
        door.data.get_resource_payment_token,
        workloadIdentityToken="t",
        resourceCredentialProviderName="p",
        paymentTokenRequest={
            "coinbaseCdpTokenRequest": {"requestMethod": "GET", "requestHost": "h", "requestPath": "/"}
        },
    )
    assert code == "UnknownOperationException"
