"""Who writes a state, since when and for what: the record that names a writer to everybody else."""

from __future__ import annotations

import datetime
import getpass
import os
import socket
import uuid
from dataclasses import dataclass, fields
from typing import Any

from reconciler.errors import StateError
from reconciler.model.moments import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who writes, or wrote and died: `who` is user@host and process, `since` ISO 8601 in UTC, `command` what runs there."""

    id: str
    who: str
    since: str
    command: str

    def __str__(self) -> str:
        return _one_line(f"{self.who}, {self.command}, since {self.since}")


def myself(command: str) -> Holder:
    """A holder that is this process, with an id of its own."""
    return Holder(id=str(uuid.uuid4()), who=who(), since=now(), command=command)


def who() -> str:
    """Who runs here, as user, host and process: `ana@runner-7 process 4711`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()} process {os.getpid()}"


def now() -> str:
    """The time in UTC, to the second, as ISO 8601."""
    return utc_text(datetime.datetime.now(datetime.UTC))


def _one_line(text: str) -> str:
    """A record is somebody else's words: no line break in it may begin a line of ours."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def holder_from(raw: Any) -> Holder:
    """The holder that a record names. Raises ValueError, TypeError or KeyError for what is no record."""
    told = {one.name: raw[one.name] for one in fields(Holder)}
    if not all(isinstance(one, str) for one in told.values()):
        raise ValueError("not what a holder's record says")
    return Holder(**told)


def not_held(lockfile: str, holder: Holder | None, asked: str) -> StateError:
    """The error that says that the state is not locked by the one with that id."""
    if holder is None:
        return StateError(f"{lockfile} is not locked", "There is nothing to unlock; `reconciler lock status` shows it.")
    return StateError(
        f"{lockfile} is locked by {holder}, whose id is {holder.id}, not {asked}",
        "Make sure that this run is gone, then: reconciler lock unlock " + holder.id,
    )
