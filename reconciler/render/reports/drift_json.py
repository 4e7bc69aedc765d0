"""Drift runs as one JSON document, for programs: `schemas/drift.schema.json`. Sums bear the names that Atlantis gives them."""

from __future__ import annotations

from typing import Any

from reconciler import __version__
from reconciler.drifting import wording
from reconciler.drifting.report import report_of_runs
from reconciler.drifting.verdict import Verdict
from reconciler.model.changes import Action
from reconciler.model.drift import Acknowledgement, Coverage, DriftRun, Ignored, Noted, Why
from reconciler.model.encoding import encode_event, encode_source
from reconciler.model.kinds import plain
from reconciler.model.values import canonical_json
from reconciler.render.reports.wording import sums
from reconciler.render.words import plural

FORMAT_VERSION = "1.0"


def drift_json(verdict: Verdict) -> str:
    """The document, canonical."""
    return canonical_json(encode_runs(verdict)) + "\n"


def encode_runs(verdict: Verdict) -> dict[str, Any]:
    """The document as plain JSON values."""
    counts = verdict.restoring()
    return {
        "format_version": FORMAT_VERSION,
        "reconciler_version": __version__,
        "stack": verdict.stack,
        "has_drift": verdict.has_drift,
        "complete": verdict.complete,
        "changes_outside": verdict.has_drift,
        "only_new": verdict.only_new,
        "to_add": counts[Action.CREATE],
        "to_change": counts[Action.UPDATE] + counts[Action.REPLACE],
        "to_destroy": counts[Action.DELETE],
        "to_import": 0,
        "summary": _summary(verdict),
        "targets": [_run(verdict, run) for run in verdict.runs],
        "failures": [
            {"environment": name, "summary": one.summary, "detail": one.detail} for name, one in verdict.failures
        ],
    }


def _summary(verdict: Verdict) -> str:
    """What the text says: `1 changed, 2 deleted`; never "no drift" where not everything could be read."""
    report = report_of_runs(verdict)
    found = sums(report)
    if not verdict.complete:
        nothing = "nothing found in what could be read" if verdict.runs else "nothing was looked at"
        return f"incomplete: {found or nothing}"
    if not found and report.hidden:
        return f"nothing new: {plural(report.hidden, 'finding')} of earlier runs still stand"
    return found or "no drift"


def _run(verdict: Verdict, run: DriftRun) -> dict[str, Any]:
    return {
        "environment": run.target.environment,
        "account": run.target.account,
        "region": run.target.region,
        "at": run.at,
        "against": run.against.value,
        "has_drift": verdict.has_drift_in(run),
        "complete": run.complete,
        "managed": run.managed,
        "unread": list(run.unread),
        "hidden": verdict.hidden(run),
        "findings": [_finding(one) for one in verdict.told(run)],
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
