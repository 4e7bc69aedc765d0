"""A report as GitLab's code quality report, which is Code Climate's in short: an array of findings with a place each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.model.report import ChangeReport, Level
from reconciler.model.values import canonical_json, digest
from reconciler.render.clean import clean
from reconciler.render.reports import wording
from reconciler.render.reports.located import Located, located, main_file

_SEVERITIES = {Level.CRITICAL: "critical", Level.WARNING: "major", Level.NOTICE: "minor", Level.INFO: "info"}


def report_code_quality(report: ChangeReport) -> str:
    """The array, the gravest first; what could not be read blocks. What the settings allow is left out."""
    found = located(report)
    fallback = main_file(found, report) or report.prefix or "."
    entries = [*_unread(report, fallback), *(_entry(one, fallback) for one in found if not one.finding.allowed)]
    return canonical_json(_unique(entries)) + "\n"


def _entry(one: Located, fallback: str) -> dict[str, Any]:
    finding = one.finding
    of = wording.told_of(finding)
    where = f" ({', '.join(map(clean, of))})" if of else ""
    return {
        "description": f"{clean(finding.summary)}{where}. {clean(finding.consequence)}",
        "check_name": finding.code,
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[finding.level],
        "location": {"path": one.path or fallback, "lines": {"begin": one.line or 1}},
    }


def _unread(report: ChangeReport, fallback: str) -> Iterator[dict[str, Any]]:
    for part in (report, *report.also):
        for said in part.unread:
            yield {
                "description": f"Incomplete: {clean(said)}",
                "check_name": "incomplete",
                "fingerprint": digest(["incomplete", part.topic.value, said]).removeprefix("sha256:"),
                "severity": "blocker",
                "location": {"path": fallback, "lines": {"begin": 1}},
            }


def _unique(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same, no fingerprint twice: GitLab shows only one of those that share it."""
    seen: dict[str, int] = {}
    for one in entries:
        own = one["fingerprint"]
        seen[own] = seen.get(own, 0) + 1
        if seen[own] > 1:
            one["fingerprint"] = digest([own, seen[own]]).removeprefix("sha256:")
    return entries
