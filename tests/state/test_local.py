"""The state on this disk: one writer, one fold, and what an interrupted run leaves to the next."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import StalePlan, StateError, StateLocked
from reconciler.model.changes import Action
from reconciler.model.outcomes import Outcome, Status
from reconciler.model.resources import Lock
from reconciler.state import NO_EDITS, Edits, LocalState, Writer, dump_lock, settled
from reconciler.state.guard import read_holder


def finish(writer: Writer, change: Any, edits: Edits) -> None:
    writer.record(Outcome(change=change, status=Status.DONE), edits)


def run(state: LocalState, make: Any, *entries: Any) -> Lock | None:
    """One whole run that puts the entries."""
    with state.exclusive("apply") as writer:
        changes = [make.change(one.address.key, name=one.name) for one in entries]
        writer.begin(make.plan(*changes, lock=writer.lock), make.digest)
        for change, known in zip(changes, entries, strict=True):
            writer.intend(change)
            finish(writer, change, Edits(put=(known,)))
        return writer.fold()


def test_without_a_file_there_is_no_lock_and_nothing_is_made_by_asking(
    state: LocalState, files: Callable[[], list[str]], tmp_path: Path
) -> None:
    assert state.read() is None
    assert state.unfinished() is None
    assert state.holder() is None
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_folded_into_one_lockfile_and_leaves_nothing_else(
    state: LocalState, make: Any, path: Path, files: Callable[[], list[str]]
) -> None:
    lock = run(state, make, make.known("a"), make.known("b"))
    assert lock == make.lock(make.known("a"), make.known("b"))
    assert path.read_text() == dump_lock(make.lock(make.known("a"), make.known("b")))
    assert state.read() == lock
    assert files() == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_each_state_gets_a_lineage_of_its_own(tmp_path: Path, make: Any) -> None:
    first, second = (run(LocalState(tmp_path / f"{name}.lock.json"), make, make.known("a")) for name in "ab")
    assert first is not None
    assert second is not None
    assert first.lineage != second.lineage


def test_a_run_that_changes_nothing_writes_nothing(
    state: LocalState, make: Any, path: Path, files: Callable[[], list[str]]
) -> None:
    run(state, make, make.known("a"))
    before = (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns)
    lock = run(state, make, make.known("a"))
    assert lock is not None
    assert lock.serial == 1
    assert (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns) == before
    assert files() == [path.name]


def test_a_run_that_comes_to_nothing_makes_no_lockfile(
    state: LocalState, make: Any, files: Callable[[], list[str]]
) -> None:
    with state.exclusive("apply") as writer:
        change = make.change("a")
        writer.begin(make.plan(change), make.digest)
        writer.intend(change)
        writer.record(Outcome(change=change, status=Status.FAILED, message="no"), NO_EDITS)
        assert writer.fold() is None
    assert files() == []


def test_the_serial_counts_changes_and_the_last_plan_is_remembered(state: LocalState, make: Any) -> None:
    run(state, make, make.known("a"))
    lock = run(state, make, make.known("a", "https://x/y"))
    assert lock is not None
    assert (lock.serial, lock.last_plan) == (2, make.digest)


def test_a_plan_of_another_serial_is_stale(state: LocalState, make: Any, files: Callable[[], list[str]]) -> None:
    run(state, make, make.known("a"))
    with state.exclusive("apply") as writer, pytest.raises(StalePlan, match="changed since the plan was made"):
        writer.begin(make.plan(make.change("b")), make.digest)
    assert files() == [state.path.name]


def test_an_intent_is_in_the_journal_before_its_call_and_reading_shows_it(state: LocalState, make: Any) -> None:
    with state.exclusive("apply") as writer:
        a, b = make.change("a"), make.change("b")
        writer.begin(make.plan(a, b), make.digest)
        writer.intend(a)
        seen = LocalState(state.path).unfinished()
        assert seen is not None
        assert seen.intents == (a,)
        assert (seen.header.command, seen.header.ignore_tags, seen.header.serial) == ("apply", ("cost-*",), 0)
        finish(writer, a, Edits(put=(make.known("a"),)))
        writer.intend(b)
        seen = LocalState(state.path).unfinished()
        assert seen is not None
        assert (seen.intents, seen.edits) == ((b,), (Edits(put=(make.known("a"),)),))
        assert LocalState(state.path).read() is None


def interrupt(state: LocalState, make: Any) -> None:
    """A run of three changes that dies with one done, one under way."""
    with state.exclusive("apply") as writer:
        a, b, c = make.change("a"), make.change("b"), make.change("c")
        writer.begin(make.plan(a, b, c, lock=writer.lock), "sha256:" + "b" * 64)
        writer.intend(a)
        finish(writer, a, Edits(put=(make.known("a"),)))
        writer.intend(b)


def test_an_interrupted_run_is_pending_until_it_is_settled(
    state: LocalState, make: Any, files: Callable[[], list[str]]
) -> None:
    interrupt(state, make)
    with state.exclusive("apply") as writer:
        assert writer.pending is not None
        assert [one.address.key for one in writer.pending.intents] == ["b"]
        with pytest.raises(StateError, match="not settled yet"):
            writer.begin(make.plan(make.change("d")), make.digest)
        in_memory = settled(state.read(), writer.pending, (Edits(put=(make.known("b"),)),))
        lock = writer.settle((Edits(put=(make.known("b"),)),))
        assert lock == in_memory == make.lock(make.known("a"), make.known("b"), last_plan="sha256:" + "b" * 64)
        assert writer.pending is None
        writer.begin(make.plan(make.change("d"), lock=lock), make.digest)
        writer.fold()
    assert state.unfinished() is None
    assert state.read() == lock
    assert files() == [state.path.name]


def test_settling_what_changed_nothing_ends_the_journal_and_writes_nothing(
    state: LocalState, make: Any, path: Path, files: Callable[[], list[str]]
) -> None:
    run(state, make, make.known("a"))
    before = path.stat().st_mtime_ns
    interrupt(state, make)
    with state.exclusive("apply") as writer:
        lock = writer.settle(())
    assert lock is not None
    assert lock.serial == 1
    assert path.stat().st_mtime_ns == before
    assert files() == [path.name]


def test_a_run_that_dies_between_lockfile_and_journal_is_folded_once(
    state: LocalState, make: Any, refusing: Any, files: Callable[[], list[str]]
) -> None:
    stuck: list[str] = []
    run(state, make, make.known("a"))
    with LocalState(state.path, disk=refusing(lambda one, _: one in stuck)).exclusive("apply") as writer:
        change = make.change("b")
        writer.begin(make.plan(change, lock=writer.lock), make.digest)
        writer.intend(change)
        finish(writer, change, Edits(put=(make.known("b"),)))
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


def test_an_intent_that_stays_unclear_is_all_that_the_journal_keeps(state: LocalState, make: Any) -> None:
    with state.exclusive("apply") as writer:
        a, b = make.change("a"), make.change("b")
        writer.begin(make.plan(a, b), make.digest)
        for change in (a, b):
            writer.intend(change)
        finish(writer, a, Edits(put=(make.known("a"),)))
        assert writer.fold() == make.lock(make.known("a"))
    left = state.unfinished()
    assert left is not None
    assert (left.intents, left.edits, left.header.serial) == ((b,), (), 1)
    with state.exclusive("apply") as writer:
        lock = writer.settle((Edits(put=(make.known("b"),)),))
    assert lock is not None
    assert lock.serial == 2
    assert state.unfinished() is None


def test_a_journal_of_another_lockfile_is_refused(state: LocalState, make: Any, path: Path) -> None:
    run(state, make, make.known("a"))
    interrupt(state, make)
    old = path.read_text()
    for text in (
        old.replace('"serial": 1', '"serial": 7'),
        old.replace('"serial": 1', '"serial": 2'),  # somebody else's run, not ours: the last plan is another
        old.replace(make.lineage, make.lineage.replace("0d1f", "ffff")),
        None,
    ):
        path.unlink() if text is None else path.write_text(text)
        with pytest.raises(StateError, match="does not belong to") as caught:
            state.unfinished()
        assert "Put the one back" in caught.value.detail
        with pytest.raises(StateError, match="does not belong to"), state.exclusive("apply"):
            pass
    path.write_text(old)
    assert state.unfinished() is not None


def test_a_torn_first_line_is_nothing_and_the_next_run_begins_anew(
    state: LocalState, make: Any, path: Path, files: Callable[[], list[str]]
) -> None:
    path.with_name(path.name + ".journal").write_text('{"journal": 1, "lin')
    assert state.unfinished() is None
    assert run(state, make, make.known("a")) == make.lock(make.known("a"))
    assert files() == [path.name]


def test_a_full_disk_at_the_fold_keeps_journal_and_old_lockfile_and_the_next_run_goes_on(
    state: LocalState, make: Any, refusing: Any
) -> None:
    run(state, make, make.known("a"))
    full: list[str] = []
    cramped = LocalState(state.path, disk=refusing(lambda one, _: one in full))
    with cramped.exclusive("apply") as writer:
        change = make.change("b")
        writer.begin(make.plan(change, lock=writer.lock), make.digest)
        writer.intend(change)
        finish(writer, change, Edits(put=(make.known("b"),)))
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
        finish(writer, a, Edits(put=(make.known("a"),)))
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
    interrupt(state, make)
    journal = path.with_name(path.name + ".journal")
    journal.write_bytes(journal.read_bytes().replace(b'{"intent"', b'{"intend', 1))
    for attempt in (state.unfinished, lambda: state.exclusive("apply").__enter__()):
        with pytest.raises(StateError, match=r"journal:2: damaged"):
            attempt()
    assert journal.exists()


# One writer


def test_a_second_writer_is_told_who_holds_the_state(state: LocalState) -> None:
    begun = time.monotonic()
    with (
        state.exclusive("apply --auto-approve"),
        pytest.raises(StateLocked) as caught,
        LocalState(state.path).exclusive("destroy", timeout=0.3),
    ):
        pytest.fail("two at once")
    assert time.monotonic() - begun >= 0.3
    assert f"process {os.getpid()}, apply --auto-approve, since 20" in caught.value.summary
    assert "--lock-timeout" in caught.value.detail


def test_a_writer_waits_for_another_to_end(state: LocalState) -> None:
    entered, order = threading.Event(), []

    def first() -> None:
        with LocalState(state.path).exclusive("first"):
            entered.set()
            time.sleep(0.2)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait()
    with state.exclusive("second", timeout=30):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_the_holder_is_known_while_it_holds_and_only_then(state: LocalState, files: Callable[[], list[str]]) -> None:
    with state.exclusive("adopt"):
        holder = LocalState(state.path).holder()
        assert holder is not None
        assert holder.command == "adopt"
        assert holder.id
        assert state.path.name + ".holder" in files()
    assert state.holder() is None
    assert files() == []


def test_reading_goes_on_while_another_writes(state: LocalState, make: Any) -> None:
    run(state, make, make.known("a"))
    with state.exclusive("apply"):
        assert LocalState(state.path).read() == make.lock(make.known("a"))


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
    assert run(state, make, make.known("a")) is not None


def test_a_record_that_makes_no_sense_is_no_holder(state: LocalState, path: Path) -> None:
    record = path.with_name(path.name + ".holder")
    for text in ("", "[]", '{"who": 1}', "\xff"):
        record.write_text(text)
        assert state.holder() is None
    with state.exclusive("apply") as writer:
        assert writer.took_over is None
        assert json.loads(record.read_text())["command"] == "apply"


def test_ten_thousand_entries_are_read_and_written_whole(state: LocalState, make: Any) -> None:
    entries = [make.known(f"agent-{number:05}", f"https://app.example.com/{number}") for number in range(10_000)]
    with state.exclusive("apply") as writer:
        writer.begin(make.plan(), make.digest)
        finish(writer, make.change("all", Action.NO_OP), Edits(put=tuple(entries)))
        written = writer.fold()
    assert state.read() == written == make.lock(*entries)
