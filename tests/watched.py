"""A directory that others change while drift runs look at it: time passes when told to, and people have names."""

from __future__ import annotations

import contextlib
import functools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import boto3

from reconciler.directory.agentcore import AgentCore
from reconciler.directory.connecting import connect
from reconciler.drifting.run import conclude
from reconciler.emulator import Misbehaviour, Store, attach, iam_user, role
from reconciler.model.addresses import Address
from reconciler.model.drift import Against, DriftRun, Memory
from reconciler.model.environments import Environment, Settings, Target, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.moments import utc_text
from reconciler.model.plan import Route
from reconciler.model.resources import Known, Lock, Origin, Stack
from reconciler.model.trail import Event
from reconciler.watching import Subject, Terms, glance, look

ACCOUNT, REGION = "000000000000", "us-east-1"
TYPE = WORKLOAD_IDENTITY.type
OWNER = "payments/prod"
DAY = 86400.0
PEOPLE = {
    "jane": (role("Admin", "jane", agent="Mozilla/5.0 console"), "role Admin, session jane"),
    "bob": (iam_user("bob", agent="aws-cli/2.1"), "user bob"),
    "eve": (iam_user("eve", agent="Boto3/1.44"), "user eve"),
}
"""By first name, who they are to the trail, and how a report names them."""


class Hours:
    """Seconds since 1970 that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Kept:
    """A memory that is kept in this process."""

    memory: Memory | None = None
    writes: int = 0
    place: str = "memory"

    def read(self) -> Memory | None:
        return self.memory

    def write(self, memory: Memory) -> None:
        self.memory = memory
        self.writes += 1


@dataclass
class Watched:
    """A stack whose lockfile holds `names`, its directory, and somebody outside."""

    clock: Hours
    store: Store
    misbehaviour: Misbehaviour
    client: Any
    directory: AgentCore
    lock: Lock
    stack: Stack
    kept: dict[str, Kept] = field(default_factory=dict)
    vague: bool = False
    """Whether the events that the trail tells do not say what they are about."""

    @property
    def at(self) -> str:
        return utc_text(datetime.fromtimestamp(self.clock.now, UTC))

    def run(
        self,
        memory: str = "",
        *,
        full: bool = False,
        every: float = DAY,
        trail: bool = True,
        listing: bool = True,
        portion: int = 500,
        against: Against = Against.LOCKFILE,
    ) -> DriftRun:
        """A drift run with the memory of that name."""
        kept = self.kept.setdefault(memory, Kept())
        terms = Terms(
            every=every, full=full, listing=listing, trail=self._trail if trail else None, threads=1, portion=portion
        )
        subject = replace(self.subject, against=against)
        run, remembered = conclude(look(self.directory, subject, kept, terms, at=self.at), ())
        kept.write(remembered)
        return run

    def glance(self, *events: Event, memory: str = "") -> DriftRun:
        """A run that looks at what these events name alone, with the memory of that name."""
        kept = self.kept.setdefault(memory, Kept())
        run, remembered = conclude(glance(self.directory, self.subject, kept, events, at=self.at, threads=1), ())
        kept.write(remembered)
        return run

    @property
    def last(self) -> Event:
        """The event of the last change, as the trail has it."""
        return self._trail(utc_text(datetime.fromtimestamp(self.clock.now - DAY, UTC)), self.at).events[-1]

    @property
    def subject(self) -> Subject:
        route = Route(lockfile="reconciler.prod.lock.json", where=Where.EMBEDDED)
        return Subject(stack=self.stack, lock=self.lock, target=self.target, route=route)

    @property
    def target(self) -> Target:
        return Target(stack="payments", environment="prod", account=ACCOUNT, region=REGION)

    def _trail(self, since: str, until: str) -> Any:
        trail = self.directory.trail(since=since, until=until)
        if not self.vague:
            return trail
        return replace(trail, events=tuple(replace(one, remotes=(), vague=True) for one in trail.events))

    def by(self, person: str) -> contextlib.AbstractContextManager[None]:
        """What happens inside, that person does."""
        return self.misbehaviour.trail.acting(PEOPLE[person][0])

    def arn(self, name: str) -> str:
        return (
            f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:workload-identity-directory/default/workload-identity/{name}"
        )


@contextlib.contextmanager
def watched(*names: str) -> Iterator[Watched]:
    """One with these identities, made by reconciler a while ago."""
    clock = Hours()
    misbehaviour = Misbehaviour(clock=clock, sleep=clock.sleep)
    with contextlib.closing(Store(clock=clock)) as store:
        client = boto3.client("bedrock-agentcore-control", region_name=REGION)
        attach(client, store, misbehaviour=misbehaviour, account=ACCOUNT)
        environment = Environment(name="prod", where=Where.EMBEDDED, account=ACCOUNT, region=REGION)
        attached = functools.partial(attach, store=store, account=ACCOUNT, misbehaviour=misbehaviour)
        with contextlib.closing(connect(environment, attach=attached, threads=1)) as directory:
            known = {}
            for name in sorted(names):
                attributes = {
                    "allowedResourceOauth2ReturnUrls": (f"https://app.example.com/{name}",),
                    "tags": {"team": "a"},
                }
                arn = directory.create(WORKLOAD_IDENTITY, name, attributes, OWNER)
                address = Address(TYPE, name)
                known[address] = Known(
                    address=address, name=name, arn=arn, origin=Origin.CREATED, attributes=attributes
                )
            lock = Lock(
                lineage="5b1c8f0e-2f64-4c5e-9d0a-0f3f5a0f8b11", serial=1, stack="payments", environment="prod",
                account=ACCOUNT, region=REGION, resources=known,
            )  # fmt: skip
            stack = Stack(name="payments", environment=environment, settings=Settings(), resources={}, digest="")
            clock.sleep(3600)
            yield Watched(
                clock=clock,
                store=store,
                misbehaviour=misbehaviour,
                client=client,
                directory=directory,
                lock=lock,
                stack=stack,
            )
        client.close()


Deed = Callable[[Watched, str, random.Random], None]


def add_url(seen: Watched, name: str, luck: random.Random) -> None:
    found = seen.client.get_workload_identity(name=name)["allowedResourceOauth2ReturnUrls"]
    urls = sorted({*found, f"https://evil.example/{luck.randrange(4)}"})
    seen.client.update_workload_identity(name=name, allowedResourceOauth2ReturnUrls=urls)


def undo_urls(seen: Watched, name: str, luck: random.Random) -> None:
    urls = [f"https://app.example.com/{name}"]
    seen.client.update_workload_identity(name=name, allowedResourceOauth2ReturnUrls=urls)


def tag(seen: Watched, name: str, luck: random.Random) -> None:
    seen.client.tag_resource(resourceArn=seen.arn(name), tags={"team": luck.choice(["a", "b", "c"])})


def take_over(seen: Watched, name: str, luck: random.Random) -> None:
    seen.client.tag_resource(resourceArn=seen.arn(name), tags={"reconciler:stack": luck.choice([OWNER, "ledger/prod"])})


def delete(seen: Watched, name: str, luck: random.Random) -> None:
    seen.client.delete_workload_identity(name=name)


def create(seen: Watched, name: str, luck: random.Random) -> None:
    seen.client.create_workload_identity(name=name, allowedResourceOauth2ReturnUrls=[f"https://app.example.com/{name}"])


CHANGES: tuple[Deed, ...] = (add_url, undo_urls, tag, take_over)


def standing(seen: Watched) -> set[str]:
    """The names that the listing shows."""
    pages = seen.client.get_paginator("list_workload_identities").paginate()
    return {one["name"] for page in pages for one in page["workloadIdentities"]}
