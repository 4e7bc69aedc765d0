"""What a drift run has to tell, by a record of who did what that is kept without the product's help, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import note

from reconciler.emulator import Identity
from reconciler.model.drift import DriftRun, Noted, Status
from reconciler.model.environments import OWNER_TAG
from reconciler.model.moments import utc_moment
from tests.watched import PEOPLE

OWNER = "fleet/local"
URLS = "allowedResourceOauth2ReturnUrls"
LATEST = 900
"""Seconds that an event may take to show."""
STEP = 2
"""Seconds by which two clocks may differ, so that an event of that long before a reading may be said to come after it."""
GOES_ON = 7200
"""Seconds within which an interrupted full run is gone on with."""
US = "us"
WHO = {said: person for person, (_, said) in PEOPLE.items()}


@dataclass(slots=True)
class Deed:
    """What somebody did to the resource of that name that was made at `made`. `wrote`: the attributes that it set.

    `fresh` as long as no run has had to see it; `old` once a run saw its resource agree with the lockfile after it.
    """

    time: int
    shown: float
    name: str
    operation: str
    who: str
    made: float
    wrote: tuple[str, ...] = ()
    fresh: bool = True
    old: bool = False


class Wrong(NamedTuple):
    """Something that is not as the lockfile says."""

    what: str
    name: str
    attribute: str = ""
    after: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        return self[:3]


@dataclass(slots=True)
class Record:
    """All that was done, and what runs have told or had to see. Names are those of the directory.

    `seen`: of what was managed at the last run and is since, when it was made; `then`: the same of all that stood at that run;
    `strangers`: what stood then and was not managed; `left`: what the lockfile let go of since, for however long; `owned`: what
    bore our tag when a run saw it; `open`: what was made again, of which it has to be seen whether we did; `applied`: we
    have, since. `last`: when the last run was; `touched`: interrupted ones too; `begun`: when a full run was interrupted.
    """

    deeds: list[Deed] = field(default_factory=list)
    told: set[Wrong] = field(default_factory=set)
    seen: dict[str, float] = field(default_factory=dict)
    then: dict[str, float] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    owned: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    applied: bool = False
    last: float = 0.0
    touched: float = 0.0
    begun: float = -1e9

    def we_applied(self, locked: Iterable[str]) -> None:
        """An apply went by, and the lockfile holds these now."""
        held = set(locked)
        self.applied = True
        self.left |= self.seen.keys() - held
        self.seen = {name: made for name, made in self.seen.items() if name in held}
        self.owned &= held


class Judged:
    """One run, held against the record. `standing`, `locked`: what directory and lockfile hold. `trail`: it could be read."""

    def __init__(
        self,
        record: Record,
        run: DriftRun,
        *,
        now: float,
        standing: Mapping[str, Identity],
        locked: Mapping[str, Any],
        full: bool,
        trail: bool,
    ) -> None:
        self.record, self.run, self.trail, self.now = record, run, trail, now
        self.standing, self.locked = standing, locked
        self.whole = (full or not trail) and not 0 <= now - record.begun < GOES_ON
        self.noted = {self.key(one): one for one in run.noted}
        assert len(self.noted) == len(run.noted)
        self.wrong = set(self.truth())

    def key(self, one: Noted) -> Wrong:
        drifted = one.drifted
        passing = drifted.what.passing
        attribute = "" if passing else drifted.attribute
        return Wrong(drifted.what.value, drifted.remote.name, attribute, "" if passing else said(drifted.after))

    def truth(self) -> Iterator[Wrong]:
        """All that is not as the lockfile says."""
        for name, held in self.locked.items():
            live = self.standing.get(name)
            if live is None:
                yield Wrong("deleted", name, "", said(None))
                continue
            tags = {key: text for key, text in sorted(live.tags.items()) if not key.startswith(("cost-", OWNER_TAG))}
            owner = live.tags.get(OWNER_TAG)
            if sorted(live.urls) != sorted(held[URLS]):
                yield Wrong("changed", name, URLS, said(tuple(sorted(live.urls))))
            if tags != held["tags"]:
                yield Wrong("changed", name, "tags", said(tags))
            if owner and owner != OWNER:
                yield Wrong("taken_over", name, OWNER_TAG, said(owner))
            elif not owner and name in self.record.owned:
                yield Wrong("changed", name, OWNER_TAG, said(None))

    def judge(self) -> None:
        note(f"{self.run.at}: {[(one.status.value, *key) for key, one in self.noted.items()]}")
        self.statuses()
        self.passing()
        for key, one in self.noted.items():
            if one.status is not Status.RESOLVED:
                self.actors(key, one)
        self.remember()

    def shown(self, deed: Deed) -> bool:
        return deed.shown <= self.now

    def must_read(self, name: str) -> bool:
        """Whether the run had to read it: everything, or what an event names, or what was not as it should be."""
        fresh = any(one.fresh and self.shown(one) for one in self.record.deeds if one.name == name)
        stands = any(one.name == name for one in self.record.told)
        return self.whole or (fresh and self.trail) or stands or name in self.record.open

    def statuses(self) -> None:
        """What stands is told as new once, stands as long as it does, and is over once."""
        by_status = {
            status: {key for key, one in self.noted.items() if one.status is status and not one.drifted.what.passing}
            for status in Status
        }
        told, places = self.record.told, {one.place for one in self.wrong}
        new = self.wrong - told
        assert by_status[Status.STANDING] == self.wrong & told
        assert by_status[Status.NEW] <= new, by_status[Status.NEW] - new
        missed = {one for one in new - by_status[Status.NEW] if one.what == "deleted" or self.must_read(one.name)}
        assert not missed, missed
        over = {one for one in told - self.wrong if one.place not in places}
        assert by_status[Status.RESOLVED] == over, (by_status[Status.RESOLVED], over)

    def passing(self) -> None:
        """What happened is told once."""
        record = self.record
        told = {key[:2] for key, one in self.noted.items() if one.drifted.what.passing}
        must, may = set(), set()
        for name, live in self.standing.items():
            if name in self.locked:
                what = "recreated"
                is_new = record.seen.get(name, live.created) != live.created
                if name in record.left and record.then.get(name, live.created) != live.created:
                    may.add((what, name))
                if not is_new:
                    continue
                if self.maker(name) == US:
                    doers = self.meddlers(name)
                    if not doers and self.trail:
                        continue
                    needed = self.trail and bool(doers) and all(map(self.shown, doers))
                elif self.waits(name):
                    needed = False
                else:
                    needed = self.must_read(name)
            else:
                ours = is_ours(live)
                what = "orphan" if ours else "linked_newcomer" if live.linked else "newcomer"
                same = record.then.get(name) == live.created
                if name in record.strangers or same:
                    continue
                needed = self.maker(name) != US
            may.add((what, name))
            if needed:
                must.add((what, name))
        assert must <= told, must - told
        assert told <= may, told - may
        assert all(one.status is Status.NEW for one in self.noted.values() if one.drifted.what.passing)

    def meddlers(self, name: str) -> list[Deed]:
        """What others did to the existence of what we made again: a deletion that was told, we have only made good for."""
        told = any(one.what == "deleted" and one.name == name for one in self.record.told)
        words = ("Create",) if told else ("Create", "Delete")
        since = self.record.seen.get(name, 0.0)
        return [
            one
            for one in self.record.deeds
            if one.name == name and one.who != US and one.operation.startswith(words) and one.time > since
        ]

    def waits(self, name: str) -> bool:
        """Whether it may have been the apply since the last run that made it: the event that tells is not there yet."""
        live = self.standing[name]
        unseen = not any(self.shown(one) for one in self.made(name) if one.made == live.created)
        return self.record.applied and self.trail and unseen and self.now - live.created <= LATEST

    def maker(self, name: str) -> str:
        """Who made what stands; "" for the service."""
        made = self.standing[name].created
        return next((one.who for one in self.made(name) if one.made == made), "")

    def made(self, name: str) -> list[Deed]:
        return [one for one in self.record.deeds if one.name == name and one.operation.startswith("Create")]

    def actors(self, key: Wrong, one: Noted) -> None:
        """Those who did it are named in their order, as far as events show, and nobody else."""
        events = one.drifted.events
        assert events or one.drifted.untraced
        assert list(events) == sorted(events, key=lambda event: event.time)
        assert not [event for event in events if event.error]
        named = [
            (int(utc_moment(event.time).timestamp()), event.operation, WHO.get(event.principal.name, US))
            for event in events
        ]
        assert len({event.id for event in events}) == len(events)
        fits = self.fitting(key)
        causes = [deed for deed in fits if self.causes(key, deed)][-1:]
        known = [deed for deed in causes if self.shown(deed) and (self.trail or not deed.fresh)]
        new = one.status is Status.NEW
        may = {
            as_named(deed)
            for deed in fits
            if deed.fresh or deed.time >= self.record.last - STEP or ((known or not new) and not deed.old)
        }
        outside = [found for found in named if found[2] != US]
        wrong = [found for found in outside if found not in may]
        about = (key, "named", named, "causes", causes, "fits", fits)
        assert not wrong, ("named though they did not", wrong, about)
        hedged = bool(one.drifted.untraced)
        assert not hedged or not outside, ("named, and in doubt", about)
        assert outside or not named or hedged or key.what == "recreated", ("we alone are named", about)
        if self.trail or not new:
            needed = known if self.trail else []
            needed = [*needed, *self.since(key, fits)] if self.trail and new else needed
            missed = [deed for deed in needed if as_named(deed) not in named]
            assert not missed, ("not named", missed, about)

    def since(self, key: Wrong, fits: list[Deed]) -> list[Deed]:
        """Those who surely wrote it after the last look at it, and after us."""
        ours = max((deed.time for deed in self.record.deeds if deed.name == key.name and deed.who == US), default=0)
        floor = max(self.record.last, self.record.touched, ours)
        return [
            deed
            for deed in fits
            if deed.time > floor
            and self.shown(deed)
            and self.causes(key, deed)
            and not deed.operation.startswith("Create")
        ]

    def fitting(self, key: Wrong) -> list[Deed]:
        """Who may be named at all: did something of that sort, to the resource that is meant."""
        of_it = [one for one in self.record.deeds if one.name == key.name and one.who != US]
        live = self.standing.get(key.name)
        stood = key in self.record.told
        match key.what:
            case "deleted":
                return [one for one in of_it if one.operation.startswith("Delete")]
            case "recreated":
                return [one for one in of_it if one.operation.startswith(("Delete", "Create"))]
            case "changed" | "taken_over":
                made = live.created if live else 0.0
                sort = ("Update",) if key.attribute == URLS else ("Tag", "Untag")
                return [
                    one for one in of_it if (stood or one.made == made) and one.operation.startswith((*sort, "Create"))
                ]
        return [one for one in of_it if one.operation.startswith("Create")]

    def causes(self, key: Wrong, deed: Deed) -> bool:
        match key.what:
            case "deleted":
                return True
            case "changed" | "taken_over":
                return key.attribute in deed.wrote and deed.made == self.standing[key.name].created
        if key.what == "recreated" and self.maker(key.name) == US:
            return True
        return deed.operation.startswith("Create") and deed.made == self.standing[key.name].created

    def remember(self) -> None:
        """What this run has told, and had to see."""
        record = self.record
        told = {key for key, one in self.noted.items() if one.status is not Status.RESOLVED}
        passing = {key.name for key, one in self.noted.items() if one.drifted.what.passing}
        seen = {key.name for key in self.noted}
        unread = {one.name for one in self.wrong - told}
        read = {name for name in {deed.name for deed in record.deeds} if name in seen or self.must_read(name)}
        for deed in record.deeds:
            if deed.name in read or (self.trail and self.shown(deed)):
                deed.fresh = False
        record.open = {
            name
            for name in self.locked.keys() & self.standing.keys()
            if record.seen.get(name, 0.0) not in (0.0, self.standing[name].created)
            and name not in passing
            and self.maker(name) != US
            and self.waits(name)
            and name in read
        }
        waiting = {
            name for name in self.locked.keys() & self.standing.keys() if not all(map(self.shown, self.meddlers(name)))
        }
        agree = self.locked.keys() - {one.name for one in self.wrong} - unread - waiting
        for deed in record.deeds:
            if not deed.fresh and (deed.name in agree or deed.name not in self.locked):
                deed.old = True
        for name in self.locked.keys() & self.standing.keys():
            made = self.standing[name].created
            ours = self.maker(name) == US and all(map(self.shown, self.meddlers(name)))
            if name not in record.seen or name in passing or ours:
                record.seen[name] = made
        record.seen = {name: made for name, made in record.seen.items() if name in self.locked}
        record.told = self.wrong & told
        record.then = {name: one.created for name, one in self.standing.items()}
        record.strangers = set(self.standing) - set(self.locked)
        record.left = set()
        record.applied = record.applied and bool(record.open)
        record.owned |= {name for name in self.locked.keys() & self.standing.keys() if is_ours(self.standing[name])}
        record.last = record.touched = self.now
        record.begun = -1e9


def as_named(deed: Deed) -> tuple[int, str, str]:
    return deed.time, deed.operation, deed.who


def said(value: Any) -> str:
    """A value as text, whether it comes from the product or from the record."""
    return json.dumps(value, sort_keys=True, default=dict)


def is_ours(one: Identity) -> bool:
    return one.tags.get(OWNER_TAG) == OWNER
