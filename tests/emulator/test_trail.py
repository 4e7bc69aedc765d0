"""The audit trail: what calls leave behind, who is said to have made them, and how LookupEvents shows it, at every door."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from reconciler.emulator import (
    ACCOUNT,
    ROOT,
    Misbehaviour,
    Scope,
    Store,
    attach,
    aws_service,
    iam_user,
    moto_extension,
    role,
    sso_user,
    statements,
)

REGION = "us-east-1"
SOURCE = [{"AttributeKey": "EventSource", "AttributeValue": "bedrock-agentcore.amazonaws.com"}]
URL = "https://a.example/cb"
SIGNED = {
    "embedded": ("AKIAIOSFODNN7EXAMPLE", "emulated"),
    "http": ("AKIAIOSFODNN7EXAMPLE", "emulated"),
    "moto": ("FOOBARKEY", "FOOBARKEY"),  # moto's mock has a key of its own in the environment
}
"""By door: the key that signs, and whom it stands for where nobody says so."""
ARN = "arn:aws:bedrock-agentcore:us-east-1:{account}:workload-identity-directory/default/workload-identity/{name}"


def trail_client(door: Any) -> Any:
    """A client of CloudTrail at the same door."""
    where = {"endpoint_url": door.client.meta.endpoint_url} if door.door == "http" else {}
    client = boto3.client("cloudtrail", REGION, config=Config(retries={"total_max_attempts": 1}), **where)
    if door.door == "embedded":
        attach(client, door.store, misbehaviour=door.misbehaviour)
    return client


@pytest.fixture
def trail(door: Any) -> Iterator[Any]:
    client = trail_client(door)
    yield client
    client.close()


@pytest.fixture
def embedded_trail(store: Store, misbehaviour: Misbehaviour) -> Iterator[Any]:
    client = boto3.client("cloudtrail", REGION, config=Config(retries={"total_max_attempts": 1}))
    attach(client, store, misbehaviour=misbehaviour)
    yield client
    client.close()


def events(trail: Any, **asked: Any) -> list[dict[str, Any]]:
    """All pages, newest first."""
    return [one for page in trail.get_paginator("lookup_events").paginate(**asked) for one in page["Events"]]


def records(trail: Any, **asked: Any) -> list[dict[str, Any]]:
    return [json.loads(one["CloudTrailEvent"]) for one in events(trail, **asked)]


def test_every_operation_that_changes_something_leaves_an_event_and_no_other(door: Any, trail: Any) -> None:
    client, account = door.client, door.scope.account
    arn = client.create_workload_identity(name="agent")["workloadIdentityArn"]
    client.update_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=[URL])
    client.tag_resource(resourceArn=arn, tags={"team": "pay"})
    client.untag_resource(resourceArn=arn, tagKeys=["team"])
    client.create_api_key_credential_provider(name="stripe", apiKey="k")
    client.update_api_key_credential_provider(name="stripe", apiKey="l")
    config = {"githubOauth2ProviderConfig": {"clientId": "c", "clientSecret": "s"}}
    vendor = {"credentialProviderVendor": "GithubOauth2", "oauth2ProviderConfigInput": config}
    client.create_oauth2_credential_provider(name="github", **vendor)
    client.update_oauth2_credential_provider(name="github", **vendor)
    client.set_token_vault_cmk(kmsConfiguration={"keyType": "ServiceManagedKey"})
    runtime, _ = door.make_runtime("agent_1")
    gateway, _ = door.make_gateway("gate")
    manager, _ = door.make_payment_manager("payer")
    for kind, parent in (("runtime", runtime), ("gateway", gateway), ("payment-manager", manager)):
        door.remove(kind, parent)
    client.delete_api_key_credential_provider(name="stripe")
    client.delete_oauth2_credential_provider(name="github")
    client.delete_workload_identity(name="agent")
    client.list_workload_identities()
    found = records(trail, LookupAttributes=SOURCE)

    assert [one["eventName"] for one in reversed(found)] == [
        "CreateWorkloadIdentity", "UpdateWorkloadIdentity", "TagResource", "UntagResource",
        "CreateApiKeyCredentialProvider", "UpdateApiKeyCredentialProvider",
        "CreateOauth2CredentialProvider", "UpdateOauth2CredentialProvider", "SetTokenVaultCMK",
        "CreateAgentRuntime", "CreateGateway", "CreatePaymentManager",
        "DeleteAgentRuntime", "DeleteGateway", "DeletePaymentManager",
        "DeleteApiKeyCredentialProvider", "DeleteOauth2CredentialProvider", "DeleteWorkloadIdentity",
    ]  # fmt: skip
    assert {one["recipientAccountId"] for one in found} == {account}
    assert all(one["readOnly"] is False and one["eventTime"] == "2027-01-15T08:00:00Z" for one in found)
    assert len({one["eventID"] for one in found}) == len(found)


def test_an_event_has_the_form_of_a_management_event_of_cloudtrail(door: Any, trail: Any) -> None:
    door.client.create_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=[URL], tags={"team": "pay"})
    (shown,) = events(trail)
    record = json.loads(shown["CloudTrailEvent"])
    account = door.scope.account
    arn = ARN.format(account=account, name="agent")

    assert record.pop("requestID") != record["eventID"]
    answered = record.pop("responseElements")
    assert answered["workloadIdentityArn"] == arn
    assert answered["Access-Control-Expose-Headers"].startswith("x-amzn-RequestId,")
    assert record.pop("userAgent").startswith("Boto3/")
    user = record.pop("userIdentity")
    assert user.pop("principalId").startswith("AIDA")
    key, name = SIGNED[door.door]
    whose = {"accountId": account, "accessKeyId": key, "userName": name}
    assert user == {"type": "IAMUser", "arn": f"arn:aws:iam::{account}:user/{name}", **whose}
    assert record == {
        "eventVersion": "1.11",
        "eventTime": "2027-01-15T08:00:00Z",
        "eventSource": "bedrock-agentcore.amazonaws.com",
        "eventName": "CreateWorkloadIdentity",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {
            "name": "agent", "allowedResourceOauth2ReturnUrls": [URL], "tags": {"team": "pay"},
        },
        "eventID": shown["EventId"],
        "readOnly": False,
        "resources": [{"accountId": account, "type": "AWS::BedrockAgentCore::WorkloadIdentity", "ARN": arn}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }  # fmt: skip
    del shown["CloudTrailEvent"], shown["EventId"]
    assert shown == {
        "EventName": "CreateWorkloadIdentity",
        "ReadOnly": "false",
        "AccessKeyId": key,
        "EventTime": datetime.datetime.fromtimestamp(1_800_000_000, datetime.UTC),
        "EventSource": "bedrock-agentcore.amazonaws.com",
        "Username": name,
        "Resources": [{"ResourceType": "AWS::BedrockAgentCore::WorkloadIdentity", "ResourceName": arn}],
    }


def test_secrets_are_hidden_also_in_what_was_refused(door: Any, trail: Any) -> None:
    secret = "s3cr3t-value"
    config = {"clientId": "c", "clientSecret": secret}
    vendor = {
        "credentialProviderVendor": "GithubOauth2",
        "oauth2ProviderConfigInput": {"githubOauth2ProviderConfig": config},
    }
    door.client.create_oauth2_credential_provider(name="github", **vendor)
    door.client.create_api_key_credential_provider(name="stripe", apiKey=secret)
    with pytest.raises(ClientError):
        door.client.create_api_key_credential_provider(name="no such name", apiKey=secret)
    refused, key, oauth2 = records(trail)

    assert secret not in json.dumps([refused, key, oauth2])
    hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert (refused["requestParameters"]["apiKey"], key["requestParameters"]["apiKey"]) == (hidden, hidden)
    shown = oauth2["requestParameters"]["oauth2ProviderConfigInput"]["githubOauth2ProviderConfig"]
    assert shown == {"clientId": "c", "clientSecret": hidden}


def test_a_refusal_is_an_event_with_its_error_and_changes_nothing(door: Any, trail: Any) -> None:
    door.put("agent")
    door.misbehaviour.deny("UpdateWorkloadIdentity")
    for call, params in (("create", {}), ("update", {"allowedResourceOauth2ReturnUrls": [URL]})):
        with pytest.raises(ClientError):
            getattr(door.client, f"{call}_workload_identity")(name="agent", **params)
    denied, exists = records(trail)

    assert (exists["errorCode"], exists["responseElements"]) == ("ValidationException", None)
    assert "already exists" in exists["errorMessage"]
    assert denied["errorCode"] == "AccessDeniedException"
    assert denied["requestParameters"] == {"name": "agent", "allowedResourceOauth2ReturnUrls": [URL]}
    assert door.stored("agent").urls == ()


def test_an_event_that_cannot_be_kept_undoes_the_change(
    embedded_client: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(store, "keep", full)
    for _ in range(2):
        with pytest.raises(ClientError, match="disk is full"):
            embedded_client.create_workload_identity(name="agent")
    assert store.count(Scope(ACCOUNT, REGION)) == 0


def test_a_parent_that_is_refused_leaves_an_event_too(door: Any, trail: Any) -> None:
    for kind in ("runtime", "gateway", "payment-manager"):
        with pytest.raises(ClientError):
            door.remove(kind, "nosuch-0123456789")
    assert [(one["eventName"], one["errorCode"]) for one in records(trail)] == [
        (f"Delete{one}", "ResourceNotFoundException") for one in ("PaymentManager", "Gateway", "AgentRuntime")
    ]


def test_many_at_once_leave_an_event_each(http_emulator: Any) -> None:
    client, trail = (
        boto3.client(one, REGION, endpoint_url=http_emulator.url) for one in ("bedrock-agentcore-control", "cloudtrail")
    )
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda number: client.create_workload_identity(name=f"agent-{number}"), range(120)))
    names = [one["requestParameters"]["name"] for one in records(trail)]
    assert sorted(names) == sorted(f"agent-{number}" for number in range(120))


def test_a_tombstone_wears_off_although_refusals_are_kept(door: Any, trail: Any) -> None:
    door.misbehaviour.terms = replace(door.misbehaviour.terms, tombstone_attempts=2)
    door.put("agent")
    door.client.delete_workload_identity(name="agent")
    for _ in range(2):
        with pytest.raises(ClientError, match="already exists"):
            door.client.create_workload_identity(name="agent")
    door.client.create_workload_identity(name="agent")
    assert ["errorCode" in one for one in records(trail)] == [False, True, True, False]


def test_a_lost_answer_leaves_an_event_and_a_lost_call_none(door: Any, trail: Any) -> None:
    for committed in (False, True):
        door.misbehaviour.drop("CreateWorkloadIdentity", committed=committed)
        with pytest.raises(Exception, match=r"[Cc]onnection"):
            door.client.create_workload_identity(name=f"agent-{committed}")
    assert [one["requestParameters"]["name"] for one in records(trail)] == ["agent-True"]


@pytest.mark.parametrize(
    ("caller", "username", "arn"),
    [
        (iam_user("jane"), "jane", "arn:aws:iam::{}:user/jane"),
        (role("Admin", "jane"), "jane", "arn:aws:sts::{}:assumed-role/Admin/jane"),
        (sso_user("Ops", "jane@example.com"), "jane@example.com", "arn:aws:sts::{}:assumed-role/AWSReservedSSO_Ops_"),
        (ROOT, "root", "arn:aws:iam::{}:root"),
        (aws_service("cloudformation.amazonaws.com"), None, None),
    ],
)
def test_who_calls_may_be_said(door: Any, trail: Any, caller: Any, username: str | None, arn: str | None) -> None:
    with door.misbehaviour.trail.acting(caller):
        door.client.create_workload_identity(name="agent")
    door.client.delete_workload_identity(name="agent")
    after, during = events(trail)

    assert after["Username"] == SIGNED[door.door][1]
    assert during.get("Username") == username
    user = json.loads(during["CloudTrailEvent"])["userIdentity"]
    assert user["type"] == caller.kind
    if arn is None:
        assert user == {"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"}
    else:
        assert user["arn"].startswith(arn.format(door.scope.account))


def test_an_access_key_stands_for_whom_it_was_said_to_and_a_word_for_a_user(
    store: Store, misbehaviour: Misbehaviour, embedded_trail: Any
) -> None:
    misbehaviour.trail.callers["ASIAOFADMIN"] = role("Admin", "nightly", console=True, address="203.0.113.9")
    for key in ("ASIAOFADMIN", "jane"):
        keys = {"aws_access_key_id": key, "aws_secret_access_key": "x"}
        client = boto3.client("bedrock-agentcore-control", REGION, **keys)
        attach(client, store, misbehaviour=misbehaviour)
        client.create_workload_identity(name=f"of-{key}")
    jane, admin = records(embedded_trail)

    assert jane["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/jane"
    assert admin["userIdentity"]["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/nightly"
    assert admin["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "Admin"
    assert (admin["sourceIPAddress"], admin["sessionCredentialFromConsole"]) == ("203.0.113.9", "true")


def test_the_role_sessions_and_users_of_moto_are_known(http_emulator: Any) -> None:
    url = {"endpoint_url": http_emulator.url, "region_name": REGION}
    iam = boto3.client("iam", **url)
    iam.create_user(UserName="jane")
    key = iam.create_access_key(UserName="jane")["AccessKey"]
    admin = iam.create_role(RoleName="Admin", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    session = boto3.client("sts", **url).assume_role(RoleArn=admin, RoleSessionName="nightly")["Credentials"]
    for one in (key, session):
        keys = {"aws_access_key_id": one["AccessKeyId"], "aws_secret_access_key": one["SecretAccessKey"]}
        client = boto3.client("bedrock-agentcore-control", **keys, aws_session_token=one.get("SessionToken"), **url)
        client.create_workload_identity(name=f"of-{one['AccessKeyId']}")
    found = records(boto3.client("cloudtrail", **url))
    assert [one["userIdentity"]["arn"] for one in found] == [
        "arn:aws:sts::123456789012:assumed-role/Admin/nightly",
        "arn:aws:iam::123456789012:user/jane",
    ]


def test_more_than_a_page_is_read_by_token_newest_first(
    embedded_client: Any, embedded_trail: Any, clock: Any, misbehaviour: Misbehaviour
) -> None:
    for number in range(120):
        embedded_client.create_workload_identity(name=f"agent-{number:03}")
        clock.now += 0.4  # several in one second
    pages = list(embedded_trail.get_paginator("lookup_events").paginate(LookupAttributes=SOURCE))

    assert [len(one["Events"]) for one in pages] == [50, 50, 20]
    assert misbehaviour.count("LookupEvents") == 3
    names = [
        json.loads(one["CloudTrailEvent"])["requestParameters"]["name"] for page in pages for one in page["Events"]
    ]
    assert names == [f"agent-{number:03}" for number in reversed(range(120))]


def test_attributes_choose(embedded_client: Any, embedded_trail: Any, misbehaviour: Misbehaviour) -> None:
    with misbehaviour.trail.acting(role("Admin", "jane", access_key="ASIAJANE")):
        embedded_client.create_workload_identity(name="agent")
    embedded_client.create_workload_identity(name="other")
    embedded_client.create_api_key_credential_provider(name="stripe", apiKey="k")
    (mine,) = events(embedded_trail, LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": "jane"}])

    def names(key: str, value: str) -> list[str]:
        found = records(embedded_trail, LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])
        return [one["requestParameters"]["name"] for one in found]

    assert names("EventName", "CreateWorkloadIdentity") == ["other", "agent"]
    assert names("EventId", mine["EventId"]) == ["agent"]
    assert names("AccessKeyId", "ASIAJANE") == ["agent"]
    assert names("ResourceName", ARN.format(account=ACCOUNT, name="other")) == ["other"]
    assert names("ResourceType", "AWS::BedrockAgentCore::ApiKeyCredentialProvider") == ["stripe"]
    assert names("ReadOnly", "true") == []
    assert len(names("ReadOnly", "false")) == 3
    assert names("EventSource", "iam.amazonaws.com") == []


def test_a_span_of_time_includes_both_ends(embedded_client: Any, embedded_trail: Any, clock: Any) -> None:
    for number in range(4):
        embedded_client.create_workload_identity(name=f"agent-{number}")
        clock.now += 60
    first = datetime.datetime.fromtimestamp(1_800_000_000, datetime.UTC)
    minute = datetime.timedelta(minutes=1)
    found = records(embedded_trail, StartTime=first + minute, EndTime=first + 2 * minute)
    assert [one["requestParameters"]["name"] for one in found] == ["agent-2", "agent-1"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"StartTime": 20, "EndTime": 10}, "InvalidTimeRangeException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"LookupAttributes": SOURCE * 2}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [{"AttributeKey": "Colour", "AttributeValue": "x"}]}, "InvalidLookupAttributesException"),
        ({"NextToken": "made up"}, "InvalidNextTokenException"),
        ({"EventCategory": "data"}, "InvalidEventCategoryException"),
    ],
)
def test_what_cannot_be_asked_is_refused_as_cloudtrail_does(trail: Any, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        trail.lookup_events(**asked)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_token_is_good_for_its_own_question_alone(embedded_client: Any, embedded_trail: Any) -> None:
    for number in range(3):
        embedded_client.create_workload_identity(name=f"agent-{number}")
    token = embedded_trail.lookup_events(MaxResults=1)["NextToken"]
    assert len(embedded_trail.lookup_events(MaxResults=2, NextToken=token)["Events"]) == 2
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        embedded_trail.lookup_events(LookupAttributes=SOURCE, NextToken=token)


def test_events_come_late_out_of_order_twice_or_not_at_all(
    embedded_client: Any, embedded_trail: Any, clock: Any, misbehaviour: Misbehaviour
) -> None:
    misbehaviour.trail.late(600, name="late")
    misbehaviour.trail.repeat(name="twice")
    misbehaviour.trail.lose("CreateWorkloadIdentity", name="lost")
    for name in ("late", "twice", "lost", "plain"):
        embedded_client.create_workload_identity(name=name)
        clock.now += 1

    def names() -> list[str]:
        return [one["requestParameters"]["name"] for one in records(embedded_trail)]

    assert names() == ["plain", "twice", "twice"]
    clock.now += 600
    assert names() == ["plain", "twice", "twice", "late"]
    assert len({one["EventId"] for one in events(embedded_trail)}) == 3

    misbehaviour.trail.delay = 900
    embedded_client.delete_workload_identity(name="plain")
    assert len(names()) == 4
    misbehaviour.reset()
    clock.now += 901
    assert names()[0] == "plain"


def test_lookups_are_throttled_and_denied_on_request(trail: Any, misbehaviour: Misbehaviour, clock: Any) -> None:
    misbehaviour.throttle("LookupEvents", rate=2)
    for _ in range(2):
        trail.lookup_events()
    with pytest.raises(ClientError, match="ThrottlingException"):
        trail.lookup_events()
    clock.now += 0.5
    trail.lookup_events()
    misbehaviour.reset()
    misbehaviour.deny("LookupEvents")
    with pytest.raises(ClientError, match=r"AccessDeniedException.*cloudtrail:LookupEvents"):
        trail.lookup_events()


def test_reading_calls_are_kept_on_request(
    embedded_client: Any, embedded_trail: Any, misbehaviour: Misbehaviour
) -> None:
    embedded_client.create_workload_identity(name="agent")
    misbehaviour.trail.reads = True
    embedded_client.get_workload_identity(name="agent")
    embedded_client.list_workload_identities()
    listed, got, _ = records(embedded_trail)
    assert (listed["readOnly"], got["readOnly"], got["responseElements"]) == (True, True, None)
    assert [one["EventName"] for one in events(embedded_trail, LookupAttributes=[
        {"AttributeKey": "ReadOnly", "AttributeValue": "true"}
    ])] == ["ListWorkloadIdentities", "GetWorkloadIdentity"]  # fmt: skip


def test_events_are_in_the_file_with_the_change_and_in_their_own_account_and_region(tmp_path: Path) -> None:
    for _ in range(2):
        store = Store(tmp_path / "directory.sqlite")
        for account, region in ((ACCOUNT, REGION), (ACCOUNT, "eu-west-1"), ("999999999999", REGION)):
            client, trail = (boto3.client(one, region) for one in ("bedrock-agentcore-control", "cloudtrail"))
            for one in (client, trail):
                attach(one, store, account=account)
            if not store.get(Scope(account, region), "agent"):
                client.create_workload_identity(name="agent")
            (found,) = records(trail)
            assert (found["recipientAccountId"], found["awsRegion"]) == (account, region)
        store.close()


def test_the_oldest_go_when_there_are_too_many_or_they_are_too_old(
    embedded_client: Any, embedded_trail: Any, store: Store, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded_client.create_workload_identity(name="old")
    clock.now += 90 * 86_400 + 1
    assert records(embedded_trail) == []
    monkeypatch.setattr(statements, "EVENTS", 100)
    for number in range(512):
        embedded_client.create_workload_identity(name=f"agent-{number}")
    kept = len(store.kept(Scope(ACCOUNT, REGION), (0, clock()), ("", ""), None, 1000))
    assert 100 <= kept <= 100 + 256
    assert store._all("SELECT count(*) FROM event WHERE time < ?", (1_800_000_001,)) == [(0,)]


def test_what_is_too_large_is_left_out(embedded_client: Any, embedded_trail: Any) -> None:
    urls = [f"https://a.example/{'x' * 2000}/{number}" for number in range(60)]
    embedded_client.create_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=urls)
    (found,) = records(embedded_trail)
    assert found["requestParameters"]["omitted"] is True
    assert found["requestParameters"]["originalSize"] > 102_400
    assert found["resources"][0]["ARN"] == ARN.format(account=ACCOUNT, name="agent")


def test_the_other_operations_of_cloudtrail_are_motos_and_moto_gets_its_own_back() -> None:
    from moto import mock_aws
    from moto.cloudtrail.models import CloudTrailBackend, cloudtrail_backends

    moto_extension.install()
    try:
        with mock_aws():
            client = boto3.client("cloudtrail", REGION)
            assert client.describe_trails()["trailList"] == []
            assert client.lookup_events()["Events"] == []
    finally:
        moto_extension.uninstall()
    assert cloudtrail_backends.backend is CloudTrailBackend
