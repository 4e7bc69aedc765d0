"""How long a resource is still wanted: its `expires` beside a day that is given. Nobody looks at a clock here."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

from reconciler.model.kind import EXPIRES, OWNER
from reconciler.model.values import Attributes

Day: TypeAlias = date
"""A day in UTC, as it is handed to those who ask no clock."""

SOON = 14
"""So many days before its day comes, that is worth a word."""


def day_of(text: str) -> Day | None:
    """The day, or None for one that no calendar has."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def days_left(attributes: Attributes, today: Day | None) -> int | None:
    """Days until it is not wanted any more; 0 or less: it is not.

    None where it stays for good, and where nobody says what day it is.
    """
    text = attributes.get(EXPIRES.name)
    day = day_of(text) if isinstance(text, str) else None
    return None if day is None or today is None else (day - today).days


def lapsed(attributes: Attributes, today: Day | None) -> bool:
    """Whether its day has come."""
    left = days_left(attributes, today)
    return left is not None and left <= 0


def whose(attributes: Attributes) -> str:
    """`owner team-payments`, or that nobody is named."""
    owner = attributes.get(OWNER.name)
    return f"owner {owner}" if owner else "no owner named"
