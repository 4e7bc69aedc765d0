"""The rules of a state, the same in a folder and in a bucket: one writer, one fold, and what an interrupted run leaves."""

from __future__ import annotations

import os
import threading
import time
import uuid
from typing import Any

import pytest

from reconciler.errors import StalePlan, StateError, StateLocked
from reconciler.model.changes import Action
from reconciler.model.outcomes import Outcome, Status
from reconciler.state import NO_EDITS, Edits, LocalState, dump_lock, settled
from reconciler.state.journal import journal_path

OTHER_DIGEST = "sha256:" + "b" * 64


def test_without_a_file_there_is_no_lock_and_nothing_is_made_by_asking(spot: Any) -> None:
    state = spot.again()
    assert state.read() is None
    assert state.unfinished() is None
    assert state.holder() is None
    assert spot.left() == []


def test_a_run_is_folded_into_one_lockfile_and_leaves_nothing_else(spot: Any, make: Any) -> None:
    state = spot.again()
    lock = make.run(state, make.known("a"), make.known("b"))
    assert lock == make.lock(make.known("a"), make.known("b"))
    assert spot.text() == dump_lock(make.lock(make.known("a"), make.known("b")))
    assert state.read() == lock
    assert spot.left() == [""]


def test_each_first_lockfile_gets_a_lineage_of_its_own(spot: Any, make: Any) -> None:
    first = make.run(spot.again(new_lineage=lambda: str(uuid.uuid4())), make.known("a"))
    spot.write(None)
    second = make.run(spot.again(new_lineage=lambda: str(uuid.uuid4())), make.known("a"))
    assert first.lineage != second.lineage


def test_a_run_that_does_nothing_writes_nothing(spot: Any, make: Any) -> None:
    state = spot.again()
    make.run(state, make.known("a"))
    before = spot.stamp()
    with state.exclusive("apply") as writer:
        change = make.change("a", Action.UPDATE)
        writer.begin(make.plan(change, lock=writer.lock), OTHER_DIGEST)
        writer.intend(change)
        writer.record(Outcome(change=change, status=Status.REFUSED, message="no"), NO_EDITS)
        lock = writer.fold()
    assert lock == make.lock(make.known("a"))
    assert spot.stamp() == before
    assert spot.left() == [""]


def test_a_run_that_changed_the_directory_alone_is_noted_as_applied(spot: Any, make: Any) -> None:
    state = spot.again()
    make.run(state, make.known("a"))
    with state.exclusive("apply") as writer:
        change = make.change("a", Action.UPDATE)
        writer.begin(make.plan(change, lock=writer.lock), OTHER_DIGEST)
        writer.intend(change)
        make.finish(writer, change, Edits(put=(make.known("a"),)))
        lock = writer.fold()
    assert lock == state.read() == make.lock(make.known("a"), serial=2, last_plan=OTHER_DIGEST)


def test_a_run_that_is_noted_and_dies_before_its_journal_is_gone_is_settled_as_it_stands(path: Any, make: Any) -> None:
    make.run(LocalState(path, new_lineage=lambda: make.lineage), make.known("a"))
    journal = journal_path(path)
    state = LocalState(path)
    with state.exclusive("apply") as writer:
        change = make.change("a", Action.UPDATE)
        writer.begin(make.plan(change, lock=writer.lock), OTHER_DIGEST)
        writer.intend(change)
        make.finish(writer, change, Edits(put=(make.known("a"),)))
        writer.close()
        left = journal.read_bytes()
        noted = writer.fold()
    journal.write_bytes(left)
    before = path.read_bytes()
    with state.exclusive("apply") as writer:
        assert writer.settle(()) == noted
    assert path.read_bytes() == before
    assert not journal.exists()


def test_a_run_that_comes_to_nothing_makes_no_lockfile(spot: Any, make: Any) -> None:
    state = spot.again()
    with state.exclusive("apply") as writer:
        change = make.change("a")
        writer.begin(make.plan(change), make.digest)
        writer.intend(change)
        writer.record(Outcome(change=change, status=Status.FAILED, message="no"), NO_EDITS)
        assert writer.fold() is None
    assert spot.left() == []


def test_a_run_without_a_call_needs_no_journal_and_is_written_in_one_step(spot: Any, make: Any) -> None:
    state = spot.again()
    with state.exclusive("lock rebuild") as writer:
        changes = [make.change("a", Action.NO_OP), make.change("b", Action.NO_OP)]
        writer.begin(make.plan(*changes), make.digest)
        for change in changes:
            make.finish(writer, change, Edits(put=(make.known(change.address.key),)))
        assert ".journal" not in spot.left()
        assert spot.again().read() is None
        assert writer.fold() == make.lock(make.known("a"), make.known("b"))
    assert spot.left() == [""]


def test_the_serial_counts_changes_and_the_last_plan_is_remembered(spot: Any, make: Any) -> None:
    state = spot.again()
    make.run(state, make.known("a"))
    lock = make.run(state, make.known("a", "https://x/y"))
    assert lock is not None
    assert (lock.serial, lock.last_plan) == (2, make.digest)


def test_a_plan_of_another_serial_is_stale(spot: Any, make: Any) -> None:
    state = spot.again()
    make.run(state, make.known("a"))
    with state.exclusive("apply") as writer, pytest.raises(StalePlan, match="changed since the plan was made"):
        writer.begin(make.plan(make.change("b")), make.digest)
    assert spot.left() == [""]


def test_an_intent_is_in_the_journal_before_its_call_and_reading_shows_it(spot: Any, make: Any) -> None:
    state = spot.again()
    with state.exclusive("apply") as writer:
        a, b = make.change("a"), make.change("b")
        writer.begin(make.plan(a, b), make.digest)
        writer.intend(a)
        seen = spot.again().unfinished()
        assert seen is not None
        assert seen.intents == (a,)
        assert (seen.header.command, seen.header.ignore_tags, seen.header.serial) == ("apply", ("cost-*",), 0)
        make.finish(writer, a, Edits(put=(make.known("a"),)))
        writer.intend(b)
        seen = spot.again().unfinished()
        assert seen is not None
        assert (seen.intents, seen.edits) == ((b,), (Edits(put=(make.known("a"),)),))
        assert spot.again().read() is None


def test_an_interrupted_run_is_pending_until_it_is_settled(spot: Any, make: Any) -> None:
    state = spot.again()
    make.interrupt(state)
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
    assert spot.left() == [""]


def test_settling_what_did_nothing_ends_the_journal_and_writes_nothing(spot: Any, make: Any) -> None:
    state = spot.again()
    make.run(state, make.known("a"))
    before = spot.stamp()
    with state.exclusive("apply") as writer:
        change = make.change("b")
        writer.begin(make.plan(change, lock=writer.lock), OTHER_DIGEST)
        writer.intend(change)
    with state.exclusive("apply") as writer:
        lock = writer.settle(())
    assert lock is not None
    assert lock.serial == 1
    assert spot.stamp() == before


def test_settling_what_changed_the_directory_alone_notes_its_plan(spot: Any, make: Any) -> None:
    state = spot.again()
    make.run(state, make.known("a"))
    make.interrupt(state)  # its first change puts the entry that is there
    with state.exclusive("apply") as writer:
        in_memory = settled(writer.lock, writer.pending, ())
        lock = writer.settle(())
    assert lock == in_memory == make.lock(make.known("a"), serial=2, last_plan=OTHER_DIGEST)
    assert spot.left() == [""]


def test_an_intent_that_stays_unclear_is_all_that_the_journal_keeps(spot: Any, make: Any) -> None:
    state = spot.again()
    with state.exclusive("apply") as writer:
        a, b = make.change("a"), make.change("b")
        writer.begin(make.plan(a, b), make.digest)
        for change in (a, b):
            writer.intend(change)
        make.finish(writer, a, Edits(put=(make.known("a"),)))
        assert writer.fold() == make.lock(make.known("a"))
    left = state.unfinished()
    assert left is not None
    assert (left.intents, left.edits, left.header.serial) == ((b,), (), 1)
    with state.exclusive("apply") as writer:
        lock = writer.settle((Edits(put=(make.known("b"),)),))
    assert lock is not None
    assert lock.serial == 2
    assert state.unfinished() is None


def test_a_journal_of_another_lockfile_is_refused(spot: Any, make: Any) -> None:
    state = spot.again()
    make.run(state, make.known("a"))
    make.interrupt(state)
    old = spot.text()
    for text in (
        old.replace('"serial": 1', '"serial": 7'),
        old.replace('"serial": 1', '"serial": 2'),  # somebody else's run, not ours: the last plan is another
        old.replace(make.lineage, make.lineage.replace("0d1f", "ffff")),
        None,
    ):
        spot.write(text)
        with pytest.raises(StateError, match="does not belong to") as caught:
            state.unfinished()
        assert "Put the one back" in caught.value.detail
        with pytest.raises(StateError, match="does not belong to"), state.exclusive("apply"):
            pass
    spot.write(old)
    assert state.unfinished() is not None


def test_a_second_writer_is_told_who_holds_the_state(spot: Any) -> None:
    state = spot.again()
    begun = time.monotonic()
    with (
        state.exclusive("apply --auto-approve"),
        pytest.raises(StateLocked) as caught,
        spot.again().exclusive("destroy", timeout=0.3),
    ):
        pytest.fail("two at once")
    assert time.monotonic() - begun >= 0.3
    assert f"process {os.getpid()}, apply --auto-approve, since 20" in caught.value.summary
    assert "--lock-timeout" in caught.value.detail


def test_a_writer_waits_for_another_to_end(spot: Any) -> None:
    state = spot.again()
    entered, order = threading.Event(), []

    def first() -> None:
        with spot.again().exclusive("first"):
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


def test_the_holder_is_known_while_it_holds_and_only_then(spot: Any) -> None:
    state = spot.again()
    with state.exclusive("adopt"):
        holder = spot.again().holder()
        assert holder is not None
        assert holder.command == "adopt"
        assert holder.id
        assert spot.left() in ([".holder"], [".lease"])
    assert state.holder() is None
    assert spot.left() == []


def test_reading_goes_on_while_another_writes(spot: Any, make: Any) -> None:
    state = spot.again()
    make.run(state, make.known("a"))
    with state.exclusive("apply"):
        assert spot.again().read() == make.lock(make.known("a"))


def test_ten_thousand_entries_are_read_and_written_whole(spot: Any, make: Any) -> None:
    state = spot.again()
    entries = [make.known(f"agent-{number:05}", f"https://app.example.com/{number}") for number in range(10_000)]
    with state.exclusive("apply") as writer:
        writer.begin(make.plan(), make.digest)
        make.finish(writer, make.change("all", Action.NO_OP), Edits(put=tuple(entries)))
        written = writer.fold()
    assert state.read() == written == make.lock(*entries)


def test_a_journal_that_would_make_a_damaged_lockfile_is_refused(spot: Any, make: Any) -> None:
    """Whoever may write the journal could otherwise lock everybody out."""
    state = spot.again()
    make.run(state, make.known("a"))
    before = spot.text()
    with state.exclusive("apply") as writer:
        writer.begin(make.plan(make.change("b"), lock=writer.lock), "not a digest")
        writer.intend(make.change("b"))
        make.finish(writer, make.change("b"), Edits(put=(make.known("b"),)))
        writer.close()
    with pytest.raises(StateError, match=r"what the journal of .* makes of the lockfile: not a lockfile"):
        settled(state.read(), state.unfinished(), ())
    with state.exclusive("apply") as writer, pytest.raises(StateError, match="makes of the lockfile"):
        writer.settle(())
    assert spot.text() == before
