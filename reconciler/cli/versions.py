"""The two versions of a manifest that the command line asks to compare, read from the repository and the working tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.manifest.files import DEFAULT_FILE, DEFAULT_FOLDER, is_part
from reconciler.model.report import Version

if TYPE_CHECKING:
    from reconciler.manifest import Readings
    from reconciler.repository import Found, Repository, Wanted
    from reconciler.reviewing import Reviewed

WORKTREE = "worktree"
Stands = tuple["Wanted", bool]
"""Where a version's manifest stands, and whether that is a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Both, and where they come from. `prefix`: from the repository's root to where sources are named from.

    `tip`: what the base has come to since the change left it; the base itself, where its manifest is still the same.
    `stood`, `stands`: where the manifest stood in the base, and where the change has it. `proposed`: the commit of the change,
    "" for the working tree.
    """

    repository: Repository
    base: Reviewed
    head: Reviewed
    tip: Reviewed
    prefix: str
    stood: Stands
    stands: Stands
    proposed: str

    @property
    def standing(self) -> str:
        """The commit that the base stands at by now."""
        return self.base.version.tip or self.base.version.commit


def read_versions(
    path: Path | None, *, base: str | None, head: str, environ: Mapping[str, str] | None = None
) -> Versions:
    """The version that stands and the one that is proposed.

    What is compared is what the proposal changes: the commit at which it left the base, not where the base has got to since.
    That is read as well, for the rules of the house: see `reconciler.reviewing.standards`.
    Raises UsageError for refs that mean nothing and a manifest that neither version has, ReconcilerError where git fails.
    """
    from reconciler.repository import base_of, commit_of, manifest_at, open_repository, standing_folder

    environ = os.environ if environ is None else environ
    repository = open_repository(standing_folder(path or Path()))
    proposed = commit_of(repository, "HEAD" if head == WORKTREE else head, option="--head")
    name, standing = base_of(repository, base, environ)
    fork = repository.merge_base(standing, proposed)
    if fork is None:
        raise _no_fork(repository, name, head)
    wanted = list(_wanted(repository, path))
    readings: Readings = {}
    former = [*wanted, *_beside(wanted)] if path is not None else wanted
    left = Version(label=name, commit=fork, tip=standing if standing != fork else "")
    found = manifest_at(repository, fork, former)
    before, earlier = _read(found, left, readings), _stands(found)
    since = manifest_at(repository, standing, former) if standing != fork else found
    tip = before if since == found else _read(since, Version(label=name, commit=standing), readings)
    if head == WORKTREE:
        after, later = _in_worktree(wanted, Version(label="the working tree"), readings)
    else:
        found = manifest_at(repository, proposed, wanted)
        after, later = _read(found, Version(label=head, commit=proposed), readings), _stands(found)
    if earlier and earlier[0] not in wanted and not _same_stack(before, after):
        tip = before = replace(before, loaded=None)  # of somebody else: this one is new
        earlier = None
    if earlier and later and earlier[0].path != later[0].path:
        after = _moved(after, earlier[0].shown, later[0].shown)
    if before.absent and after.absent:
        raise UsageError(
            f"Neither {name} nor {after.version.label} has a manifest at {' or '.join(one.shown for one in wanted)}",
            "Give the path of a manifest that one of the two versions has.",
        )
    nowhere = (wanted[0], False)
    return Versions(
        repository=repository,
        base=before,
        head=after,
        tip=tip,
        prefix=_prefix(repository),
        stood=earlier or later or nowhere,
        stands=later or earlier or nowhere,
        proposed="" if head == WORKTREE else proposed,
    )


def _beside(wanted: Sequence[Wanted]) -> Iterator[Wanted]:
    """Where a manifest at a place of its own may have been before: at the usual ones, beside it and at the root."""
    from reconciler.repository import Wanted

    for one in wanted:
        path, shown = PurePosixPath(one.path), PurePosixPath(one.shown)
        for usual in (DEFAULT_FILE, DEFAULT_FOLDER):
            yield Wanted(path=str(path.with_name(usual)) if path.name else usual, shown=str(shown.parent / usual))
        for usual in (DEFAULT_FILE, DEFAULT_FOLDER) if len(path.parts) > 1 else ():
            yield Wanted(path=usual, shown=usual)


def _same_stack(before: Reviewed, after: Reviewed) -> bool:
    one, other = before.manifest, after.manifest
    return one is not None and other is not None and one.stack == other.stack


def _moved(after: Reviewed, old: str, new: str) -> Reviewed:
    """The version, told to stand elsewhere than the one before."""
    from reconciler.diagnostics import Diagnostic, Severity, Source

    if after.loaded is None:
        return after
    told = Diagnostic(
        severity=Severity.WARNING,
        code="manifest-moved",
        summary=f"The manifest stood at {old}, and stands at {new} now",
        detail="The two are compared. Make sure that plan, apply and drift look there as well, and that nobody takes what is "
        "left at the old place for it.",
        source=Source(new),
    )
    return replace(after, loaded=replace(after.loaded, diagnostics=(*after.loaded.diagnostics, told)))


def _no_fork(repository: Repository, base: str, head: str) -> UsageError:
    proposed = "what stands here" if head == WORKTREE else head
    if repository.shallow:
        return UsageError(
            f"This clone is too shallow to tell where {proposed} left {base}",
            "Fetch the history: git fetch --unshallow. In GitHub Actions: fetch-depth: 0; in GitLab: GIT_DEPTH: 0.",
        )
    return UsageError(
        f"{base} and {proposed} have no commit in common", "Give --base a commit that the change came from."
    )


def _wanted(repository: Repository, path: Path | None) -> Iterator[Wanted]:
    from reconciler.repository import Wanted, path_inside

    for one in [path] if path is not None else [Path(DEFAULT_FILE), Path(DEFAULT_FOLDER)]:
        inside = path_inside(repository.root, one)
        if inside is None:
            raise UsageError(f"{one} is not in the repository {repository.root}", "Give a path in it.")
        yield Wanted(path=inside, shown=str(one))


def _read(found: Found | None, version: Version, readings: Readings) -> Reviewed:
    from reconciler.manifest import load_files
    from reconciler.reviewing import Reviewed

    if found is None:
        return Reviewed(version=version, loaded=None)
    loaded = load_files(found.files, Path(found.wanted.shown), unreadable=found.problems, readings=readings)
    return Reviewed(version=version, loaded=loaded)


def _stands(found: Found | None) -> Stands | None:
    return (found.wanted, found.folder) if found else None


def _in_worktree(wanted: Sequence[Wanted], version: Version, readings: Readings) -> tuple[Reviewed, Stands | None]:
    from reconciler.manifest import load_files
    from reconciler.manifest.files import read_files
    from reconciler.reviewing import Reviewed

    for one in wanted:
        path = Path(one.shown)
        folder = path.is_dir()
        if folder and not any(is_part(file.name) for file in path.iterdir()):
            continue
        if path.exists() or path.is_symlink():
            files, unreadable = read_files(path)
            loaded = load_files(files, path, unreadable=unreadable, readings=readings)
            return Reviewed(version=version, loaded=loaded), (one, folder)
    return Reviewed(version=version, loaded=None), None


def _prefix(repository: Repository) -> str:
    inside = os.path.relpath(os.path.realpath(Path()), os.path.realpath(repository.root))
    return "" if inside == "." or inside.startswith("..") else f"{inside}/"
