"""The emulator with a fleet in it and a quota that can be changed while it runs: the far side of the pacing benchmark.

Takes a command a line on standard input: `quota N`, and `told`, which prints every call since the last `told` as JSON:
when it arrived (seconds on this process's clock), its operation, whether it was let through. `now` prints the clock.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any, NamedTuple

from benchmarks.fleet import ENVIRONMENT, REGION, STACK, identity
from reconciler.emulator import Identity, Misbehaviour, Scope, Store
from reconciler.emulator.faults import Fault
from reconciler.emulator.server import serve

EMULATED = "123456789012"
"""The account that everybody is of to moto."""


class Call(NamedTuple):
    """A call that arrived."""

    when: float
    operation: str
    passed: bool


class Watched(Misbehaviour):
    """Notes when each call arrived and whether it was throttled."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Call] = []

    def around(self, operation: str, params: dict[str, Any], **more: Any) -> Any:
        """As always, and noted."""
        when = time.monotonic()
        try:
            result = super().around(operation, params, **more)
        except Fault as fault:
            self.seen.append(Call(when, operation, fault.code != "ThrottlingException"))
            raise
        self.seen.append(Call(when, operation, True))
        return result


def filled(count: int) -> Store:
    """A directory in memory that holds the fleet as it was applied."""
    store = Store()
    with store.transaction():
        for one in map(identity, range(count)):
            tags = {**one.tags, "reconciler:stack": f"{STACK}/{ENVIRONMENT}"}
            stands = Identity(name=one.name, urls=one.urls, tags=tags, created=time.time(), updated=time.time())
            store.put(Scope(EMULATED, REGION), stands)
    return store


def main() -> None:
    """`python -m benchmarks.quota_server --identities N --quota N --latency-ms N`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, required=True, help="how many stand in the directory")
    parser.add_argument("--quota", type=float, required=True, help="calls a second of each operation")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="how long every answer takes at least")
    parser.add_argument("--reads", action="store_true", help="keep events of reading calls in the audit trail, too")
    asked = parser.parse_args()
    watched = Watched()
    watched.trail.reads = asked.reads
    with serve(
        store=filled(asked.identities), quota=asked.quota, latency_ms=asked.latency_ms, misbehaviour=watched
    ) as server:
        print(f"listening on {server.url}", flush=True)
        for line in sys.stdin:
            word, _, number = line.strip().partition(" ")
            if word == "quota":
                watched.throttle(rate=float(number))
            elif word == "now":
                print(time.monotonic(), flush=True)
            elif word == "told":
                seen, watched.seen = watched.seen, []
                print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
