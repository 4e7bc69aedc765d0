"""What a drift run measured, from what it found and what is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model.drift import Coverage, DriftClass, DriftRun, Memory, Noted, Status
from reconciler.model.measures import Measures, Reads


def measures_of(run: DriftRun, memory: Memory | None, *, seconds: float, not_told: int | None = None) -> Measures:
    """Of a run that came to its end. `memory`: what is remembered after it, None where that cannot be read again."""
    alarming = run.alarming
    standing = [one for one in run.noted if one.status is not Status.RESOLVED and one.acknowledged is None]
    last = memory.last_success if memory is not None else ""
    return Measures(
        stack=run.target.stack,
        environment=run.target.environment,
        at=run.at,
        succeeded=run.complete,
        seconds=seconds,
        last_success=run.at if run.complete else last,
        findings=_counted(one.drifted.what for one in standing),
        acknowledged=sum(one.acknowledged is not None for one in run.noted),
        oldest_finding=_oldest(alarming),
        coverage=_reads(run, run.coverage),
        not_told=not_told,
    )


def measures_of_failure(
    memory: Memory | None, *, stack: str, environment: str, at: str, seconds: float, not_told: int | None = None
) -> Measures:
    """Of a run that broke off: nothing is new but that. What stood is taken to stand, acknowledged or not."""
    found = list(memory.findings.values()) if memory is not None else []
    standing = [one for one in found if not one.drifted.what.passing]
    return Measures(
        stack=stack,
        environment=environment,
        at=at,
        succeeded=False,
        seconds=seconds,
        last_success=memory.last_success if memory is not None else "",
        findings=_counted(one.drifted.what for one in standing) if memory is not None else None,
        oldest_finding=min((one.first for one in standing if one.drifted.what.alarms), default=""),
        not_told=not_told,
    )


def _counted(found: Iterable[DriftClass]) -> Mapping[DriftClass, int]:
    """How many of each, every class in its order."""
    listed = list(found)
    return {what: listed.count(what) for what in DriftClass}


def _oldest(alarming: Iterable[Noted]) -> str:
    return min((one.first for one in alarming), default="")


def _reads(run: DriftRun, coverage: Coverage) -> Reads:
    return Reads(
        managed=run.managed,
        unread=run.unreadable,
        believed=coverage.believed,
        calls=coverage.calls,
        throttled=coverage.throttled,
        events=coverage.events,
        fell_back=bool(coverage.fell_back),
        oldest=coverage.oldest,
        read=coverage.read,
        by_operation=coverage.by_operation,
    )
