"""What is sent again and what is not."""

from __future__ import annotations

import itertools
from typing import Any

import boto3
import pytest
from botocore.config import Config

from reconciler.aws.pacing import Bounds, Pacing
from reconciler.directory.agentcore import AgentCore
from reconciler.emulator import Misbehaviour
from reconciler.errors import Ambiguous, CredentialsMissing, DirectoryError, NotFound, Stopped, TagsFailed
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


@pytest.mark.parametrize("tokens", [("again",), ("one", "another")])
def test_a_listing_that_repeats_its_tokens_ends(world: Any, tokens: tuple[str, ...]) -> None:
    endless = itertools.cycle(tokens)

    def stuck(parsed: Any, **_: Any) -> None:
        parsed["nextToken"] = next(endless)

    def accepted(params: dict[str, Any], **_: Any) -> None:
        params.pop("nextToken", None)

    world.client.meta.events.register("before-parameter-build", accepted)
    world.client.meta.events.register("after-call", stuck)
    with pytest.raises(DirectoryError, match="does not end"):
        list(world.directory.pages(KIND))
    assert world.misbehaviour.count("ListWorkloadIdentities") == len(tokens) + 1


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


def test_a_call_that_changes_something_is_sent_only_if_it_still_may_be(world: Any) -> None:
    """Asked before each attempt, those after a wait too; what only reads is never asked about."""
    answers = [True, False]
    world.put("agent-1")
    directory = world.directory.asking(lambda: answers.pop(0))
    world.misbehaviour.fail("CreateWorkloadIdentity", "ThrottlingException")
    with pytest.raises(Stopped):
        directory.create(KIND, "agent-2", canonical(KIND, {}), "me")
    assert answers == []
    assert world.misbehaviour.count("CreateWorkloadIdentity") == 1
    assert directory.read(KIND, "agent-1") is not None
    assert directory.calls == world.directory.calls == 3
    directory = world.directory.asking(lambda: False)
    for write in (
        lambda: directory.update(
            KIND, "agent-1", world.arn("agent-1"), {}, {"allowedResourceOauth2ReturnUrls": ("https://x/y",)}
        ),
        lambda: directory.delete(KIND, "agent-1"),
    ):
        with pytest.raises(Stopped):
            write()
    with pytest.raises(TagsFailed):
        directory.mark(KIND, world.arn("agent-1"), "me")
    assert world.sent()[3:] == []
    assert world.stored("agent-1") is not None
