"""The findings of a report and of those that belong to it, each with its place in the repository, as hosts want to have it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reconciler.model.report import ChangeReport, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """`path`: from the root of the repository, "" where it is in no file, or in none of the repository.

    `line`, `column`: 0 where the version under review has no such line: of what is gone, only the file is told, since its old
    line would mark an innocent one.
    """

    finding: Finding
    path: str
    line: int = 0
    column: int = 0


def located(report: ChangeReport) -> tuple[Located, ...]:
    """All findings, the gravest first."""
    parts = (report, *report.also)
    found = [_located(one, part.prefix) for part in parts for one in part.findings]
    unique = {(one.finding, one.path): one for one in found}.values()
    return tuple(sorted(unique, key=lambda one: -one.finding.level.rank))


def main_file(found: tuple[Located, ...], report: ChangeReport) -> str:
    """The file that most of it is about: where a finding goes that has no place of its own. "" where there is none."""
    files = Counter(one.path for one in found if one.path)
    if not files:
        files = Counter(path for one in report.items if one.source and (path := _path(report.prefix, one.source.file)))
    return min(files, key=lambda path: (-files[path], path), default="")


def _located(one: Finding, prefix: str) -> Located:
    path = _path(prefix, one.source.file) if one.source else ""
    if not path or one.source is None or one.gone:
        return Located(finding=one, path=path)
    return Located(finding=one, path=path, line=one.source.line, column=one.source.column)


def _path(prefix: str, file: str) -> str:
    """The path with neither `.` nor `..` in it; "" for one that leads out of the repository."""
    if file.startswith("/"):
        return ""
    parts: list[str] = []
    for part in f"{prefix}{file}".split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
