"""Drift runs as one JSON document, for programs: `schemas/drift.schema.json`. Sums bear the names that Atlantis gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from reconciler import __version__
from reconciler.drifting import wording
from reconciler.model.changes import Action
from reconciler.model.drift import Acknowledgement, Coverage, DriftRun, Ignored, Noted, Status, Why
from reconciler.model.encoding import encode_event, encode_source
from reconciler.model.fleet import Failure
from reconciler.model.kinds import plain
from reconciler.model.values import canonical_json

FORMAT_VERSION = "1.0"


def drift_json(
    stack: str, runs: Sequence[DriftRun], failures: Sequence[tuple[str, Failure]] = (), *, only_new: bool = False
) -> str:
    """The document, canonical. `failures`: environments that could not be looked at, and why.

    `only_new`: without what earlier runs told.
    """
    return canonical_json(encode_runs(stack, runs, failures, only_new=only_new)) + "\n"


def encode_runs(
    stack: str, runs: Sequence[DriftRun], failures: Sequence[tuple[str, Failure]] = (), *, only_new: bool = False
) -> dict[str, Any]:
    """The document as plain JSON values."""
    counts: Counter[Action] = Counter()
    for run in runs:
        counts += run.plan.counts()
    alarming = [one for run in runs for one in run.alarming]
    return {
        "format_version": FORMAT_VERSION,
        "reconciler_version": __version__,
        "stack": stack,
        "has_drift": bool(alarming),
        "complete": not failures and all(run.complete for run in runs),
        "changes_outside": bool(alarming),
        "to_add": counts[Action.CREATE],
        "to_change": counts[Action.UPDATE],
        "to_destroy": counts[Action.DELETE],
        "to_import": 0,
        "summary": wording.sums(alarming),
        "targets": [_run(run, only_new=only_new) for run in runs],
        "failures": [{"environment": name, "summary": one.summary, "detail": one.detail} for name, one in failures],
    }


def _run(run: DriftRun, *, only_new: bool) -> dict[str, Any]:
    told = [one for one in run.noted if not only_new or one.status is not Status.STANDING]
    return {
        "environment": run.target.environment,
        "account": run.target.account,
        "region": run.target.region,
        "at": run.at,
        "has_drift": bool(run.alarming),
        "complete": run.complete,
        "managed": run.managed,
        "unread": list(run.unread),
        "findings": [_finding(one) for one in told],
        "coverage": _coverage(run.coverage),
        "expired_acknowledgements": [_acknowledgement(one) for one in run.expired],
        "spent_acknowledgements": [_acknowledgement(one) for one in run.spent],
        "superfluous_acknowledgements": [_acknowledgement(one) for one in run.superfluous],
        "ignored": [_ignored(one) for one in run.ignored],
    }


def _ignored(one: Ignored) -> dict[str, Any]:
    return {
        "reason": one.rule.reason,
        "source": encode_source(one.rule.source),
        "count": one.count,
        "about": list(one.about),
    }


def _finding(one: Noted) -> dict[str, Any]:
    drifted = one.drifted
    summary, consequence = wording.words_of(drifted)
    return {
        "class": drifted.what.value,
        "fingerprint": drifted.fingerprint,
        "status": one.status.value,
        "alarms": one.alarms,
        "level": wording.level_of(one).value,
        "address": str(drifted.address) if drifted.address else None,
        "type": drifted.remote.type,
        "name": drifted.remote.name,
        "arn": drifted.arn,
        "attribute": drifted.attribute,
        "before": plain(drifted.before),
        "after": plain(drifted.after),
        "summary": summary,
        "consequence": consequence,
        "reason": drifted.reason,
        "first_seen": one.first,
        "last_seen": one.last,
        "count": one.count,
        "acknowledged": _acknowledgement(one.acknowledged) if one.acknowledged else None,
        "source": encode_source(drifted.source),
        "events": [encode_event(event) for event in drifted.events],
        "untraced": drifted.untraced,
    }


def _acknowledgement(one: Acknowledgement) -> dict[str, Any]:
    return {"about": one.about, "fingerprint": one.fingerprint, "by": one.by, "reason": one.reason, "until": one.until}


def _coverage(one: Coverage) -> dict[str, Any]:
    return {
        "read": {why.value: one.read.get(why, 0) for why in Why},
        "believed": one.believed,
        "oldest_reading": one.oldest or None,
        "listed": one.listed,
        "fell_back": one.fell_back,
        "trail": {
            "since": one.trail_since or None,
            "until": one.trail_until or None,
            "events": one.events,
            "failed": one.trail_failed,
        },
        "calls": one.calls,
    }
