"""Locks, plans and disks that refuse, for the tests of the state."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws.objects import Objects, open_objects
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.environments import Environment, Limit, StatePlace, Target, Where
from reconciler.model.outcomes import Outcome, Status
from reconciler.model.plan import Plan, Route, Untouched
from reconciler.model.resources import Known, Lock, Origin, Refresh
from reconciler.state import Disk, Edits, LocalState, State, Writer
from reconciler.state.bucket import BucketState

LINEAGE = "0d1f6d5e-6f7e-4c39-9b76-0a4c5f2f8a11"
TARGET = Target(stack="payments", environment="prod", account="222222222222", region="us-east-1")
DIGEST = "sha256:" + "a" * 64
ARN = "arn:aws:bedrock-agentcore:us-east-1:222222222222:workload-identity-directory/default/workload-identity/"


class Made:
    """Makers of values, short where a test does not care."""

    lineage, target, digest = LINEAGE, TARGET, DIGEST

    def address(self, key: str) -> Address:
        return Address("workload_identity", key)

    def attributes(self, *urls: str, **tags: str) -> dict[str, Any]:
        return {"allowedResourceOauth2ReturnUrls": tuple(sorted(urls)), "tags": dict(sorted(tags.items()))}

    def known(self, key: str, *urls: str, name: str = "", **more: Any) -> Known:
        name = name or key
        rest = {"origin": Origin.CREATED, "attributes": self.attributes(*urls)} | more
        return Known(address=self.address(key), name=name, arn=ARN + name, **rest)

    def lock(self, *entries: Known, serial: int = 1, last_plan: str = DIGEST) -> Lock:
        return Lock(
            lineage=LINEAGE,
            serial=serial,
            stack=TARGET.stack,
            environment=TARGET.environment,
            account=TARGET.account,
            region=TARGET.region,
            resources={one.address: one for one in sorted(entries, key=lambda one: one.address)},
            last_plan=last_plan,
        )

    def change(self, key: str, action: Action = Action.CREATE, **more: Any) -> Change:
        parts: dict[str, Any] = {"before": None, "after": self.attributes(), "name": key, "reason": Reason.DECLARED}
        return Change(action=action, address=self.address(key), **(parts | more))

    def plan(self, *changes: Change, lock: Lock | None = None) -> Plan:
        return Plan(
            target=TARGET,
            lineage=lock.lineage if lock else "",
            serial=lock.serial if lock else 0,
            manifest_digest=DIGEST,
            refresh=Refresh.FULL,
            route=Route(lockfile="m.prod.lock.json", where=Where.EMBEDDED),
            changes=tuple(sorted(changes, key=lambda one: one.address)),
            drift=(),
            diagnostics=(),
            untouched=Untouched(unmanaged={}, service_linked={}),
            unknown={},
            listing_failed="",
            managed=len(lock.resources) if lock else 0,
            declared=0,
            unchanged=0,
            excluded=0,
            limit=Limit(),
            protected=False,
            tags_ignored=("cost-*",),
        )

    # Runs

    def finish(self, writer: Writer, change: Change, edits: Edits) -> None:
        writer.record(Outcome(change=change, status=Status.DONE), edits)

    def run(self, state: State, *entries: Known) -> Lock | None:
        """One whole run that puts the entries."""
        with state.exclusive("apply") as writer:
            changes = [self.change(one.address.key, name=one.name) for one in entries]
            writer.begin(self.plan(*changes, lock=writer.lock), self.digest)
            for change, known in zip(changes, entries, strict=True):
                writer.intend(change)
                self.finish(writer, change, Edits(put=(known,)))
            return writer.fold()

    def interrupt(self, state: State) -> None:
        """A run of three changes that dies with one done, one under way."""
        with state.exclusive("apply") as writer:
            a, b, c = self.change("a"), self.change("b"), self.change("c")
            writer.begin(self.plan(a, b, c, lock=writer.lock), "sha256:" + "b" * 64)
            writer.intend(a)
            self.finish(writer, a, Edits(put=(self.known("a"),)))
            writer.intend(b)


class FolderSpot:
    """A place for a state: a folder of this disk. `again()` is what another run, or another reader, opens."""

    def __init__(self, folder: Path, name: str = "m") -> None:
        self.path = folder / f"{name}.prod.lock.json"

    def again(self, **more: Any) -> LocalState:
        return LocalState(self.path, **({"new_lineage": lambda: LINEAGE} | more))

    def left(self) -> list[str]:
        """What stands there, by its ending; the guard is always left behind and not named."""
        beginning = len(self.path.name)
        names = [one.name[beginning:] for one in self.path.parent.iterdir() if one.name.startswith(self.path.name)]
        return sorted(one for one in names if one != ".guard")

    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def write(self, text: str | None) -> None:
        self.path.unlink() if text is None else self.path.write_text(text, encoding="utf-8")

    def stamp(self) -> object:
        """Something that every write of the lockfile changes."""
        return (self.path.stat().st_ino, self.path.stat().st_mtime_ns)


class BucketSpot:
    """The same in a bucket."""

    def __init__(self, buckets: Any, name: str = "payments") -> None:
        self.buckets, self.bucket = buckets, buckets.make()
        self.name = f"{name}.prod.lock.json"
        self._client = buckets.client()
        self._opened: list[Objects] = []

    def objects(self) -> Objects:
        environment = Environment(name="prod", region="us-east-1")
        self._opened.append(open_objects(environment, StatePlace(bucket=self.bucket, prefix="team/")))
        return self._opened[-1]

    def again(self, **more: Any) -> BucketState:
        return BucketState(self.objects(), self.name, **({"new_lineage": lambda: LINEAGE} | more))

    def left(self) -> list[str]:
        """What stands there, by its ending; of a journal, that there is one."""
        found = self._client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        endings = {one["Key"].removeprefix(f"team/{self.name}").partition("/")[0] for one in found}
        return sorted(endings)

    def text(self) -> str:
        body: bytes = self._client.get_object(Bucket=self.bucket, Key=f"team/{self.name}")["Body"].read()
        return body.decode()

    def write(self, text: str | None) -> None:
        where = {"Bucket": self.bucket, "Key": f"team/{self.name}"}
        if text is None:
            self._client.delete_object(**where)
        else:
            self._client.put_object(**where, Body=text.encode())

    def stamp(self) -> object:
        return self._client.head_object(Bucket=self.bucket, Key=f"team/{self.name}")["VersionId"]

    def close(self) -> None:
        for one in (*self._opened, self._client):
            one.close()


class Refusing(Disk):
    """A disk that refuses some operations: `when(operation, count)` says which, count from 1 for each operation."""

    def __init__(self, when: Callable[[str, int], bool], number: int = errno.ENOSPC) -> None:
        self._when, self._number = when, number
        self.counts: dict[str, int] = {}

    def _maybe(self, operation: str) -> None:
        self.counts[operation] = self.counts.get(operation, 0) + 1
        if self._when(operation, self.counts[operation]):
            raise OSError(self._number, os.strerror(self._number))

    def create(self, path: Path) -> int:
        self._maybe("create")
        return super().create(path)

    def write(self, descriptor: int, data: bytes) -> None:
        try:
            self._maybe("write")
        except OSError:
            super().write(descriptor, data[: len(data) // 2])  # a disk that fills up takes what it still can
            raise
        super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._maybe("sync")
        super().sync(descriptor)

    def replace(self, source: Path, destination: Path) -> None:
        self._maybe("replace")
        super().replace(source, destination)

    def remove(self, path: Path) -> None:
        self._maybe("remove")
        super().remove(path)

    def sync_folder(self, folder: Path) -> None:
        self._maybe("sync_folder")
        super().sync_folder(folder)


@pytest.fixture
def make() -> Made:
    return Made()


@pytest.fixture
def refusing() -> type[Refusing]:
    return Refusing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.prod.lock.json"


@pytest.fixture
def state(path: Path) -> LocalState:
    return LocalState(path, new_lineage=lambda: LINEAGE)


@pytest.fixture(params=["folder", "bucket"])
def spot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FolderSpot | BucketSpot]:
    """Each kind of place for a state in turn."""
    if request.param == "folder":
        yield FolderSpot(tmp_path)
        return
    spot = BucketSpot(request.getfixturevalue("buckets"))
    yield spot
    spot.close()


@pytest.fixture
def bucket_spot(buckets: Any) -> Iterator[BucketSpot]:
    spot = BucketSpot(buckets)
    yield spot
    spot.close()


@pytest.fixture
def files(tmp_path: Path) -> Callable[[], Iterable[str]]:
    """The names in the folder, sorted; the guard is always left behind and not named."""
    return lambda: sorted(one.name for one in tmp_path.iterdir() if not one.name.endswith(".guard"))
