"""A process killed in the middle of an apply: the next run settles what it left, and then converges."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.applying import apply, recover
from reconciler.directory.snapshot import read_snapshot
from reconciler.emulator import Store
from reconciler.model.environments import Environment, Settings, Where
from reconciler.model.plan import Plan
from reconciler.model.resources import Desired, Lock, Refresh, Stack
from reconciler.planning import changed_remotes, dump_plan, expected_remotes, make_plan

OLD, NEW = "https://old.example.com/cb", "https://new.example.com/cb"
DYING = Path(__file__).with_name("dying.py")
STANDS = ("down-1", "down-2", "old-1", "same-1", "tags-1", "up-1")


@pytest.fixture
def store(tmp_path: Path, clock: Any) -> Any:
    store = Store(tmp_path / "directory.sqlite")
    yield store
    store.close()


@pytest.fixture
def ready(make_world: Callable[..., Any]) -> Any:
    """Everything that stands is known, one thing stands that is nobody's, and one that another stack owns."""
    world = make_world()
    for name in STANDS:
        world.put(name, OLD, team="a")
    world.know(*STANDS)
    world.put("nobodys-1", OLD, owner="")
    world.put("theirs-1", OLD, owner=world.theirs)
    return world


def wanted(world: Any) -> Stack:
    """Create two, update one, retag one, replace one, keep one, delete the rest."""

    def desired(key: str, url: str, name: str = "", **tags: str) -> Desired:
        address = world.address(key)
        return Desired(address=address, name=name or key, attributes=world.attributes(url, **tags))

    all_of_it = (
        desired("made-1", NEW),
        desired("made-2", NEW, team="b"),
        desired("up-1", NEW, team="a"),
        desired("tags-1", OLD, team="b", fresh="x"),
        desired("old-1", OLD, "new-1", team="a"),
        desired("same-1", OLD, team="a"),
    )
    return Stack(
        name=world.target.stack,
        environment=Environment(name="prod", where=Where.EMBEDDED),
        settings=Settings(),
        resources={one.address: one for one in all_of_it},
        digest="sha256:" + "c" * 64,
    )


def planned(world: Any, stack: Stack, lock: Lock | None) -> Plan:
    snapshot = read_snapshot(
        world.directory,
        refresh=Refresh.FULL,
        expected=expected_remotes(stack, lock),
        changed=changed_remotes(stack, lock),
        wanted=lambda _: False,
    )
    route = world.plan().route
    return make_plan(stack=stack, lock=lock, snapshot=snapshot, target=world.target, route=route)


def die(world: Any, plan: Path, point: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DYING), str(plan), str(world.state.path), str(plan.with_name("directory.sqlite"))]
    return subprocess.run([*command, str(point)], capture_output=True, text=True, check=False)


def converge(world: Any, stack: Stack) -> None:
    """What the next apply does."""
    with world.state.exclusive("apply") as writer:
        recover(writer, world.directory)
        plan = planned(world, stack, writer.lock)
        assert not plan.errored, plan.diagnostics
        report = apply(plan, world.directory, writer)
        assert report.whole, report.outcomes


# A run passes some 70 points, and `make torture` dies at every one. These few lie before, among and after the calls and the
# fold. A point beyond the last is no failure: how many there are depends a little on how the threads share their syncs.
POINTS = range(1, 81) if os.environ.get("TORTURE") else (7, 24, 42, 56, 66)


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_apply_is_settled_and_converges(ready: Any, tmp_path: Path, point: int) -> None:
    stack = wanted(ready)
    file = tmp_path / "plan.json"
    file.write_text(dump_plan(planned(ready, stack, ready.state.read())))
    died = die(ready, file, point)
    survived = died.returncode == 0 and int(died.stdout) < point
    assert survived or died.returncode == -signal.SIGKILL, died.stderr
    assert not survived or point > 70
    converge(ready, stack)
    assert ready.names() == sorted(["made-1", "made-2", "new-1", "nobodys-1", "same-1", "tags-1", "theirs-1", "up-1"])
    assert ready.lockfile_is_the_directory()
    assert ready.state.unfinished() is None
    assert planned(ready, stack, ready.state.read()).empty
    assert (ready.owner("nobodys-1"), ready.owner("theirs-1")) == ("", ready.theirs)


def test_the_run_that_is_not_killed_passes_at_least_as_many_points(ready: Any, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(dump_plan(planned(ready, wanted(ready), ready.state.read())))
    lived = die(ready, file, 0)
    assert lived.returncode == 0, lived.stderr
    assert int(lived.stdout) >= 70
    assert ready.lockfile_is_the_directory()
