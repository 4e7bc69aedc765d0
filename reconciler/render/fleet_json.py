"""A run over several targets as one JSON document, for programs: `schemas/targets.schema.json`."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from reconciler import __version__
from reconciler.model.encoding import encode_diagnostic
from reconciler.model.fleet import Ended, Failure, FleetResult, TargetResult
from reconciler.model.outcomes import Report
from reconciler.model.values import canonical_json
from reconciler.planning.saved import dump_plan

FORMAT_VERSION = "1.0"


def fleet_json(result: FleetResult) -> str:
    """The document, canonical; each plan in it as `plan --format json` prints it."""
    counts = Counter(one.ended for one in result.targets)
    shard = result.shard
    document = {
        "format_version": FORMAT_VERSION,
        "reconciler_version": __version__,
        "command": result.command,
        "stack": result.stack,
        "exit_code": int(result.exit_code),
        "chosen": result.chosen,
        "shard": {"index": shard.index, "count": shard.count} if shard else None,
        "summary": {
            **{_word(ended): counts[ended] for ended in Ended},
            "changed": sum(one.plan is not None and not one.plan.empty for one in result.targets),
        },
        "targets": [_target(one) for one in result.targets],
    }
    return canonical_json(document) + "\n"


def _target(one: TargetResult) -> dict[str, Any]:
    return {
        "target": one.name,
        "environment": one.name.partition("@")[0],
        "account": one.account,
        "region": one.region,
        "ended": _word(one.ended),
        "exit_code": int(one.exit_code),
        "plan": json.loads(dump_plan(one.plan)) if one.plan else None,
        "guards": [encode_diagnostic(found) for found in one.guards],
        "report": _report(one.report) if one.report else None,
        "error": _failure(one.failure) if one.failure else None,
        "notes": list(one.notes),
        "retried": one.retried,
    }


def _word(ended: Ended) -> str:
    return ended.value.replace(" ", "_")


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "summary": failure.summary,
        "detail": failure.detail,
        "exit_code": int(failure.exit_code),
        "diagnostics": [encode_diagnostic(one) for one in failure.diagnostics],
    }


def _report(report: Report) -> dict[str, Any]:
    return {
        "serial": report.serial,
        "interrupted": report.interrupted,
        "whole": report.whole,
        "calls": report.calls,
        "outcomes": [
            {
                "address": str(one.change.address),
                "action": one.change.action.word,
                "status": one.status.value,
                "arn": one.arn,
                "message": one.message,
                "hint": one.hint,
            }
            for one in report.outcomes
        ],
    }
