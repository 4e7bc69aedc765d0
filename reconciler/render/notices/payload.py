"""A notice as JSON, for programs: `schemas/drift-notification.schema.json`. Cut to a size that every receiver takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler import __version__
from reconciler.drifting.telling import counted, key_of
from reconciler.drifting.wording import address_of, principal_of, tool_of
from reconciler.model.drift import DriftClass, Noted
from reconciler.model.telling import Notice, Over, Trouble
from reconciler.model.trail import Event
from reconciler.model.values import canonical_json
from reconciler.render.elements import Element
from reconciler.render.notices import wording

FORMAT_VERSION = "1.0"
FINDINGS, EVENTS = 100, 5
_LEAST = 6_000  # bytes that a target may need beside its findings
LIMIT = 120_000
"""Bytes of the whole. SNS takes 256 KiB, in which the plain text has to have room as well."""


def payload_json(notices: Sequence[Notice]) -> str:
    """The payload as text, on one line, without anything invisible in it."""
    return canonical_json(payload(notices))


def payload(notices: Sequence[Notice]) -> dict[str, Any]:
    """The payload as plain values, a target for each notice. What there is no room for is counted: `cut`, `targets_cut`."""
    room = [LIMIT - 10_000]
    targets = []
    for one in notices:
        if room[0] <= _LEAST:
            break
        room[0] -= _LEAST
        targets.append(_target(one, room))
    return {
        "format_version": FORMAT_VERSION,
        "reconciler_version": __version__,
        "key": key_of(notices),
        "at": max(one.at for one in notices),
        "headline": wording.headline(notices),
        "targets": targets,
        "targets_cut": len(notices) - len(targets),
    }


def _target(notice: Notice, room: list[int]) -> dict[str, Any]:
    target = notice.target
    new = _fitting([_finding(one) for one in wording.by_gravity(notice.new)[:FINDINGS]], room)
    reminded = _fitting([_finding(one) for one in wording.by_gravity(notice.reminded)[:FINDINGS]], room)
    over = _fitting([_over(one) for one in notice.over[:FINDINGS]], room)
    return {
        "key": notice.key,
        "at": notice.at,
        "subject": wording.subject(notice),
        "stack": wording.shown(target.stack) if target else None,
        "environment": wording.shown(target.environment) if target else None,
        "account": (target.account or None) if target else None,
        "region": (target.region or None) if target else None,
        "new": new,
        "reminded": reminded,
        "resolved": over,
        "cut": {
            "new": len(notice.new) - len(new),
            "reminded": len(notice.reminded) - len(reminded),
            "resolved": len(notice.over) - len(over),
        },
        "check": _check(notice),
        "summary": _sums(notice),
    }


def _fitting(entries: Sequence[dict[str, Any]], room: list[int]) -> list[dict[str, Any]]:
    """As many of the first as fit into what `room` has left, which gets smaller."""
    kept: list[dict[str, Any]] = []
    for one in entries:
        size = len(canonical_json(one).encode("utf-8", "surrogatepass")) + 1
        if size > room[0]:
            break
        room[0] -= size
        kept.append(one)
    return kept


def _finding(one: Noted) -> dict[str, Any]:
    drifted = one.drifted
    elements, more = wording.changes(one)
    return {
        "fingerprint": drifted.fingerprint,
        "class": drifted.what.value,
        "level": wording.level(one).value,
        "address": str(drifted.address) if drifted.address else None,
        "type": drifted.remote.type,
        "name": wording.shown(drifted.remote.name),
        "attribute": drifted.attribute or None,
        "arn": wording.shown(drifted.arn) or None,
        "summary": wording.summary(one),
        "consequence": wording.consequence(one),
        "changes": [_element(element) for element in elements],
        "changes_cut": more,
        "events": [_event(event) for event in drifted.events[:EVENTS]],
        "events_cut": max(0, len(drifted.events) - EVENTS),
        "untraced": wording.shown(drifted.untraced) or None,
        "first_seen": one.first,
        "last_seen": one.last,
        "runs": one.count,
    }


def _element(one: Element) -> dict[str, Any]:
    return {
        "key": wording.shown(one.key) or None,
        "before": _value(one.before),
        "after": _value(one.after),
    }


def _value(value: str | int | bool | None) -> str | int | bool | None:
    return wording.shown(value) if isinstance(value, str) else value


def _event(one: Event) -> dict[str, Any]:
    return {
        "operation": wording.shown(one.operation),
        "time": one.time,
        "principal": wording.shown(principal_of(one)) or None,
        "address": wording.shown(address_of(one)) or None,
        "tool": wording.shown(tool_of(one)) or None,
    }


def _over(one: Over) -> dict[str, Any]:
    what, type_, name, attribute = one.place
    return {
        "fingerprint": one.fingerprint,
        "class": what,
        "type": type_,
        "name": wording.shown(name),
        "attribute": attribute or None,
        "first_seen": one.since,
    }


def _check(notice: Notice) -> dict[str, Any]:
    failure = notice.failure
    return {
        "works": failure is None,
        "told": notice.trouble.value if notice.trouble is not Trouble.OVER else "recovered",
        "failing_since": notice.failed_since or None,
        "code": failure.code if failure else None,
        "summary": wording.shown(failure.summary) if failure else None,
        "said": [wording.shown(one) for one in failure.said[: wording.ELEMENTS]] if failure else [],
    }


def _sums(notice: Notice) -> dict[str, Any] | None:
    if not notice.known:
        return None
    counts = counted(notice)
    return {
        "standing": len(notice.standing),
        "by_class": {what.value: counts.get(what, 0) for what in DriftClass if what.alarms and not what.passing},
        "acknowledged": notice.acknowledged,
    }
