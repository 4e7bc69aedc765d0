"""Many identities at once: within a bound, in one order, to an end at once when it is asked for."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from reconciler.aws.pacing import Pacing
from reconciler.directory.data_plane import AgentCoreDataPlane
from reconciler.emulator import Identity
from reconciler.errors import CredentialsMissing
from reconciler.model.verification import Verdict


def many(world: Any, number: int) -> list[Any]:
    names = [f"agent-{one:03}" for one in range(number)]
    world.put(*(Identity(name=name, urls=(world.back,)) for name in names))
    return [world.subject(world.api_key(), name=name) for name in names]


def test_the_report_is_the_same_whoever_was_first(world: Any) -> None:
    subjects = many(world, 40)
    reports = {world.report(*subjects, threads=threads).checks for threads in (1, 3, 16)}
    assert len(reports) == 1
    (checks,) = reports
    assert [one.address for one in checks] == sorted(one.address for one in checks)
    assert len(checks) == 80


def test_so_many_identities_are_under_way_and_no_more(world: Any) -> None:
    running, most, lock, full = [0], [0], threading.Lock(), threading.Barrier(4, timeout=20)

    def enter(_: dict[str, Any]) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        full.wait()  # breaks where fewer than four are under way
        with lock:
            running[0] -= 1

    world.misbehaviour.before("GetWorkloadAccessTokenForUserId", enter, times=None)
    found = world.report(*many(world, 12), threads=4)
    assert (found.verdict, most[0]) == (Verdict.PASSED, 4)


def test_progress_is_told_to_the_end_and_calls_are_counted(world: Any) -> None:
    told: list[tuple[int, int]] = []
    found = world.report(*many(world, 5), progress=lambda *now: told.append(now))
    assert told == [(one, 5) for one in range(1, 6)]
    assert found.calls == 10
    assert found.target == world.target


def test_nothing_to_verify_is_a_pass(world: Any) -> None:
    found = world.report()
    assert (found.checks, found.verdict, found.calls) == ((), Verdict.PASSED, 0)


def test_one_that_fails_stops_no_other(world: Any) -> None:
    subjects = [world.subject(name="nobody"), *many(world, 3)]
    found = world.report(*subjects)
    assert found.verdict is Verdict.FAILED
    assert (found.counts[Verdict.PASSED], found.counts[Verdict.FAILED]) == (6, 1)


@pytest.mark.parametrize("after", [0, 3])
def test_credentials_that_expire_end_it_all(world: Any, after: int) -> None:
    world.misbehaviour.expire(after=after)
    with pytest.raises(CredentialsMissing, match="expired"):
        world.report(*many(world, 40), threads=1)
    assert len(world.sent()) < 20


def test_an_interrupt_begins_nothing_more_and_waits_for_nobody(world: Any) -> None:
    held, let_go, began = threading.Event(), threading.Event(), time.monotonic()
    plane = AgentCoreDataPlane(world.client, pacing=Pacing())
    world.plane = plane

    def hang(params: dict[str, Any]) -> None:
        if params["workloadName"] != "agent-000":
            held.set()
            let_go.wait(30)

    def interrupt(done: int, _: int) -> None:
        assert held.wait(30)
        raise KeyboardInterrupt

    subjects = many(world, 50)
    world.misbehaviour.before("GetWorkloadAccessTokenForUserId", hang, times=None)
    with pytest.raises(KeyboardInterrupt):
        world.report(*subjects, threads=2, progress=interrupt)
    assert time.monotonic() - began < 20
    assert plane.hurry.is_set()
    let_go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("verifier"):
            thread.join(20)
    asked = {one.name for one in world.misbehaviour.calls}
    assert asked <= {"agent-000", "agent-001", "agent-002", "stripe"}
    assert world.sent().count("GetResourceApiKey") == 1, "what hung went no further once it was let go"


def test_a_mistake_of_ours_is_no_verdict(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: Any) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(AgentCoreDataPlane, "api_key", bug)
    with pytest.raises(KeyError):
        world.report(*many(world, 3))
