"""Random histories: whatever somebody outside did since the last run is told, once, with the right name; and nothing else is.

Runs that read little and runs that read all are made side by side, and have to agree. `DRIFT_HISTORIES` says how many histories
are tried; `make torture` tries 1,000.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from reconciler.model.drift import DriftRun, Noted, Status
from reconciler.model.environments import OWNER_TAG
from tests.watched import CHANGES, DAY, OWNER, PEOPLE, Watched, create, delete, standing, watched

MANAGED = ("agent-a", "agent-b", "agent-c", "agent-d")
STRANGERS = ("stranger-a", "stranger-b")
HISTORIES = int(os.environ.get("DRIFT_HISTORIES", "12"))
ROUNDS = 6
URLS = "allowedResourceOauth2ReturnUrls"


@dataclass
class History:
    """What was done since the last run: by name of the thing, who did it, in order."""

    seen: Watched
    luck: random.Random
    done: dict[str, list[str]] = field(default_factory=dict)

    def happen(self, *, lossy: bool) -> None:
        """Up to three deeds, some minutes apart, whose events come late, twice or (`lossy`) never."""
        for _ in range(self.luck.randrange(4)):
            self.seen.clock.sleep(self.luck.randrange(5, 900))
            self._disturb(lossy=lossy)
            person = self.luck.choice(sorted(PEOPLE))
            with self.seen.by(person):
                name = self._deed()
            self.done.setdefault(name, []).append(PEOPLE[person][1])

    def _disturb(self, *, lossy: bool) -> None:
        trail = self.seen.misbehaviour.trail
        match self.luck.randrange(6):
            case 0:
                trail.late(self.luck.randrange(1, 900))
            case 1:
                trail.repeat()
            case 2 if lossy:
                trail.lose()

    def _deed(self) -> str:
        there = standing(self.seen)
        name = self.luck.choice((*MANAGED, *STRANGERS))
        if name not in there:
            create(self.seen, name, self.luck)
        elif self.luck.randrange(4) == 0:
            delete(self.seen, name, self.luck)
        else:
            self.luck.choice(CHANGES)(self.seen, name, self.luck)
        return name


def stands(run: DriftRun) -> set[tuple[str, ...]]:
    """What is wrong now, whoever told of it: what passes by is not in it."""
    return {
        (*one.drifted.place, repr(one.drifted.after))
        for one in run.noted
        if one.status is not Status.RESOLVED and not one.drifted.what.passing
    }


def truth(seen: Watched) -> set[tuple[str, ...]]:
    """The same as the directory itself says it, asked by hand: class, type, name and attribute of all that is wrong."""
    wrong: set[tuple[str, ...]] = set()
    there = standing(seen)
    for address, known in seen.lock.resources.items():
        what = (address.type, known.name)
        if known.name not in there:
            wrong.add(("deleted", *what, ""))
            continue
        live = seen.client.get_workload_identity(name=known.name)
        tags = seen.client.list_tags_for_resource(resourceArn=seen.arn(known.name))["tags"]
        owner = tags.pop(OWNER_TAG, "")
        if sorted(live.get(URLS, [])) != sorted(known.attributes[URLS]):
            wrong.add(("changed", *what, URLS))
        if tags != known.attributes["tags"]:
            wrong.add(("changed", *what, "tags"))
        if owner != OWNER:
            wrong.add(("taken_over" if owner else "changed", *what, OWNER_TAG))
    return wrong


def news(run: DriftRun) -> Iterator[Noted]:
    yield from (one for one in run.noted if one.status is Status.NEW)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_run_that_reads_little_finds_what_one_that_reads_all_does(seed: int) -> None:
    luck = random.Random(seed)
    with watched(*MANAGED) as seen:
        for memory in ("little", "all"):
            seen.run(memory)
        people: dict[str, list[str]] = {}
        for _ in range(ROUNDS):
            history = History(seen, luck)
            history.happen(lossy=False)
            for name, names in history.done.items():
                people.setdefault(name, []).extend(names)
            seen.clock.sleep(920)  # by when every event has come
            little, everything = seen.run("little"), seen.run("all", full=True)
            assert little.complete
            assert everything.complete
            assert stands(little) == stands(everything)
            assert {one[:4] for one in stands(little)} == truth(seen)
            check(little, history, people)
            check(everything, history, people)
            assert sum(little.coverage.read.values()) <= len(MANAGED) + len(STRANGERS)


def check(run: DriftRun, history: History, people: dict[str, list[str]]) -> None:
    """Nothing is new but what somebody touched since the last run; those who did it are named, one of these last."""
    for one in news(run):
        drifted = one.drifted
        assert drifted.remote.name in history.done, drifted
        names = [event.principal.name for event in drifted.events]
        assert names, (drifted, drifted.untraced)
        assert set(names) <= set(people[drifted.remote.name]), drifted
        assert names[-1] in history.done[drifted.remote.name], drifted


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_events_that_never_come_only_delay_what_is_found(seed: int) -> None:
    luck = random.Random(seed)
    with watched(*MANAGED) as seen:
        for memory in ("little", "all"):
            seen.run(memory)
        for _ in range(3):
            History(seen, luck).happen(lossy=True)
            seen.clock.sleep(920)
            little, everything = seen.run("little"), seen.run("all", full=True)
            assert stands(little) <= stands(everything)
        seen.misbehaviour.trail.reset()
        for _ in range(24):
            seen.clock.sleep(3600)
            little = seen.run("little", every=DAY)
        assert stands(little) == stands(seen.run("all", full=True))


@pytest.mark.parametrize("seed", range(max(1, HISTORIES // 4)))
def test_nothing_is_told_twice(seed: int) -> None:
    luck = random.Random(seed)
    with watched(*MANAGED) as seen:
        seen.run()
        told: dict[str, str] = {}
        for _ in range(ROUNDS):
            History(seen, luck).happen(lossy=False)
            seen.clock.sleep(920)
            for _ in range(2):
                run = seen.run()
                for one in run.noted:
                    fingerprint = one.drifted.fingerprint
                    if one.status is Status.RESOLVED:
                        assert told.pop(fingerprint, None) is not None
                    elif one.status is Status.NEW:
                        assert fingerprint not in told
                        if not one.drifted.what.passing:
                            told[fingerprint] = run.at
                standing_now = {one.drifted.fingerprint for one in run.noted if one.status is not Status.RESOLVED}
                told = {fingerprint: at for fingerprint, at in told.items() if fingerprint in standing_now}
                seen.clock.sleep(30)
