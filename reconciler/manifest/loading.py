"""From files to a `Manifest`, with every problem of every file at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.diagnostics import Diagnostic, Severity, Source, has_errors, in_order
from reconciler.manifest.checking import departures
from reconciler.manifest.composing import compose
from reconciler.manifest.declarations import Manifest, declare
from reconciler.manifest.documents import Document, Keys, ManifestFile
from reconciler.manifest.files import read_files
from reconciler.manifest.ignoring import days_in
from reconciler.manifest.resolving import resolve
from reconciler.model.kind import EXPIRES
from reconciler.model.kinds import KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A manifest, or None where it has errors; and everything there is to say about it, sorted."""

    manifest: Manifest | None
    diagnostics: tuple[Diagnostic, ...]


def load(path: Path) -> Loaded:
    """The manifest that stands in a file, or in the `*.yaml` and `*.yml` of a folder. Raises nothing for what is in them.

    A manifest with errors is resolved as far as it is sound, so that the mistakes of its environments are told as well.
    """
    files, found = read_files(path)
    return _load(files, path, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """What one file holds, as far as it can be read; what is wrong with it; and the paths that the schema refuses."""

    document: Document | None
    problems: tuple[Diagnostic, ...]
    refused: frozenset[Keys] = frozenset()


Readings = dict[ManifestFile, ReadFile]
"""Files that were read already. Two versions of a manifest share theirs, so that what did not change is read once."""


def load_files(
    files: Sequence[ManifestFile],
    path: Path = Path(),
    *,
    unreadable: Sequence[Diagnostic] = (),
    readings: Readings | None = None,
) -> Loaded:
    """The same from bytes at hand, as of another commit. `path`: what the manifest is said to be at.

    `unreadable`: what could not be had of it.
    """
    return _load(sorted(files), path, list(unreadable), readings)


def _read(file: ManifestFile) -> ReadFile:
    document, problems = compose(file)
    if document is None:
        return ReadFile(document=None, problems=tuple(problems))
    departed, paths = departures(document)
    told = _told_once(document, problems, departed)
    return ReadFile(document=document, problems=tuple(told), refused=frozenset(paths))


def _load(
    files: Sequence[ManifestFile], path: Path, found: list[Diagnostic], readings: Readings | None = None
) -> Loaded:
    documents: list[Document] = []
    unsound: dict[tuple[str, Keys], list[Keys]] = {}
    whole = not found
    readings = {} if readings is None else readings
    for file in files:
        if (read := readings.get(file)) is None:
            read = readings[file] = _read(file)
        document, problems = read.document, read.problems
        for one in read.refused:
            unsound.setdefault((file.name, one[:2]), []).append(one[2:])
        if document is not None and isinstance(document.value, dict):
            documents.append(document)
        else:
            whole = whole and not has_errors(problems)
        found += problems
    if whole:
        start = Source(files[0].name if files else str(path))
        manifest, mistakes = declare(path, documents, unsound, start)
        found += mistakes
        if not has_errors(found):
            return Loaded(manifest=manifest, diagnostics=in_order(found))
        spoken = {one.source for one in found}
        later = (one for name in manifest.environments for one in resolve(manifest, name).diagnostics)
        # What is refused may be all there was: that something is not there is worth no word now.
        found += (one for one in later if one.source not in spoken and one.severity is not Severity.INFO)
    return Loaded(manifest=None, diagnostics=in_order(found))


def _told_once(document: Document, problems: list[Diagnostic], departed: list[Diagnostic]) -> list[Diagnostic]:
    """All of them, less what the schema says where YAML has spoken already, and `off` and days where they mean nothing else."""
    clear = {*_severities(document), *_days(document), *days_in(document)} if problems else set()
    problems = [one for one in problems if one.code != "yaml-ambiguous" or one.source not in clear]
    spoken = {one.source for one in problems}
    return problems + [one for one in departed if one.source not in spoken]


def _days(document: Document) -> Iterator[Source]:
    """Where an entry says `expires`: a day there is a day."""
    for kind in KINDS:
        entries = document.value.get(kind.section) if isinstance(document.value, dict) else None
        for key, entry in entries.items() if isinstance(entries, dict) else ():
            if isinstance(entry, dict) and isinstance(entry.get(EXPIRES.name), str):
                yield document.source((kind.section, key, EXPIRES.name))


def _severities(document: Document) -> Iterator[Source]:
    """Where a rule is `off`: no other reading of the word makes sense there."""
    value = document.value
    for step in ("settings", "rules"):
        value = value.get(step) if isinstance(value, dict) else None
    for code, setting in value.items() if isinstance(value, dict) else ():
        if setting == "off":
            yield document.source(("settings", "rules", code))
        elif isinstance(setting, dict) and setting.get("severity") == "off":
            yield document.source(("settings", "rules", code, "severity"))
