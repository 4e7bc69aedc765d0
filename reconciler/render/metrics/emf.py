"""Measures in CloudWatch's embedded metric format: a line of JSON of which CloudWatch Logs makes metrics.

The specification: "Specification: Embedded metric format", Amazon CloudWatch User Guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.drift import DriftClass
from reconciler.model.measures import Measures
from reconciler.model.moments import seconds_between, utc_moment
from reconciler.model.values import canonical_json

NAMESPACE = "Reconciler/Drift"

_COUNT, _SECONDS = "Count", "Seconds"
_NAMES: Mapping[DriftClass, str] = {
    DriftClass.CHANGED: "Changed",
    DriftClass.DELETED: "Deleted",
    DriftClass.RECREATED: "Recreated",
    DriftClass.TAKEN_OVER: "TakenOver",
    DriftClass.NEWCOMER: "Newcomers",
    DriftClass.LINKED_NEWCOMER: "LinkedNewcomers",
    DriftClass.ORPHAN: "Orphans",
    DriftClass.UNAPPLIED: "Unapplied",
    DriftClass.UNKNOWN: "Unknown",
}


def emf_lines(measured: Sequence[Measures]) -> str:
    """A line for each stack and environment."""
    return "".join(f"{_line(one)}\n" for one in measured)


def _line(one: Measures) -> str:
    samples = list(_samples(one))
    document = {
        "_aws": {
            "Timestamp": int(utc_moment(one.at).timestamp() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Stack", "Environment"]],
                    "Metrics": [{"Name": name, "Unit": unit} for name, unit, _ in samples],
                }
            ],
        },
        "Stack": one.stack or "unknown",
        "Environment": one.environment or "unknown",
        **{name: value for name, _, value in samples},
    }
    return canonical_json(document)


def _samples(one: Measures) -> Iterator[tuple[str, str, float]]:
    yield "Succeeded", _COUNT, int(one.succeeded)
    yield "Duration", _SECONDS, round(one.seconds, 3)
    if one.last_success:
        yield "SinceLastSuccess", _SECONDS, max(0.0, seconds_between(one.last_success, one.at))
    if one.findings is not None:
        yield "Drifted", _COUNT, sum(count for what, count in one.findings.items() if what.alarms)
        for what, name in _NAMES.items():
            yield name, _COUNT, one.findings.get(what, 0)
        oldest = one.oldest_finding
        yield "OldestFindingAge", _SECONDS, max(0.0, seconds_between(oldest, one.at)) if oldest else 0
    if one.acknowledged is not None:
        yield "Acknowledged", _COUNT, one.acknowledged
    if one.not_told is not None:
        yield "UntoldRecipients", _COUNT, one.not_told
    if (reads := one.coverage) is not None:
        yield "Managed", _COUNT, reads.managed
        yield "Unread", _COUNT, reads.unread
        yield "Read", _COUNT, sum(reads.read.values())
        yield "Believed", _COUNT, reads.believed
        yield "OldestReadingAge", _SECONDS, max(0.0, seconds_between(reads.oldest, one.at)) if reads.oldest else 0
        yield "Calls", _COUNT, sum(reads.by_operation.values())
        yield "Throttled", _COUNT, reads.throttled
        yield "TrailEvents", _COUNT, reads.events
        yield "FellBack", _COUNT, int(reads.fell_back)
