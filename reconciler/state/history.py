"""What a lockfile in a versioned bucket said before, and taking an earlier one back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

from reconciler.aws.objects import Version
from reconciler.errors import StateError
from reconciler.model.resources import Lock
from reconciler.state.bucket import BucketState
from reconciler.state.lockfile import parse_lock

_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One version of the lockfile; `lock` None: it cannot be read, for the reason in `trouble`."""

    version: Version
    lock: Lock | None
    trouble: str = ""


def history(state: BucketState, limit: int) -> list[Past]:
    """The newest `limit` versions, newest first. Raises StateError where the bucket cannot be read."""
    versions = list(islice(state.objects.versions(state.name), limit))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="history") as readers:
        return list(readers.map(lambda one: _read(state, one), versions))


def find(state: BucketState, *, serial: int | None, version: str) -> tuple[Version, Lock]:
    """The newest version with that serial, or the one with that id. Raises StateError where there is none to be read."""
    for one in state.objects.versions(state.name):
        if version and one.id != version:
            continue  # of the others, no more is asked than which they are
        past = _read(state, one)
        if past.lock is not None and (version or past.lock.serial == serial):
            return one, past.lock
        if version:
            raise StateError(f"{state.place}, version {version}: {past.trouble}", "Choose another version.")
    what = f"version {version}" if version else f"serial {serial}"
    raise StateError(f"{state.place} has no {what}", "`reconciler lock history` lists what there is.")


def restored(state: BucketState, past: Lock, *, stands: Lock | None, unfinished: bool) -> Lock:
    """The lockfile that takes `past` back in the place of what `stands` (None: nothing that can be read).

    One serial later than both, and than the newest of its line in the history, so that no saved plan fits that was made
    before. As it was only where nothing stands and an interrupted run is `unfinished`: its journal belongs to that very
    serial. Raises StateError for one of another line, and where the history cannot be read.
    """
    if stands is None and unfinished:
        return past
    if stands is None:
        stands = _newest(state, past.lineage) or past
    if stands.lineage != past.lineage:
        raise StateError(
            f"that version is of another line (lineage {past.lineage}, not {stands.lineage})",
            "The lockfile was made anew since. Remove the one that stands first, if this is what you mean.",
        )
    return replace(past, serial=max(past.serial, stands.serial) + 1, last_plan="")


def _newest(state: BucketState, lineage: str) -> Lock | None:
    """The newest version of that line that can be read."""
    read = (_read(state, one).lock for one in state.objects.versions(state.name))
    return next((lock for lock in read if lock is not None and lock.lineage == lineage), None)


def _read(state: BucketState, version: Version) -> Past:
    try:
        stored = state.objects.get(state.name, version=version.id)
        if stored is None:
            return Past(version=version, lock=None, trouble="it is gone")
        return Past(version=version, lock=parse_lock(stored.body.decode("utf-8"), file=state.place))
    except (StateError, UnicodeDecodeError) as error:
        return Past(version=version, lock=None, trouble=str(error))
