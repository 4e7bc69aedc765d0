"""What the machines of this folder have in common: one stack, where it stands, and a look at its directory."""

from __future__ import annotations

from reconciler.applying import Patience
from reconciler.directory.protocol import Directory
from reconciler.directory.snapshot import read_snapshot
from reconciler.emulator import Scope
from reconciler.model.environments import Target, Where
from reconciler.model.plan import Route
from reconciler.model.resources import Lock, Refresh, Snapshot, Stack
from reconciler.planning import changed_remotes, expected_remotes, known_remotes
from reconciler.state import LocalState

SCOPE = Scope("000000000000", "us-east-1")
TARGET = Target(stack="fleet", environment="local", account=SCOPE.account, region=SCOPE.region)
QUICK = Patience(total=5.0, first=0.001, longest=0.001)


def route_to(state: LocalState) -> Route:
    return Route(lockfile=str(state.path), where=Where.EMBEDDED)


def seen(
    directory: Directory,
    stack: Stack,
    lock: Lock | None,
    *,
    refresh: Refresh = Refresh.FULL,
    trusting: bool = False,
    threads: int = 1,
) -> Snapshot:
    """The directory as `plan` reads it."""
    return read_snapshot(
        directory,
        refresh=refresh,
        wanted=lambda _: False,
        expected=expected_remotes(stack, lock),
        changed=changed_remotes(stack, lock),
        known=known_remotes(lock),
        trusting=trusting,
        threads=threads,
    )
