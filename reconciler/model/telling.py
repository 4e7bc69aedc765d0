"""Telling people of drift: what each target was told, and what it is to be told now. Inert data.

A target is where somebody is told: a webhook, a topic, a mailbox, an issue. It is told once of what is new, again after a
while of what stands, once of what is over, and the same of the check itself where that fails.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.environments import Target

if TYPE_CHECKING:
    from reconciler.model.drift import Noted, Standing

INCOMPLETE, BROKEN_OFF = "incomplete", "broken-off"
"""`CheckFailure.code` of a run that could not read everything, and of one that came to no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A finding that a target was told of. Moments are ISO 8601, UTC.

    `place`: `Drifted.place`, what it is a finding of. `since`: when it was seen first; `first`, `last`: when the target was
    told first and last. `hushed`: it was acknowledged since, so that it is news again once that is over.
    """

    place: tuple[str, str, str, str]
    since: str
    first: str
    last: str
    hushed: bool = False

    @property
    def about(self) -> str:
        """What it is of, as `workload_identity.invoice-agent`."""
        return f"{self.place[1]}.{self.place[2]}"

    @property
    def attribute(self) -> str:
        """The attribute, "" for a finding of the whole."""
        return self.place[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """That the check itself fails. `since`: the run in which it first did; `first`, `last`: when the target was told.

    `codes`: the kinds of failure that the target was told of since then.
    """

    since: str
    first: str
    last: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one target knows. `findings` by fingerprint: those that stand, as far as it was told.

    `owed` by fingerprint: findings of what happened, told once and seen in one run only, that it has yet to be told.
    `reference`: what it made and goes on with, as an issue's number; "" for none.
    """

    findings: Mapping[str, Telling] = field(default_factory=dict)
    owed: Mapping[str, Standing] = field(default_factory=dict)
    failing: Failing | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFailure:
    """Why a run does not know everything, or anything. `code`: `INCOMPLETE` or `BROKEN_OFF`; `said`: lines beside it."""

    code: str
    summary: str
    said: tuple[str, ...] = ()


class Trouble(enum.Enum):
    """What is told of the check itself."""

    NONE = "none"
    NEW = "new"
    REMINDED = "reminded"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A finding that stands no longer. `since`: when it was seen first."""

    fingerprint: str
    place: tuple[str, str, str, str]
    since: str

    @property
    def about(self) -> str:
        """What it was of."""
        return f"{self.place[1]}.{self.place[2]}"

    @property
    def attribute(self) -> str:
        """The attribute, "" for a finding of the whole."""
        return self.place[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What one target is told of one run, at the moment `at`. `target` None: nobody could tell which stack it is about.

    `subject`: what it is about where no target is known, as the manifest's name. `new`, `reminded`, `over`: the findings that
    it tells; `standing`: all that alarm now, those included. `known`: the run came to its end; else nothing is known of what
    stands. `failure`: why the check fails, None where it does not; `trouble`: what of that is told; `failed_since`: since when.
    `acknowledged`: how many findings do not alarm. `key`: the same for the same news, however often it is sent.
    """

    target: Target | None
    subject: str
    at: str
    new: tuple[Noted, ...] = ()
    reminded: tuple[Noted, ...] = ()
    over: tuple[Over, ...] = ()
    standing: tuple[Noted, ...] = ()
    acknowledged: int = 0
    known: bool = True
    failure: CheckFailure | None = None
    trouble: Trouble = Trouble.NONE
    failed_since: str = ""
    key: str = ""

    @property
    def quiet(self) -> bool:
        """Whether nothing in it is worth a message."""
        return not (self.new or self.reminded or self.over) and self.trouble is Trouble.NONE

    @property
    def all_clear(self) -> bool:
        """Whether nothing is left that somebody has to look at."""
        return self.known and not self.standing and not self.new and self.failure is None
