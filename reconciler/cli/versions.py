"""The two versions of a manifest that the command line asks to compare, read from the repository and the working tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.manifest.files import DEFAULT_FILE, DEFAULT_FOLDER, SUFFIXES
from reconciler.model.report import Version

if TYPE_CHECKING:
    from reconciler.manifest import Readings
    from reconciler.repository import Repository, Wanted
    from reconciler.reviewing import Reviewed

WORKTREE = "worktree"
_TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CHANGE_TARGET")
"""Where GitHub Actions, GitLab CI and Jenkins say which branch a request is to be merged into."""
_USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Both, and where they come from. `prefix`: from the repository's root to where sources are named from."""

    repository: Repository
    base: Reviewed
    head: Reviewed
    prefix: str


def read_versions(
    path: Path | None, *, base: str | None, head: str, environ: Mapping[str, str] | None = None
) -> Versions:
    """The version that stands and the one that is proposed.

    What is compared is what the proposal changes: the commit at which it left the base, not where the base has got to since.
    Raises UsageError for refs that mean nothing and a manifest that neither version has, ReconcilerError where git fails.
    """
    from reconciler.repository import open_repository

    environ = os.environ if environ is None else environ
    repository = open_repository(_standing(path or Path()))
    proposed = _commit(repository, "HEAD" if head == WORKTREE else head, option="--head")
    name, standing = _base(repository, base, environ)
    fork = repository.merge_base(standing, proposed)
    if fork is None:
        raise _no_fork(repository, name, head)
    wanted = list(_wanted(repository, path))
    readings: Readings = {}
    before = _at(repository, fork, wanted, Version(label=name, commit=fork), readings)
    after = (
        _in_worktree(path, Version(label="the working tree"), readings)
        if head == WORKTREE
        else _at(repository, proposed, wanted, Version(label=head, commit=proposed), readings)
    )
    if before.absent and after.absent:
        raise UsageError(
            f"Neither {name} nor {after.version.label} has a manifest at {' or '.join(one.shown for one in wanted)}",
            "Give the path of a manifest that one of the two versions has.",
        )
    return Versions(repository=repository, base=before, head=after, prefix=_prefix(repository))


def _standing(path: Path) -> Path:
    """The nearest folder on the way to the path that exists: the manifest itself may be deleted."""
    here = Path(os.path.realpath(path.parent)) / path.name
    return next((one for one in (here, *here.parents) if one.is_dir()), Path("/"))


def _commit(repository: Repository, ref: str, *, option: str) -> str:
    found = repository.commit(ref)
    if found is None:
        raise UsageError(
            f"{option}: {ref!r} is no commit of {repository.root}",
            "Give a branch, tag or commit that was fetched; `git fetch origin BRANCH` gets one that was not.",
        )
    return found


def _base(repository: Repository, asked: str | None, environ: Mapping[str, str]) -> tuple[str, str]:
    """What the base is called, and its commit."""
    if asked is not None:
        return asked, _commit(repository, asked, option="--base")
    for variable in _TARGETS:
        if branch := environ.get(variable):
            for ref in (f"origin/{branch}", branch):
                if (found := repository.commit(ref)) is not None:
                    return ref, found
            raise UsageError(
                f"{variable} says that this is to be merged into {branch}, which was not fetched",
                f"Fetch it with its history: git fetch origin {branch}. In GitHub Actions: fetch-depth: 0 at actions/checkout.",
            )
    for ref in _USUAL:
        if (found := repository.commit(ref)) is not None:
            return ref, found
    raise UsageError("Nobody can tell which branch this is to be merged into", "Say so with --base REF.")


def _no_fork(repository: Repository, base: str, head: str) -> UsageError:
    if repository.shallow:
        return UsageError(
            f"This clone is too shallow to tell where {head} left {base}",
            "Fetch the history: git fetch --unshallow. In GitHub Actions: fetch-depth: 0; in GitLab: GIT_DEPTH: 0.",
        )
    return UsageError(f"{base} and {head} have no commit in common", "Give --base a commit that the change came from.")


def _wanted(repository: Repository, path: Path | None) -> Iterator[Wanted]:
    from reconciler.repository import Wanted

    for one in [path] if path is not None else [Path(DEFAULT_FILE), Path(DEFAULT_FOLDER)]:
        place = Path(os.path.realpath(one.parent)) / one.name if one.name not in ("", "..") else os.path.realpath(one)
        inside = os.path.relpath(place, os.path.realpath(repository.root))
        if inside.startswith(".."):
            raise UsageError(f"{one} is not in the repository {repository.root}", "Give a path in it.")
        yield Wanted(path="" if inside == "." else inside, shown=str(one))


def _at(
    repository: Repository, commit: str, wanted: Sequence[Wanted], version: Version, readings: Readings
) -> Reviewed:
    from reconciler.manifest import load_files
    from reconciler.repository import manifest_at
    from reconciler.reviewing import Reviewed

    found = manifest_at(repository, commit, wanted)
    if found is None:
        return Reviewed(version=version, loaded=None)
    path = Path(found.wanted.shown)
    return Reviewed(version=version, loaded=load_files(found.files, path, unreadable=found.problems, readings=readings))


def _in_worktree(path: Path | None, version: Version, readings: Readings) -> Reviewed:
    from reconciler.manifest import load_files
    from reconciler.manifest.files import read_files
    from reconciler.reviewing import Reviewed

    for one in [path] if path is not None else [Path(DEFAULT_FILE), Path(DEFAULT_FOLDER)]:
        if one.is_dir() and not any(file.suffix in SUFFIXES and file.name[0] != "." for file in one.iterdir()):
            continue
        if one.exists() or one.is_symlink():
            files, unreadable = read_files(one)
            return Reviewed(version=version, loaded=load_files(files, one, unreadable=unreadable, readings=readings))
    return Reviewed(version=version, loaded=None)


def _prefix(repository: Repository) -> str:
    inside = os.path.relpath(os.path.realpath(Path()), os.path.realpath(repository.root))
    return "" if inside == "." or inside.startswith("..") else f"{inside}/"
