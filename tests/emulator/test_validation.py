"""Requests that the service refuses, the same behind every door: maximums and patterns, which botocore lets through."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from reconciler.emulator import Store, attach

URL = "https://a.example/cb"


def refusal(door: Any, call: str, **params: Any) -> str:
    with pytest.raises(ClientError) as failure:
        getattr(door.client, call)(**params)
    error = failure.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert failure.value.response["reason"] == "FieldValidationFailed"
    return error["Message"]


@pytest.mark.parametrize(
    ("params", "where", "why"),
    [
        ({"name": "n" * 256}, "name", "Member must have length less than or equal to 255"),
        ({"name": "no spaces"}, "name", "Member must satisfy regular expression pattern: [A-Za-z0-9_.-]+"),
        ({"name": "no-newline\n"}, "name", "Member must satisfy regular expression pattern: [A-Za-z0-9_.-]+"),
        ({"name": "n\u00e4me"}, "name", "Member must satisfy regular expression pattern: [A-Za-z0-9_.-]+"),
        (
            {"name": "agent", "allowedResourceOauth2ReturnUrls": [URL, "not a url"]},
            "allowedResourceOauth2ReturnUrls.2.member",
            "Member must satisfy regular expression pattern: ",
        ),
        (
            {"name": "agent", "allowedResourceOauth2ReturnUrls": [URL + "x" * 2048]},
            "allowedResourceOauth2ReturnUrls.1.member",
            "Member must have length less than or equal to 2048",
        ),
        (
            {"name": "agent", "tags": {"k" * 129: "v"}},
            "tags",
            "Map keys must satisfy constraint: [Member must have length less than or equal to 128]",
        ),
        (
            {"name": "agent", "tags": {"key": "v" * 257}},
            "tags.key.member",
            "Map value must satisfy constraint: [Member must have length less than or equal to 256]",
        ),
        (
            {"name": "agent", "tags": {"key": "semi;colon"}},
            "tags.key.member",
            "Map value must satisfy constraint: [Member",
        ),
        (
            {"name": "agent", "tags": {f"key-{number}": "" for number in range(51)}},
            "tags",
            "Member must have length less than or equal to 50",
        ),
    ],
)
def test_create_refuses_what_the_model_does_not_allow(door: Any, params: dict[str, Any], where: str, why: str) -> None:
    message = refusal(door, "create_workload_identity", **params)

    assert message.startswith(f"1 validation error detected: Value at '{where}' failed to satisfy constraint: {why}")
    assert door.store.count(door.scope) == 0


@pytest.mark.parametrize(
    "params",
    [
        {"name": "abc"},
        {"name": "n" * 255},
        {"name": "A-Z.a_z-09"},
        {"name": "agent", "allowedResourceOauth2ReturnUrls": [URL + "x" * (2048 - len(URL))]},
        {"name": "agent", "allowedResourceOauth2ReturnUrls": ["myapp:callback", "http:/x", "custom://x?y#z"]},
        {"name": "agent", "tags": {"k" * 128: "v" * 256, "empty": ""}},
        {"name": "agent", "tags": {f"key-{number}": "" for number in range(50)}},
        {"name": "agent", "tags": {"a b._:/=+@-": "a b._:/=+@-"}},
        {"name": "agent", "allowedResourceOauth2ReturnUrls": [f"https://{number}.example/cb" for number in range(300)]},
    ],
)
def test_create_takes_everything_up_to_the_limits(door: Any, params: dict[str, Any]) -> None:
    door.client.create_workload_identity(**params)
    stored = door.stored(params["name"])
    assert stored.urls == tuple(params.get("allowedResourceOauth2ReturnUrls", ()))
    assert stored.tags == params.get("tags", {})


def test_all_that_is_wrong_is_said_at_once(door: Any) -> None:
    message = refusal(
        door, "create_workload_identity", name="n" * 255 + "\u00fc", allowedResourceOauth2ReturnUrls=[" "]
    )
    assert message.startswith("3 validation errors detected: ")
    assert message.count("; Value at '") == 2


@pytest.mark.parametrize("call", ["get_workload_identity", "update_workload_identity", "delete_workload_identity"])
def test_every_operation_checks_the_name(door: Any, call: str) -> None:
    assert "'name'" in refusal(door, call, name="not/a/name")


def test_a_page_has_at_most_twenty_entries(door: Any) -> None:
    message = refusal(door, "list_workload_identities", maxResults=21)
    assert (
        "Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 20" in message
    )


def test_an_enumeration_is_checked(door: Any) -> None:
    message = refusal(door, "create_payment_manager", name="x", roleArn=door.role, authorizerType="MAGIC")
    assert "Value at 'authorizerType' failed to satisfy constraint: Member must satisfy enum value set: " in message


@pytest.mark.parametrize(
    ("path", "union"),
    [
        ("", {}),
        ("", {"githubOauth2ProviderConfig": {"clientId": "c"}, "slackOauth2ProviderConfig": {"clientId": "c"}}),
        (".customOauth2ProviderConfig.oauthDiscovery", {"customOauth2ProviderConfig": {"oauthDiscovery": {}}}),
    ],
)
def test_of_a_union_exactly_one_member_is_set(store: Store, path: str, union: dict[str, Any]) -> None:
    # botocore checks that, too, unless it is told not to; other clients may not.
    client = boto3.client("bedrock-agentcore-control", config=Config(parameter_validation=False))
    attach(client, store)
    with pytest.raises(ClientError, match="Exactly one of its members must be set") as failure:
        client.create_oauth2_credential_provider(
            name="idp", credentialProviderVendor="CustomOauth2", oauth2ProviderConfigInput=union
        )
    assert failure.value.response["Error"]["Code"] == "ValidationException"
    assert f"Value at 'oauth2ProviderConfigInput{path}' failed" in failure.value.response["Error"]["Message"]


def test_what_is_wrong_with_a_secret_is_said_without_it(store: Store) -> None:
    client = boto3.client("bedrock-agentcore-control", config=Config(parameter_validation=False))
    attach(client, store)
    secret = "never-shown-7f3a"
    for wrong in (secret * 200, [secret], {secret: secret}):
        config = {"githubOauth2ProviderConfig": {"clientId": "c", "clientSecret": wrong}}
        for call, params in (
            (client.create_api_key_credential_provider, {"apiKey": wrong if isinstance(wrong, list) else [wrong]}),
            (
                client.create_oauth2_credential_provider,
                {"credentialProviderVendor": "GithubOauth2", "oauth2ProviderConfigInput": config},
            ),
        ):
            with pytest.raises(ClientError, match="failed to satisfy constraint") as failure:
                call(name="github", **params)
            assert secret not in str(failure.value)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "SerializationException"),
        (b"[]", "SerializationException"),
        (b"{}", "ValidationException"),
        (b'{"name": null}', "ValidationException"),
        (b'{"name": 7}', "ValidationException"),
        (b'{"name": true}', "ValidationException"),
        (b'{"name": "agent", "allowedResourceOauth2ReturnUrls": "https://a"}', "ValidationException"),
        (b'{"name": "agent", "tags": {"k": 1}}', "ValidationException"),
        (b'{"name": "agent", "tags": ["k"]}', "ValidationException"),
    ],
)
def test_a_hand_made_request_is_refused_not_crashed_on(http_emulator: Any, body: bytes, code: str) -> None:
    request = urllib.request.Request(
        f"{http_emulator.url}/identities/CreateWorkloadIdentity",
        data=body,
        method="POST",
        headers={
            "Content-Type": "application/json",
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/bedrock-agentcore/"
            "aws4_request, SignedHeaders=host, Signature=0",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as failure:
        urllib.request.urlopen(request)
    with failure.value as answer:
        assert answer.code == 400
        assert answer.headers["x-amzn-ErrorType"] == code
        assert json.loads(answer.read())["message"]
