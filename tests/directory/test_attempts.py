"""What is sent again, what is not, and how throttling slows the sending down."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config

from reconciler.aws.pacing import Bounds, Pace, Pacing
from reconciler.directory.agentcore import AgentCore
from reconciler.emulator import Misbehaviour
from reconciler.errors import Ambiguous, CredentialsMissing, DirectoryError, NotFound, Throttled
from reconciler.model.kinds import WORKLOAD_IDENTITY as KIND
from reconciler.model.values import canonical

NOTHING = canonical(KIND, {})
SOME = canonical(KIND, {"allowedResourceOauth2ReturnUrls": ["https://a/x"]})


@pytest.mark.parametrize("code", ["InternalServerException", "ServiceUnavailableException"])
def test_a_read_survives_passing_failures(world: Any, code: str) -> None:
    world.put("agent", "https://a/x")
    world.misbehaviour.fail("GetWorkloadIdentity", code, times=2)
    world.misbehaviour.drop("GetWorkloadIdentity", committed=False)
    assert world.directory.read(KIND, "agent").attributes == SOME
    assert world.misbehaviour.count("GetWorkloadIdentity") == 4


def test_a_read_that_goes_on_failing_ends_within_bounds(world: Any) -> None:
    world.misbehaviour.fail("GetWorkloadIdentity", "InternalServerException", times=None)
    begun = world.clock()
    with pytest.raises(DirectoryError, match="the service answered InternalServerException"):
        world.directory.read(KIND, "agent")
    assert world.misbehaviour.count("GetWorkloadIdentity") == Bounds().attempts
    assert world.clock() - begun < 5


def _create(directory: AgentCore) -> object:
    return directory.create(KIND, "agent", SOME, "payments/prod")


def _update(directory: AgentCore) -> object:
    return directory.update(KIND, "agent", "arn", NOTHING, SOME)


def _delete(directory: AgentCore) -> object:
    return directory.delete(KIND, "agent")


WRITES = pytest.mark.parametrize(
    ("operation", "write"),
    [("CreateWorkloadIdentity", _create), ("UpdateWorkloadIdentity", _update), ("DeleteWorkloadIdentity", _delete)],
)


@WRITES
@pytest.mark.parametrize("committed", [True, False])
def test_a_write_whose_answer_is_lost_is_not_sent_again(
    world: Any, operation: str, write: Any, committed: bool
) -> None:
    if write is not _create:
        world.put("agent")
    world.misbehaviour.drop(operation, committed=committed, times=None)
    with pytest.raises(Ambiguous, match=f"{operation} agent: the answer was lost"):
        write(world.directory)
    assert world.misbehaviour.count(operation) == 1


@WRITES
@pytest.mark.parametrize("code", ["InternalServerException", "ServiceUnavailableException"])
def test_a_write_that_ends_in_a_server_error_is_ambiguous(world: Any, operation: str, write: Any, code: str) -> None:
    world.misbehaviour.fail(operation, code, times=None)
    with pytest.raises(Ambiguous) as caught:
        write(world.directory)
    assert caught.value.code == code
    assert world.misbehaviour.count(operation) == 1


def test_a_lost_answer_on_a_real_connection_is_ambiguous(http_emulator: Any, misbehaviour: Misbehaviour) -> None:
    misbehaviour.drop("CreateWorkloadIdentity", committed=True)
    directory = _at(http_emulator.url)
    with pytest.raises(Ambiguous):
        _create(directory)
    live = directory.read(KIND, "agent")
    assert live is not None
    assert (live.attributes, live.owner) == (SOME, "payments/prod")
    directory.close()


@WRITES
def test_a_write_that_never_left_is_tried_and_then_certainly_not_done(
    closed_port: str, clock: Any, operation: str, write: Any
) -> None:
    directory = _at(closed_port, Pacing(clock=clock, sleep=clock.sleep))
    with pytest.raises(DirectoryError, match="cannot be reached") as caught:
        write(directory)
    assert not isinstance(caught.value, Ambiguous)
    assert closed_port.removeprefix("http://") in caught.value.summary
    assert directory.calls == Bounds().attempts
    directory.close()


@WRITES
def test_a_throttled_write_is_sent_again_and_done_once(world: Any, operation: str, write: Any) -> None:
    if write is not _create:
        world.put("agent")
    world.misbehaviour.fail(operation, "ThrottlingException", times=3)
    write(world.directory)
    assert world.misbehaviour.count(operation) == 4


def test_an_answer_of_something_else_than_the_api_is_not_believed(world: Any) -> None:
    def page_of_a_hotel(http_response: Any = None, parsed: Any = None, **_: Any) -> None:
        parsed.clear()

    world.client.meta.events.register("after-call", page_of_a_hotel)
    world.put("agent")
    with pytest.raises(DirectoryError, match="makes no sense"):
        list(world.directory.pages(KIND))
    with pytest.raises(DirectoryError, match="makes no sense"):
        world.directory.read(KIND, "agent")
    with pytest.raises(Ambiguous):
        world.directory.create(KIND, "other", NOTHING, "payments/prod")


def test_a_listing_that_repeats_its_token_ends(world: Any) -> None:
    def stuck(parsed: Any, **_: Any) -> None:
        parsed["nextToken"] = "again"

    def accepted(params: dict[str, Any], **_: Any) -> None:
        params.pop("nextToken", None)

    world.client.meta.events.register("before-parameter-build", accepted)
    world.client.meta.events.register("after-call", stuck)
    with pytest.raises(DirectoryError, match="does not end"):
        list(world.directory.pages(KIND))
    assert world.misbehaviour.count("ListWorkloadIdentities") == 2


# Throttling


def test_the_pace_follows_what_the_service_takes(world: Any) -> None:
    for number in range(400):
        world.put(f"agent-{number}")
    world.misbehaviour.throttle("GetWorkloadIdentity", rate=20, burst=20)
    begun = world.clock()
    assert all(world.directory.read(KIND, f"agent-{number}") for number in range(400))
    took = world.clock() - begun
    assert world.misbehaviour.count("GetWorkloadIdentity") < 400 * 1.15, "most calls are sent only once"
    assert 19 <= took < 40, "19 s is what the quota allows for 400"


def test_the_pace_climbs_again_when_the_service_takes_more(world: Any) -> None:
    world.put("agent")
    world.misbehaviour.throttle("GetWorkloadIdentity", rate=5, burst=5)
    for _ in range(50):
        world.directory.read(KIND, "agent")
    slow = world.pacing.pace("GetWorkloadIdentity").rate
    world.misbehaviour.reset()
    for _ in range(600):
        world.directory.read(KIND, "agent")
    assert slow < 15
    assert world.pacing.pace("GetWorkloadIdentity").rate > 25
    assert world.pacing.pace("ListTagsForResource").rate is None, "each operation has its own pace"


def test_throttling_without_end_is_told_after_a_bounded_time(world: Any) -> None:
    world.misbehaviour.fail("GetWorkloadIdentity", "ThrottlingException", times=None)
    begun = world.clock()
    with pytest.raises(Throttled, match="still throttles") as caught:
        world.directory.read(KIND, "agent")
    assert Bounds().throttled <= world.clock() - begun < Bounds().throttled * 1.2
    assert world.misbehaviour.count("GetWorkloadIdentity") < 60
    assert "Service Quotas" in caught.value.detail


def test_many_throttlings_of_one_moment_slow_down_once(clock: Any) -> None:
    pace = Pace(clock=clock, sleep=clock.sleep)
    admitted = [pace.admit() for _ in range(40)]
    clock.sleep(0.05)
    for one in admitted:
        pace.throttled(one)
    assert pace.rate == 20.0
    pace.throttled(pace.admit())
    assert pace.rate == pytest.approx(14.0)


def test_a_ceiling_is_never_exceeded(clock: Any) -> None:
    pace = Pace(clock=clock, sleep=clock.sleep, ceiling=20.0)
    begun = clock()
    for _ in range(101):
        pace.admit()
        pace.passed()
    assert clock() - begun == pytest.approx(5.0)
    pace.throttled(pace.admit())
    for _ in range(200):
        pace.admit()
        pace.passed()
    assert pace.rate == 20.0


# Credentials


@pytest.mark.parametrize(
    "code",
    ["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException", "InvalidClientTokenId"],
)
def test_credentials_that_are_not_accepted_are_told_at_once(world: Any, code: str) -> None:
    world.misbehaviour.fail("GetWorkloadIdentity", code, times=None, status=403, message="x-amz-security-token:SECRET")
    with pytest.raises(CredentialsMissing) as caught:
        world.directory.read(KIND, "agent")
    assert world.misbehaviour.count() == 1
    assert "aws sts get-caller-identity" in caught.value.detail
    assert "SECRET" not in caught.value.summary + caught.value.detail, "the service repeats signed headers"


def test_expired_credentials_are_no_ambiguous_write(world: Any) -> None:
    world.misbehaviour.expire()
    with pytest.raises(CredentialsMissing, match="the credentials have expired"):
        _create(world.directory)


def test_a_name_that_is_gone_is_no_failure_to_repeat(world: Any) -> None:
    with pytest.raises(NotFound):
        _delete(world.directory)
    assert world.misbehaviour.count() == 1


def _at(url: str, pacing: Pacing | None = None) -> AgentCore:
    client = boto3.client(
        "bedrock-agentcore-control", endpoint_url=url, config=Config(retries={"total_max_attempts": 1})
    )
    return AgentCore(client, account="123456789012", pacing=pacing)
