"""Whole runs: order, concurrency, events, stopping, and state that cannot be written."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.applying import Event, Moment, Patience, RunBroken, RunUnheard, apply
from reconciler.aws.objects import Objects
from reconciler.emulator import Terms
from reconciler.errors import LeaseLost, StalePlan
from reconciler.model.changes import Reason
from reconciler.model.environments import StatePlace
from reconciler.model.outcomes import Status
from reconciler.state import Disk
from reconciler.state.bucket import BucketState
from reconciler.state.lease import Term

URL = "https://app.example.com/cb"


def statuses(report: Any) -> dict[str, Status]:
    return {one.change.address.key: one.status for one in report.outcomes}


def test_many_changes_of_every_action_are_done_in_one_run(world: Any) -> None:
    for name in ("up-1", "down-1", "old-1", "free-1"):
        world.put(name, URL)
    world.know("up-1", "down-1", "old-1", "free-1")
    world.put("found-1", URL, owner="")
    before = world.directory.calls
    report = world.apply(
        world.create("made-1", URL),
        world.update("up-1", URL + "2"),
        world.delete("down-1"),
        world.replace("old-1", "new-1"),
        world.forget("free-1"),
        world.adopt("found-1"),
    )
    assert report.whole
    assert [str(one.change.address) for one in report.outcomes] == sorted(
        str(one.change.address) for one in report.outcomes
    )
    assert (report.serial, report.calls) == (2, world.directory.calls - before)
    assert report.seconds > 0
    assert world.names() == ["found-1", "free-1", "made-1", "new-1", "old-1", "up-1"]
    assert sorted(world.locked()) == ["found-1", "made-1", "old-1=new-1", "old-1~old-1=old-1", "up-1"]
    assert world.lockfile_is_the_directory()
    assert world.state.unfinished() is None


def test_nothing_is_deleted_before_everything_else_is_done(world: Any) -> None:
    world.put("a-gone", URL)
    world.put("b-old", URL)
    world.know("a-gone", "b-old")
    made = [world.create(f"c-{number}", URL) for number in range(6)]
    world.apply(world.delete("a-gone"), world.replace("b-old", "b-new"), *made)
    operations = [one.operation for one in world.misbehaviour.calls if one.operation[:6] in ("Create", "Delete")]
    assert operations == ["CreateWorkloadIdentity"] * 7 + ["DeleteWorkloadIdentity"]


def test_changes_are_begun_in_address_order(world: Any) -> None:
    changes = [world.create(f"agent-{number}", URL) for number in (3, 1, 2)]
    world.apply(*changes, threads=1)
    begun = [event.change.name for event in world.events if event.moment is Moment.STARTED]
    assert begun == ["agent-1", "agent-2", "agent-3"]


def test_as_many_changes_as_threads_are_under_way_at_once(world: Any) -> None:
    all_here = threading.Barrier(4, timeout=10)
    world.misbehaviour.before("CreateWorkloadIdentity", lambda _: all_here.wait(), times=None)
    report = world.apply(*[world.create(f"agent-{number}", URL) for number in range(8)], threads=4)
    assert report.whole


def test_one_that_fails_stops_no_other_and_the_lockfile_holds_what_happened(world: Any) -> None:
    world.misbehaviour.fail("CreateWorkloadIdentity", "AccessDeniedException", name="agent-2")
    report = world.apply(*[world.create(f"agent-{number}", URL) for number in range(5)])
    assert statuses(report) == {f"agent-{number}": Status.FAILED if number == 2 else Status.DONE for number in range(5)}
    assert not report.whole
    assert not report.interrupted
    assert sorted(world.locked()) == ["agent-0", "agent-1", "agent-3", "agent-4"]
    assert world.lockfile_is_the_directory()


def test_an_empty_plan_writes_nothing(world: Any) -> None:
    report = world.apply()
    assert report.whole
    assert report.outcomes == ()
    assert (report.serial, report.calls) == (0, 0)
    assert not world.state.path.exists()


def test_a_plan_of_another_serial_is_stale_and_sends_nothing(world: Any) -> None:
    world.put("agent", URL)
    plan = world.plan(world.create("other", URL))
    world.know("agent")
    from reconciler.applying import apply

    with world.state.exclusive("apply") as writer, pytest.raises(StalePlan):
        apply(plan, world.directory, writer)
    assert world.misbehaviour.count() == 0
    assert world.state.unfinished() is None


def test_events_tell_every_start_and_finish_and_count_along(world: Any) -> None:
    world.put("old-1", URL)
    world.know("old-1")
    report = world.apply(world.create("new-2", URL), world.delete("old-1"), world.create("new-3", URL))
    started = [one.change.address.key for one in world.events if one.moment is Moment.STARTED]
    finished = [one for one in world.events if one.moment is Moment.FINISHED]
    assert sorted(started) == ["new-2", "new-3", "old-1"]
    assert [(one.finished, one.total) for one in finished] == [(1, 3), (2, 3), (3, 3)]
    assert all(one.outcome in report.outcomes for one in finished)
    assert finished[-1].change.address.key == "old-1"


def test_a_listener_that_breaks_ends_the_run_with_the_lockfile_written(world: Any) -> None:
    def broken(event: Event) -> None:
        if event.moment is Moment.FINISHED:
            raise BrokenPipeError("nobody reads")

    with pytest.raises(RunUnheard) as caught:
        world.apply(*[world.create(f"agent-{number}", URL) for number in range(8)], threads=1, on_event=broken)
    assert isinstance(caught.value.reason, BrokenPipeError)
    report = caught.value.report
    assert [one.status for one in report.outcomes] == [Status.DONE] + [Status.LEFT] * 7
    assert report.serial == 1
    assert world.names() == ["agent-0"]
    assert world.lockfile_is_the_directory()
    assert world.state.unfinished() is None


# Stopping


def test_a_stop_lets_what_is_under_way_finish_and_leaves_the_rest(world: Any) -> None:
    stop = threading.Event()
    world.misbehaviour.before("CreateWorkloadIdentity", lambda _: stop.set(), name="agent-1")
    report = world.apply(*[world.create(f"agent-{number}", URL) for number in range(4)], threads=1, stop=stop)
    assert statuses(report) == {
        "agent-0": Status.DONE,
        "agent-1": Status.DONE,
        "agent-2": Status.LEFT,
        "agent-3": Status.LEFT,
    }
    assert report.interrupted
    assert not report.whole
    assert world.names() == ["agent-0", "agent-1"]
    assert world.lockfile_is_the_directory()
    assert world.state.unfinished() is None


def test_a_stop_after_the_last_change_interrupts_nothing(world: Any) -> None:
    stop = threading.Event()
    world.misbehaviour.before("CreateWorkloadIdentity", lambda _: stop.set())
    assert world.apply(world.create("agent", URL), stop=stop).whole


def test_a_stop_leaves_nothing_out_that_only_the_lockfile_sees(world: Any) -> None:
    """Half of a rebuilt lockfile would be no help: it stands, so nobody rebuilds it, and lacks what is not declared."""
    stop = threading.Event()
    stop.set()
    for number in range(3):
        world.put(f"agent-{number}", URL)
    report = world.apply(*[world.no_op(f"agent-{number}", Reason.REBUILT) for number in range(3)], stop=stop)
    assert report.whole
    assert sorted(world.locked()) == ["agent-0", "agent-1", "agent-2"]


def test_a_stop_ends_the_waiting_for_a_name(world: Any) -> None:
    world.misbehaviour.terms = Terms(tombstone_attempts=10**6)
    world.put("agent", URL)
    world.know("agent")
    world.apply(world.delete("agent"))
    stop = threading.Event()
    world.misbehaviour.before("CreateWorkloadIdentity", lambda _: stop.set())
    outcome = world.apply_one(world.create("agent", URL), stop=stop, patience=Patience(total=600, first=600))
    assert outcome.status is Status.FAILED
    assert "interrupted while waiting" in outcome.message


def test_credentials_that_expire_leave_the_rest_unstarted(world: Any) -> None:
    world.misbehaviour.expire(after=2)
    report = world.apply(*[world.create(f"agent-{number}", URL) for number in range(6)], threads=1)
    assert list(statuses(report).values()) == [Status.DONE] * 2 + [Status.FAILED] + [Status.LEFT] * 3
    assert not report.interrupted
    assert world.misbehaviour.count("CreateWorkloadIdentity") == 3
    assert world.names() == ["agent-0", "agent-1"]
    world.misbehaviour.reset()
    assert world.lockfile_is_the_directory()


# What must not happen, happening


class Buggy:
    """A directory with a bug: making one resource raises what no directory may raise, before or after it was made."""

    def __init__(self, directory: Any, name: str, *, after: bool) -> None:
        self._directory, self._name, self._after = directory, name, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    def asking(self, may_write: Callable[[], bool]) -> Buggy:
        return Buggy(self._directory.asking(may_write), self._name, after=self._after)

    def create(self, kind: Any, name: str, attributes: Any, owner: str, *, secrets: Any = None) -> str:
        if name == self._name and not self._after:
            raise ZeroDivisionError("a bug")
        arn = self._directory.create(kind, name, attributes, owner)
        if name == self._name:
            raise ZeroDivisionError("a bug")
        return str(arn)


@pytest.mark.parametrize("after", [False, True])
def test_a_bug_fails_one_change_and_the_next_run_looks_what_came_of_it(world: Any, after: bool) -> None:
    world.directory = Buggy(world.directory, "agent-1", after=after)
    report = world.apply(*[world.create(f"agent-{number}", URL) for number in range(3)])
    assert statuses(report) == {"agent-0": Status.DONE, "agent-1": Status.FAILED, "agent-2": Status.DONE}
    assert report.outcomes[1].message.startswith("internal error: ZeroDivisionError in tests.applying.test_run, line ")
    assert sorted(world.locked()) == ["agent-0", "agent-2"]
    world.recover()
    assert sorted(world.locked()) == ["agent-0", "agent-1", "agent-2"] if after else ["agent-0", "agent-2"]
    assert world.lockfile_is_the_directory()


def test_what_another_change_of_the_plan_keeps_is_never_deleted(world: Any) -> None:
    world.put("agent", URL)
    world.know("agent")
    moved = replace(world.no_op("agent", Reason.MOVED), address=world.address("new-key"))
    report = world.apply(world.delete("agent"), moved)
    assert statuses(report) == {"agent": Status.REFUSED, "new-key": Status.DONE}
    assert "is workload_identity.new-key now" in report.outcomes[0].message
    assert world.names() == ["agent"]


# State that cannot be written


class Filling(Disk):
    """A disk that is full for one kind of file from some moment on."""

    def __init__(self) -> None:
        self.full: set[str] = set()
        self.syncs_left = 10**9
        self._paths: dict[int, Path] = {}

    def create(self, path: Path) -> int:
        if "create" in self.full and not path.name.endswith((".journal", ".holder")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        descriptor = super().create(path)
        self._paths[descriptor] = path
        return descriptor

    def sync(self, descriptor: int) -> None:
        if self._paths.get(descriptor, Path()).name.endswith(".journal"):
            self.syncs_left -= 1
            if self.syncs_left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().sync(descriptor)


def test_an_intent_that_cannot_be_written_is_never_sent(make_world: Callable[..., Any]) -> None:
    disk = Filling()
    disk.syncs_left = 3  # the first line, and two intents
    world = make_world(disk=disk)
    with pytest.raises(RunBroken, match=r"journal cannot be written: No space left on device") as caught:
        world.apply(*[world.create(f"agent-{number}", URL) for number in range(5)], threads=1)
    assert list(statuses(caught.value.report).values()) == [Status.DONE] * 2 + [Status.LEFT] * 3
    assert world.names() == ["agent-0", "agent-1"]
    assert world.lockfile_is_the_directory()
    assert caught.value.report.serial == 1


def test_a_lockfile_that_cannot_be_written_is_written_by_the_next_run(make_world: Callable[..., Any]) -> None:
    disk = Filling()
    world = make_world(disk=disk)
    world.put("old-1", URL)
    world.know("old-1")
    before = world.state.path.read_bytes()
    world.misbehaviour.before("CreateWorkloadIdentity", lambda _: disk.full.add("create"))
    with pytest.raises(RunBroken, match=r"lock\.json cannot be written: No space left on device") as caught:
        world.apply(world.create("agent", URL), world.delete("old-1"))
    assert "the next run settles it" in caught.value.detail
    assert [one.status for one in caught.value.report.outcomes] == [Status.DONE, Status.DONE]
    assert caught.value.report.serial == 0  # no lockfile holds what happened, so none is named
    assert world.state.path.read_bytes() == before
    disk.full.clear()
    world.recover()
    assert world.locked() == {"agent": world.attributes(URL)}
    assert world.lockfile_is_the_directory()


def test_a_journal_that_cannot_be_begun_sends_nothing(make_world: Callable[..., Any]) -> None:
    from reconciler.errors import StateError

    disk = Filling()
    disk.syncs_left = 0
    world = make_world(disk=disk)
    with pytest.raises(StateError, match="cannot be written"):
        world.apply(world.create("agent", URL))
    assert world.misbehaviour.count() == 0
    assert world.state.unfinished() is None


def test_what_is_still_under_way_when_the_grace_is_over_stays_in_the_journal(world: Any) -> None:
    stop, released = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        stop.set()
        released.wait(30)

    for name in ("down-1", "old-1"):
        world.put(name, URL)
    world.know("down-1", "old-1")
    world.misbehaviour.before("CreateWorkloadIdentity", hold, name="made-2")
    changes = [world.create(f"made-{number}", URL) for number in (1, 2, 3)]
    report = world.apply(
        *changes, world.delete("down-1"), world.replace("old-1", "new-1"), threads=1, stop=stop, grace=0.2
    )
    assert report.interrupted
    assert statuses(report) == {
        "down-1": Status.LEFT,
        "made-1": Status.DONE,
        "made-2": Status.FAILED,
        "made-3": Status.LEFT,
        "old-1": Status.LEFT,
    }
    (unclear,) = [one for one in report.outcomes if one.status is Status.FAILED]
    assert "still under way 0.2 s after the run was to end" in unclear.message
    assert sorted(world.locked()) == ["down-1", "made-1", "old-1"]
    released.set()
    until = time.monotonic() + 30
    while "made-2" not in world.names():
        assert time.monotonic() < until
        time.sleep(0.01)
    assert [str(one.address) for one in world.state.unfinished().intents] == ["workload_identity.made-2"]
    world.recover()
    assert sorted(world.locked()) == ["down-1", "made-1", "made-2", "old-1"]
    assert world.lockfile_is_the_directory()


def test_what_is_answered_after_the_grace_sends_nothing_more(world: Any) -> None:
    """The look before a write hangs; by the time it is answered, another run may hold the state."""
    world.put("up-1", URL)
    world.know("up-1")
    stop, looking, answered = threading.Event(), threading.Event(), threading.Event()

    def hang(_: Any) -> None:
        looking.set()
        answered.wait(30)

    change = world.update("up-1", URL + "2")
    world.misbehaviour.before("GetWorkloadIdentity", hang)
    threading.Thread(target=lambda: (looking.wait(30), stop.set())).start()
    report = world.apply(change, stop=stop, grace=0.1)
    assert statuses(report) == {"up-1": Status.FAILED}
    answered.set()
    for thread in threading.enumerate():
        if thread.name.startswith("apply"):
            thread.join(timeout=30)
    assert world.misbehaviour.count("UpdateWorkloadIdentity") == 0
    assert world.state.unfinished() is not None


def test_whoever_loses_its_lease_between_intent_and_call_sends_nothing_more(world: Any, buckets: Any) -> None:
    """A throttled call waits for its turn while the lease goes: the second attempt must not be sent."""
    objects = Objects(buckets.client(), StatePlace(bucket=buckets.make()))
    state = BucketState(objects, "m.prod.lock.json", term=Term(every=0.05))
    with state.exclusive("apply") as writer:

        def lose_it(_: Any) -> None:
            state.unlock(state.holder().id)
            until = time.monotonic() + 30
            while time.monotonic() < until:
                try:
                    writer.check()
                except LeaseLost:
                    return
                time.sleep(0.01)

        world.misbehaviour.before("CreateWorkloadIdentity", lose_it)
        world.misbehaviour.fail("CreateWorkloadIdentity", "ThrottlingException")
        plan = world.plan(world.create("agent-1", URL), world.create("agent-2", URL))
        with pytest.raises(RunBroken, match="its lease ended, or was unlocked by hand") as broken:
            apply(plan, world.directory, writer, threads=1)
    assert statuses(broken.value.report) == {"agent-1": Status.LEFT, "agent-2": Status.LEFT}
    assert world.misbehaviour.count("CreateWorkloadIdentity") == 1  # the throttled one
    assert world.names() == []
    assert state.read() is None
    objects.close()
