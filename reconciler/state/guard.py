"""One writer at a time: an OS lock beside the lockfile, and who holds it, since when, for what.

The OS gives the lock back when its holder dies, however it dies; the record of the holder then remains, and names the dead
one to whoever takes over. `<lockfile>.guard` is the lock, `<lockfile>.holder` the record; neither belongs in git.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from reconciler.errors import StateError, StateLocked
from reconciler.model.values import canonical_json
from reconciler.state.disk import Disk
from reconciler.state.files import (
    cannot_write,
    check_writable,
    read_bytes,
    reason,
    remove_unfinished,
    write_atomically,
)
from reconciler.state.holder import Holder, holder_from, myself, not_held

_LEAST_WAIT = 0.1  # seconds; somebody who only asks who holds the lock has it for an instant


class Held:
    """A guard that is held; `dead`: the holder whose place was taken, or None."""

    def __init__(self, lockfile: Path, dead: Holder | None) -> None:
        self.dead = dead
        self._guard = _guard(lockfile)
        self._file = _which(self._guard)

    def check(self) -> None:
        """Raise StateError where the guard is no longer the file that was locked: whoever looks now finds it free."""
        if self._file is None or _which(self._guard) != self._file:
            raise StateError(
                f"{self._guard} was removed or replaced in mid-run, so another run may be writing",
                "Nothing more was started here. Did something clean the folder (git clean -X)? Run it again when no other run "
                "is at work: it settles what the journal says, or `lock rebuild` makes a lost lockfile again.",
            )


def _which(path: Path) -> tuple[int, int] | None:
    """Which file stands there, whatever it is called."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def held(lockfile: Path, command: str, timeout: float, disk: Disk) -> Iterator[Held]:
    """Hold the lockfile's guard while inside.

    Waits up to `timeout` seconds for another writer, then raises StateLocked that names it. Raises StateError where the
    folder cannot be written to, before anything is sent anywhere.
    """
    import filelock

    for path in (lockfile, _guard(lockfile)):
        check_writable(path)
    lock = filelock.FileLock(_guard(lockfile), mode=0o600)
    try:
        lock.acquire(timeout=max(timeout, _LEAST_WAIT), poll_interval=0.05)
    except filelock.Timeout:
        raise _locked(lockfile, read_holder(lockfile), timeout) from None
    except (OSError, NotImplementedError) as error:
        said = reason(error) if isinstance(error, OSError) else "this file system has no locks"
        raise StateError(
            f"{_guard(lockfile)} cannot be locked: {said}",
            "The folder of the lockfile must exist and be writable, and nothing was sent.",
        ) from error
    try:
        dead = read_holder(lockfile)
        remove_unfinished(lockfile, disk)
        write_atomically(_record(lockfile), canonical_json(asdict(myself(command)), indent=2) + "\n", disk)
        try:
            yield Held(lockfile, dead)
        finally:
            with contextlib.suppress(OSError):
                disk.remove(_record(lockfile))
    finally:
        lock.release()


def living_holder(lockfile: Path) -> Holder | None:
    """Who holds the guard at this moment; None if nobody does (a record of a dead one does not count).

    Writes nothing and makes no file. It shares the guard for an instant with others who only ask; who wants to hold it waits
    that long.
    """
    recorded = read_holder(lockfile)
    if recorded is None:
        return None
    check_writable(_guard(lockfile))
    try:
        descriptor = os.open(_guard(lockfile), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        return recorded  # it cannot be tried here, so the record is believed
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return recorded
    finally:
        os.close(descriptor)  # and with it the share
    return None


def read_holder(lockfile: Path) -> Holder | None:
    """The holder on record, living or dead; None if there is no record that can be read."""
    try:
        return holder_from(json.loads(read_bytes(_record(lockfile)) or b""))
    except (StateError, ValueError, TypeError, KeyError, RecursionError):
        return None


def forget_holder(lockfile: Path, holder_id: str, disk: Disk) -> Holder:
    """Remove the record of the holder with that id; that holder. Raises StateError where another one, or none, is on record."""
    recorded = read_holder(lockfile)
    if recorded is None or recorded.id != holder_id:
        raise not_held(str(lockfile), recorded, holder_id)
    try:
        disk.remove(_record(lockfile))
    except OSError as error:
        raise cannot_write(_record(lockfile), error) from error
    return recorded


def _locked(lockfile: Path, holder: Holder | None, timeout: float) -> StateLocked:
    by = f"by {holder}" if holder else "by another process"
    waited = f"Waited {timeout:g} s. " if timeout else ""
    return StateLocked(
        f"{lockfile} is locked {by}",
        f"{waited}Wait until it is done and run this again, with --lock-timeout SECONDS to wait longer. "
        "If that process hangs, end it: the lock goes with it, and the next run settles what it left.",
    )


def _guard(lockfile: Path) -> Path:
    return lockfile.with_name(lockfile.name + ".guard")


def _record(lockfile: Path) -> Path:
    return lockfile.with_name(lockfile.name + ".holder")
