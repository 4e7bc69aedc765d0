"""Moments as files and messages carry them: ISO 8601 in UTC, as in `2026-11-24T10:00:00Z`. Asks no clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def utc_text(moment: datetime) -> str:
    """The moment in UTC, the part of a second left out."""
    return moment.astimezone(UTC).strftime(_FORM)


def utc_exactly(moment: datetime) -> str:
    """The moment in UTC, with all that is known of its second: two that differ have two texts."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def utc_moment(text: str) -> datetime:
    """The moment that the text says. Raises ValueError for another form, and for a date that does not exist."""
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)


def seconds_between(earlier: str, later: str) -> float:
    """How long after one moment the other is; negative where it is before."""
    return (utc_moment(later) - utc_moment(earlier)).total_seconds()


def moved(moment: str, seconds: float) -> str:
    """The moment that many seconds later, or earlier where they are negative."""
    return utc_text(utc_moment(moment) + timedelta(seconds=seconds))
