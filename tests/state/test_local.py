"""The state on this disk: one writer, one fold, and what an interrupted run leaves to the next."""

from __future__ import annotations

import errno
import fcntl
import json
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import StateError, StateLocked
from reconciler.state import Edits, LocalState
from reconciler.state.guard import read_holder


def test_a_run_that_dies_between_lockfile_and_journal_is_folded_once(
    state: LocalState, make: Any, refusing: Any, files: Callable[[], list[str]]
) -> None:
    stuck: list[str] = []
    make.run(state, make.known("a"))
    with LocalState(state.path, disk=refusing(lambda one, _: one in stuck)).exclusive("apply") as writer:
        change = make.change("b")
        writer.begin(make.plan(change, lock=writer.lock), make.digest)
        writer.intend(change)
        make.finish(writer, change, Edits(put=(make.known("b"),)))
        stuck.append("remove")
        with pytest.raises(StateError, match=r"journal cannot be written"):
            writer.fold()
    assert (state.path.parent / (state.path.name + ".journal")).exists()
    stands = state.read()
    assert stands is not None
    assert stands.serial == 2
    with state.exclusive("apply") as writer:
        assert writer.pending is not None
        assert writer.settle(()) == stands
    assert state.read() == stands
    assert files() == [state.path.name]


def test_a_torn_first_line_is_nothing_and_the_next_run_begins_anew(
    state: LocalState, make: Any, path: Path, files: Callable[[], list[str]]
) -> None:
    path.with_name(path.name + ".journal").write_text('{"journal": 1, "lin')
    assert state.unfinished() is None
    assert make.run(state, make.known("a")) == make.lock(make.known("a"))
    assert files() == [path.name]


def test_a_full_disk_at_the_fold_keeps_journal_and_old_lockfile_and_the_next_run_goes_on(
    state: LocalState, make: Any, refusing: Any
) -> None:
    make.run(state, make.known("a"))
    full: list[str] = []
    cramped = LocalState(state.path, disk=refusing(lambda one, _: one in full))
    with cramped.exclusive("apply") as writer:
        change = make.change("b")
        writer.begin(make.plan(change, lock=writer.lock), make.digest)
        writer.intend(change)
        make.finish(writer, change, Edits(put=(make.known("b"),)))
        full.append("write")
        with pytest.raises(StateError, match="No space left on device"):
            writer.fold()
    assert state.read() == make.lock(make.known("a"))
    with state.exclusive("apply") as writer:
        assert writer.pending is not None
        # The outcome did not reach the disk, so its intent is open again.
        assert [one.address.key for one in writer.pending.intents] == ["b"]


def test_a_full_disk_at_an_intent_is_an_error_before_its_call(state: LocalState, make: Any, refusing: Any) -> None:
    full: list[str] = []
    cramped = LocalState(state.path, disk=refusing(lambda one, _: one in full), new_lineage=lambda: make.lineage)
    with cramped.exclusive("apply") as writer:
        a, b = make.change("a"), make.change("b")
        writer.begin(make.plan(a, b), make.digest)
        writer.intend(a)
        full.append("sync")
        with pytest.raises(StateError, match=r"journal cannot be written: No space left"):
            writer.intend(b)
        full.clear()
        make.finish(writer, a, Edits(put=(make.known("a"),)))
        assert writer.fold() == make.lock(make.known("a"))
    assert state.unfinished() is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_folder_that_takes_no_file_is_refused_before_anything_begins(
    state: LocalState, refusing: Any, number: int
) -> None:
    cramped = LocalState(state.path, disk=refusing(lambda one, _: one == "create", number))
    with pytest.raises(StateError, match="cannot be written"), cramped.exclusive("apply"):
        pytest.fail("it let us in")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    state = LocalState(tmp_path / "file" / "m.prod.lock.json")
    with pytest.raises(StateError, match=r"m\.prod\.lock\.json\.guard cannot be locked"), state.exclusive("apply"):
        pytest.fail("it let us in")


def test_a_lockfile_that_is_a_link_is_refused_before_anything_begins(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="symbolic link"), LocalState(path).exclusive("apply"):
        pytest.fail("it let us in")


def test_a_damaged_journal_is_refused_and_left_alone(state: LocalState, make: Any, path: Path) -> None:
    make.interrupt(state)
    journal = path.with_name(path.name + ".journal")
    journal.write_bytes(journal.read_bytes().replace(b'{"intent"', b'{"intend', 1))
    for attempt in (state.unfinished, lambda: state.exclusive("apply").__enter__()):
        with pytest.raises(StateError, match=r"journal:2: damaged"):
            attempt()
    assert journal.exists()


def test_the_lockfile_is_its_owners_alone(state: LocalState, make: Any, path: Path) -> None:
    make.run(state, make.known("a"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# One writer


HOLD = """
import sys, time
from pathlib import Path
from reconciler.state import LocalState
with LocalState(Path(sys.argv[1])).exclusive("apply in CI"):
    print("holding", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the state."""
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
        )
        stack.callback(process.kill)
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process


def test_another_process_is_kept_out_and_named(state: LocalState, other: subprocess.Popen[str]) -> None:
    holder = state.holder()
    assert holder is not None
    assert f"process {other.pid}" in holder.who
    with pytest.raises(StateLocked, match=rf"process {other.pid}, apply in CI, since"), state.exclusive("apply"):
        pytest.fail("two at once")


def test_a_dead_holder_is_taken_over_and_named(state: LocalState, other: subprocess.Popen[str], make: Any) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert state.holder() is None
    dead = read_holder(state.path)
    assert dead is not None
    with state.exclusive("apply") as writer:
        assert writer.took_over == dead
        assert f"process {other.pid}" in writer.took_over.who
    assert make.run(state, make.known("a")) is not None


def test_who_only_asks_makes_no_file_and_keeps_nobody_else_from_asking(
    state: LocalState, other: subprocess.Popen[str], path: Path
) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    guard = path.with_name(path.name + ".guard")
    with guard.open("rb") as asks:
        fcntl.flock(asks, fcntl.LOCK_SH | fcntl.LOCK_NB)  # another `lock status`, in the middle of asking
        assert state.holder() is None
    guard.unlink()
    assert state.holder() is None
    assert not guard.exists()


def test_a_record_that_makes_no_sense_is_no_holder(state: LocalState, path: Path) -> None:
    record = path.with_name(path.name + ".holder")
    for text in ("", "[]", '{"who": 1}', "\xff", '{"id": 1, "who": "w", "since": "s", "command": "c"}'):
        record.write_text(text)
        assert state.holder() is None
    with state.exclusive("apply") as writer:
        assert writer.took_over is None
        assert json.loads(record.read_text())["command"] == "apply"


@pytest.mark.parametrize("again", [False, True], ids=["removed", "made anew"])
def test_a_guard_that_goes_in_mid_run_ends_the_run_with_its_journal_kept(
    state: LocalState, make: Any, path: Path, again: bool
) -> None:
    """`git clean -X` does that; whoever comes next finds it free."""
    guard = path.with_name(path.name + ".guard")
    with state.exclusive("apply") as writer:
        a, b = make.change("a"), make.change("b")
        writer.begin(make.plan(a, b), make.digest)
        writer.intend(a)
        guard.rename(guard.with_suffix(".old"))
        if again:
            guard.touch()
        with pytest.raises(StateError, match=r"guard was removed or replaced in mid-run"):
            writer.intend(b)
        make.finish(writer, a, Edits(put=(make.known("a"),)))
        with pytest.raises(StateError, match=r"guard was removed or replaced in mid-run"):
            writer.fold()
    assert not path.exists()
    left = state.unfinished()
    assert left is not None
    assert left.edits == (Edits(put=(make.known("a"),)),)


def test_a_lockfile_that_is_replaced_in_mid_run_is_not_overwritten(state: LocalState, make: Any, path: Path) -> None:
    """As by a `git pull`."""
    make.run(state, make.known("a"))
    with state.exclusive("apply") as writer:
        change = make.change("b")
        writer.begin(make.plan(change, lock=writer.lock), make.digest)
        writer.intend(change)
        make.finish(writer, change, Edits(put=(make.known("b"),)))
        other = path.read_text().replace('"serial": 1', '"serial": 9')
        path.write_text(other)
        with pytest.raises(StateError, match="was written by somebody else in mid-run"):
            writer.fold()
    assert path.read_text() == other
    assert path.with_name(path.name + ".journal").exists()


def test_a_holders_record_is_one_line_whatever_it_holds(state: LocalState, path: Path) -> None:
    record = {"id": "x", "who": "ci\nApplied: all well", "since": "now\x1b[2J", "command": "apply"}
    path.with_name(path.name + ".holder").write_text(json.dumps(record))
    with state.exclusive("apply") as writer:
        assert str(writer.took_over) == "ci\\nApplied: all well, apply, since now\\x1b[2J"
