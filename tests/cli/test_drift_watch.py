"""`drift --watch`: again and again, a line for each run, what is new alone, on after what failed, and ended by a signal."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.cli.console import open_console
from reconciler.cli.repeating import Ended, Rhythm, repeat
from reconciler.errors import DirectoryError, ExitCode, StateLocked, UsageError

ROGUE = "https://rogue.example/callback"


class Hand:
    """A clock that a test moves, and a wait that ends the watch after some turns."""

    def __init__(self, turns: int) -> None:
        self.turns, self.now, self.waits = turns, 0.0, list[float]()

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        if len(self.waits) == self.turns:
            raise KeyboardInterrupt

    def rhythm(self, every: float = 300, luck: float = 0.5) -> Rhythm:
        return Rhythm(every=every, wait=self.wait, clock=lambda: self.now, luck=lambda: luck)


def run_through(outcomes: list[Any], hand: Hand, **how: Any) -> ExitCode:
    left = iter(outcomes)

    def once(_: object) -> Ended:
        one = next(left)
        if isinstance(one, Exception):
            raise one
        return Ended(one, "looked")

    return repeat(open_console(True), once, hand.rhythm(**how))


def test_runs_begin_at_the_interval_however_long_they_take() -> None:
    hand = Hand(3)
    taken = iter([0.0, 100.0, 1000.0])

    def once(_: object) -> Ended:
        hand.now += next(taken)
        return Ended(ExitCode.OK, "looked")

    repeat(open_console(True), once, hand.rhythm())
    assert hand.waits == [300.0, 200.0, 1.0]


@pytest.mark.parametrize(("luck", "pause"), [(0.0, 270.0), (1.0, 330.0)])
def test_a_fleet_that_began_together_does_not_call_together(luck: float, pause: float) -> None:
    hand = Hand(1)
    run_through([ExitCode.OK], hand, luck=luck)
    assert hand.waits == [pytest.approx(pause)]


def test_it_goes_on_after_failures_later_and_later_and_at_once_in_rhythm_when_one_succeeds(capsys: Any) -> None:
    hand = Hand(8)
    wrong = DirectoryError("the directory cannot be reached", "Is the network there?")
    code = run_through([ExitCode.OK, wrong, wrong, wrong, ValueError("s3cret"), wrong, wrong, ExitCode.CHANGES], hand)
    assert code is ExitCode.CHANGES
    assert hand.waits == [300, 600, 1200, 2400, 3600, 3600, 3600, 300]
    err = capsys.readouterr().err
    assert "Error: the directory cannot be reached" in err
    assert "failed (6 in a row); next in 1 hour" in err
    assert "s3cret" not in err


def test_a_run_that_another_one_keeps_out_is_no_failure(capsys: Any) -> None:
    hand = Hand(3)
    locked = StateLocked("held by ana")
    assert run_through([locked, locked, locked], hand) is ExitCode.LOCKED
    assert hand.waits == [300, 300, 300]
    assert "another run is at work; next in 5 minutes" in capsys.readouterr().err


def test_a_mistake_in_the_call_ends_it_at_once_and_one_that_comes_later_does_not() -> None:
    with pytest.raises(UsageError):
        run_through([UsageError("no such environment")], Hand(9))
    hand = Hand(2)
    assert run_through([ExitCode.OK, UsageError("the manifest went")], hand) is ExitCode.ERROR
    assert len(hand.waits) == 2


def test_what_was_noted_in_the_run_before_is_not_noted_again(capsys: Any) -> None:
    hand = Hand(4)
    said = iter(["a", "a", "b", "a"])

    def once(console: Any) -> Ended:
        console.note(f"note {next(said)}")
        return Ended(ExitCode.OK, "looked")

    repeat(open_console(True), once, hand.rhythm())
    assert re.findall(r"note (\w)", capsys.readouterr().err) == ["a", "b", "a"]


@pytest.fixture
def applied(project: Any) -> Any:
    assert project.run("apply", "--auto-approve").code == 0
    return project


class Watching:
    """A watch in a process of its own, whose lines are read as they come."""

    def __init__(self, project: Any, *more: str) -> None:
        self.process = project.spawn("drift", "--watch", "1s", *more)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self.lines.extend(iter(self.process.stderr.readline, ""))

    def until(self, happened: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < end, self.lines
            time.sleep(0.02)

    def runs(self, pattern: str = "next in") -> int:
        return sum(re.search(pattern, line) is not None for line in list(self.lines))

    def end(self, number: int) -> tuple[int, str]:
        began = time.monotonic()
        self.process.send_signal(number)
        out = self.process.stdout.read()
        self.process.wait(timeout=30)
        assert time.monotonic() - began < 10
        self._reader.join(timeout=10)
        return self.process.returncode, out


def divert(project: Any, *urls: str) -> None:
    with project.outside() as client:
        client.update_workload_identity(
            name="invoice-agent",
            allowedResourceOauth2ReturnUrls=list(urls) or ["https://app.example.com/oauth/callback"],
        )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_tells_what_is_new_once_and_ends_with_the_code_of_the_last_run(applied: Any, number: int) -> None:
    watch = Watching(applied)
    watch.until(lambda: watch.runs() >= 1)
    divert(applied, ROGUE)
    watch.until(lambda: watch.runs("1 new, 0 standing") == 1 and watch.runs("0 new, 1 standing") >= 1)
    code, out = watch.end(number)
    assert code == 2
    assert (out.count("Drift of stack payments"), ROGUE in out) == (1, True)
    assert watch.lines[-1].startswith("Stopped after ")
    again = applied.run("drift", "--format", "json")
    (found,) = json.loads(again.out)["targets"][0]["findings"]
    assert found["status"] == "standing"


def test_a_manifest_and_a_lockfile_that_change_meanwhile_are_read_anew(applied: Any) -> None:
    watch = Watching(applied)
    watch.until(lambda: watch.runs("2 managed") >= 1)
    applied.declare("invoice-agent", "ledger-agent", "refund-agent")
    assert applied.run("apply", "--auto-approve").code == 0
    watch.until(lambda: watch.runs("3 managed") >= 1)
    file = applied.folder / "reconciler.yaml"
    text = file.read_text()
    file.write_text("version: [")
    watch.until(lambda: watch.runs("  failed; next in") >= 1)
    file.write_text(text)
    done = watch.runs("3 managed")
    watch.until(lambda: watch.runs("3 managed") > done)
    assert watch.end(signal.SIGTERM)[0] == 0


def test_ended_in_the_middle_of_a_run_it_leaves_memory_and_lock_whole(project: Any, aws: Any) -> None:
    names = [f"agent-{number}" for number in range(6)]
    project.declare(*names, head="environments: {prod: {region: us-east-1}}")
    assert project.run("apply", "--auto-approve").code == 0
    watch = Watching(project, "--full")
    watch.until(lambda: watch.runs() >= 1)
    aws.misbehaviour.calls.clear()
    aws.misbehaviour.latency = 1.0
    watch.until(lambda: any(one.operation == "ListWorkloadIdentities" for one in list(aws.misbehaviour.calls)))
    code, _ = watch.end(signal.SIGTERM)
    assert code == 0
    aws.misbehaviour.latency = 0
    assert project.run("drift").code == 0


def test_a_plan_is_of_one_run(applied: Any) -> None:
    ran = applied.run("drift", "--watch", "1s", "--plan", "back.plan")
    assert ran.code == 1
    assert "--watch makes many" in ran.err


def test_a_call_that_is_wrong_ends_at_once(applied: Any) -> None:
    ran = applied.run("drift", "--watch", "1s", "--env", "nowhere")
    assert ran.code == 1
    assert "declares no environment 'nowhere'" in ran.err
    assert applied.run("drift", "--watch", "often").code == 1
