"""Many runs in one process while the directory changes: memory stays flat, and no file, thread or lock is left behind.

`make torture` makes 2,000 of each; the suite, a short piece of them.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import random
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from reconciler.cli.main import run as reconciler
from reconciler.directory.connecting import connect
from reconciler.drifting.run import conclude
from reconciler.emulator import Store, attach
from reconciler.model.environments import Environment, Where
from reconciler.model.moments import utc_text
from reconciler.model.trail import Event, Trail
from reconciler.state import Disk
from reconciler.state.memory import memory_on_disk
from reconciler.watching import Terms, glance, look
from tests.watched import ACCOUNT, CHANGES, DAY, PEOPLE, REGION, Watched, create, delete, standing, watched

TORTURE = bool(os.environ.get("TORTURE"))
RUNS, OF_THE_VERB = (int(os.environ.get("SOAK", "2000")),) * 2 if TORTURE else (90, 24)
NAMES = [f"agent-{number}" for number in range(8)]
ONCE, PER_RUN = 131_072, 100
"""Bytes that may stay: once, because the SDK's caches are not full yet; and of each run. A run that stayed would be 100 KB."""


def handles() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def soak(once: Callable[[int], None], runs: int) -> None:
    """Make the runs; what stays of those after the first third is measured, once all caches turn over."""
    tracemalloc.start()
    try:
        for number in range(runs // 3):
            once(number)
        early, before = stays(), (handles(), threading.active_count())
        for number in range(runs // 3, runs):
            once(number)
        late, after = stays(), (handles(), threading.active_count())
    finally:
        tracemalloc.stop()
    grown = late.compare_to(early, "lineno")
    worst = "\n".join(map(str, sorted(grown, key=lambda one: -one.size_diff)[:12]))
    more = sum(one.size_diff for one in grown)
    assert more < ONCE + PER_RUN * (runs - runs // 3), f"{more} bytes more after {runs - runs // 3} runs:\n{worst}"
    assert after == before


def stays() -> tracemalloc.Snapshot:
    """What is held, without what measuring holds."""
    gc.collect()
    return tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)])


class Opened:
    """A run that opens all it needs: the directory, the memory on the disk. Its time is that of `Watched`."""

    def __init__(self, seen: Watched, folder: Path) -> None:
        self.seen, self.lockfile = seen, folder / "reconciler.prod.lock.json"

    @contextlib.contextmanager
    def _directory(self) -> Iterator[Any]:
        seen = self.seen
        attached = functools.partial(attach, store=seen.store, account=ACCOUNT, misbehaviour=seen.misbehaviour)
        environment = Environment(name="prod", where=Where.EMBEDDED, account=ACCOUNT, region=REGION)
        with contextlib.closing(connect(environment, attach=attached, threads=2)) as directory:
            yield directory

    def once(self, number: int) -> None:
        luck = random.Random(number)
        seen = self.seen
        with seen.by(luck.choice(sorted(PEOPLE))):
            self.change(luck)
        seen.clock.sleep(600)
        seen.misbehaviour.calls.clear()  # what the emulator writes down for tests is no part of a run
        with self._directory() as directory, memory_on_disk(self.lockfile, "drift", Disk()) as remembered:
            if luck.random() < 0.3:
                found = glance(directory, seen.subject, remembered, self._events(directory)[-1:], at=seen.at, threads=2)
            else:

                def trail(since: str, until: str) -> Any:
                    return directory.trail(since=since, until=until)

                terms = Terms(every=DAY, trail=trail, threads=2, full=luck.random() < 0.1)
                found = look(directory, seen.subject, remembered, terms, at=seen.at)
            _, memory = conclude(found, ())
            remembered.write(memory)

    def _events(self, directory: Any) -> tuple[Event, ...]:
        """Those since the run before, read as a run does: a directory that lives on gathers a client each time."""
        since = utc_text(datetime.fromtimestamp(self.seen.clock.now - 600, UTC))
        found: Trail = directory.trail(since=since, until=self.seen.at)
        return found.events

    def change(self, luck: random.Random) -> None:
        """Somebody does something to one of ours, or to a stranger that comes and goes."""
        names = standing(self.seen)
        if luck.random() < 0.3:
            name = f"stranger-{luck.randrange(3)}"
            (delete if name in names else create)(self.seen, name, luck)
            return
        name = luck.choice(NAMES)
        if name in names:
            luck.choice((*CHANGES, delete))(self.seen, name, luck)
        else:
            create(self.seen, name, luck)


def test_nothing_stays_of_runs_and_glances_at_a_directory_that_changes(tmp_path: Path) -> None:
    with watched(*NAMES) as seen:
        soak(Opened(seen, tmp_path).once, RUNS)
    assert {one.name for one in tmp_path.iterdir()} <= {
        "reconciler.prod.drift.json", "reconciler.prod.drift.json.guard",
    }  # fmt: skip


def test_nothing_stays_of_the_verb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    entries = "".join(
        f'  {one}: {{allowedResourceOauth2ReturnUrls: ["https://app.example.com/{one}"]}}\n' for one in NAMES
    )
    head = "version: 1\nstack: payments\nenvironments: {local: {directory: embedded}}\nworkloadIdentities:\n"
    (tmp_path / "reconciler.yaml").write_text(head + entries)
    assert reconciler(["apply", "--auto-approve"]) == 0
    with contextlib.closing(Store(tmp_path / ".reconciler" / "directory.sqlite")) as store:
        client = boto3.client("bedrock-agentcore-control", region_name=REGION)
        attach(client, store)

        def once(number: int) -> None:
            urls = [f"https://other.example/{number % 3}"]
            client.update_workload_identity(name=NAMES[number % 8], allowedResourceOauth2ReturnUrls=urls)
            assert reconciler(["drift", "--output", "json=drift.json", "--metrics", "drift.prom"]) == 2
            capsys.readouterr()

        soak(once, OF_THE_VERB)
        client.close()
