"""Reading the audit trail: what an event becomes, at what cost, and what is said when it cannot be read."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.aws.calls import Calls
from reconciler.aws.pacing import Bounds, Pacing
from reconciler.aws.principals import principal_of, tool_of
from reconciler.aws.trail import read_trail
from reconciler.aws.trail_events import OPERATIONS, event_of, remote_of
from reconciler.emulator import (
    ACCOUNT,
    ROOT,
    Caller,
    Misbehaviour,
    Scope,
    Store,
    attach,
    aws_service,
    iam_user,
    role,
    sso_user,
)
from reconciler.emulator.things import Kept
from reconciler.errors import CredentialsMissing
from reconciler.model.addresses import Remote
from reconciler.model.moments import utc_text
from reconciler.model.rates import Rates
from reconciler.model.trail import Event, Trail

REGION = "us-east-1"
IDENTITY, OAUTH2, API_KEY = "workload_identity", "oauth2_credential_provider", "api_key_credential_provider"
ARN = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:workload-identity-directory/default/workload-identity/agent"
SOURCE = "bedrock-agentcore.amazonaws.com"
PLAIN = {
    "eventSource": SOURCE,
    "eventName": "UpdateWorkloadIdentity",
    "eventID": "1",
    "eventTime": "2027-01-15T08:00:00Z",
    "requestParameters": {"name": "agent"},
    "userIdentity": {"type": "IAMUser", "userName": "jane", "arn": "arn:aws:iam::000000000000:user/jane"},
}


class World:
    """A directory that others change, and its trail, on the test's clock."""

    def __init__(self, store: Store, misbehaviour: Misbehaviour, clock: Any) -> None:
        self.store, self.misbehaviour, self.clock = store, misbehaviour, clock
        once = Config(retries={"total_max_attempts": 1})
        self.client, self._trail = (
            boto3.client(one, REGION, config=once) for one in ("bedrock-agentcore-control", "cloudtrail")
        )
        for one in (self.client, self._trail):
            attach(one, store, misbehaviour=misbehaviour)
        bounds = Bounds(throttled=20.0)
        self.calls = Calls(self._trail, Pacing(rates=Rates(), clock=clock, sleep=clock.sleep, bounds=bounds))

    def close(self) -> None:
        for one in (self.client, self._trail):
            one.close()

    def read(self, seconds: float = 3600, **more: Any) -> Trail:
        """The trail of the last so many seconds."""
        until = datetime.datetime.fromtimestamp(self.clock(), datetime.UTC)
        since = until - datetime.timedelta(seconds=seconds)
        return read_trail(
            self.calls, since=utc_text(since), until=utc_text(until), account=ACCOUNT, region=REGION, **more
        )

    def create(self, number: int, *, every: float = 1.0) -> list[str]:
        names = [f"agent-{one:03}" for one in range(number)]
        for name in names:
            self.client.create_workload_identity(name=name)
            self.clock.now += every
        return names


@pytest.fixture
def world(store: Store, misbehaviour: Misbehaviour, clock: Any) -> Iterator[World]:
    world = World(store, misbehaviour, clock)
    yield world
    world.close()


def told(record: Any = None, /, **more: Any) -> Event | None:
    """What becomes of an event with this record."""
    return event_of({"CloudTrailEvent": json.dumps(record if record is not None else {**PLAIN, **more})})


# From the directory to events


def test_every_change_is_told_with_what_it_was_about(world: World) -> None:
    client = world.client
    client.create_workload_identity(name="agent")
    client.update_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=["https://a.example/cb"])
    client.tag_resource(resourceArn=ARN, tags={"a": "b"})
    client.create_api_key_credential_provider(name="stripe", apiKey="k")
    config = {"githubOauth2ProviderConfig": {"clientId": "c", "clientSecret": "s"}}
    client.create_oauth2_credential_provider(
        name="github", credentialProviderVendor="GithubOauth2", oauth2ProviderConfigInput=config
    )
    client.set_token_vault_cmk(kmsConfiguration={"keyType": "ServiceManagedKey"})
    client.get_workload_identity(name="agent")
    made = client.create_payment_manager(
        name="payer", roleArn="arn:aws:iam::000000000000:role/x", authorizerType="AWS_IAM"
    )
    client.delete_payment_manager(paymentManagerId=made["paymentManagerId"])
    with pytest.raises(Exception, match="already exists"):
        client.create_workload_identity(name="agent")
    trail = world.read()

    held = Remote(IDENTITY, made["paymentManagerId"])
    agent = Remote(IDENTITY, "agent")
    assert sorted((one.operation, one.remotes, one.error) for one in trail.events) == sorted(
        [
            ("CreateWorkloadIdentity", (agent,), ""),
            ("CreateWorkloadIdentity", (agent,), "ValidationException"),
            ("UpdateWorkloadIdentity", (agent,), ""),
            ("TagResource", (agent,), ""),
            ("CreateApiKeyCredentialProvider", (Remote(API_KEY, "stripe"),), ""),
            ("CreateOauth2CredentialProvider", (Remote(OAUTH2, "github"),), ""),
            ("SetTokenVaultCMK", (Remote("token_vault", "default"),), ""),
            ("CreatePaymentManager", (held,), ""),
            ("DeletePaymentManager", (held,), ""),
        ]
    )
    assert (trail.failed, trail.calls) == ("", 1)
    assert {one.time for one in trail.events} == {"2027-01-15T08:00:00Z"}
    assert {one.tool for one in trail.events} == {"Boto3"}


@pytest.mark.parametrize(
    ("caller", "name", "tool"),
    [
        (iam_user("jane", agent="aws-cli/2.31 md/awscrt#0.27"), "user jane", "AWS CLI"),
        (role("Admin", "nightly", agent="APN/1.0 HashiCorp/1.0 Terraform/1.9 terraform-provider-aws/6.0"),
         "role Admin, session nightly", "Terraform"),
        (sso_user("Ops_On-Call", "jane@example.com", agent="Mozilla/5.0", console=True), "SSO Ops_On-Call, jane@example.com",
         "console"),
        (ROOT, f"root of {ACCOUNT}", "Boto3"),
        (aws_service("cloudformation.amazonaws.com"), "service cloudformation", "CloudFormation"),
        (Caller(kind="FederatedUser", name="fed"), "federated user fed", "Boto3"),
    ],
)  # fmt: skip
def test_who_did_it_is_readable(world: World, caller: Caller, name: str, tool: str) -> None:
    with world.misbehaviour.trail.acting(caller):
        world.client.create_workload_identity(name="agent")
    (event,) = world.read().events
    assert (event.principal.name, event.principal.kind, event.tool) == (name, caller.kind, tool)
    assert event.address == (caller.address or "127.0.0.1")


# What it costs, and what goes wrong


def test_a_page_is_fifty_events_and_the_pace_two_calls_a_second(world: World) -> None:
    names = world.create(230)
    world.misbehaviour.throttle("LookupEvents", rate=2)
    begun = world.clock()
    trail = world.read()

    assert [one.remotes[0].name for one in trail.events] == names, "by time"
    assert trail.calls == world.misbehaviour.count("LookupEvents") == 5, "none was throttled"
    assert 2.0 - 0.25 - 0.01 <= world.clock() - begun <= 2.01


def test_a_smaller_quota_only_slows_it_down(world: World) -> None:
    names = world.create(230)
    world.misbehaviour.throttle("LookupEvents", rate=0.6, burst=1)
    trail = world.read()
    assert (len(trail.events), trail.failed) == (len(names), "")
    assert trail.throttled == trail.calls - len(names) // 50 - 1 > 0


def test_what_is_throttled_for_good_is_said_with_what_was_read(world: World) -> None:
    world.create(120)

    def from_the_third_on(_: Any) -> None:
        if world.misbehaviour.count("LookupEvents") == 2:
            world.misbehaviour.fail("LookupEvents", "ThrottlingException", times=None)

    world.misbehaviour.before("LookupEvents", from_the_third_on, times=None)
    trail = world.read()
    assert "LookupEvents" in trail.failed
    assert "throttle" in trail.failed
    assert len(trail.events) == 100
    assert trail.calls < 30


def test_denied_is_said_with_the_action_to_ask_for(world: World) -> None:
    world.create(1)
    world.misbehaviour.deny("LookupEvents")
    trail = world.read()
    assert (trail.events, trail.calls) == ((), 1)
    assert "access denied" in trail.failed
    assert "Allow the IAM action cloudtrail:LookupEvents" in trail.failed


def test_missing_credentials_are_the_only_failure_that_is_raised(world: World) -> None:
    world.misbehaviour.expire()
    with pytest.raises(CredentialsMissing):
        world.read()


@pytest.mark.parametrize(
    "code", ["InternalServerException", "InvalidTimeRangeException", "OperationNotPermittedException"]
)
def test_every_other_failure_is_told(world: World, code: str) -> None:
    world.misbehaviour.fail("LookupEvents", code, times=None)
    trail = world.read()
    assert code in trail.failed
    assert trail.events == ()


def test_late_lost_repeated_and_out_of_order_events(world: World) -> None:
    recording = world.misbehaviour.trail
    recording.late(600, name="agent-000")
    recording.repeat(name="agent-001")
    recording.lose(name="agent-002")
    world.create(4)
    first = world.read()
    assert [one.remotes[0].name for one in first.events] == ["agent-001", "agent-003"]
    world.clock.now += 600
    second = world.read()
    assert [one.remotes[0].name for one in second.events] == ["agent-000", "agent-001", "agent-003"]
    assert first.failed == second.failed == ""


def test_a_span_of_time_is_kept_to_and_none_costs_nothing(world: World) -> None:
    world.create(100, every=60)
    trail = world.read(seconds=600)
    assert [one.remotes[0].name for one in trail.events] == [f"agent-{one:03}" for one in range(90, 100)]
    assert world.read(seconds=-1).calls == 0


def test_where_others_events_stand_between_each_operation_is_asked_for_by_itself(world: World) -> None:
    """A full reading of 10,000 identities leaves as many events: they must not be read, a page for each fifty."""
    names = world.create(30)
    scope = Scope(ACCOUNT, REGION)
    plain = {"read_only": "true", "username": "", "access_key": "", "resources": "[]", "record": "{}", "shown": 0.0}
    for number in range(10_000):
        world.store.keep(scope, Kept(time=int(world.clock()), id=f"r{number}", name="GetWorkloadIdentity", **plain))
    world.client.delete_workload_identity(name="agent-000")
    trail = world.read()

    assert [one.remotes[0].name for one in trail.events] == [*names, "agent-000"]
    assert trail.failed == ""
    assert trail.calls == 3 + len(OPERATIONS)
    of_one_kind = world.read(types=frozenset({"workload_identity"}))
    assert (of_one_kind.events, of_one_kind.calls) == (trail.events, 1 + 5)


def test_where_many_of_ours_come_first_it_is_seen_later_that_others_follow(world: World) -> None:
    scope = Scope(ACCOUNT, REGION)
    plain = {"read_only": "true", "username": "", "access_key": "", "resources": "[]", "record": "{}", "shown": 0.0}
    for number in range(10_000):
        world.store.keep(scope, Kept(time=int(world.clock()), id=f"r{number}", name="GetWorkloadIdentity", **plain))
    names = world.create(200)
    trail = world.read()
    assert sorted({one.remotes[0].name for one in trail.events}) == names
    assert trail.failed == ""
    assert trail.calls <= 9 + len(OPERATIONS) + 8


def test_there_is_an_end_to_what_is_read(world: World) -> None:
    world.create(200)
    trail = world.read(most=3)
    assert (trail.calls, len(trail.events)) == (3, 150)
    assert "there is more from 2027-01-15T07:" in trail.failed


def test_a_token_that_comes_twice_ends_it() -> None:
    class Client:
        def lookup_events(self, **_: Any) -> dict[str, Any]:
            return {"Events": [], "NextToken": "again"}

    trail = read_trail(Calls(Client(), Pacing()), since="2027-01-01T00:00:00Z", until="2027-01-02T00:00:00Z")
    assert "do not end" in trail.failed
    assert trail.calls == 2


def test_an_answer_of_something_else_is_told() -> None:
    class Client:
        def lookup_events(self, **_: Any) -> dict[str, Any]:
            return {"html": "<p>proxy</p>"}

    trail = read_trail(Calls(Client(), Pacing()), since="2027-01-01T00:00:00Z", until="2027-01-02T00:00:00Z")
    assert "makes no sense" in trail.failed


# From the record to an event


@pytest.mark.parametrize(
    ("arn", "remote"),
    [
        (ARN, Remote(IDENTITY, "agent")),
        (ARN.replace("bedrock-agentcore", "acps"), Remote(IDENTITY, "agent")),
        (ARN.replace(":", "%3A").replace("/", "%2F"), Remote(IDENTITY, "agent")),
        (f"arn:aws:acps:{REGION}:{ACCOUNT}:token-vault/default/oauth2credentialprovider/gh", Remote(OAUTH2, "gh")),
        (f"arn:aws:acps:{REGION}:{ACCOUNT}:token-vault/default/apikeycredentialprovider/st", Remote(API_KEY, "st")),
        (f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:token-vault/default/api-key/st", Remote(API_KEY, "st")),
        (f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/agent-0123456789", None),
        (ARN.replace(ACCOUNT, "111111111111"), None),
        (ARN.replace(REGION, "eu-west-1"), None),
        (f"{ARN}/more", None),
        ("agent", None),
        ("", None),
    ],
)
def test_arns_in_every_spelling(arn: str, remote: Remote | None) -> None:
    assert remote_of(arn, account=ACCOUNT, region=REGION) == remote


@pytest.mark.parametrize(
    "members",
    [
        {"requestParameters": None, "responseElements": {"workloadIdentityArn": ARN}},
        {"requestParameters": {"omitted": True}, "resources": [{"ARN": ARN, "type": "x", "accountId": "1"}]},
        {"requestParameters": {"name": 7}, "resources": [None, 5, {"ARN": 3}, {"ARN": ARN}]},
        {"eventName": "TagResource", "requestParameters": {"resourceArn": ARN}},
        {"eventName": "CreateGateway", "responseElements": {"workloadIdentityDetails": {"workloadIdentityArn": ARN}}},
    ],
)
def test_what_it_was_about_is_found_wherever_it_stands(members: dict[str, Any]) -> None:
    event = told(**members)
    assert event is not None
    assert event.remotes == (Remote(IDENTITY, "agent"),)


def test_where_nothing_names_it_the_event_stays_without_remotes() -> None:
    event = told(requestParameters=None)
    assert event is not None
    assert event.remotes == ()


@pytest.mark.parametrize(
    "members",
    [
        {"eventName": "GetWorkloadIdentity"},
        {"eventName": "CreateMemory"},
        {"eventName": "TagResource", "eventSource": "s3.amazonaws.com"},
        {"eventID": ""},
        {"eventID": None},
        {"eventTime": "yesterday"},
        {"eventTime": 7},
    ],
)
def test_what_is_not_ours_or_cannot_be_told_apart_is_left_out(members: dict[str, Any]) -> None:
    assert told(**members) is None


def test_what_stands_beside_the_record_helps_where_the_record_cannot_be_read() -> None:
    outer = {
        "EventId": "1",
        "EventName": "UpdateWorkloadIdentity",
        "EventSource": SOURCE,
        "EventTime": datetime.datetime(2027, 1, 15, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
        "Username": "jane",
        "Resources": [{"ResourceType": "x", "ResourceName": ARN}],
    }
    for record in ("", "{", "[" * 100_000, "7", "x" * 600_000, None):
        event = event_of({**outer, "CloudTrailEvent": record})
        assert event is not None
        assert (event.time, event.principal.name) == ("2027-01-15T08:00:00Z", "jane")
        assert event.remotes == (Remote(IDENTITY, "agent"),)


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/Admin/a/b"}, "role Admin, session a/b"),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/Admin"}, "role Admin"),
        ({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": "Admin"}}}, "role Admin"),
        ({"type": "AssumedRole", "arn": "arn:aws-cn:sts::1:assumed-role/AWSReservedSSO_A_B_0123456789abcdef/j"}, "SSO A_B, j"),
        ({"type": "IAMUser", "arn": "arn:aws:iam::1:user/team/jane"}, "user jane"),
        ({"type": "Root"}, "root"),
        ({"type": "AWSService", "invokedBy": "bedrock-agentcore.amazonaws.com"}, "service bedrock-agentcore"),
        ({"type": "WebIdentityUser", "userName": "ci", "identityProvider": "token.actions.example"},
         "user ci of token.actions.example"),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}, "Identity Center user u-1"),
        ({"type": "AWSAccount", "accountId": "1"}, "account 1"),
        ({"type": "SomethingNew", "arn": "arn:new"}, "arn:new"),
        ({}, "somebody unknown"),
        (None, "somebody unknown"),
    ],
)  # fmt: skip
def test_principals(identity: Any, name: str) -> None:
    assert principal_of(identity).name == name


@pytest.mark.parametrize(
    ("agent", "tool"),
    [
        ("Boto3/1.44 md/Botocore#1.44 lang/python#3.11 reconciler/0.2.0", "reconciler"),
        ("Boto3/1.44 md/Botocore#1.44", "Boto3"),
        ("Botocore/1.44", "Botocore"),
        ("aws-cli/2.31 md/awscrt#0.27 exec-env/CloudShell", "AWS CLI"),
        ("APN/1.0 HashiCorp/1.0 Terraform/1.9 (+https://terraform.io) terraform-provider-aws/6.0 aws-sdk-go-v2/1", "Terraform"),
        ("APN/1.0 OpenTofu/1.0 OpenTofu/1.8.0 (+https://opentofu.org) terraform-provider-aws/6.0", "OpenTofu"),
        ("cloudformation.amazonaws.com", "CloudFormation"),
        ("aws-cdk/2.170", "CDK"),
        ("console.amazonaws.com", "console"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "console"),
        ("aws-sdk-go-v2/1.30 os/linux", "AWS SDK for go-v2"),
        ("bedrock-agentcore.amazonaws.com", "bedrock-agentcore"),
        ("curl/8", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_tools(agent: str, tool: str) -> None:
    assert tool_of(agent) == tool


# Whatever comes

WRITTEN = st.characters(
    exclude_categories=()
)  # halves of characters, too: JSON can hold them, and nothing can write them


def jsons(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    )


ANYTHING = jsons(st.none() | st.booleans() | st.integers() | st.floats() | st.text(WRITTEN, max_size=30))
HOSTILE = st.text(WRITTEN, max_size=3000) | ANYTHING


def sound(event: Event | None) -> None:
    """All that is kept can be written, and is of a bounded size."""
    if event is None:
        return
    texts = (event.id, event.time, event.operation, event.address, event.agent, event.tool, event.error)
    who = (event.principal.kind, event.principal.arn, event.principal.name)
    for text in (*texts, *who, *(name for one in event.remotes for name in one)):
        assert len(text.encode()) <= 4 * 2048 + 100
    assert event.id
    assert event.operation in OPERATIONS
    assert len(event.remotes) <= 30


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["CloudTrailEvent", "EventId", "EventName", "EventTime", "Resources"]), ANYTHING)
    | ANYTHING
)
def test_any_answer_is_survived(found: Any) -> None:
    sound(event_of(found))


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*PLAIN, "resources", "responseElements", "userAgent", "sourceIPAddress", "errorCode"]), HOSTILE
    )
)
def test_any_record_is_survived(members: dict[str, Any]) -> None:
    sound(told(**members))


@settings(deadline=None)
@given(
    st.sampled_from(
        ["IAMUser", "AssumedRole", "Root", "AWSService", "FederatedUser", "IdentityCenterUser", "SAMLUser"]
    ),
    st.dictionaries(
        st.sampled_from(
            ["arn", "userName", "accountId", "invokedBy", "sessionContext", "onBehalfOf", "identityProvider"]
        ),
        HOSTILE,
    ),
)
def test_any_identity_has_a_name(kind: str, members: dict[str, Any]) -> None:
    event = told(userIdentity={"type": kind, **members})
    assert event is not None
    assert event.principal.name
    sound(event)


@settings(deadline=None)
@given(st.text(WRITTEN, min_size=1, max_size=255))
@example("\ud800")
def test_a_name_is_kept_as_it_is(name: str) -> None:
    event = told(requestParameters={"name": name})
    assert event is not None
    assert event.remotes == (Remote(IDENTITY, json.loads(json.dumps(name)).encode("utf-8", "replace").decode()),)


Change = Callable[[Any, str], object]
CHANGES: tuple[tuple[str, Change], ...] = (
    ("CreateWorkloadIdentity", lambda client, name: client.create_workload_identity(name=name)),
    ("UpdateWorkloadIdentity", lambda client, name: client.update_workload_identity(name=name)),
    ("DeleteWorkloadIdentity", lambda client, name: client.delete_workload_identity(name=name)),
)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(CHANGES), st.sampled_from("abc"), st.sampled_from(["jane", "joe"])), max_size=12)
)
def test_any_history_is_told_by_order_and_actor(history: list[tuple[tuple[str, Change], str, str]]) -> None:
    class Clock:
        now = 1_800_000_000.0

        def __call__(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    clock = Clock()
    store = Store(clock=clock)
    world = World(store, Misbehaviour(clock=clock, sleep=clock.sleep), clock)
    for (_, change), name, actor in history:
        clock.now += 1
        with world.misbehaviour.trail.acting(iam_user(actor)):
            try:
                change(world.client, f"agent-{name}")
            except world.client.exceptions.ClientError:
                continue
    events = world.read().events
    world.close()
    store.close()
    assert [(one.operation, one.remotes[0].name, one.principal.name) for one in events] == [
        (operation, f"agent-{name}", f"user {actor}") for (operation, _), name, actor in history
    ]
