"""A machine in which people with names change a directory while drift runs look at it, and an apply comes in between.

The test keeps its own record: who did what and when, what stands, what the lockfile says, what was told. By that alone it says
what a run has to tell as new, with class, attribute and actors; nothing else may be new, and nothing twice. Events come up to
15 minutes late and twice, the trail is denied at times, and runs are interrupted after a portion was remembered.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from reconciler.applying import apply
from reconciler.diagnostics import Severity
from reconciler.directory.connecting import connect
from reconciler.drifting.run import conclude
from reconciler.emulator import Identity, Misbehaviour, Store, attach
from reconciler.manifest import load, resolve
from reconciler.model.drift import Memory
from reconciler.model.environments import OWNER_TAG, Environment, Where
from reconciler.model.moments import utc_text
from reconciler.model.plan import Plan
from reconciler.model.resources import Stack
from reconciler.planning import (
    Selection,
    make_adoption,
    make_forgetting,
    make_plan,
)
from reconciler.state import LocalState, lockfile_path
from reconciler.state.memory_text import dump_memory, parse_memory
from reconciler.watching import Subject, Terms, look
from tests.stateful.fleet import QUICK, SCOPE, TARGET, route_to, seen
from tests.stateful.record import LATEST, URLS, US, Deed, Judged, Record
from tests.watched import DAY, PEOPLE, Hours

NAMES = ("alpha", "bravo", "charlie", "delta-1")
PAGES = ("https://a.example.com/cb", "https://b.example.com/cb")

WAYS = ("urls", "team", "owner", "delete", "create", "create", "apply", "look")

names = st.sampled_from(NAMES)
people = st.sampled_from(sorted(PEOPLE))
urls = st.lists(st.sampled_from(PAGES), unique=True)
teams = st.sampled_from(("x", "y"))
entries = st.fixed_dictionaries({URLS: urls, "tags": st.dictionaries(st.just("team"), teams, max_size=1)})
pauses = st.sampled_from((0, 1, 5, 120, 400))
lateness = st.sampled_from((0, 0, 0, 100, LATEST))
owners = st.sampled_from(("", "", TARGET.owner, "others/prod"))


class Interrupted(BaseException):
    """Somebody ended a run."""


class Remembering:
    """A memory that is text between runs, and whose run is ended at a portion if that is asked for."""

    place = "memory"

    def __init__(self) -> None:
        self.text = ""
        self.portions = 0

    def read(self) -> Memory | None:
        return parse_memory(self.text, file=self.place) if self.text else None

    def write(self, memory: Memory) -> None:
        self.text = dump_memory(memory)
        self.portions -= 1
        if self.portions == 0:
            raise Interrupted


class DriftGoes(RuleBasedStateMachine):
    """One stack in one directory, and people outside who write to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="drift-goes-"))
        self.manifest = self.folder / "fleet.yaml"
        self.state = LocalState(lockfile_path(self.manifest, "local"))
        self.clock = Hours()
        self.misbehaviour = Misbehaviour(clock=self.clock, sleep=self.clock.sleep)
        self.store = Store(clock=self.clock)
        self.client = boto3.client("bedrock-agentcore-control", region_name=SCOPE.region)
        attached = functools.partial(attach, store=self.store, misbehaviour=self.misbehaviour)
        attached(self.client)
        environment = Environment(name="local", where=Where.EMBEDDED, account=SCOPE.account, region=SCOPE.region)
        self.directory = connect(environment, attach=attached, threads=1)
        self.entries: dict[str, dict[str, Any]] = {}
        self.memory = Remembering()
        self.record = Record()

    def teardown(self) -> None:
        self.directory.close()
        self.client.close()
        self.store.close()
        shutil.rmtree(self.folder)

    @initialize(given=st.lists(entries, min_size=3, max_size=3))
    def a_stack_is_applied_and_looked_at(self, given: list[dict[str, Any]]) -> None:
        self.write(dict(zip(NAMES, given, strict=False)))
        self.we_apply(finish=True)
        self.clock.sleep(3600)
        self.we_look(full=False, trail=True)

    # What people do outside, and the service

    @rule(person=people, name=names, pages=urls, pause=pauses, late=lateness, twice=st.booleans())
    def somebody_writes_urls(
        self, person: str, name: str, pages: list[str], pause: int, late: int, twice: bool
    ) -> None:
        if self.store.get(SCOPE, name):
            with self.doing(person, name, "UpdateWorkloadIdentity", (URLS,), pause, late, twice=twice):
                self.client.update_workload_identity(name=name, allowedResourceOauth2ReturnUrls=pages)

    @rule(
        person=people, name=names, tag=st.sampled_from(("team", "team", OWNER_TAG, "cost-x")),
        value=teams | st.none(), pause=pauses, late=lateness, twice=st.booleans(), back=st.booleans(),
    )  # fmt: skip
    def somebody_tags(
        self, person: str, name: str, tag: str, value: str | None, pause: int, late: int, twice: bool, back: bool
    ) -> None:
        if not self.store.get(SCOPE, name):
            return
        wrote = {OWNER_TAG: (OWNER_TAG,), "team": ("tags",)}.get(tag, ())
        operation = "UntagResource" if value is None else "TagResource"
        with self.doing(person, name, operation, wrote, pause, late, twice=twice):
            if value is None:
                self.client.untag_resource(resourceArn=arn(name), tagKeys=[tag])
                return
            text = (TARGET.owner if back else f"{value}/prod") if tag == OWNER_TAG else value
            self.client.tag_resource(resourceArn=arn(name), tags={tag: text})

    @rule(person=people, name=names, pause=pauses, late=lateness, twice=st.booleans())
    def somebody_deletes(self, person: str, name: str, pause: int, late: int, twice: bool) -> None:
        held = self.store.get(SCOPE, name)
        if held is not None:
            with self.doing(person, name, "DeleteWorkloadIdentity", (), pause, late, twice=twice):
                self.client.delete_workload_identity(name=name)

    @rule(person=people, name=names, entry=entries, owner=owners, pause=pauses, late=lateness, twice=st.booleans())
    def somebody_creates(
        self, person: str, name: str, entry: dict[str, Any], owner: str, pause: int, late: int, twice: bool
    ) -> None:
        """Which is refused where one of the name stands, and leaves an event then, too."""
        given = {**entry["tags"], **({OWNER_TAG: owner} if owner else {})}
        wrote = (URLS, "tags", OWNER_TAG)
        with self.doing(person, name, "CreateWorkloadIdentity", wrote, max(1, pause), late, twice=twice):
            self.client.create_workload_identity(name=name, allowedResourceOauth2ReturnUrls=entry[URLS], tags=given)

    @contextlib.contextmanager
    def doing(
        self, person: str, name: str, operation: str, wrote: tuple[str, ...], pause: int, late: int, *, twice: bool
    ) -> Iterator[None]:
        """One call by that person, and the record of it unless it is refused."""
        self.clock.sleep(pause)
        self.misbehaviour.trail.reset()
        if late:
            self.misbehaviour.trail.late(late)
        if twice:
            self.misbehaviour.trail.repeat()
        before = self.store.get(SCOPE, name)
        try:
            with self.misbehaviour.trail.acting(PEOPLE[person][0]):
                yield
        except ClientError:
            return
        now = self.clock.now
        made = (before or self.store.get(SCOPE, name) or Identity(name=name, created=now, updated=now)).created
        self.record.deeds.append(Deed(int(now), now + late, name, operation, person, made, wrote))

    @rule(name=names, pause=pauses)
    def a_runtime_comes_with_its_identity(self, name: str, pause: int) -> None:
        self.clock.sleep(max(1, pause))
        if self.store.get(SCOPE, name) is None:
            self.store.link(SCOPE, "runtime", parent_of(name), identity=name)

    @rule(name=names)
    def a_runtime_goes_with_its_identity(self, name: str) -> None:
        self.store.unlink(SCOPE, "runtime", parent_of(name))

    @rule(seconds=st.sampled_from((1, 60, 400, LATEST + 1, 2000, 8000, 50_000, 90_000)))
    def time_passes(self, seconds: int) -> None:
        self.clock.sleep(seconds)

    @rule(
        name=names,
        steps=st.lists(
            st.tuples(st.sampled_from(WAYS), people, entries, owners, pauses, lateness), min_size=2, max_size=6
        ),
        full=st.booleans(),
        trail=st.sampled_from((True, True, True, False)),
    )
    def much_happens_to_one(self, name: str, steps: list[Any], full: bool, trail: bool) -> None:
        """Several people at one resource, an apply or a run in between, and a run at the end."""
        for way, person, entry, owner, pause, late in steps:
            match way:
                case "urls":
                    self.somebody_writes_urls(person, name, entry[URLS], pause, late, twice=False)
                case "team" | "owner":
                    tag, value = (
                        (OWNER_TAG, "x" if owner else None) if way == "owner" else ("team", entry["tags"].get("team"))
                    )
                    self.somebody_tags(person, name, tag, value, pause, late, False, owner == TARGET.owner)
                case "delete":
                    self.somebody_deletes(person, name, pause, late, twice=False)
                case "create":
                    self.somebody_creates(person, name, entry, owner, pause, late, twice=False)
                case "apply":
                    self.clock.sleep(1)
                    self.we_apply(finish=True)
                case "look":
                    self.clock.sleep(pause)
                    self.we_look(full=False, trail=True)
        self.we_look(full=full, trail=trail)

    # What we do

    @rule(name=names, entry=entries)
    def we_declare(self, name: str, entry: dict[str, Any]) -> None:
        self.write({**self.entries, name: entry})

    @rule(name=names)
    def we_remove_an_entry(self, name: str) -> None:
        self.write({key: entry for key, entry in self.entries.items() if key != name})

    @rule(name=names, new=names)
    def we_rename_an_entry(self, name: str, new: str) -> None:
        if name in self.entries and new not in self.entries:
            rest = {key: entry for key, entry in self.entries.items() if key != name}
            self.write({**rest, new: {**self.entries[name], "previously": name}})

    def write(self, entries: dict[str, dict[str, Any]]) -> None:
        """The manifest becomes this, unless it would be invalid."""
        text = {
            "version": 1,
            "stack": "fleet",
            "settings": {"ignoreTags": ["cost-*"]},
            "environments": {"local": {"directory": "embedded"}},
            "workloadIdentities": entries,
        }
        before = self.manifest.read_text() if self.manifest.exists() else ""
        self.manifest.write_text(json.dumps(text))
        loaded = load(self.manifest).manifest
        if loaded is not None and resolve(loaded, "local").stack is not None:
            self.entries = entries
        else:
            self.manifest.write_text(before)

    @rule(finish=st.booleans(), pause=pauses)
    def we_apply_after_a_while(self, finish: bool, pause: int) -> None:
        self.clock.sleep(max(1, pause))
        self.we_apply(finish=finish)

    def we_apply(self, *, finish: bool) -> None:
        """All that is not refused."""
        stack = self.desired
        refused: set[str] = set()
        while True:
            selection = Selection(excludes=tuple(sorted(refused)), finish_renames=finish)
            lock = self.state.read()
            plan = make_plan(
                stack=stack, lock=lock, snapshot=seen(self.directory, stack, lock), target=TARGET, route=route_to(self.state),
                selection=selection,
            )  # fmt: skip
            more = {str(one.address) for one in plan.diagnostics if one.severity is Severity.ERROR}
            if not more:
                break
            assert not more & refused
            refused |= more
        self.execute(plan)

    @rule(wanted=names)
    def we_adopt(self, wanted: str) -> None:
        stack, lock = self.desired, self.state.read()
        addresses = [one for one in stack.resources if one.key == wanted]
        if addresses:
            snapshot = seen(self.directory, stack, lock)
            plan = make_adoption(
                stack=stack,
                lock=lock,
                snapshot=snapshot,
                target=TARGET,
                route=route_to(self.state),
                addresses=addresses,
            )
            self.execute(plan)

    @rule(wanted=names)
    def we_forget(self, wanted: str) -> None:
        stack, lock = self.desired, self.state.read()
        addresses = [one for one in (lock.resources if lock else {}) if one.key == wanted]
        if lock is not None and addresses:
            snapshot = seen(self.directory, stack, lock)
            plan = make_forgetting(
                lock=lock, snapshot=snapshot, target=TARGET, route=route_to(self.state), addresses=addresses
            )
            self.execute(plan)

    def execute(self, plan: Plan) -> None:
        """Apply it, and put down what of it was written."""
        if plan.errored:
            return
        self.misbehaviour.trail.reset()
        before, sent = self.standing, len(self.misbehaviour.calls)
        with self.state.exclusive("test") as writer:
            assert apply(plan, self.directory, writer, threads=1, patience=QUICK).whole
        after, now = self.standing, self.clock.now
        for call in list(self.misbehaviour.calls)[sent:]:
            if not call.operation.startswith(("Get", "List", "Lookup")):
                made = (after.get(call.name) or before[call.name]).created
                self.record.deeds.append(Deed(int(now), now, call.name, call.operation, US, made))
        self.record.we_applied(self.locked)

    # What a run tells

    @rule(full=st.booleans(), trail=st.sampled_from((True, True, True, False)), again=st.booleans())
    def we_look_for_drift(self, full: bool, trail: bool, again: bool) -> None:
        self.we_look(full=full, trail=trail)
        if again:
            self.we_look(full=full, trail=trail)

    @rule(full=st.booleans(), portions=st.integers(1, 2))
    def we_look_and_are_interrupted(self, full: bool, portions: int) -> None:
        self.memory.portions = portions
        try:
            self.we_look(full=full, trail=True)
        except Interrupted:
            self.record.touched = self.clock.now
            if full:
                self.record.begun = self.clock.now

    @rule(pause=st.sampled_from((0, LATEST + 1)))
    def we_look_when_all_events_are_there(self, pause: int) -> None:
        self.clock.sleep(LATEST + 1 + pause)
        self.we_look(full=False, trail=True)

    def we_look(self, *, full: bool, trail: bool) -> None:
        lock = self.state.read()
        assert lock is not None
        if not trail:
            self.misbehaviour.fail("LookupEvents", "AccessDeniedException", times=1)
        terms = Terms(every=DAY, full=full, trail=self.trail, threads=1, portion=1)
        subject = Subject(stack=self.desired, lock=lock, target=TARGET, route=route_to(self.state))
        run, memory = conclude(look(self.directory, subject, self.memory, terms, at=self.at), ())
        self.memory.portions = 0
        self.memory.write(memory)
        assert run.complete
        assert bool(run.coverage.trail_failed) != trail
        Judged(
            self.record,
            run,
            now=self.clock.now,
            standing=self.standing,
            locked=self.locked,
            full=full,
            trail=trail,
        ).judge()

    def trail(self, since: str, until: str) -> Any:
        return self.directory.trail(since=since, until=until)

    # Parts

    @property
    def at(self) -> str:
        return utc_text(datetime.fromtimestamp(self.clock.now, UTC))

    @property
    def desired(self) -> Stack:
        loaded = load(self.manifest).manifest
        assert loaded is not None
        stack = resolve(loaded, "local").stack
        assert stack is not None
        return stack

    @property
    def standing(self) -> dict[str, Identity]:
        return {one.name: one for one in self.store.identities(SCOPE)}

    @property
    def locked(self) -> dict[str, Any]:
        """What the lockfile holds, by the remote name."""
        lock = self.state.read()
        return {one.name: one.attributes for one in lock.resources.values()} if lock else {}


def arn(name: str) -> str:
    return SCOPE.arn(f"workload-identity-directory/default/workload-identity/{name}")


def parent_of(name: str) -> str:
    """The id of the runtime that the identity belongs to."""
    return f"runtime_{NAMES.index(name)}-AbCdEfGhIj"


TestDriftGoes = DriftGoes.TestCase
TestDriftGoes.settings = settings(
    max_examples=int(os.environ.get("STATEFUL_EXAMPLES", "30")),
    stateful_step_count=16,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
