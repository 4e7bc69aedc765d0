"""A report as SARIF 2.1.0, for GitHub code scanning and whatever else reads it. The format: OASIS, sarif-v2.1.0-errata01.

Where the standard and GitHub part, the file satisfies both: every result has a location, fingerprints are theirs and ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from reconciler import __version__
from reconciler.model.report import ChangeReport, Level
from reconciler.model.values import canonical_json
from reconciler.render.clean import clean
from reconciler.render.reports import wording
from reconciler.render.reports.located import Located, located, main_file
from reconciler.render.reports.rules import Rule, rules_of
from reconciler.render.words import plural

MOST = 25_000
"""Results of one run; GitHub refuses a file with more."""

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Level.CRITICAL: "error", Level.WARNING: "warning", Level.NOTICE: "note", Level.INFO: "none"}
_SEVERITIES = {Level.CRITICAL: "9.5", Level.WARNING: "6.5", Level.NOTICE: "3.0", Level.INFO: "0.5"}
"""`security-severity`, by which GitHub sorts: critical, medium, low, low."""
_PROBLEMS = {
    Level.CRITICAL: "error",
    Level.WARNING: "warning",
    Level.NOTICE: "recommendation",
    Level.INFO: "recommendation",
}


def report_sarif(report: ChangeReport) -> str:
    """The log with one run."""
    found = located(report)
    fallback = main_file(found, report)
    shown = [one for one in found if one.path or fallback][:MOST]
    rules = rules_of(one.finding for one in shown)
    index = {rule.code: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {"name": "reconciler", "version": __version__, "rules": [_rule(rule) for rule in rules]},
        },
        "automationDetails": {"id": _category(report)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "invocations": [
            {"executionSuccessful": report.complete, "toolExecutionNotifications": _notifications(report, found, shown)}
        ],
        "results": [_result(one, index, fallback) for one in shown],
    }
    return canonical_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _category(report: ChangeReport) -> str:
    """By which GitHub tells uploads apart: those of another stack or environment replace nothing here."""
    stack, environments = wording.key(report)
    names = "+".join(quote(one, safe="", errors="replace") for one in environments)
    of = f"reconciler-{report.topic.value}/{quote(stack, safe='', errors='replace')}/"
    return f"{of}{names}/" if names else of


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": "".join(part.capitalize() for part in rule.code.split("-")),
        "shortDescription": {"text": _text(rule.title)},
        "fullDescription": {"text": _text(rule.title)},
        "help": {"text": _text(rule.help), "markdown": f"**{rule.code}** ({rule.level.value})\n\n{rule.help}"},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {
            "tags": ["security", "identity"],
            "problem.severity": _PROBLEMS[rule.level],
            "security-severity": _SEVERITIES[rule.level],
        },
    }


def _result(one: Located, index: Mapping[str, int], fallback: str) -> dict[str, Any]:
    finding = one.finding
    of = wording.told_of(finding)
    where = f" ({', '.join(of)})" if of else ""
    said = [f"{finding.summary}{where}", finding.consequence, finding.advice]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": _LEVELS[finding.level],
        "message": {"text": "\n".join(_text(text) for text in said if text.strip())},
        "locations": [_location(one, fallback)],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{finding.fingerprint[:16]}:1",  # the one that GitHub compares
            "reconcilerFinding/v1": finding.fingerprint,
        },
        "properties": {
            "level": finding.level.value,
            "about": finding.about,
            "subject": finding.subject,
            "environments": list(finding.environments),
            "gone": finding.gone,
        },
    }
    if finding.others:
        result["properties"]["others"] = list(finding.others)
    if finding.level is Level.INFO:
        result["kind"] = "informational"  # a result that is "fail", as it is by default, has another level than none
    if finding.allowed:
        why = {"kind": "external", "status": "accepted", "justification": _text(f"Allowed by {finding.allowed}.")}
        result["suppressions"] = [why]
    return result


def _location(one: Located, fallback: str) -> dict[str, Any]:
    """Of what is gone, the file alone: a line of the earlier version means something else in this one."""
    physical: dict[str, Any] = {
        "artifactLocation": {
            "uri": quote(one.path or fallback, safe="/", errors="replace"),
            "uriBaseId": "%SRCROOT%",
        }
    }
    if one.line:
        physical["region"] = {"startLine": one.line, "startColumn": one.column}
    about = one.finding.about
    logical = [{"fullyQualifiedName": about, "kind": "resource"}] if about else []
    return {"physicalLocation": physical, **({"logicalLocations": logical} if logical else {})}


def _notifications(report: ChangeReport, found: Sequence[Located], shown: Sequence[Located]) -> list[dict[str, Any]]:
    """What is no result: what could not be read, what apply would refuse, what found no room."""
    said: list[tuple[str, str, str]] = []
    for part in (report, *report.also):
        said += [("incomplete", "error", text) for text in part.unread]
        said += [("refused", "warning", f"apply will refuse this: {text}") for text in part.refused]
    nowhere = [] if shown else found
    said += [(one.finding.code, _LEVELS[one.finding.level], one.finding.summary) for one in nowhere[:MOST]]
    left = len(found) - len(shown) - len(nowhere)
    if left > 0:
        text = f"The {plural(left, 'finding')} that matter least found no room: a run holds {MOST:,} results."
        said.append(("cut", "warning", f"{text} The JSON report has all."))
    return [{"descriptor": {"id": id_}, "level": level, "message": {"text": _text(text)}} for id_, level, text in said]


def _text(text: str) -> str:
    r"""A message in which nothing is a link or a placeholder: `\[` is a bracket and `{{` a brace, by the standard's 3.11."""
    shown = clean(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return shown.replace("{", "{{").replace("}", "}}")
