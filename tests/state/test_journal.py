"""The journal: what it says, how it is read back, and that many intents share one sync."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import StateError
from reconciler.model.changes import Action
from reconciler.model.outcomes import Outcome, Status
from reconciler.state import NO_EDITS, Disk, Edits, Header
from reconciler.state.journal import header_line, intent_line, outcome_line, parse_journal
from reconciler.state.journal_file import JournalFile


@pytest.fixture
def header(make: Any) -> Header:
    return Header(
        lineage=make.lineage,
        serial=3,
        plan=make.digest,
        target=make.target,
        ignore_tags=("cost-*",),
        command="apply",
        who="ana@runner-7 process 4711",
        when="2026-11-24T10:00:00Z",
    )


@pytest.fixture
def lines(make: Any, header: Header) -> list[bytes]:
    a, b, c = make.change("a"), make.change("b", Action.DELETE), make.change("c")
    done = Outcome(change=a, status=Status.DONE)
    text = (
        header_line(header),
        intent_line(a),
        intent_line(b),
        outcome_line(done, Edits(put=(make.known("a", "https://x/ü"),), drop=(make.address("z"),))),
        intent_line(c),
    )
    return [line.encode() for line in text]


def test_a_journal_is_read_back_as_it_was_written(lines: list[bytes], header: Header, make: Any) -> None:
    journal = parse_journal(b"".join(lines), file="j")
    assert journal is not None
    assert journal.header == header
    assert journal.intents == (make.change("b", Action.DELETE), make.change("c"))
    assert journal.edits == (Edits(put=(make.known("a", "https://x/ü"),), drop=(make.address("z"),)),)


def test_every_line_is_one_json_object(lines: list[bytes]) -> None:
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 and json.loads(line) for line in lines)


def test_a_torn_last_line_is_left_out_wherever_it_is_torn(lines: list[bytes], make: Any) -> None:
    whole = b"".join(lines[:-1])
    for length in range(len(lines[-1])):
        journal = parse_journal(whole + lines[-1][:length], file="j")
        assert journal is not None
        assert [change.address.key for change in journal.intents] == ["b"]


def test_zeros_that_a_power_cut_left_at_the_end_are_left_out(lines: list[bytes]) -> None:
    journal = parse_journal(b"".join(lines) + b"\0" * 4096, file="j")
    assert journal is not None
    assert len(journal.intents) == 2


def test_a_run_that_died_before_its_first_line_was_whole_left_nothing(lines: list[bytes]) -> None:
    for length in range(len(lines[0])):
        assert parse_journal(lines[0][:length], file="j") is None


@pytest.mark.parametrize("number", [0, 1, 2, 3])
@pytest.mark.parametrize("damage", [b"{\n", b"\0\0\n", b"[]\n", b"{}\n", b'{"intent": {}}\n', b"\xff\n", b"\n"])
def test_damage_before_the_last_line_is_refused_with_its_line(lines: list[bytes], number: int, damage: bytes) -> None:
    lines[number] = damage
    with pytest.raises(StateError, match=rf"^j:{number + 1}: damaged") as caught:
        parse_journal(b"".join(lines), file="j")
    assert "Move the file away and run plan" in caught.value.detail


@pytest.mark.parametrize(
    "wrong",
    [
        {"serial": "3"},
        {"serial": None},
        {"serial": True},
        {"serial": 3.0},
        {"lineage": 7},
        {"plan": None},
        {"command": ["apply"]},
        {"ignore_tags": [1]},
        {"ignore_tags": "cost-*"},
        {"target": {"stack": "payments", "environment": "prod", "account": 222222222222, "region": "us-east-1"}},
    ],
    ids=str,
)
def test_a_header_of_other_types_is_damaged(lines: list[bytes], wrong: dict[str, Any]) -> None:
    first = json.dumps(json.loads(lines[0]) | wrong).encode() + b"\n"
    with pytest.raises(StateError, match="j:1: damaged: not a journal line"):
        parse_journal(b"".join([first, *lines[1:]]), file="j")


def test_a_newer_journal_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(StateError, match="newer reconciler"):
        parse_journal(b"".join(lines).replace(b'"journal":1', b'"journal":2'), file="j")


class Counting(Disk):
    """A disk whose syncs take a while, as they do, and are counted; it says what had been written at each."""

    def __init__(self, path: Path, takes: float = 0.0) -> None:
        self.path, self.takes = path, takes
        self.syncs = 0
        self.durable = 0
        self.gate = threading.Event()
        self.gate.set()

    def sync(self, descriptor: int) -> None:
        self.gate.wait()
        written = os.fstat(descriptor).st_size
        super().sync(descriptor)
        time.sleep(self.takes)
        self.syncs += 1
        self.durable = max(self.durable, written)


def test_many_intents_at_once_share_few_syncs(path: Path) -> None:
    disk = Counting(path, takes=0.005)
    journal = JournalFile(path, "first\n", disk)
    begun = disk.syncs
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: journal.append_durably(f"{number:03}\n"), range(200)))
    journal.close()
    assert sorted(path.read_text().split()) == sorted(["first", *(f"{number:03}" for number in range(200))])
    # Up to 15 gather behind each sync; how many is the scheduler's choice, so the bound is generous.
    assert disk.syncs - begun < 100


def test_all_who_wait_behind_one_sync_are_carried_by_the_next(path: Path) -> None:
    disk = Counting(path)
    journal = JournalFile(path, "first\n", disk)
    begun = disk.syncs
    disk.gate.clear()
    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(journal.append_durably, f"{number}\n") for number in range(16)]
        while len(journal._waiting) < 15:
            pass
        disk.gate.set()
        for call in calls:
            call.result(timeout=10)
    assert disk.syncs - begun == 2
    journal.close()


def test_an_intent_returns_only_when_its_line_was_synced(path: Path) -> None:
    disk = Counting(path)
    journal = JournalFile(path, "first\n", disk)

    def intend(number: int) -> bool:
        line = f"{number:03}" * 20 + "\n"
        journal.append_durably(line)
        return path.read_bytes()[: disk.durable].find(line.encode()) >= 0

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(intend, range(100)))
    journal.close()


def test_an_outcome_goes_with_the_next_sync_and_costs_none(path: Path) -> None:
    disk = Counting(path)
    journal = JournalFile(path, "first\n", disk)
    begun = disk.syncs
    for number in range(50):
        journal.append(f"outcome {number}\n")
    assert disk.syncs == begun
    journal.append_durably("intent\n")
    assert disk.syncs == begun + 1
    assert path.read_text().splitlines()[-1] == "intent"
    journal.append("last outcome\n")
    journal.close()
    assert path.read_text().splitlines()[-1] == "last outcome"


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_a_disk_that_refuses_ends_the_journal_with_whole_lines(path: Path, refusing: Any, operation: str) -> None:
    full: list[str] = []
    disk = refusing(lambda one, _: one in full)
    journal = JournalFile(path, "first\n", disk)
    journal.append_durably("second\n")
    full.append(operation)
    for line in ("third, which is refused\n", "fourth, after the refusal\n"):
        with pytest.raises(StateError, match="No space left on device"):
            journal.append_durably(line)
    journal.append("an outcome after it\n")
    journal.close()
    assert path.read_text() == "first\nsecond\n"


def test_a_journal_that_cannot_be_begun_leaves_no_file(
    path: Path, refusing: Any, files: Callable[[], list[str]]
) -> None:
    for operation in ("create", "write", "sync", "sync_folder"):
        with pytest.raises(StateError, match="cannot be written"):
            JournalFile(path, "first\n", refusing(lambda one, _, refused=operation: one == refused))
        assert files() == []


def test_a_journal_is_never_written_over_another_or_through_a_link(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="File exists"):
        JournalFile(path, "first\n", Disk())
    assert not (tmp_path / "elsewhere").exists()


def test_an_outcome_closes_the_intent_of_its_address_only(make: Any, header: Header) -> None:
    one, other = make.change("a"), make.change("b")
    text = header_line(header) + intent_line(one) + intent_line(other)
    text += outcome_line(Outcome(change=replace(one, name="x"), status=Status.FAILED, message="no"), NO_EDITS)
    journal = parse_journal(text.encode(), file="j")
    assert journal is not None
    assert journal.intents == (other,)
    assert journal.edits == (NO_EDITS,)
