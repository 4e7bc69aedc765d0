"""Where the state of a stack in an environment is kept, and opening it there: a folder of this disk, or a bucket."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from reconciler.errors import StateError
from reconciler.model.environments import Environment, StatePlace
from reconciler.model.resources import Lock
from reconciler.state.holder import Holder
from reconciler.state.journal import Journal
from reconciler.state.local import LocalState
from reconciler.state.lockfile import SUFFIX, lockfile_path
from reconciler.state.memory import Remembered
from reconciler.state.writer import Writer

_S3 = "s3://"
_BUCKET = re.compile(
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
)  # both as the manifest's schema has them, and the @ of a target
_KEY = re.compile(r"[A-Za-z0-9!_.*'()/@-]{1,1024}")


class State(Protocol):
    """The state of one stack in one environment, wherever it is kept. Every verb raises StateError."""

    @property
    def place(self) -> str:
        """What messages call the lockfile: a path, or a URL."""

    def read(self) -> Lock | None:
        """What the lockfile says, None if there is none."""

    def unfinished(self) -> Journal | None:
        """What an interrupted run left behind, or what a running one has written so far; None if there is nothing."""

    def holder(self) -> Holder | None:
        """Who holds the state at this moment, or None."""

    def lease_left(self) -> float | None:
        """Seconds until others take the holder's place unless it is heard of; None where no lease is needed, or held."""

    def exclusive(self, command: str, timeout: float = 0.0, *, blind: bool = False) -> AbstractContextManager[Writer]:
        """The only writer while inside; waits up to `timeout` seconds, then raises StateLocked.

        `blind`: what the lockfile says is not read, for one that puts another in its place.
        """

    def remembering(self, command: str) -> AbstractContextManager[Remembered]:
        """What drift runs remember, for this one alone while inside; raises StateLocked at once where another holds it."""

    def unlock(self, holder_id: str) -> Holder:
        """Let others in though a run that is gone holds the state, by that run's id; that holder."""


def state_place(manifest: Path, stack: str, environment: Environment) -> str:
    """What the lockfile is called: a path beside the manifest, or the URL of an object. Raises StateError for a bad name."""
    if environment.state is None:
        return str(lockfile_path(manifest, environment.name))
    return f"{_S3}{environment.state.bucket}/{environment.state.prefix}{stack}.{environment.name}{SUFFIX}"


def in_bucket(lockfile: str, *, region: str = "", kms_key: str = "") -> StatePlace | None:
    """The bucket and prefix of a lockfile's URL; None for a path. Raises StateError for a URL that is no lockfile's."""
    if not lockfile.startswith(_S3):
        return None
    bucket, _, key = lockfile.removeprefix(_S3).partition("/")
    prefix, slash, name = key.rpartition("/")
    if not _BUCKET.fullmatch(bucket) or not _KEY.fullmatch(key) or not name.endswith(SUFFIX):
        raise StateError(
            f"{lockfile} is not the URL of a lockfile", "It is s3://BUCKET/PREFIX/STACK.ENVIRONMENT.lock.json."
        )
    return StatePlace(bucket=bucket, prefix=prefix + slash, region=region, kms_key=kms_key)


@contextlib.contextmanager
def open_state(environment: Environment, lockfile: str) -> Iterator[State]:
    """The state whose lockfile is called so (`state_place`), with the environment's credentials where it is in a bucket.

    Raises Refused on another account than the environment declares, DirectoryError without credentials.
    """
    if environment.state is None:
        yield LocalState(Path(lockfile))
        return
    from reconciler.aws.objects import open_objects
    from reconciler.state.bucket import BucketState

    with contextlib.closing(open_objects(environment, environment.state)) as objects:
        yield BucketState(objects, lockfile.rpartition("/")[2])
