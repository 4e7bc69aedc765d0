"""What a risk rule looks at: one environment in both versions, or what holds in all of them; and how it says what it found."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.diagnostics import Source
from reconciler.manifest import element_source
from reconciler.model.addresses import Address
from reconciler.model.environments import Environment
from reconciler.model.report import Finding, Level
from reconciler.model.resources import Stack
from reconciler.reviewing.difference import Revision
from reconciler.reviewing.terms import Amendment
from reconciler.reviewing.versions import Reviewed


@dataclass(frozen=True, kw_only=True)  # it keeps what it worked out
class Facts:
    """One environment, or (`environment` "") what a manifest says for all of them.

    `before`, `after`: what the versions come to there, None where there is no such environment.
    """

    base: Reviewed
    head: Reviewed
    environment: str
    before: Stack | None
    after: Stack | None
    revisions: Sequence[Revision]
    amendments: Sequence[Amendment]

    @functools.cached_property
    def protected(self) -> bool:
        """Whether the environment is protected in either version: who lifts it in the same change gains nothing."""
        return any(one.environment.protect for one in (self.before, self.after) if one)

    @property
    def terms(self) -> Environment | None:
        """The environment as it will be, or, where it goes, as it was."""
        one = self.after or self.before
        return one.environment if one else None

    def place(self, address: Address, attribute: str = "", element: str | None = None) -> tuple[Source | None, bool]:
        """Where it stands in the later version, or where it stood in the earlier (True)."""
        for side, gone in ((self.head, False), (self.base, True)):
            entry, environment = side.entries.get(address), side.environments.get(self.environment)
            if entry is not None and environment is not None:
                source = element_source(entry, environment, attribute, element) if attribute else entry.source()
                return source, gone
        return None, False

    def place_of(self, *path: str) -> tuple[Source | None, bool]:
        """The same for a path in the manifest."""
        for side, gone in ((self.head, False), (self.base, True)):
            source = side.manifest.source(*path) if side.manifest else None
            if source is not None:
                return source, gone
        return None, False


class Raised(NamedTuple):
    """What a risk rule found. The rest of the finding, its code and environments, is the rule's and the facts'."""

    level: Level
    about: str
    summary: str
    consequence: str
    advice: str = ""
    subject: str = ""
    place: tuple[Source | None, bool] = (None, False)
    allowed: str = ""

    def finding(self, code: str, environment: str) -> Finding:
        """The finding that it is."""
        source, gone = self.place
        return Finding(
            level=self.level,
            code=code,
            about=self.about,
            summary=self.summary,
            consequence=self.consequence,
            advice=self.advice,
            subject=self.subject,
            environments=(environment,) if environment else (),
            source=source,
            gone=gone,
            allowed=self.allowed,
        )


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk rule: its code, what it looks for in a sentence, what finds it. `whole`: it looks at what holds everywhere."""

    code: str
    title: str
    check: Callable[[Facts], Iterable[Raised]]
    whole: bool = False
