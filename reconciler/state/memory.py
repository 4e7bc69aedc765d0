"""The memory of drift runs, kept beside the lockfile: a file of this disk, or an object of the same bucket.

One run at a time holds it; a second leaves at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from reconciler.aws.objects import Objects
from reconciler.errors import ObjectChanged, StateError
from reconciler.model.drift import Memory
from reconciler.state.disk import Disk
from reconciler.state.files import read_text, write_atomically
from reconciler.state.guard import Held, held
from reconciler.state.lease import Lease, Term, leased
from reconciler.state.memory_text import dump_memory, memory_name, parse_memory


class Remembered(Protocol):
    """The memory of one target, held by this run. Every verb raises StateError."""

    @property
    def place(self) -> str:
        """What messages call it."""

    def read(self) -> Memory | None:
        """What is remembered, None before the first run."""

    def write(self, memory: Memory) -> None:
        """Remember this from now on."""


@contextlib.contextmanager
def memory_on_disk(lockfile: Path, command: str, disk: Disk) -> Iterator[Remembered]:
    """The memory beside that lockfile, for this run alone.

    Raises StateLocked at once where another run holds it, StateError where the folder cannot be written to.
    """
    path = lockfile.with_name(memory_name(lockfile.name))
    with held(path, command, 0.0, disk) as guard:
        yield _OnDisk(path, disk, guard)


@contextlib.contextmanager
def memory_in_bucket(objects: Objects, lockfile: str, command: str, term: Term) -> Iterator[Remembered]:
    """The same under the key that belongs to the lockfile's."""
    key = memory_name(lockfile)
    with leased(objects, f"{key}.lease", lockfile=objects.url(key), command=command, timeout=0.0, term=term) as (
        lease,
        _,
    ):
        yield _InBucket(objects, key, lease)


class _OnDisk:
    def __init__(self, path: Path, disk: Disk, guard: Held) -> None:
        self._path, self._disk, self._guard = path, disk, guard

    @property
    def place(self) -> str:
        return str(self._path)

    def read(self) -> Memory | None:
        text = read_text(self._path)
        return None if text is None else parse_memory(text, file=self.place)

    def write(self, memory: Memory) -> None:
        self._guard.check()
        write_atomically(self._path, dump_memory(memory), self._disk)


class _InBucket:
    def __init__(self, objects: Objects, key: str, lease: Lease) -> None:
        self._objects, self._key, self._lease = objects, key, lease
        self._etag: str | None = None

    @property
    def place(self) -> str:
        return self._objects.url(self._key)

    def read(self) -> Memory | None:
        stored = self._objects.get(self._key)
        self._etag = stored.etag if stored else None
        if stored is None:
            return None
        try:
            return parse_memory(stored.body.decode("utf-8"), file=self.place)
        except UnicodeDecodeError as error:
            detail = "Remove it: the next run reads everything and tells what stands as new."
            raise StateError(f"{self.place} is damaged: not UTF-8 text", detail) from error

    def write(self, memory: Memory) -> None:
        self._lease.check()
        try:
            self._etag = self._objects.put(self._key, dump_memory(memory).encode("utf-8"), replacing=self._etag)
        except ObjectChanged as error:
            raise StateError(
                f"{self.place} was written by somebody else while this run held its lease", "It was not replaced."
            ) from error
