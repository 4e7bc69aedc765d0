"""The journal while a run writes it: intents that are durable when `intend` returns, many of them on one fsync.

Group commit: whoever finds no sync under way leads, takes all lines that have gathered, writes and syncs them; the others
wait for the one that carries their line. An outcome is written with the next such batch: should it be lost, the next run
finds it by looking.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path

from reconciler.errors import StateError
from reconciler.state.disk import Disk
from reconciler.state.files import cannot_write


class JournalFile:
    """An open journal. Safe to use from several threads. The first failure to write ends it: nothing is written after."""

    def __init__(self, path: Path, first_line: str, disk: Disk) -> None:
        """A new journal at `path` that durably holds its first line. Raises StateError, with nothing left behind."""
        self._path, self._disk = path, disk
        self._turn = threading.Condition()
        self._waiting: list[bytes] = []
        self._given = 0  # lines handed in
        self._durable = 0  # lines that are on the disk
        self._leading = False
        self._failure: OSError | None = None
        self._size = 0
        try:
            self._descriptor = disk.create(path)
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            self._write_out([_encoded(first_line)])
            disk.sync_folder(path.parent)
        except OSError as error:
            self.close()
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            raise cannot_write(path, error) from error

    @property
    def failed(self) -> StateError | None:
        """Why nothing more can be written, or None."""
        return None if self._failure is None else cannot_write(self._path, self._failure)

    def append(self, line: str) -> None:
        """Give a line to the next batch, without waiting for it. Does nothing after a failure."""
        with self._turn:
            self._waiting.append(_encoded(line))
            self._given += 1

    def append_durably(self, line: str) -> None:
        """Return when the line would survive a power cut. Raises StateError if it does not."""
        with self._turn:
            self._waiting.append(_encoded(line))
            self._given += 1
            mine = self._given
            while self._durable < mine and self._failure is None:
                if self._leading:
                    self._turn.wait()
                else:
                    self._lead()
            if self._durable < mine:
                raise self.failed or StateError(f"{self._path} is closed")

    def close(self) -> None:
        """Write what has gathered, as far as that is possible, and let go of the file."""
        with self._turn:
            while self._leading:
                self._turn.wait()
            if self._waiting and self._failure is None:
                self._lead()
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _lead(self) -> None:
        """Carry everything that waits to the disk; called with the turn held, which is let go while the disk works."""
        self._leading = True
        batch, upto = self._waiting, self._given
        self._waiting = []
        self._turn.release()
        failure: OSError | None = OSError(errno.EINTR, os.strerror(errno.EINTR))
        try:
            self._write_out(batch)
            failure = None
        except OSError as error:
            failure = error
        finally:
            self._turn.acquire()
            self._leading = False
            if failure is None:
                self._durable = upto
            else:
                self._failure = failure
            self._turn.notify_all()

    def _write_out(self, lines: list[bytes]) -> None:
        data = b"".join(lines)
        try:
            self._disk.write(self._descriptor, data)
            self._disk.sync(self._descriptor)
        except OSError:
            # Half a line would make the rest unreadable; giving space back works even on a full disk.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)


def _encoded(line: str) -> bytes:
    return line.encode("utf-8", "surrogatepass")
