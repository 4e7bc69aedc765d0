"""What the documentation leaves open, as data: the terms under which an emulated directory serves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the service decides where the model does not say. The defaults are what people saw the live service do.

    `max_identities`: in one account and region, service-linked ones included.
    `conflict_on_exists`: Create on a name that exists answers ConflictException, as the model has it, and not the
    ValidationException that was seen.
    `tombstone_seconds`, `tombstone_attempts`: how long, and for how many Creates, a deleted name "already exists".
    `keeps_cleared`: Update with an empty list answers success and keeps the old list.
    `linger`: seconds between the end of a parent and that of its identity; None leaves an orphan.
    """

    max_identities: int = 11_000
    conflict_on_exists: bool = False
    tombstone_seconds: float = 0.0
    tombstone_attempts: int = 0
    keeps_cleared: bool = False
    linger: float | None = 0.0


STRICT = Terms(tombstone_seconds=2.0, keeps_cleared=True, linger=2.0)
"""Every inconvenience that the facts call seen or undocumented, at once."""
