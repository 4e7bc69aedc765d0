"""Where the memory of drift runs is kept: beside the lockfile. One run at a time may hold it; a second leaves at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from reconciler.errors import StateError
from reconciler.model.drift import Memory
from reconciler.state.disk import Disk
from reconciler.state.files import read_text, write_atomically
from reconciler.state.guard import Held, held
from reconciler.state.memory_text import dump_memory, memory_name, parse_memory


class Remembered(Protocol):
    """The memory of one target, held by this run."""

    @property
    def place(self) -> str:
        """What messages call it."""

    def read(self) -> Memory | None:
        """What is remembered, None before the first run. Raises StateError."""

    def write(self, memory: Memory) -> None:
        """Remember this from now on. Raises StateError where it cannot be written."""


@contextlib.contextmanager
def hold_memory(lockfile: str, command: str) -> Iterator[Remembered]:
    """The memory beside that lockfile, for this run alone.

    Raises StateLocked at once where another run holds it, StateError where the folder cannot be written to.
    """
    if "://" in lockfile:
        raise StateError(
            f"drift runs cannot keep their memory at {lockfile} yet",
            "Keep it on this machine: --memory FILE.",
        )
    path = Path(memory_name(lockfile))
    disk = Disk()
    with held(path, command, 0.0, disk) as guard:
        yield _Beside(path, disk, guard)


class _Beside:
    """`Remembered` in a file of this disk."""

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
