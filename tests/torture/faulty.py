"""What may go wrong in a mixture: each fault picks its own details from the mixture's random numbers, and says what it did."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from reconciler.emulator import Misbehaviour, Scope, Store, Terms
from reconciler.state import Disk
from tests.torture import fleet

WRITES = ("CreateWorkloadIdentity", "UpdateWorkloadIdentity", "DeleteWorkloadIdentity")
TAGGING = ("TagResource", "UntagResource")
READS = ("GetWorkloadIdentity", "ListTagsForResource", "ListWorkloadIdentities", "ListAgentRuntimes")
ALL = (*WRITES, *TAGGING, *READS)


class FailingDisk(Disk):
    """A disk that fails from one of its operations on, as a full one or one that became read-only does; None: it works."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.number = errno.ENOSPC

    def create(self, path: Path) -> int:
        self._work()
        return super().create(path)

    def write(self, descriptor: int, data: bytes) -> None:
        try:
            self._work()
        except OSError:
            if self.number == errno.ENOSPC:
                super().write(descriptor, data[: len(data) // 2])  # a disk that fills up takes what it still can
            raise
        super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._work()
        super().sync(descriptor)

    def replace(self, source: Path, destination: Path) -> None:
        self._work()
        super().replace(source, destination)

    def remove(self, path: Path) -> None:
        if self.number == errno.EROFS:  # a full disk lets go of files
            self._work()
        super().remove(path)

    def _work(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            raise OSError(self.number, os.strerror(self.number))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where faults happen. `names`: what the run may touch. `touched`: what somebody else wrote to meanwhile.

    `late`: seconds after which an answer comes too late for the client; 0 where no client waits.
    """

    random: Random
    misbehaviour: Misbehaviour
    store: Store
    scope: Scope
    disk: FailingDisk
    names: Sequence[str]
    late: float = 0.0
    touched: set[str] = field(default_factory=set)


def throttling(scene: Scene) -> str:
    """A burst of refusals, of one operation or all."""
    operation, times = scene.random.choice((*ALL, "*")), scene.random.randint(1, 5 if scene.late else 25)
    scene.misbehaviour.fail(operation, "ThrottlingException", times=times)
    return f"{times} throttlings of {operation}"


def server_errors(scene: Scene) -> str:
    """Errors of the service's own, after which nobody knows whether it happened."""
    operation, times = scene.random.choice(ALL), scene.random.randint(1, 6)
    code = scene.random.choice(("InternalServerException", "ServiceUnavailableException"))
    scene.misbehaviour.fail(operation, code, times=times)
    return f"{times} times {code} on {operation}"


def latency(scene: Scene) -> str:
    """Everything takes longer."""
    scene.misbehaviour.latency = scene.late / 10 if scene.late else scene.random.choice((0.1, 1.0, 5.0))
    return f"{scene.misbehaviour.latency} s more for each call"


def connections(scene: Scene) -> str:
    """The connection closes instead of an answer, before or after it was done."""
    operation, times = scene.random.choice(ALL), scene.random.randint(1, 5)
    committed = scene.random.random() < 0.6
    scene.misbehaviour.drop(operation, committed=committed, times=times)
    return f"{times} connections dropped {'after' if committed else 'before'} {operation}"


def partition(scene: Scene) -> str:
    """From one write on, nothing gets through for a while, or no answer comes back."""
    operation, calls = scene.random.choice(WRITES), scene.random.randint(5, 10 if scene.late else 60)
    committed = scene.random.random() < 0.6
    scene.misbehaviour.before(operation, lambda _: scene.misbehaviour.drop("*", committed=committed, times=calls))
    return f"from {operation} on, {calls} {'answers' if committed else 'calls'} are lost"


def late_answers(scene: Scene) -> str:
    """The answer comes when nobody waits any more: what was asked for is done before or after that."""
    if not scene.late:
        return connections(scene)
    operation, times = scene.random.choice(WRITES), scene.random.randint(1, 3)
    committed = scene.random.random() < 0.5
    scene.misbehaviour.delay(operation, scene.late * 1.5, committed=committed, times=times)
    return f"{times} answers to {operation} too late, {'done at once' if committed else 'done late as well'}"


def lag(scene: Scene) -> str:
    """Get and List see what was a while ago."""
    calls = scene.random.randint(1, 10)
    scene.misbehaviour.lag(calls=calls)
    return f"reads lag {calls} calls"


def tombstones(scene: Scene) -> str:
    """Names that nothing shows are still taken."""
    attempts = scene.random.randint(1, 4)
    scene.misbehaviour.terms = replace(Terms(), tombstone_attempts=attempts)
    buried = [name for name in scene.names if scene.store.get(scene.scope, name) is None]
    for name in buried:
        scene.store.bury(scene.scope, name, seconds=0, attempts=attempts)
    return f"tombstones on {', '.join(buried) or 'no name'} for {attempts} attempts"


def another_writer(scene: Scene) -> str:
    """Somebody changes one of them between our Get and our write."""
    name, operation = scene.random.choice(scene.names), scene.random.choice((*WRITES, "TagResource"))
    how = scene.random.choice(("changes", "tags", "deletes"))

    def write(_: object) -> None:
        scene.touched.add(name)
        found = scene.store.get(scene.scope, name)
        if found is None:
            return
        match how:
            case "changes":
                scene.store.put(scene.scope, replace(found, urls=("https://theirs.example.com/cb",)))
            case "tags":
                scene.store.put(scene.scope, replace(found, tags={**found.tags, "theirs": "x"}))
            case "deletes":
                scene.store.drop(scene.scope, name)

    scene.misbehaviour.before(operation, write, name=scene.random.choice((name, None)))
    return f"somebody {how} {name} right before {operation}"


def squatter(scene: Scene) -> str:
    """Somebody makes one under a name that we are about to take."""
    free = [name for name in scene.names if scene.store.get(scene.scope, name) is None]
    if not free:
        return another_writer(scene)
    name, owner = scene.random.choice(free), scene.random.choice(("", fleet.THEIRS))

    def take(_: object) -> None:
        if scene.store.get(scene.scope, name) is None:
            scene.touched.add(name)
            scene.store.put(scene.scope, fleet.identity(name, fleet.OLD, owner=owner, team="squatter"))

    scene.misbehaviour.before("CreateWorkloadIdentity", take, name=name)
    return f"{owner or 'nobody'} takes {name} right before us"


def expiry(scene: Scene) -> str:
    """The credentials expire half-way."""
    after = scene.random.randint(0, 60)
    scene.misbehaviour.expire(after=after)
    return f"credentials expire after {after} calls"


def denial(scene: Scene) -> str:
    """One operation is not allowed."""
    operation = scene.random.choice(ALL)
    scene.misbehaviour.deny(operation)
    return f"{operation} is denied"


def failing_tags(scene: Scene) -> str:
    """Tags cannot be set, as was seen in one Region."""
    operation, times = scene.random.choice(TAGGING), scene.random.choice((4, 8, None))
    scene.misbehaviour.fail(operation, "InternalServerException", times=times)
    return f"{operation} fails {times or 'all the'} times"


def disk(scene: Scene) -> str:
    """The disk is full, or read-only, from one moment on."""
    scene.disk.left = scene.random.randint(0, 40)
    scene.disk.number = scene.random.choice((errno.ENOSPC, errno.EROFS))
    return f"{os.strerror(scene.disk.number)} after {scene.disk.left} operations of the disk"


FAULTS: dict[str, Callable[[Scene], str]] = {
    one.__name__.replace("_", " "): one
    for one in (
        throttling, server_errors, latency, connections, partition, late_answers, lag, tombstones, another_writer, squatter,
        expiry, denial, failing_tags, disk,
    )
}  # fmt: skip
