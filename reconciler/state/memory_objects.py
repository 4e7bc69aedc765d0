"""The memory of drift runs, kept beside a lockfile in a bucket, under a lease of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from reconciler.aws.objects import Objects
from reconciler.errors import ObjectChanged, StateError, StateLocked
from reconciler.model.drift import Memory
from reconciler.state.lease import Lease, Term, leased
from reconciler.state.memory import Remembered, another_at_work
from reconciler.state.memory_text import dump_memory, memory_name, parse_memory


@contextlib.contextmanager
def memory_in_bucket(objects: Objects, lockfile: str, command: str, term: Term) -> Iterator[Remembered]:
    """The memory under the key that belongs to the lockfile's, for this run alone. Raises StateLocked at once."""
    key = memory_name(lockfile)
    lease_of = leased(objects, f"{key}.lease", lockfile=objects.url(key), command=command, timeout=0.0, term=term)
    with contextlib.ExitStack() as holding:
        try:
            lease, _ = holding.enter_context(lease_of)
        except StateLocked as error:
            raise another_at_work(error) from error
        yield _InBucket(objects, key, lease)


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
