"""The few things the state asks of a disk, in one place, so that a test can refuse or interrupt each of them.

Leaves out reading: what is read is checked by whoever reads it.
"""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """The real disk. Every method raises OSError as the system does."""

    def create(self, path: Path) -> int:
        """A descriptor on a new file that only its owner may read; FileExistsError for whatever stands there, links too."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)

    def write(self, descriptor: int, data: bytes) -> None:
        """Hand all of the data to the system."""
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def sync(self, descriptor: int) -> None:
        """Return when what was written would survive a power cut."""
        os.fsync(descriptor)

    def replace(self, source: Path, destination: Path) -> None:
        """Rename, over what stands there; a symbolic link is replaced, never followed."""
        source.replace(destination)

    def remove(self, path: Path) -> None:
        """Remove the file, if it is there."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Return when the folder's entries (a rename, a removal) would survive a power cut."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            self.sync(descriptor)
        finally:
            os.close(descriptor)
