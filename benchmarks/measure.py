"""What one process costs: wall time, CPU time, peak memory, as the kernel counted them; and how several compare.

Sides are run alternately (A B A B …) in one go, so that whatever else the machine does falls on both alike.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class CommandFailed(Exception):
    """A measured command ended with an exit code other than 0, so that its time means nothing."""


def _nothing() -> None:
    """Between two rounds there is nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One contestant: a command line, where it runs, and what puts everything back before each run."""

    name: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    prepare: Callable[[], None] = field(default=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One run: seconds on the clock, seconds of processor (user and system), peak resident bytes."""

    wall: float
    cpu: float
    memory: int


def run(side: Side) -> Cost:
    """What one run of the side costs. Raises CommandFailed with the end of what it said."""
    side.prepare()
    said = side.folder / f".{side.name.replace(' ', '-')}.out"
    with said.open("w+b") as out:
        start = time.perf_counter()
        process = subprocess.Popen(
            side.command, cwd=side.folder, env=dict(side.environment), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)  # Popen did not wait itself
        out.seek(0)
        if process.returncode != 0:
            tail = out.read()[-2000:].decode("utf-8", "replace")
            raise CommandFailed(f"{' '.join(side.command)} ended with {process.returncode}:\n{tail}")
    return Cost(wall=wall, cpu=usage.ru_utime + usage.ru_stime, memory=usage.ru_maxrss * 1024)


def alternate(sides: Sequence[Side], rounds: int, *, warm: bool = True) -> dict[str, Cost]:
    """The median cost of each side by name, after one uncounted run of each to warm the caches."""
    if warm:
        for side in sides:
            run(side)
    costs: dict[str, list[Cost]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            costs[side.name].append(run(side))
    return {name: median(several) for name, several in costs.items()}


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each measure by itself."""
    return Cost(
        wall=statistics.median(one.wall for one in costs),
        cpu=statistics.median(one.cpu for one in costs),
        memory=int(statistics.median(one.memory for one in costs)),
    )
