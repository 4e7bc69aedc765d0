"""A report as GitHub's workflow commands: findings that stand beside the lines of the diff, the gravest of each kind.

GitHub shows about ten of a kind and step and drops the rest without a word; so the last one says how many there are. Everywhere
else, what comes from outside can make no command. Here each line is one, and nothing in it can make another.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.report import ChangeReport, Level
from reconciler.render.clean import clean
from reconciler.render.reports import wording
from reconciler.render.reports.located import Located, located
from reconciler.render.words import plural

MOST = 10
"""Annotations of one kind that are shown."""

_LONGEST = 4_000  # characters of a message; GitHub takes 64 KiB and folds long ones
_KINDS = {Level.CRITICAL: "error", Level.WARNING: "warning", Level.NOTICE: "notice", Level.INFO: "notice"}
_NOUNS = {"error": "critical finding", "warning": "warning", "notice": "notice"}


def report_annotations(report: ChangeReport) -> str:
    """A command a line, "" for nothing to say. What the settings allow is left out."""
    commands: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for kind, title, said in _troubles(report):
        commands[kind].append(_command(kind, {"title": title}, said))
    for one in located(report):
        if not one.finding.allowed:
            kind = _KINDS[one.finding.level]
            commands[kind].append(_command(kind, _properties(one), _message(one)))
    return "".join(f"{line}\n" for kind, lines in commands.items() for line in _ranked(kind, lines))


def _ranked(kind: str, lines: list[str]) -> list[str]:
    if len(lines) <= MOST:
        return lines
    left = len(lines) - MOST + 1
    said = (
        f"{plural(left, f'more {_NOUNS[kind]}')} than an Actions run shows: see its summary, the comment or the report."
    )
    return [*lines[: MOST - 1], _command(kind, {"title": f"And {left} more"}, said)]


def _troubles(report: ChangeReport) -> Iterator[tuple[str, str, str]]:
    for part in (report, *report.also):
        for one in part.unread:
            yield "error", "Incomplete", one
        for one in part.refused:
            yield "warning", "Refused", f"apply will refuse this: {one}"


def _properties(one: Located) -> dict[str, str]:
    found: dict[str, str] = {}
    if one.path:
        found["file"] = one.path
    if one.line:
        found |= {"line": str(one.line), "col": str(one.column)}
    return found | {"title": f"{one.finding.level.value}: {one.finding.code}"}


def _message(one: Located) -> str:
    finding = one.finding
    was = f" (was in line {finding.source.line})" if finding.gone and finding.source else ""
    of = wording.told_of(finding)
    where = f" ({', '.join(of)})" if of else ""
    lines = [f"{finding.summary}{where}{was}", finding.consequence, finding.advice]
    return "\n".join(line for line in lines if line.strip())


def _command(kind: str, properties: dict[str, str], message: str) -> str:
    """`::error file=…,line=…,title=…::…`, as actions/toolkit writes it; each value cleaned before it is escaped."""
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    body = "\n".join(clean(line) for line in message.split("\n"))[:_LONGEST]
    return f"::{kind} {said}::{_data(body)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clean(text)).replace(":", "%3A").replace(",", "%2C")
