"""How throttling slows the sending down, how long it is put up with, and how calls end early when the run does."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from reconciler.aws.pacing import Bounds, NotSent, Pacing, Verdict
from reconciler.directory.agentcore import AgentCore
from reconciler.directory.connecting import connect
from reconciler.emulator import Misbehaviour
from reconciler.errors import Ambiguous, DirectoryError, NotFound, Stopped, Throttled
from reconciler.model.environments import Environment
from reconciler.model.kinds import WORKLOAD_IDENTITY as KIND
from reconciler.model.rates import Rates
from reconciler.model.values import canonical

NOTHING = canonical(KIND, {})
SOME = canonical(KIND, {"allowedResourceOauth2ReturnUrls": ["https://a/x"]})


def paced(world: Any, clock: Any, **asked: float) -> AgentCore:
    """The test's directory under rates that were asked for; `every` stands for all others."""
    rates = Rates(asked={"*" if operation == "every" else operation: rate for operation, rate in asked.items()})
    return AgentCore(world.client, account="000000000000", pacing=Pacing(rates=rates, clock=clock, sleep=clock.sleep))


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
    slow = world.pacing.rate("GetWorkloadIdentity")
    world.misbehaviour.reset()
    for _ in range(600):
        world.directory.read(KIND, "agent")
    assert slow < 8
    assert world.pacing.rate("GetWorkloadIdentity") >= 20
    assert world.pacing.rate("ListTagsForResource") is None, "each operation has its own pace"


def test_throttling_without_end_is_told_after_a_bounded_time(world: Any) -> None:
    world.misbehaviour.fail("GetWorkloadIdentity", "ThrottlingException", times=None)
    begun = world.clock()
    with pytest.raises(Throttled, match="still throttles") as caught:
        world.directory.read(KIND, "agent")
    assert Bounds().throttled <= world.clock() - begun < Bounds().throttled * 1.2
    assert world.misbehaviour.count("GetWorkloadIdentity") < 60
    assert "Service Quotas" in caught.value.detail


def test_an_operation_that_never_gets_through_is_not_waited_for_again_and_again(world: Any, clock: Any) -> None:
    world.misbehaviour.fail("GetWorkloadIdentity", "ThrottlingException", times=None)
    begun = clock()
    with pytest.raises(Throttled):
        world.directory.read(KIND, "agent")
    for number in range(2000):
        with pytest.raises(Throttled, match=rf"GetWorkloadIdentity agent-{number}: "):
            world.directory.read(KIND, f"agent-{number}")
    assert clock() - begun < 2 * Bounds().throttled, "not a minute for each of thousands"
    world.misbehaviour.reset()
    clock.sleep(10)
    world.put("agent")
    assert world.directory.read(KIND, "agent") is not None, "one call that gets through ends it"
    assert world.directory.read(KIND, "agent") is not None


def test_an_answer_that_is_no_success_ends_it_too(world: Any, clock: Any) -> None:
    world.misbehaviour.fail("GetWorkloadIdentity", "ThrottlingException", times=None)
    with pytest.raises(Throttled):
        world.directory.read(KIND, "nobody")
    world.misbehaviour.reset()
    clock.sleep(10)
    assert [world.directory.read(KIND, f"nobody-{number}") for number in range(9)] == [None] * 9


def test_a_call_that_never_left_does_not_end_it(world: Any, clock: Any) -> None:
    world.misbehaviour.fail("GetWorkloadIdentity", "ThrottlingException", times=None)
    with pytest.raises(Throttled):
        world.directory.read(KIND, "agent")
    clock.sleep(10)  # one call is let through to see
    with pytest.raises(DirectoryError):
        world.directory.read(KIND, "")  # the SDK does not send it
    sent = world.misbehaviour.count()
    with pytest.raises(Throttled, match="not sent"):
        world.directory.read(KIND, "agent")
    assert world.misbehaviour.count() == sent


def test_what_is_refused_unsent_says_so(world: Any, clock: Any) -> None:
    world.misbehaviour.fail("GetWorkloadIdentity", "ThrottlingException", times=None)
    with pytest.raises(Throttled):
        world.directory.read(KIND, "agent")
    sent = world.misbehaviour.count()
    with pytest.raises(Throttled, match="not sent: the service has throttled every GetWorkloadIdentity for 60 s"):
        world.directory.read(KIND, "agent")
    assert world.misbehaviour.count() == sent


def test_a_rate_that_was_asked_for_is_kept(world: Any, clock: Any) -> None:
    directory = paced(world, clock, GetWorkloadIdentity=10.0)
    world.put("agent")
    begun = clock()
    for _ in range(101):
        directory.read(KIND, "agent")
    assert clock() - begun == pytest.approx(10.0)
    assert world.misbehaviour.count("GetWorkloadIdentity") == 101


# Ending early


def test_a_call_that_would_wait_too_long_for_its_turn_is_not_sent_once_the_run_ends(world: Any, clock: Any) -> None:
    directory = paced(world, clock, every=0.1)
    with pytest.raises(NotFound):
        directory.delete(KIND, "agent")
    directory.hurry.set()
    begun, sent = clock(), world.misbehaviour.count()
    with pytest.raises(Stopped, match="DeleteWorkloadIdentity agent: not sent: the run was stopped"):
        directory.delete(KIND, "agent")
    assert (clock(), world.misbehaviour.count()) == (begun, sent)


def test_those_whose_turn_comes_within_the_grace_still_go(world: Any, clock: Any) -> None:
    directory = paced(world, clock, every=20.0)
    world.put("agent")
    directory.hurry.set()
    begun = clock()

    def read(times: int) -> None:
        for _ in range(times):
            directory.read(KIND, "agent")

    read(58)
    with pytest.raises(Stopped):
        read(5)
    assert clock() - begun <= Bounds().grace


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
def test_nothing_is_tried_again_once_the_run_ends(world: Any, clock: Any, code: str) -> None:
    world.misbehaviour.fail("GetWorkloadIdentity", code, times=None)
    world.directory.hurry.set()
    begun = clock()
    with pytest.raises(DirectoryError):
        world.directory.read(KIND, "agent")
    assert world.misbehaviour.count() == 1
    assert clock() == begun


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
def test_nothing_is_tried_again_when_the_run_ends_during_the_pause(world: Any, clock: Any, code: str) -> None:
    def ended(seconds: float) -> None:
        clock.sleep(seconds)
        directory.hurry.set()

    directory = AgentCore(world.client, account="000000000000", pacing=Pacing(clock=clock, sleep=ended))
    world.misbehaviour.fail("GetWorkloadIdentity", code, times=None)
    with pytest.raises(DirectoryError, match=code):
        directory.read(KIND, "agent")
    assert world.misbehaviour.count() == 1


def test_sleepers_wake_up_when_the_run_ends() -> None:
    pacing = Pacing(rates=Rates(asked={"*": 0.1}), bounds=Bounds(grace=0.05))
    ended: list[Exception] = []

    def call() -> None:
        try:
            pacing.run("GetWorkloadIdentity", lambda: None, lambda _: Verdict.FINAL, repeatable=True)
        except NotSent as error:
            ended.append(error)

    threads = [threading.Thread(target=call) for _ in range(9)]
    for thread in threads:
        thread.start()
    pacing.hurry.set()
    for thread in threads:
        thread.join(timeout=9.0)
    assert len(ended) == 8, "the first one went through; the next would have waited ten seconds"


def test_a_list_that_may_not_be_cleared_yet_is_unclear_when_the_run_ends(world: Any) -> None:
    world.put("agent", "https://a/x")
    world.misbehaviour.terms = replace(world.misbehaviour.terms, keeps_cleared=True)
    world.misbehaviour.before("UpdateWorkloadIdentity", lambda _: world.directory.hurry.set())
    world.pacing.bounds = Bounds(grace=0.1)
    with pytest.raises(Ambiguous, match="cannot be read whether"):
        world.directory.update(KIND, "agent", world.arn("agent"), SOME, NOTHING)


# The SDK's own retries


def test_the_sdk_sends_each_call_once(http_emulator: Any, misbehaviour: Misbehaviour, monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", http_emulator.url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    misbehaviour.fail("GetWorkloadIdentity", "ThrottlingException", times=2)
    directory = connect(Environment(name="prod", region="us-east-1"))
    assert directory.read(KIND, "agent") is None
    assert directory.calls == misbehaviour.count() == 3, "each of the three was ours"
    directory.close()
