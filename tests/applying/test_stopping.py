"""A run that is stopped while its calls wait for their turn: it ends soon, and what was not sent is left, not lost."""

from __future__ import annotations

import time
from typing import Any

import pytest

from reconciler.applying import Event, Moment
from reconciler.directory.connecting import connect
from reconciler.emulator import attach
from reconciler.model.environments import Environment, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.outcomes import Status
from reconciler.model.rates import Rates

GRACE = 3.0


@pytest.fixture
def slow(world: Any) -> Any:
    """Every call but the first waits for ten seconds."""
    world.directory = connect(
        Environment(name="prod", where=Where.EMBEDDED, region="us-east-1", rates=Rates(asked={"*": 0.1})),
        attach=lambda client: attach(client, world.store, misbehaviour=world.misbehaviour),
    )
    return world


def stopped_after_the_first(world: Any, *changes: Any) -> Any:
    def on_event(event: Event) -> None:
        if event.moment is Moment.FINISHED:
            world.directory.hurry.set()

    begun = time.monotonic()
    report = world.apply(*changes, threads=8, stop=world.directory.hurry, on_event=on_event)
    assert time.monotonic() - begun < GRACE + 2
    return report


def test_calls_that_wait_for_their_turn_are_not_sent_and_their_changes_are_left(slow: Any) -> None:
    report = stopped_after_the_first(slow, *(slow.create(f"agent-{number}", "https://a/x") for number in range(20)))
    statuses = [one.status for one in report.outcomes]
    assert statuses.count(Status.DONE) == 1
    assert statuses.count(Status.LEFT) == 19
    assert report.interrupted
    assert slow.misbehaviour.count("CreateWorkloadIdentity") == 1
    assert slow.lockfile_is_the_directory()
    assert slow.state.unfinished() is None


def test_a_change_whose_second_call_waits_is_finished_by_the_next_run(slow: Any) -> None:
    slow.put("agent", "https://a/old", team="a")
    slow.know("agent")
    update = slow.update("agent", "https://a/new", team="b")
    begun = time.monotonic()
    slow.misbehaviour.before("UpdateWorkloadIdentity", lambda _: slow.directory.hurry.set())
    slow.directory.mark(WORKLOAD_IDENTITY, slow.arn("agent"), slow.ours)  # the tag operation's first turn is taken
    report = slow.apply(update, stop=slow.directory.hurry)
    assert time.monotonic() - begun < GRACE + 2
    assert report.outcomes[0].status is Status.DONE_WITHOUT_TAGS
    assert "not sent: the run was stopped" in report.outcomes[0].message
    del slow.directory
    slow.recover()
    assert slow.lockfile_is_the_directory()
    assert slow.stands("agent") == slow.attributes("https://a/new", team="a")
