"""What a drift run measured, for those who draw and alarm by numbers. Inert data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.drift import DriftClass, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Of one stack and environment, at the moment `at`. Moments are ISO 8601, UTC, "" for never or none.

    `succeeded`: the run could read everything. `findings`: how many stand by class; of a run that broke off, those that stood
    after the last one, None where nobody remembers. `oldest_finding`: when the oldest that alarms was seen first. `coverage`:
    what a run that came to its end read and called, None where it broke off. `not_told`: recipients that could not be told.
    """

    stack: str
    environment: str
    at: str
    succeeded: bool
    seconds: float
    last_success: str = ""
    findings: Mapping[DriftClass, int] | None = None
    acknowledged: int | None = None
    oldest_finding: str = ""
    coverage: Reads | None = None
    not_told: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What a run read. `managed`: resources of the lockfile; `unread`: things that could not be read; `oldest`: a moment.

    `by_operation`: the calls, with those to the audit trail.
    """

    managed: int
    unread: int
    believed: int
    calls: int
    throttled: int
    events: int
    fell_back: bool
    oldest: str = ""
    read: Mapping[Why, int] = field(default_factory=dict)
    by_operation: Mapping[str, int] = field(default_factory=dict)
