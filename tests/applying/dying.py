"""A process that applies a saved plan and is killed at a chosen point: `dying.py PLAN LOCKFILE STORE POINT`.

Points are counted from 1: before and after every verb of the directory that writes, every write, sync, rename and removal of
state. POINT 0: it is not killed, and prints how many points it passed.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from reconciler.applying import apply
from reconciler.directory.agentcore import connect
from reconciler.emulator import Store, attach
from reconciler.model.environments import Environment, Where
from reconciler.planning import load_plan
from reconciler.state import Disk, LocalState


class Points:
    """The points passed so far; the process dies at the chosen one."""

    def __init__(self, deadly: int) -> None:
        self.deadly = deadly
        self.passed = 0
        self._counting = threading.Lock()

    def around(self, call: Any) -> Any:
        def wrapped(*args: Any, **more: Any) -> Any:
            self._pass()
            result = call(*args, **more)
            self._pass()
            return result

        return wrapped

    def _pass(self) -> None:
        with self._counting:
            self.passed += 1
            if self.passed == self.deadly:
                os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """A directory or disk whose named methods are points."""

    def __init__(self, inner: Any, points: Points, *names: str) -> None:
        self._inner, self._points, self._names = inner, points, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._points.around(found) if name in self._names else found


def main() -> None:
    plan_file, lockfile, store_file, deadly = sys.argv[1:]
    points = Points(int(deadly))
    plan = load_plan(Path(plan_file).read_text(), file=plan_file)
    store = Store(Path(store_file))
    directory = connect(
        Environment(name="prod", where=Where.EMBEDDED, region="us-east-1"), attach=lambda client: attach(client, store)
    )
    disk: Any = Watched(Disk(), points, "create", "write", "sync", "replace", "remove", "sync_folder")
    clients: Any = Watched(directory, points, "create", "update", "delete", "mark")
    lineages = itertools.repeat("0d1f6d5e-6f7e-4c39-9b76-0a4c5f2f8a11")
    with LocalState(Path(lockfile), disk=disk, new_lineage=lambda: next(lineages)).exclusive("apply") as writer:
        apply(plan, clients, writer, threads=4)
    store.close()
    print(points.passed)


if __name__ == "__main__":
    main()
