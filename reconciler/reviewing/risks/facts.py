"""What a risk rule looks at: one environment in both versions, or what holds in all of them; and how it says what it found."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from reconciler.diagnostics import Source
from reconciler.manifest import element_source
from reconciler.model.addresses import Address, Remote
from reconciler.model.environments import Environment, Where
from reconciler.model.expiry import Day
from reconciler.model.report import Finding, Level
from reconciler.model.resources import Desired, Stack
from reconciler.reviewing.arrivals import Arrival, arriving
from reconciler.reviewing.difference import Revision
from reconciler.reviewing.lockfiles import LockEdit
from reconciler.reviewing.terms import Amendment
from reconciler.reviewing.versions import Reviewed

T = TypeVar("T")

FEW = 5
"""So many findings that differ in nothing but the resource are told one by one; more, as one that counts them."""

_NAMED = 3  # how many of those it names


@dataclass(frozen=True, kw_only=True)  # it keeps what it worked out
class Facts:
    """One environment, or (`environment` "") what a manifest says for all of them.

    `before`, `after`: what the versions come to there, None where there is no such environment. `tip`: what the base has come
    to since, for what the house allows, protects and knows: as strict as either has it counts. `claimed`: what other
    lockfiles of the repository hold at the same account and region, with its owner and place in words. `edit`: what the
    change itself does to the lockfile. `today`: the day (UTC) by which resources expire, if anybody says it.
    """

    base: Reviewed
    head: Reviewed
    tip: Reviewed
    environment: str
    before: Stack | None
    after: Stack | None
    revisions: Sequence[Revision]
    amendments: Sequence[Amendment]
    claimed: Mapping[Remote, str] = field(default_factory=dict)
    edit: LockEdit | None = None
    today: Day | None = None

    @functools.cached_property
    def protected(self) -> bool:
        """Whether the environment is protected in either version, or in what the base has come to since.

        Who lifts it in the same change gains nothing, nor does a change that began before it was protected.
        """
        since = self.tip.environments.get(self.environment)
        found = [one.environment for one in (self.before, self.after) if one]
        return any(one.protect for one in (*found, *([since] if since else ())))

    @property
    def stays_protected(self) -> bool:
        """Whether the environment is protected once this is merged, so that apply deletes and renames nothing there."""
        before, after, since = (side.environments.get(self.environment) for side in (self.base, self.head, self.tip))
        since_then = since is not None and since.protect and not (before and before.protect)
        return after is not None and (after.protect or since_then)

    def shielded(self, one: Desired) -> bool:
        """Whether a resource of the earlier version is protected by its own entry, there or in what the base has come to."""
        stack = self.tip.stack(self.environment)
        since = stack.resources.get(one.address) if stack else None
        return one.protect or (since is not None and since.protect)

    @functools.cached_property
    def played(self) -> bool:
        """Whether it is an emulated directory, in both versions: no user's token is at stake there."""
        return all(one.environment.where is Where.EMBEDDED for one in (self.before, self.after) if one)

    @property
    def comparable(self) -> Stack | None:
        """The earlier version, but where it was an emulated directory and is none any more: nothing was ever real then."""
        unreal = self.before is not None and self.before.environment.where is Where.EMBEDDED
        return None if unreal and not self.played else self.before

    @functools.cached_property
    def arrivals(self) -> Sequence[Arrival]:
        """The return URLs that identities of the environment have in the later version alone."""
        if self.after is not None and self.before is not None and self.comparable is None:
            return [one for each in self.after.resources.values() for one in arriving(None, each)]
        return [one for each in self.revisions for one in arriving(each.before, each.after)]

    def once(self, work: Callable[[Facts], T]) -> T:
        """What the function makes of these facts, worked out once however many rules ask."""
        if work not in self._worked_out:
            self._worked_out[work] = work(self)
        found: T = self._worked_out[work]
        return found

    @functools.cached_property
    def _worked_out(self) -> dict[Callable[[Facts], Any], Any]:
        return {}

    @property
    def terms(self) -> Environment | None:
        """The environment as it will be, or, where it goes, as it was."""
        one = self.after or self.before
        return one.environment if one else None

    @property
    def declared(self) -> str:
        """The name under which the environment stands in the manifest."""
        return self.terms.declared if self.terms else self.environment

    def grave(self, protected: Level, other: Level) -> Level:
        """The level for a protected environment or for another one; in an emulated directory, everything is for information."""
        if self.played:
            return Level.INFO
        return protected if self.protected else other

    def place(self, address: Address, attribute: str = "", element: str | None = None) -> tuple[Source | None, bool]:
        """Where it stands in the later version, or where it stood in the earlier (True)."""
        for side, gone in ((self.head, False), (self.base, True)):
            entry, environment = side.entries.get(address), side.environments.get(self.environment)
            if entry is not None and environment is not None:
                source = element_source(entry, environment, attribute, element) if attribute else entry.source()
                return source, gone
        return None, False

    def place_before(self, address: Address, attribute: str, element: str | None = None) -> tuple[Source | None, bool]:
        """Where it stood in the earlier version, for what is not there any more though its entry is."""
        entry, environment = self.base.entries.get(address), self.base.environments.get(self.environment)
        if entry is None or environment is None:
            return None, False
        return element_source(entry, environment, attribute, element), True

    def place_of(self, *path: str) -> tuple[Source | None, bool]:
        """The same as `place` for a path in the manifest."""
        for side, gone in ((self.head, False), (self.base, True)):
            source = side.manifest.source(*path) if side.manifest else None
            if source is not None:
                return source, gone
        return None, False


class Raised(NamedTuple):
    """What a risk rule found. The rest of the finding, its code and environments, is the rule's and the facts'.

    `environments`: where it is not about the one that was looked at alone.
    """

    level: Level
    about: str
    summary: str
    consequence: str
    advice: str = ""
    subject: str = ""
    place: tuple[Source | None, bool] = (None, False)
    allowed: str = ""
    others: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()

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
            environments=self.environments or ((environment,) if environment else ()),
            source=source,
            gone=gone,
            allowed=self.allowed,
            others=self.others,
        )


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk rule: its code, what it looks for in a sentence, what finds it. `whole`: it looks at what holds everywhere."""

    code: str
    title: str
    check: Callable[[Facts], Iterable[Raised]]
    whole: bool = False


def named(addresses: Sequence[str]) -> str:
    """The first of them by name, the rest as a number."""
    rest = len(addresses) - _NAMED
    return ", ".join(addresses[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 URL`, `3 URLs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def counted(found: Iterable[Raised], many: str) -> Iterator[Raised]:
    """The findings one by one; of more than a few that mean the same, one that counts them: "300 " and `many`.

    What differs may be the resource, the summary, the subject and the place.
    """
    alike: dict[tuple[object, ...], list[Raised]] = {}
    for one in found:
        alike.setdefault((one.level, one.consequence, one.advice), []).append(one)
    for group in alike.values():
        if len(group) <= FEW:
            yield from group
            continue
        first, about = group[0], [one.about for one in group]
        subject = first.subject if len({one.subject for one in group}) == 1 else ""
        summary = f"{len(group)} {many}: {named(about)}"
        yield first._replace(summary=summary, subject=subject, others=tuple(about[1:]))
