"""What goes wrong on request, the same behind every door."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from reconciler.emulator.server import serve


def code(call: Any, **params: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as failure:
        call(**params)
    return failure.value.response["Error"]["Code"], failure.value.response["ResponseMetadata"]["HTTPStatusCode"]


def names(page: dict[str, Any]) -> list[str]:
    return [one["name"] for one in page["workloadIdentities"]]


def test_a_fresh_one_does_nothing_but_count(door: Any) -> None:
    door.client.create_workload_identity(name="agent")
    door.client.get_workload_identity(name="agent")

    assert [tuple(one) for one in door.misbehaviour.calls] == [
        ("CreateWorkloadIdentity", "agent"),
        ("GetWorkloadIdentity", "agent"),
    ]
    assert (door.misbehaviour.count(), door.misbehaviour.count("GetWorkloadIdentity")) == (2, 1)


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("InternalServerException", 500),
        ("ServiceUnavailableException", 503),
        ("ThrottlingException", 429),
        ("ConflictException", 409),
        ("UnauthorizedException", 401),
    ],
)
def test_the_next_calls_of_an_operation_fail_and_change_nothing(door: Any, what: str, status: int) -> None:
    door.misbehaviour.fail("CreateWorkloadIdentity", what, times=2)

    for _ in range(2):
        assert code(door.client.create_workload_identity, name="agent") == (what, status)
        assert door.listed() == []
    door.client.create_workload_identity(name="agent")


def test_a_failure_may_be_meant_for_one_identity(door: Any) -> None:
    door.put("good")
    door.put("bad")
    door.misbehaviour.fail("GetWorkloadIdentity", "InternalServerException", times=None, name="bad")

    door.client.get_workload_identity(name="good")
    for _ in range(3):
        assert code(door.client.get_workload_identity, name="bad") == ("InternalServerException", 500)


def test_tagging_can_fail_while_the_identity_stands(door: Any) -> None:
    arn = door.client.create_workload_identity(name="agent")["workloadIdentityArn"]
    door.misbehaviour.fail("TagResource", "InternalServerException", times=None, name="agent")

    assert code(door.client.tag_resource, resourceArn=arn, tags={"a": "b"}) == ("InternalServerException", 500)
    assert door.stored("agent").tags == {}


@pytest.mark.parametrize("operation", ["ListWorkloadIdentities", "ListAgentRuntimes", "CreateGateway"])
def test_one_operation_may_be_denied(door: Any, operation: str) -> None:
    door.misbehaviour.deny(operation)
    calls = {
        "ListWorkloadIdentities": door.client.list_workload_identities,
        "ListAgentRuntimes": door.client.list_agent_runtimes,
        "CreateGateway": lambda: door.make_gateway("invoices"),
    }
    for name, call in calls.items():
        if name == operation:
            assert code(call) == ("AccessDeniedException", 403)
        else:
            call()


def test_credentials_expire_between_two_calls(door: Any) -> None:
    door.misbehaviour.expire(after=2)
    door.client.create_workload_identity(name="agent")
    door.client.get_workload_identity(name="agent")
    for _ in range(2):
        assert code(door.client.get_workload_identity, name="agent") == ("ExpiredTokenException", 403)


def test_a_connection_dropped_before_the_commit_leaves_nothing_behind(door: Any) -> None:
    door.misbehaviour.drop("CreateWorkloadIdentity", committed=False)
    with pytest.raises(ConnectionClosedError):
        door.client.create_workload_identity(name="agent")
    assert door.stored("agent") is None
    door.client.create_workload_identity(name="agent")


def test_a_connection_dropped_after_the_commit_leaves_the_write_behind(door: Any) -> None:
    door.misbehaviour.drop("CreateWorkloadIdentity", committed=True)
    with pytest.raises(ConnectionClosedError):
        door.client.create_workload_identity(name="agent")
    assert door.stored("agent") is not None


def test_a_parents_answer_may_be_lost_too(door: Any) -> None:
    door.misbehaviour.drop("CreateAgentRuntime", committed=True)
    with pytest.raises(ConnectionClosedError):
        door.make_runtime("invoices")
    assert len(door.listed()) == 1


def test_throttling_is_a_bucket_for_each_operation(door: Any) -> None:
    door.put("agent")
    door.misbehaviour.throttle(rate=2, burst=3)

    for _ in range(3):
        door.client.get_workload_identity(name="agent")
    assert code(door.client.get_workload_identity, name="agent") == ("ThrottlingException", 429)
    door.client.list_workload_identities()

    door.clock.sleep(0.5)
    door.client.get_workload_identity(name="agent")
    assert code(door.client.get_workload_identity, name="agent") == ("ThrottlingException", 429)

    door.clock.sleep(1000)
    for _ in range(3):
        door.client.get_workload_identity(name="agent")
    assert code(door.client.get_workload_identity, name="agent") == ("ThrottlingException", 429)


def test_one_operation_may_be_slower_than_the_others(door: Any) -> None:
    door.put("agent")
    door.misbehaviour.throttle("GetWorkloadIdentity", rate=1, burst=1)
    door.client.get_workload_identity(name="agent")
    assert code(door.client.get_workload_identity, name="agent")[0] == "ThrottlingException"
    for _ in range(5):
        door.client.list_workload_identities()


def test_latency_is_slept_on_every_call(door: Any) -> None:
    door.misbehaviour.latency = 0.25
    began = door.clock()
    door.client.create_workload_identity(name="agent")
    door.client.get_workload_identity(name="agent")
    assert door.clock() - began == pytest.approx(0.5)


def test_reads_see_a_write_after_so_many_further_calls(door: Any) -> None:
    door.put("old", "https://before.example/cb")
    door.put("doomed")
    door.client.list_workload_identities()
    door.misbehaviour.lag(calls=3)

    door.client.create_workload_identity(name="new")
    door.client.update_workload_identity(name="old", allowedResourceOauth2ReturnUrls=["https://after.example/cb"])
    door.client.delete_workload_identity(name="doomed")

    assert names(door.client.list_workload_identities()) == ["doomed", "old"]  # the third call after Create
    assert names(door.client.list_workload_identities()) == ["doomed", "new", "old"]
    assert door.client.get_workload_identity(name="old")["allowedResourceOauth2ReturnUrls"] == [
        "https://after.example/cb"
    ]
    assert names(door.client.list_workload_identities()) == ["new", "old"]


def test_reads_see_a_write_after_so_many_seconds(door: Any) -> None:
    door.misbehaviour.lag(seconds=10)
    door.client.create_workload_identity(name="agent")
    door.clock.sleep(9.9)
    assert code(door.client.get_workload_identity, name="agent") == ("ResourceNotFoundException", 404)
    door.clock.sleep(0.1)
    door.client.get_workload_identity(name="agent")


def test_a_lagging_list_still_pages_without_gaps_or_repetition(door: Any) -> None:
    for number in range(30):
        door.put(f"agent-{number:02}")
    door.misbehaviour.lag(seconds=10)
    for number in range(0, 30, 3):
        door.client.delete_workload_identity(name=f"agent-{number:02}")
    for number in range(30, 40):
        door.client.create_workload_identity(name=f"agent-{number:02}")

    assert door.listed(PageSize=7) == [f"agent-{number:02}" for number in range(30)]
    door.clock.sleep(10)
    assert door.listed(PageSize=7) == [f"agent-{number:02}" for number in range(40) if number >= 30 or number % 3]


def test_the_identity_of_a_new_parent_lags_too(door: Any) -> None:
    door.misbehaviour.lag(seconds=10)
    for make in (door.make_runtime, door.make_gateway, door.make_payment_manager):
        make("invoices")
    assert door.listed() == []
    door.clock.sleep(10)
    assert len(door.listed()) == 3


def test_a_tombstone_stands_for_so_many_attempts(door: Any) -> None:
    door.misbehaviour.terms = replace(door.misbehaviour.terms, tombstone_attempts=2)
    door.put("agent")
    door.client.delete_workload_identity(name="agent")

    for _ in range(2):
        assert code(door.client.get_workload_identity, name="agent") == ("ResourceNotFoundException", 404)
        assert code(door.client.create_workload_identity, name="agent") == ("ValidationException", 400)
    door.client.create_workload_identity(name="agent")


def test_a_tombstone_stands_for_so_many_seconds(door: Any) -> None:
    door.misbehaviour.terms = replace(door.misbehaviour.terms, tombstone_seconds=30)
    door.put("agent")
    door.client.delete_workload_identity(name="agent")
    assert code(door.client.create_workload_identity, name="agent") == ("ValidationException", 400)
    door.clock.sleep(30)
    door.client.create_workload_identity(name="agent")


def test_existing_may_be_said_in_the_models_form(door: Any) -> None:
    door.misbehaviour.terms = replace(door.misbehaviour.terms, conflict_on_exists=True)
    door.put("agent")
    assert code(door.client.create_workload_identity, name="agent") == ("ConflictException", 409)


def test_an_empty_list_may_be_taken_and_not_obeyed(door: Any) -> None:
    door.misbehaviour.terms = replace(door.misbehaviour.terms, keeps_cleared=True)
    door.put("agent", "https://a.example/cb")
    door.client.update_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=[])
    assert door.client.get_workload_identity(name="agent")["allowedResourceOauth2ReturnUrls"] == [
        "https://a.example/cb"
    ]


def test_another_writer_may_come_between_two_calls(door: Any) -> None:
    door.put("agent", "https://ours.example/cb")
    seen: list[dict[str, Any]] = []

    def interfere(params: dict[str, Any]) -> None:
        seen.append(params)
        door.client.update_workload_identity(
            name="agent", allowedResourceOauth2ReturnUrls=["https://theirs.example/cb"]
        )

    door.misbehaviour.before("DeleteWorkloadIdentity", interfere)
    before = door.client.get_workload_identity(name="agent")
    door.misbehaviour.before("GetWorkloadIdentity", interfere)
    after = door.client.get_workload_identity(name="agent")

    assert before["allowedResourceOauth2ReturnUrls"] == ["https://ours.example/cb"]
    assert after["allowedResourceOauth2ReturnUrls"] == ["https://theirs.example/cb"]
    assert seen == [{"name": "agent"}]


def test_reset_ends_all_of_it(door: Any) -> None:
    door.misbehaviour.fail("*", "InternalServerException", times=None)
    door.misbehaviour.throttle(rate=0, burst=0)
    door.misbehaviour.lag(seconds=1000)
    door.misbehaviour.latency = 1000

    door.misbehaviour.reset()

    door.client.create_workload_identity(name="agent")
    assert door.listed() == ["agent"]
    assert door.clock() == 1_800_000_000.0


@pytest.mark.parametrize("committed", [True, False])
def test_an_answer_may_take_its_time_before_or_after_it_is_done(door: Any, committed: bool) -> None:
    begun = door.clock()
    arrived: list[float] = []
    door.misbehaviour.delay("CreateWorkloadIdentity", 30, committed=committed)
    door.misbehaviour.before("CreateWorkloadIdentity", lambda _: arrived.append(door.clock() - begun))
    door.client.create_workload_identity(name="agent")
    assert arrived == [0 if committed else 30]
    door.client.create_workload_identity(name="other")
    assert door.clock() - begun == 30


@pytest.mark.parametrize("committed", [True, False])
def test_a_client_that_waits_less_loses_the_answer_and_not_what_it_asked_for(committed: bool) -> None:
    config = Config(read_timeout=0.2, retries={"total_max_attempts": 1})
    with serve() as server:
        hasty = boto3.client("bedrock-agentcore-control", endpoint_url=server.url, config=config)
        patient = boto3.client("bedrock-agentcore-control", endpoint_url=server.url)
        patient.list_workload_identities()  # the first request of a process waits until moto is imported
        server.misbehaviour.delay("CreateWorkloadIdentity", 1.5, committed=committed)
        with pytest.raises(ReadTimeoutError):
            hasty.create_workload_identity(name="agent")
        assert len(patient.list_workload_identities()["workloadIdentities"]) == committed
        until = time.monotonic() + 30
        while not patient.list_workload_identities()["workloadIdentities"]:
            assert time.monotonic() < until
        for client in (hasty, patient):
            client.close()
