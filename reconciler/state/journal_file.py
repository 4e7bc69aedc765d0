"""The journal while a run writes it to a disk: one file, each batch of lines on one fsync."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from reconciler.errors import StateError
from reconciler.state.disk import Disk
from reconciler.state.files import cannot_write
from reconciler.state.group_commit import GroupCommit, encoded


class JournalFile(GroupCommit):
    """An open journal file."""

    def __init__(self, path: Path, first_line: str, disk: Disk) -> None:
        """A new journal at `path` that durably holds its first line. Raises StateError, with nothing left behind."""
        super().__init__(str(path))
        self._path, self._disk = path, disk
        self._size = 0
        try:
            self._descriptor = disk.create(path)
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            self._carry(encoded(first_line))
            disk.sync_folder(path.parent)
        except (OSError, StateError) as error:
            self.close()
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise cannot_write(path, error) from error
            raise

    def _carry(self, data: bytes) -> None:
        try:
            self._disk.write(self._descriptor, data)
            self._disk.sync(self._descriptor)
        except OSError as error:
            # Half a line would make the rest unreadable; giving space back works even on a full disk.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise cannot_write(self._path, error) from error
        self._size += len(data)

    def _let_go(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
