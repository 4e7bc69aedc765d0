"""Runs of the command line in processes that can be made to end anywhere; see `zygote.py`, which forks them."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_PATIENT = 90.0  # seconds; the zygote itself ends what hangs


class Ran(NamedTuple):
    """How a run ended: its exit code (negative: the signal that ended it), what it said, which points it passed.

    `labels` are those of all points, of a run that lived; `hit` those of the points at which it was sent a signal.
    """

    code: int
    out: str
    err: str
    labels: list[str]
    hit: list[str]


class Runner:
    """Runs command lines, each in a process of its own."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.torture.zygote", str(folder)]
        self._zygote = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(
        self,
        folder: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        signals: Iterable[tuple[int | str, int]] = (),
    ) -> Ran:
        """`reconciler ARGUMENTS` in that folder, with the environment as it is and more of it; `signals`: (point, number)."""
        order = {
            "folder": str(folder),
            "arguments": arguments,
            "environment": {**os.environ, **(environment or {})},
            "signals": list(signals),
        }
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(order) + "\n")
        self._zygote.stdin.flush()
        ready, _, _ = select.select([self._zygote.stdout], [], [], _PATIENT)
        assert ready, f"no answer from the process that runs {arguments}"
        return Ran(**json.loads(self._zygote.stdout.readline()))

    def close(self) -> None:
        """End the process that forks."""
        self._zygote.communicate(timeout=_PATIENT)
