"""What a change means, for every reader: one report of a review, a plan or a drift run, as inert data.

Every format (text, JSON, Markdown, SARIF, HTML, …) is made of this and of nothing else, so that none can say what another
does not. `Item` is what changes, `Finding` what somebody should think of it, `Drawing` who gets where before and after.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.diagnostics import Severity, Source
from reconciler.model.changes import Action, AttributeChange
from reconciler.model.environments import Where
from reconciler.model.values import digest


class Level(enum.Enum):
    """How much a finding matters, from mild to grave."""

    INFO = "info"  # for completeness
    NOTICE = "notice"  # a reviewer should have seen it
    WARNING = "warning"  # a reviewer should ask why
    CRITICAL = "critical"  # tokens, consents or ownership are at stake

    @property
    def rank(self) -> int:
        """0 for the mildest."""
        return _LEVELS.index(self)

    @classmethod
    def of(cls, severity: Severity) -> Level:
        """That of a diagnostic: where there is an error, nobody can say what is meant."""
        return _OF_SEVERITY[severity]


_LEVELS = tuple(Level)
_OF_SEVERITY = {Severity.ERROR: Level.CRITICAL, Severity.WARNING: Level.WARNING, Severity.INFO: Level.INFO}


class Topic(enum.Enum):
    """What the report is of."""

    REVIEW = "review"  # two versions of a manifest
    PLAN = "plan"  # a manifest and a directory
    DRIFT = "drift"  # a lockfile and a directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that somebody should think about.

    `about`: an address, or `environment.prod`, `settings.rules`, `stack`. `subject`: the very element (a URL, a host, a
    scope), or ""; it makes the fingerprint, as the words do not. `summary`: what, in one line that names the thing;
    `consequence`: what that may lead to, one sentence; `advice`: what to do. `source`: in the version under review, or, for
    what is not there any more, where it was (`gone`). `allowed`: what in the settings says that this is fine, or "".
    `others`: the other things it is about, where it is told once for many of the same. `milder`: those of its environments
    in which it is less grave, with the level there.
    """

    level: Level
    code: str
    about: str
    summary: str
    consequence: str
    advice: str = ""
    subject: str = ""
    environments: tuple[str, ...] = ()
    source: Source | None = None
    gone: bool = False
    allowed: str = ""
    others: tuple[str, ...] = ()
    milder: tuple[tuple[str, Level], ...] = ()

    def level_in(self, environment: str) -> Level:
        """How grave it is in that environment."""
        return dict(self.milder).get(environment, self.level)

    @property
    def fingerprint(self) -> str:
        """64 hex digits that stay the same when lines move and words are mended."""
        return digest([self.code, self.about, self.subject, list(self.environments)]).removeprefix("sha256:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that changes: a resource, or (`kind` "environment", "settings") what a manifest says beside them.

    `kind` of a resource is its address' type. `became`: what became of it, in words, where `action` does not say it.
    `name`: the remote name, `previously`: the address it had. `rows`: the attributes that differ; of what is added or
    removed, all that it has. `reasons`: sentences on why, beside the rows. `level`: the gravest of its findings, None
    where it has none.
    """

    action: Action
    kind: str
    about: str
    became: str = ""
    name: str = ""
    previously: str = ""
    environments: tuple[str, ...] = ()
    rows: tuple[AttributeChange, ...] = ()
    reasons: tuple[str, ...] = ()
    source: Source | None = None
    gone: bool = False
    level: Level | None = None


class Mark(enum.Enum):
    """What becomes of a part of the drawing."""

    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"
    KEPT = " "


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An environment or target that the report looks at: as it is after the change, or, where it goes away, as it was."""

    name: str
    mark: Mark = Mark.KEPT
    where: Where = Where.AWS
    account: str = ""
    region: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Somebody who reaches, or what is reached. `kind`: an address' type, or "host". `key`: the address, or `host:NAME`."""

    key: str
    kind: str
    label: str
    mark: Mark
    level: Level | None = None
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """From an identity to a host that its users' tokens may return to, or to a provider that it is granted.

    `words`: the return URLs; or scopes and flows.
    """

    start: str
    end: str
    mark: Mark
    words: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Who reaches what, before and after in one drawing. `omitted`: identities that do not change and are not in it."""

    nodes: tuple[Node, ...] = ()
    links: tuple[Link, ...] = ()
    omitted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who has to approve, as `settings.review.approvers` says, and because of which manifest paths."""

    require: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One of two versions: what the user called it, and its commit ("" for files that are not committed).

    `tip`: what the label means by now, where that is another commit: the version is where the change left it.
    """

    label: str
    commit: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReport:
    """The whole. `items` by about and environments, `findings` gravest first. `unchanged`: resources, in each environment.

    `manifest`: its path from the root of the repository, `asked`: the environments that were asked for, in the words of
    whoever asked, "" for all; of a review.
    `prefix`: from the root of the repository to the folder that sources are relative to, with a slash at its end, or "".
    `unread`: what could not be read or compared, as sentences: with any, nobody may take the report for the whole truth.
    `hidden`: findings that were told before and are left out. `against`: what drift was looked for against, in words.
    `refused`: why apply would not run this, as sentences. `beside`: what else there is to know, as lines. `also`: reports
    that belong to this one, as the plans of `review --live`.
    """

    topic: Topic
    stack: str
    places: tuple[Place, ...]
    items: tuple[Item, ...]
    findings: tuple[Finding, ...]
    unchanged: int = 0
    hidden: int = 0
    against: str = ""
    base: Version | None = None
    head: Version | None = None
    manifest: str = ""
    asked: str = ""
    prefix: str = ""
    approvals: tuple[Approval, ...] = ()
    reach: Drawing = field(default_factory=Drawing)
    unread: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    also: tuple[ChangeReport, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything it rests on could be read."""
        return not self.unread and all(one.complete for one in self.also)

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return not self.items

    @property
    def worst(self) -> Level | None:
        """The gravest level of any finding, None without one."""
        return gravest(one.level for one in self.findings)

    def counts(self) -> Counter[Action]:
        """How many resources there are of each action, in each environment for itself, as `unchanged` counts too.

        What a manifest says beside resources is not counted.
        """
        found: Counter[Action] = Counter()
        for one in self.items:
            if one.kind not in BESIDE:
                found[one.action] += len(one.environments) or 1
        return found

    def levels(self) -> Counter[Level]:
        """How many findings there are of each level."""
        return Counter(one.level for one in self.findings)

    def at_least(self, level: Level) -> tuple[Finding, ...]:
        """The findings of that level and graver ones, with those of the reports that belong to this one."""
        own = (one for one in self.findings if one.level.rank >= level.rank)
        return (*own, *(one for part in self.also for one in part.at_least(level)))

    @property
    def refusing(self) -> bool:
        """Whether apply would not run what it shows, or what a report that belongs to it shows."""
        return bool(self.refused) or any(one.refusing for one in self.also)


BESIDE = ("environment", "settings", "stack")
"""The kinds of items that are no resources."""


def gravest(levels: Iterable[Level | None]) -> Level | None:
    """The gravest of them, None for none."""
    return max((one for one in levels if one is not None), key=lambda one: one.rank, default=None)


def by_gravity(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Without repetition, the gravest first; then by place, thing and code."""

    def key(one: Finding) -> tuple[object, ...]:
        place = one.source or Source("", 0, 0)
        return (
            -one.level.rank,
            place.file,
            place.line,
            place.column,
            one.about,
            one.code,
            one.subject,
            one.environments,
        )

    return tuple(sorted(dict.fromkeys(found), key=key))


def levels_by_item(found: Iterable[Finding]) -> Mapping[str, Level]:
    """The gravest level of each thing that findings are about."""
    levels: dict[str, Level] = {}
    for one in found:
        for about in (one.about, *one.others):
            if about not in levels or levels[about].rank < one.level.rank:
                levels[about] = one.level
    return levels
