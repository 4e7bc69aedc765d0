"""A report as one JSON document, for programs: `schemas/review.schema.json`. Names are Terraform's where it has the thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler import __version__
from reconciler.model.changes import Action, AttributeChange
from reconciler.model.encoding import encode_source
from reconciler.model.kinds import plain
from reconciler.model.report import (
    BESIDE,
    ChangeReport,
    Drawing,
    Finding,
    Item,
    Level,
    Link,
    Mark,
    Node,
    Place,
    Version,
)
from reconciler.model.values import canonical_json
from reconciler.render.reports import wording
from reconciler.render.reports.labels import report_labels

FORMAT_VERSION = "1.0"
_MARKS = {Mark.ADDED: "added", Mark.REMOVED: "removed", Mark.CHANGED: "changed", Mark.KEPT: "kept"}

_WORDS = {Action.REPLACE: Action.CREATE.word}  # as in a plan's JSON: what a rename leaves stays for now


def report_json(report: ChangeReport) -> str:
    """The document, canonical: the same report has the same bytes."""
    document = {"format_version": FORMAT_VERSION, "reconciler_version": __version__, **encode_report(report)}
    return canonical_json(document) + "\n"


def encode_report(report: ChangeReport) -> dict[str, Any]:
    """The report without the versions of format and program; those that belong to it within."""
    return {
        "topic": report.topic.value,
        "stack": report.stack,
        "base": _version(report.base),
        "head": _version(report.head),
        "prefix": report.prefix,
        "environments": [_place(one) for one in report.places],
        "resource_changes": [_resource(one) for one in report.items if one.kind not in BESIDE],
        "manifest_changes": [_beside(one) for one in report.items if one.kind in BESIDE],
        "findings": [_finding(one) for one in report.findings],
        "labels": list(report_labels(report)),
        "approvals": [{"require": one.require, "because": list(one.because)} for one in report.approvals],
        "reach": _reach(report.reach),
        "unread": list(report.unread),
        "refused": list(report.refused),
        "notes": list(report.beside),
        "summary": _summary(report),
        "worst": worst.value if (worst := wording.whole(report).worst) else None,
        "complete": report.complete,
        "has_changes": not report.empty,
        "also": [encode_report(one) for one in report.also],
    }


def _summary(report: ChangeReport) -> dict[str, Any]:
    counts, levels = report.counts(), wording.whole(report).levels()
    return {
        **{action.name.lower(): counts[action] for action in Action},
        "unchanged": report.unchanged,
        "manifest_changes": sum(one.kind in BESIDE for one in report.items),
        "findings": {level.value: levels[level] for level in Level},
    }


def _version(version: Version | None) -> dict[str, str] | None:
    if version is None:
        return None
    return {"label": version.label, "commit": version.commit, **({"tip": version.tip} if version.tip else {})}


def _place(place: Place) -> dict[str, Any]:
    return {
        "name": place.name,
        "change": _MARKS[place.mark],
        "directory": place.where.value,
        "account": place.account,
        "region": place.region,
        "protected": place.protected,
    }


def _resource(item: Item) -> dict[str, Any]:
    return {
        "address": item.about,
        "type": item.kind,
        "name": item.name,
        "previous_address": item.previously or None,
        **_common(item),
    }


def _beside(item: Item) -> dict[str, Any]:
    return {"about": item.about, "kind": item.kind, **_common(item)}


def _common(item: Item) -> dict[str, Any]:
    return {
        "action": item.action.word,
        "environments": list(item.environments),
        "change": _change(item.action, item.rows),
        "action_reasons": list(item.reasons),
        "level": item.level.value if item.level else None,
        "source": encode_source(item.source),
        "gone": item.gone,
    }


def _change(action: Action, rows: Sequence[AttributeChange]) -> dict[str, Any]:
    return {
        "actions": [_WORDS.get(action, action.word)],
        "before": None if action is Action.CREATE else _side({one.name: one.before for one in rows}),
        "after": None if action is Action.DELETE else _side({one.name: one.after for one in rows}),
        "attributes": [
            {
                "name": one.name,
                "before": plain(one.before),
                "after": plain(one.after),
                "cause": one.cause.value if one.cause else None,
            }
            for one in rows
        ],
    }


def _side(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in values.items()}


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "code": one.code,
        "level": one.level.value,
        "about": one.about,
        "others": list(one.others),
        "subject": one.subject,
        "environments": list(one.environments),
        **({"milder": {name: level.value for name, level in one.milder}} if one.milder else {}),
        "summary": one.summary,
        "consequence": one.consequence,
        "advice": one.advice,
        "source": encode_source(one.source),
        "gone": one.gone,
        "fingerprint": one.fingerprint,
        "allowed": one.allowed,
    }


def _reach(reach: Drawing) -> dict[str, Any]:
    return {
        "nodes": [_node(one) for one in reach.nodes],
        "links": [_link(one) for one in reach.links],
        "omitted": reach.omitted,
    }


def _node(node: Node) -> dict[str, Any]:
    return {
        "key": node.key,
        "kind": node.kind,
        "label": node.label,
        "change": _MARKS[node.mark],
        "level": node.level.value if node.level else None,
        "environments": list(node.environments),
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "from": link.start,
        "to": link.end,
        "change": _MARKS[link.mark],
        "words": list(link.words),
        "environments": list(link.environments),
    }
