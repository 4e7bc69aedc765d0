"""The files of a manifest at a commit, under the same terms as those of the working tree: see `reconciler.manifest.files`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.manifest import ManifestFile
from reconciler.manifest.files import is_part
from reconciler.manifest.texts import MAX_BYTES
from reconciler.repository.git import LINK, SUBMODULE, TREE, Entry, Repository

_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A manifest by its path from the repository's root ("" is the root itself), and as users write that path."""

    path: str
    shown: str

    def name(self, path: str) -> str:
        """A path from the root, which begins with that of the manifest, as users can open it."""
        return str(PurePosixPath(self.shown) / path.removeprefix(self.path).removeprefix("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A manifest's files at a commit, and where it stands. `folder`: it is one. `problems`: what could not be had of it."""

    wanted: Wanted
    folder: bool
    files: tuple[ManifestFile, ...]
    problems: tuple[Diagnostic, ...]


def manifest_at(repository: Repository, commit: str, candidates: Sequence[Wanted]) -> Found | None:
    """The manifest at the first of these places that the commit has anything at; None where it has none.

    Raises ReconcilerError where git cannot say.
    """
    for one in candidates:
        if not one.path:
            return _found(repository, one, repository.entries(commit, ""), inside=True)
        for entry in repository.entries(commit, one.path):
            inside = entry.mode == TREE
            entries = repository.entries(commit, one.path, below=True) if inside else [entry]
            return _found(repository, one, entries, inside=inside)
        if (problem := _on_the_way(repository, commit, one)) is not None:
            return Found(wanted=one, folder=False, files=(), problems=(problem,))
    return None


def _on_the_way(repository: Repository, commit: str, wanted: Wanted) -> Diagnostic | None:
    """What is wrong with a folder that the path leads through, and which is a link or a submodule."""
    for folder in PurePosixPath(wanted.path).parents:
        for entry in repository.entries(commit, str(folder)) if folder.name else ():
            if entry.mode in (LINK, SUBMODULE):
                return _problem(entry, f"{folder}, on the way to {wanted.path},", 0, at=wanted.shown)
            return None
    return None


def _found(repository: Repository, wanted: Wanted, entries: Sequence[Entry], *, inside: bool) -> Found | None:
    if inside and not (entries := [one for one in entries if _is_manifest(one)]):
        return None
    regular = [one for one in entries if one.regular]
    sizes = dict(zip(regular, repository.sizes(regular), strict=True))
    problems: list[Diagnostic] = []
    sound: list[Entry] = []
    room = MAX_BYTES
    for one in entries:
        room -= sizes.get(one, 0)
        problem = _problem(one, wanted.name(one.path), room)
        if problem is None:
            sound.append(one)
        else:
            problems.append(problem)
    files = []
    for one, content in zip(sound, repository.contents(sound), strict=True):
        name = wanted.name(one.path)
        if content.startswith(_LFS):
            detail = "A review reads what git holds. Keep manifests out of Git LFS: they are text, and small."
            problems.append(_error("file-in-lfs", f"{name} is kept in Git LFS", detail, name))
        else:
            files.append(ManifestFile(name, content))
    return Found(wanted=wanted, folder=inside, files=tuple(files), problems=tuple(problems))


def _is_manifest(one: Entry) -> bool:
    return is_part(PurePosixPath(one.path).name) and one.mode != TREE


def _problem(one: Entry, name: str, room: int, *, at: str = "") -> Diagnostic | None:
    at = at or name
    if one.mode == LINK:
        detail = "A review does not follow links. Put the file itself there."
        return _error("link-in-history", f"{name} is a link", detail, at)
    if one.mode == SUBMODULE:
        detail = "Run the review in the submodule: its repository holds the manifest."
        return _error("manifest-in-submodule", f"{name} is a submodule", detail, at)
    if not one.regular:
        return _error("not-a-file", f"{name} is not a regular file", "Take it away or rename it.", name)
    if room < 0:
        summary = f"With {name} the manifest has more than the {MAX_BYTES >> 20} MiB that are read"
        return _error("file-too-large", summary, "Split it into several stacks.", name)
    return None


def _error(code: str, summary: str, detail: str, name: str) -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, code=code, summary=summary, detail=detail, source=Source(name))
