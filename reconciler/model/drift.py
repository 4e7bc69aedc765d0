"""What changed outside, what is remembered of it from one run to the next, and what one run came to. Inert data.

A finding is one attribute of one resource, or one resource as a whole; its fingerprint stays the same as long as what was
found does, so that it is told once, acknowledged once, and known to be over once it is.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.diagnostics import Source
from reconciler.model.addresses import Address, Remote
from reconciler.model.environments import Target
from reconciler.model.ignoring import IgnoreRule
from reconciler.model.plan import Plan
from reconciler.model.trail import Event
from reconciler.model.values import Value, digest

if TYPE_CHECKING:
    from reconciler.model.telling import Told


class DriftClass(enum.Enum):
    """What became of a resource without us."""

    CHANGED = "changed"  # an attribute is not what the lockfile says
    DELETED = "deleted"
    RECREATED = "recreated"  # the same name, made at another time
    TAKEN_OVER = "taken_over"  # another stack's ownership tag stands on it
    NEWCOMER = "newcomer"  # not ours, and not there at the last run
    LINKED_NEWCOMER = "linked_newcomer"  # the same, made by the service itself
    ORPHAN = "orphan"  # a newcomer with our ownership tag, which the lockfile does not hold
    UNAPPLIED = "unapplied"  # declared otherwise, or not any more, and not applied yet; only against the manifest
    UNKNOWN = "unknown"  # could not be read: neither drift nor none

    @property
    def alarms(self) -> bool:
        """Whether somebody has to look: what the service does by itself is no news."""
        return self not in (DriftClass.LINKED_NEWCOMER, DriftClass.UNKNOWN)

    @property
    def passing(self) -> bool:
        """Whether it is told once and then over, since it speaks of what happened and not of what stands."""
        return self in (
            DriftClass.RECREATED,
            DriftClass.NEWCOMER,
            DriftClass.LINKED_NEWCOMER,
            DriftClass.ORPHAN,
        )


class Against(enum.Enum):
    """What live is compared with."""

    LOCKFILE = "lockfile"  # what was applied
    MANIFEST = "manifest"  # what is declared now


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """One finding. `address` None: the lockfile does not hold it. `attribute`: what changed, from `before` (known) to `after`.

    Of what is not applied yet, `before` is what is declared. `reason`: why it is unknown, or what apply does to it (an action's
    word). `source`: where the manifest declares it. `events`: who wrote it since it was last seen as known, in the order of
    time; `untraced`: why there are none, or "".
    """

    what: DriftClass
    remote: Remote
    address: Address | None = None
    attribute: str = ""
    before: Value = None
    after: Value = None
    arn: str = ""
    reason: str = ""
    source: Source | None = None
    events: tuple[Event, ...] = ()
    untraced: str = ""

    @property
    def about(self) -> str:
        """The address, or what an address of it would be."""
        return str(self.address) if self.address else f"{self.remote.type}.{self.remote.name}"

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What it is a finding of; only one of each stands at a time."""
        return (self.what.value, self.remote.type, self.remote.name, self.attribute)

    @property
    def fingerprint(self) -> str:
        """64 hex digits: another one as soon as something else stands there."""
        return digest([*self.place, self.after]).removeprefix("sha256:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the last reading of a managed resource showed. Moments are ISO 8601, UTC.

    `agreed`: the digest of what the lockfile held of it, if that was what stood; "" if it was not. `sound`: when a reading
    last showed what the lockfile held, "" for never: whoever made it differ did so after that. `owned`: our ownership tag was
    on it once. `created`: when the service says it was made.
    """

    at: str
    agreed: str = ""
    sound: str = ""
    owned: bool = False
    created: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A finding that stands: since when, last seen when, and in how many runs."""

    drifted: Drifted
    first: str
    last: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What drift runs of one target remember; worth nothing for another lineage, account or Region.

    `serial`: the lockfile's, at the last run. `watermark`: up to when it is known what the trail says, "" for never.
    `full_since`: when the full reading under way began, "" where none is. `others`: what stood that is not ours,
    service-linked ones included, of the types that were `listed`. `findings` by fingerprint, of runs `against` the same;
    `shelved`: those of runs against something else. `last_run`, `last_success`: "" for never. `told`: what people know, by
    where they are told. `spent`: marks of acknowledgements whose drift was over.
    """

    lineage: str
    account: str
    region: str
    serial: int = 0
    against: Against = Against.LOCKFILE
    watermark: str = ""
    last_run: str = ""
    last_success: str = ""
    full_since: str = ""
    readings: Mapping[Remote, Reading] = field(default_factory=dict)
    others: frozenset[Remote] | None = None  # None: nobody has looked yet
    listed: frozenset[str] = frozenset()
    findings: Mapping[str, Standing] = field(default_factory=dict)
    shelved: Mapping[Against, Mapping[str, Standing]] = field(default_factory=dict)
    told: Mapping[str, Told] = field(default_factory=dict)
    spent: frozenset[str] = frozenset()


class Why(enum.Enum):
    """Why a resource was read one by one in this run."""

    FULL = "full"  # everything is: asked for, or the trail cannot be trusted
    NEVER = "never"  # no run has read it yet
    NAMED = "named"  # the trail names it
    DIFFERS = "differs"  # it was not as the lockfile says, or that says something else now
    DUE = "due"  # its last reading grew old, or is of a time that has not come yet
    LISTED = "listed"  # the listing shows it missing, new or updated


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a run rests on. `read` by why; `believed`: not read now, as the last reading and the trail allow.

    `oldest`: when the oldest reading that the run believes was made, "" where it believes none. `trail_since`,
    `trail_until`: the span that was read of it, "" for none; `trail_failed`: why not, or not whole. `listed`: whether a
    listing says what exists. `fell_back`: why everything was read though less would have done, or "". `calls`: to the
    directory; `by_operation`: these and the trail's. `throttled`: how many of all of them the service wanted later.
    """

    read: Mapping[Why, int]
    believed: int
    oldest: str = ""
    trail_since: str = ""
    trail_until: str = ""
    trail_failed: str = ""
    events: int = 0
    listed: bool = True
    fell_back: str = ""
    calls: int = 0
    by_operation: Mapping[str, int] = field(default_factory=dict)
    throttled: int = 0


class Status(enum.Enum):
    """What a finding is to those who were told of the ones before."""

    NEW = "new"
    STANDING = "standing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """That a drift is known and left for now. `until`: the last day (UTC) on which it does not alarm.

    `since`: the day on which somebody said so; `found`: what was found, in words, for those who review it; `seen`: since when
    the finding stood that was meant.
    """

    fingerprint: str
    about: str
    reason: str
    by: str
    until: str
    since: str = ""
    found: str = ""
    seen: str = ""
    source: Source | None = None

    def mark(self, against: Against) -> str:
        """What tells it from every other one, made anew for a finding of the same shape, to runs that compare with that."""
        said = [self.fingerprint, self.about, self.reason, self.by, self.since, self.until, self.seen]
        return digest([against.value, *said])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """What a rule of the manifest left out of a run: how many findings, wholly or in part, of what."""

    rule: IgnoreRule
    count: int
    about: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A finding of a run, with its history. `acknowledged`: why it does not alarm, None where it does."""

    drifted: Drifted
    status: Status
    first: str
    last: str
    count: int
    acknowledged: Acknowledgement | None = None

    @property
    def alarms(self) -> bool:
        """Whether somebody has to look at it now."""
        return self.status is not Status.RESOLVED and self.acknowledged is None and self.drifted.what.alarms


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRun:
    """What one run found, at the moment `at`. `noted` gravest class first, then by address; `plan`: what would bring it back.

    `unread`: what could not be read, as sentences, and `unreadable`: how many things. `managed`: resources that the lockfile
    holds. `expired`: acknowledgements of what stands, whose day is over; `spent`: of what stands again, and was over in
    between; `superfluous`: of what does not stand any more. `ignored`: what rules left out; `lapsed`: rules whose day is over.
    `glance`: only what an event named was looked at, and the rest is as it was.
    """

    target: Target
    at: str
    noted: tuple[Noted, ...]
    coverage: Coverage
    plan: Plan
    managed: int
    against: Against = Against.LOCKFILE
    unread: tuple[str, ...] = ()
    unreadable: int = 0
    expired: tuple[Acknowledgement, ...] = ()
    superfluous: tuple[Acknowledgement, ...] = ()
    spent: tuple[Acknowledgement, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    lapsed: tuple[IgnoreRule, ...] = ()
    glance: bool = False

    @property
    def complete(self) -> bool:
        """Whether everything could be read."""
        return not self.unread

    @property
    def alarming(self) -> tuple[Noted, ...]:
        """The findings that somebody has to look at."""
        return tuple(one for one in self.noted if one.alarms)
