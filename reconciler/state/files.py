"""Writing a state file so that at every instant either the old or the new one stands there whole; reading one as text."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path

from reconciler.errors import StateError
from reconciler.state.disk import Disk

_FRESH_BYTES = 6  # of chance in the name of a file that is not renamed yet


def write_atomically(path: Path, text: str, disk: Disk) -> None:
    """Put the text at `path`, durably: a new file in the same folder, synced, renamed over the old one, folder synced.

    Raises StateError that names the path; then the old file stands as it was and nothing is left beside it.
    """
    check_writable(path)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(_FRESH_BYTES)}.tmp")
    try:
        try:
            _write_new(fresh, text.encode("utf-8"), disk)
            disk.replace(fresh, path)
        except BaseException:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
        disk.sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def remove_unfinished(path: Path, disk: Disk) -> None:
    """Remove what writers of `path`, and of what is named after it, had not renamed yet when they were killed.

    Only for who holds the guard: nobody else is writing then. What cannot be removed harms nobody and is left.
    """
    left = re.compile(rf"\.{re.escape(path.name)}(\.[a-z]+)?\.[0-9a-f]{{{2 * _FRESH_BYTES}}}\.tmp")
    with contextlib.suppress(OSError):
        for one in path.parent.iterdir():
            if left.fullmatch(one.name):
                disk.remove(one)


def check_writable(path: Path) -> None:
    """Raise StateError where a rename would silently replace a symbolic link, or something that is no file."""
    if path.is_symlink():
        raise StateError(
            f"{path} is a symbolic link; state is never written through one",
            "Replace the link by the file itself, or run with the manifest that stands beside the real lockfile.",
        )
    if path.exists() and not path.is_file():
        raise StateError(f"{path} is not a file", "Move it away: state belongs there.")


def read_text(path: Path) -> str | None:
    """The file's text, None if there is no file. Raises StateError where it cannot be read or is no UTF-8."""
    data = read_bytes(path)
    if data is None:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StateError(
            f"{path}:{line}: damaged: not UTF-8 text",
            "Take back the last good version, for example with `git checkout -- FILE`, and run plan again.",
        ) from error


def read_bytes(path: Path) -> bytes | None:
    """The file's content, None if there is no file. Raises StateError where it cannot be read, or is a link or no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe would be waited for
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise StateError(
                f"{path} is a symbolic link; state is never read through one", "Replace the link by the file itself."
            ) from error
        raise StateError(f"{path} cannot be read: {reason(error)}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise StateError(f"{path} is not a file", "Move it away: state belongs there.")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read()
    except OSError as error:
        raise StateError(f"{path} cannot be read: {reason(error)}") from error
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> StateError:
    """The error that says which file could not be written and why, with what to do."""
    return StateError(
        f"{path} cannot be written: {reason(error)}",
        "Make room there or lift the write protection, then run the same command again; "
        "nothing that stood in the file is lost.",
    )


def reason(error: OSError) -> str:
    """The system's own words, without the path."""
    return error.strerror or os.strerror(error.errno or 0)


def _write_new(path: Path, data: bytes, disk: Disk) -> None:
    descriptor = disk.create(path)
    try:
        disk.write(descriptor, data)
        disk.sync(descriptor)
    finally:
        os.close(descriptor)
