"""How close to a quota clients come, and how often they run into it: ours beside plain boto3 in its own retry modes.

The far side is the emulator in a process of its own (`benchmarks.quota_server`), which notes every call that arrives; what
is said of a client is what arrived there.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import ROOT, Bench
from benchmarks.fleet import ACCOUNT
from benchmarks.plain_reader import THREADS
from benchmarks.quota_server import EMULATED, Call

QUOTA, LESS = 20.0, 5.0
LATENCY_MS = 50
_READS = ("GetWorkloadIdentity", "ListTagsForResource")
_DROPS, _RETURNS = 10.0, 30.0  # seconds after the first call
_WINDOW = 2.0  # seconds over which a rate is told
_LONGEST = 240.0
HEADINGS = ("read", "by", "took", "of the quota", "throttled", "given up", "follows to 5", "and back to 20")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ride:
    """What one client did: calls that arrived, and those it gave up. `begun`: when the first arrived."""

    calls: Sequence[Call]
    given_up: int

    @property
    def begun(self) -> float:
        """When the first call arrived."""
        return self.calls[0].when

    @property
    def seconds(self) -> float:
        """From the first call to the last."""
        return self.calls[-1].when - self.begun

    @property
    def throttled(self) -> float:
        """Share of the calls that were."""
        return sum(not one.passed for one in self.calls) / len(self.calls)

    @property
    def reached(self) -> float:
        """Share of the quota that the slower of the two reads made use of, over the whole time."""
        passed = [sum(one.passed and one.operation == read for one in self.calls) for read in _READS]
        return min(passed) / (self.seconds * QUOTA)

    def follows(self, after: float, least: float, most: float) -> float | None:
        """Seconds after that moment until the first read is sent at a rate between the two; None: never."""
        moments = [one.when - self.begun for one in self.calls if one.operation == _READS[0]]
        for moment in (after, *(one for one in moments if one > after)):
            number = sum(moment <= one < moment + _WINDOW for one in moments)
            if least <= number / _WINDOW <= most and moment + _WINDOW <= moments[-1]:
                return moment - after
        return None


class Server:
    """The emulator of one ride."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = self._line().split()[-1]

    def _line(self) -> str:
        if self._process.stdout is None:
            raise RuntimeError("the emulator has no output to read from")
        return self._process.stdout.readline()

    def _say(self, words: str) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the emulator has no input to write to")
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()

    def set(self, quota: float) -> None:
        """Another quota from now on."""
        self._say(f"quota {quota}")

    def told(self) -> list[Call]:
        """The calls since this was asked last, in the order of their arrival."""
        self._say("told")
        return sorted(Call(*one) for one in json.loads(self._line()))


@contextlib.contextmanager
def emulator(count: int, *, reads: bool = False) -> Iterator[Server]:
    """An emulator with so many identities in it. `reads`: its audit trail holds calls that only read, too."""
    command = [sys.executable, "-m", "benchmarks.quota_server", "--identities", str(count), "--quota", str(QUOTA)]
    command += ["--reads"] if reads else []
    with subprocess.Popen(
        [*command, "--latency-ms", str(LATENCY_MS)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Server(process)
        finally:
            process.terminate()


def ride(command: Sequence[str], folder: Path, bench: Bench, count: int, *, drops: bool) -> Ride:
    """What the command does; `{endpoint}` in it is the emulator's. `drops`: the quota changes twice while it runs."""
    with emulator(count) as server:
        words = [word.format(endpoint=server.url) for word in command]
        environment = {**bench.environment(server.url), "PYTHONPATH": str(ROOT)}
        calls: list[Call] = []
        with subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as client:
            changes = [(_DROPS, LESS), (_RETURNS, QUOTA)] if drops else []
            begun: float | None = None
            until = time.monotonic() + _LONGEST
            while client.poll() is None and time.monotonic() < until:
                time.sleep(0.02)
                if begun is None and (fresh := server.told()):
                    calls, begun = fresh, time.monotonic()
                if begun is not None and changes and time.monotonic() >= begun + changes[0][0]:
                    server.set(changes.pop(0)[1])
            client.terminate()
            said = client.stdout.read() if client.stdout else ""
        if client.returncode:
            raise RuntimeError(f"{' '.join(words)} ended with {client.returncode}")
        last = said.strip().rpartition("\n")[2]
        return Ride(calls=[*calls, *server.told()], given_up=int(last) if last.isdigit() else 0)


def measure(bench: Bench) -> tuple[list[tuple[str, ...]], bool]:
    """The rows of the table, and whether ours kept what was promised."""
    rows, kept = [], True
    for count, drops in ((bench.size(400), False), (bench.size(700), True)):
        fleet = applied_fleet(bench, count, "pacing")
        ours = bench.ours(["plan", "fleet.yaml", "--detailed-exitcode", "--rate", f"{QUOTA:g}"], fleet)
        clients = {"reconciler": list(ours.command)}
        for mode in ("standard", "adaptive"):
            reader = [sys.executable, "-m", "benchmarks.plain_reader", "{endpoint}", mode, str(count)]
            clients[f"boto3, {mode}, {THREADS} threads"] = reader
        for name, command in clients.items():
            found = ride(command, fleet, bench, count, drops=drops)
            rows.append(_row(f"{count} identities" + (", quota 20, 5, 20" if drops else ""), name, found, drops=drops))
            if name == "reconciler" and not drops:
                kept = found.reached >= 0.97 and found.throttled <= 0.01
    return rows, kept


def applied_fleet(bench: Bench, count: int, what: str) -> Path:
    """A folder with the fleet as it was applied in the emulator's account."""
    folder = Path(shutil.copytree(bench.fleet(count) / "reconciler", bench.folder / f"{what}-{count}"))
    for file in folder.iterdir():
        file.write_text(file.read_text(encoding="utf-8").replace(ACCOUNT, EMULATED), encoding="utf-8")
    return folder


def _row(title: str, name: str, found: Ride, *, drops: bool) -> tuple[str, ...]:
    followed = ("", "")
    if drops:
        down = found.follows(_DROPS, 0.0, LESS * 1.2)
        up = found.follows(_RETURNS, QUOTA * 0.9, float("inf"))
        followed = ("never" if down is None else f"{down:.1f} s", "never" if up is None else f"{up:.1f} s")
    reached = "" if drops else f"{found.reached:.1%}"
    return (
        title, name, f"{found.seconds:.1f} s", reached, f"{found.throttled:.1%}", f"{found.given_up}", *followed,
    )  # fmt: skip
