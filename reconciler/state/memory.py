"""The memory of drift runs, kept beside a lockfile of this disk. One run at a time holds it; a second leaves at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from reconciler.errors import StateLocked
from reconciler.model.drift import Memory
from reconciler.state.disk import Disk
from reconciler.state.files import read_text, write_atomically
from reconciler.state.guard import Held, held
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
    with contextlib.ExitStack() as holding:
        try:
            guard = holding.enter_context(held(path, command, 0.0, disk))
        except StateLocked as error:
            raise another_at_work(error) from error
        yield _OnDisk(path, disk, guard)


def another_at_work(error: StateLocked) -> StateLocked:
    """The error with what to do about it here: nobody waits for a drift run, and it leaves nothing to settle."""
    return StateLocked(
        error.summary, "Nothing was looked at. Run this again when that run is done; if it hangs, end it."
    )


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
