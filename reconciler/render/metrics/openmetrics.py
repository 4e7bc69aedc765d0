"""Measures as OpenMetrics text that is the classic Prometheus format as well.

node_exporter's textfile collector reads the classic format, others OpenMetrics. Every family here is a gauge without a unit
line, no sample has a time, no help has a quotation mark, and `# EOF` is a comment to the classic parser: so one text is both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reconciler.model.drift import DriftClass, Why
from reconciler.model.measures import Measures
from reconciler.model.moments import utc_moment
from reconciler.render.clean import clean

_PREFIX = "reconciler_drift_"


class _Family(NamedTuple):
    name: str
    help: str


_FINDINGS = _Family("findings", "Findings that stand and are not acknowledged, by class.")
_ACKNOWLEDGED = _Family("acknowledged_findings", "Findings that stand and are acknowledged.")
_OLDEST = _Family("oldest_finding_timestamp_seconds", "When the oldest finding that alarms was seen first.")
_SUCCEEDED = _Family("last_run_success", "1 where the last run could read everything, 0 where not.")
_RUN = _Family("last_run_timestamp_seconds", "When the last run began.")
_SUCCESS = _Family("last_success_timestamp_seconds", "When the last run began that could read everything; 0 for never.")
_DURATION = _Family("run_duration_seconds", "How long the last run took.")
_MANAGED = _Family("managed_resources", "Resources that the lockfile holds.")
_UNREAD = _Family("unread", "Things that the last run could not read.")
_READ = _Family("read_resources", "Resources that the last run read one by one, by why.")
_BELIEVED = _Family("believed_resources", "Resources that the last run took to be as they were last read.")
_READING = _Family("oldest_reading_timestamp_seconds", "When the oldest reading was made that the last run believes.")
_CALLS = _Family("calls", "Calls that the last run made, by API operation.")
_THROTTLED = _Family("throttled_calls", "Calls of the last run to the directory that the service wanted later.")
_EVENTS = _Family("trail_events", "Events of the audit trail that the last run read.")
_FELL_BACK = _Family("fell_back", "1 where the last run read everything because the trail could not be used.")
_NOT_TOLD = _Family("untold_recipients", "Recipients of notifications that could not be told of the last run.")


def openmetrics_text(measured: Sequence[Measures]) -> str:
    """The whole file, ending in `# EOF`."""
    families: dict[_Family, list[str]] = {}
    for one in measured:
        for family, labels, value in _samples(one):
            said = {"stack": one.stack, "environment": one.environment, **labels}
            words = ",".join(f'{name}="{_escaped(text)}"' for name, text in said.items())
            families.setdefault(family, []).append(f"{_PREFIX}{family.name}{{{words}}} {_number(value)}")
    lines: list[str] = []
    for family, samples in families.items():
        lines += [f"# HELP {_PREFIX}{family.name} {family.help}", f"# TYPE {_PREFIX}{family.name} gauge", *samples]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _samples(one: Measures) -> Iterator[tuple[_Family, dict[str, str], float]]:
    yield _SUCCEEDED, {}, float(one.succeeded)
    yield _RUN, {}, _seconds(one.at)
    yield _SUCCESS, {}, _seconds(one.last_success)
    yield _DURATION, {}, round(one.seconds, 3)
    if one.findings is not None:
        for what in DriftClass:
            yield _FINDINGS, {"class": what.value}, float(one.findings.get(what, 0))
    if one.acknowledged is not None:
        yield _ACKNOWLEDGED, {}, float(one.acknowledged)
    if one.oldest_finding:
        yield _OLDEST, {}, _seconds(one.oldest_finding)
    if one.not_told is not None:
        yield _NOT_TOLD, {}, float(one.not_told)
    yield from _reads(one)


def _reads(one: Measures) -> Iterator[tuple[_Family, dict[str, str], float]]:
    reads = one.coverage
    if reads is None:
        return
    yield _MANAGED, {}, float(reads.managed)
    yield _UNREAD, {}, float(reads.unread)
    for why in Why:
        yield _READ, {"why": why.value}, float(reads.read.get(why, 0))
    yield _BELIEVED, {}, float(reads.believed)
    if reads.oldest:
        yield _READING, {}, _seconds(reads.oldest)
    for operation, count in sorted(reads.by_operation.items()):
        yield _CALLS, {"operation": operation}, float(count)
    yield _THROTTLED, {}, float(reads.throttled)
    yield _EVENTS, {}, float(reads.events)
    yield _FELL_BACK, {}, float(reads.fell_back)


def _seconds(moment: str) -> float:
    return utc_moment(moment).timestamp() if moment else 0.0


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _escaped(text: str) -> str:
    """A label's value: cleaned, so that no line ends in it, then escaped as both formats do."""
    return clean(text).replace("\\", "\\\\").replace('"', '\\"')
