"""The lockfiles that a review looks at: as the base has them, as other stacks do, and which of them a change writes itself.

The base is believed, never the change: a lockfile that came with it says what its author likes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from reconciler.cli.versions import Stands, Versions
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.model.environments import Environment
    from reconciler.model.resources import Lock
    from reconciler.reviewing import Held, LockEdit

_SUFFIX = ".lock.json"


def locks_of_base(
    versions: Versions, environments: Mapping[str, Environment]
) -> tuple[dict[str, Lock | None], list[str]]:
    """The lockfile of each environment as the base has it by now, and why some could not be read, as sentences."""
    from reconciler.state import parse_lock

    locks: dict[str, Lock | None] = {}
    silent = []
    local = [name for name, one in environments.items() if one.state is None]
    places = {name: _lockfile(versions, versions.stood, name) for name in local}
    texts = versions.repository.texts(versions.standing, places.values())
    for name, one in environments.items():
        if one.state is not None:
            silent.append(f"The lockfile of {name} is kept at {one.state}, which is not read offline: --live does.")
            continue
        try:
            content = texts.get(places[name])
            locks[name] = None if content is None else parse_lock(content.decode("utf-8"), file=places[name])
        except (ReconcilerError, UnicodeDecodeError) as error:
            silent.append(f"The lockfile of {name} cannot be read: {_why(error)}.")
    return locks, silent


def other_locks(versions: Versions) -> tuple[Held, ...]:
    """The lockfiles of other manifests in the repository, as the base has them.

    Those that cannot be read are no evidence, nor are those that a partial clone lacks.
    """
    from reconciler.reviewing import Held
    from reconciler.state import parse_lock

    repository = versions.repository
    own = {
        _lockfile(versions, where, name)
        for where in (versions.stood, versions.stands)
        for name in (*versions.base.environments, *versions.head.environments)
    }
    found = [
        one
        for one in repository.every_entry(versions.standing)
        if one.regular and one.path.endswith(_SUFFIX) and one.path not in own
    ]
    if found:
        lacking = repository.lacking(versions.standing)
        found = [one for one in found if one.oid not in lacking]
    held = []
    for entry, content in zip(found, repository.contents(found), strict=True):
        with contextlib.suppress(ReconcilerError, UnicodeDecodeError):
            held.append(Held(path=entry.path, lock=parse_lock(content.decode("utf-8"), file=entry.path)))
    return tuple(held)


def lock_edits(versions: Versions, environments: Iterable[str]) -> dict[str, LockEdit]:
    """By environment, the lockfile that the change leaves otherwise than it found it."""
    from reconciler.reviewing import LockEdit

    names = list(environments)
    old = {name: _lockfile(versions, versions.stood, name) for name in names}
    new = {name: _lockfile(versions, versions.stands, name) for name in names}
    before = versions.repository.texts(versions.base.version.commit, old.values())
    after = _proposed(versions, new.values())
    edits = {}
    for name in names:
        first, then = before.get(old[name]), after.get(new[name])
        if first == then:
            continue
        (earlier, _), (later, why) = _parsed(first, old[name]), _parsed(then, new[name])
        if earlier != later or why:
            path = _shown(versions, old[name] if then is None else new[name])
            edits[name] = LockEdit(path=path, before=earlier, after=later, why=why)
    return edits


def _proposed(versions: Versions, places: Iterable[str]) -> Mapping[str, bytes]:
    if versions.proposed:
        return versions.repository.texts(versions.proposed, places)
    found = {}
    for place in places:
        file = versions.repository.root / place
        try:
            if file.exists() or file.is_symlink():
                found[place] = file.read_bytes()
        except OSError as error:
            raise ReconcilerError(f"{place} cannot be read: {error.strerror or error}") from error
    return found


def _parsed(content: bytes | None, place: str) -> tuple[Lock | None, str]:
    """The lockfile, and why it cannot be read."""
    from reconciler.state import parse_lock

    if content is None:
        return None, ""
    try:
        return parse_lock(content.decode("utf-8"), file=place), ""
    except (ReconcilerError, UnicodeDecodeError) as error:
        return None, _why(error)


def _why(error: ReconcilerError | UnicodeDecodeError) -> str:
    return error.summary if isinstance(error, ReconcilerError) else "it is not UTF-8"


def _lockfile(versions: Versions, where: Stands, environment: str) -> str:
    """Its path from the root of the repository."""
    from reconciler.state import lockfile_name

    wanted, folder = where
    path = PurePosixPath(wanted.path)
    if folder:
        return str(path / lockfile_name(path.name or versions.repository.root.name, environment))
    return str(path.with_name(lockfile_name(path.stem, environment)))


def _shown(versions: Versions, place: str) -> str:
    """The path as users write it: beside the manifest as they name that."""
    wanted, folder = versions.stands
    beside = PurePosixPath(wanted.shown)
    return str((beside if folder else beside.parent) / PurePosixPath(place).name)
