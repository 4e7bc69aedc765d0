"""A machine that plays random manifests, changes made outside and applies against the emulator, and what must always hold.

After a clean apply the next plan is empty; nothing unmanaged or service-linked was ever touched; the lockfile says of
everything managed what the directory says; a plan that is refused writes nothing. It goes through the real parts: manifest
text, snapshot, saved plan, guards, journal, lockfile.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reconciler.applying import apply
from reconciler.diagnostics import Severity
from reconciler.directory.connecting import connect
from reconciler.directory.snapshot import read_snapshot
from reconciler.emulator import Store, attach
from reconciler.emulator.store import Identity, Scope
from reconciler.manifest import load, resolve
from reconciler.model.addresses import Address
from reconciler.model.changes import Action
from reconciler.model.environments import OWNER_TAG, Environment, Target, Where
from reconciler.model.plan import Plan, Route
from reconciler.model.resources import Known, Lock, Refresh, Stack
from reconciler.planning import (
    Allowances,
    Selection,
    changed_remotes,
    check_fits,
    dump_plan,
    expected_remotes,
    guard,
    known_remotes,
    load_plan,
    make_adoption,
    make_forgetting,
    make_plan,
)
from reconciler.state import LocalState, lockfile_path

SCOPE = Scope("000000000000", "us-east-1")
TARGET = Target(stack="fleet", environment="local", account=SCOPE.account, region=SCOPE.region)
NAMES = ("alpha", "bravo", "charlie", "delta-1", "echo.x")
URLS = ("https://a.example.com/cb", "https://b.example.com/cb", "myapp://cb?x=1#y")

names = st.sampled_from(NAMES)
urls = st.lists(st.sampled_from(URLS), unique=True)
tags = st.dictionaries(st.sampled_from(("team", "tier", "cost-center")), st.sampled_from(("x", "")), max_size=2)
manifest_tags = st.dictionaries(st.sampled_from(("team", "tier")), st.sampled_from(("x", "")), max_size=2)
lifecycles = st.sampled_from(({}, {}, {}, {}, {"protect": True}, {"protect": False}, {"updateOnly": True}))
entries = st.fixed_dictionaries(
    {"allowedResourceOauth2ReturnUrls": urls, "tags": manifest_tags},
    optional={"name": names, "lifecycle": lifecycles},
)
allowances = st.builds(Allowances, deletes=st.sampled_from([None, 99]), empty=st.booleans())
EVERYTHING = Selection()
owners = st.sampled_from(("", "", "", TARGET.owner, "others/prod"))


class AnythingGoes(RuleBasedStateMachine):
    """One stack in one directory, with everybody at work on it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="stateful-"))
        self.manifest = self.folder / "fleet.yaml"
        self.state = LocalState(lockfile_path(self.manifest, "local"))
        self.store = Store()
        environment = Environment(name="local", where=Where.EMBEDDED, account=SCOPE.account, region=SCOPE.region)
        self.directory = connect(environment, attach=lambda client: attach(client, self.store), threads=2)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    # What people do

    @initialize(entries=st.fixed_dictionaries(dict.fromkeys(NAMES[:3], entries)))
    def a_manifest_is_written(self, entries: dict[str, dict[str, Any]]) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        for name, entry in entries.items():
            self.somebody_declares(name, entry)

    @rule(name=names, entry=entries)
    def somebody_declares(self, name: str, entry: dict[str, Any]) -> None:
        self.write({**self.entries, name: entry})

    @rule(name=names, new=names)
    def somebody_renames_an_entry(self, name: str, new: str) -> None:
        if name in self.entries and new not in self.entries:
            rest = {key: entry for key, entry in self.entries.items() if key != name}
            self.write({**rest, new: {**self.entries[name], "previously": name}})

    @rule(name=names)
    def somebody_removes_an_entry(self, name: str) -> None:
        self.write({key: entry for key, entry in self.entries.items() if key != name})

    def write(self, entries: dict[str, dict[str, Any]]) -> None:
        """The manifest becomes this, unless it would be invalid: nobody could merge that."""
        text = {
            "version": 1,
            "stack": "fleet",
            "settings": {"ignoreTags": ["cost-*"]},
            "environments": {"local": {"directory": "embedded"}},
            "workloadIdentities": entries,
        }
        before = self.manifest.read_text() if self.manifest.exists() else None
        self.manifest.write_text(json.dumps(text))
        if self.desired() is not None:
            self.entries = entries
        elif before is not None:
            self.manifest.write_text(before)
        else:
            self.write({})

    @rule(name=names, urls=urls, tags=tags, owner=owners)
    def somebody_writes_to_the_directory(self, name: str, urls: list[str], tags: dict[str, str], owner: str) -> None:
        marked = {**tags, OWNER_TAG: owner} if owner else tags
        held = self.store.get(SCOPE, name)
        if held is None or not held.linked:
            self.store.put(SCOPE, Identity(name=name, urls=tuple(urls), tags=marked, created=1.0, updated=1.0))

    @rule(name=names)
    def somebody_deletes_in_the_directory(self, name: str) -> None:
        held = self.store.get(SCOPE, name)
        if held is not None and not held.linked:
            self.store.drop(SCOPE, name)

    @rule(name=names)
    def a_runtime_comes_with_its_identity(self, name: str) -> None:
        if self.store.get(SCOPE, name) is None:
            self.store.link(SCOPE, "runtime", parent_of(name), identity=name)

    @rule(name=names)
    def a_runtime_goes_with_its_identity(self, name: str) -> None:
        self.store.unlink(SCOPE, "runtime", parent_of(name))

    # What the tool does

    @rule(
        edits=st.lists(st.tuples(names, entries), min_size=1, max_size=3),
        renames=st.lists(st.tuples(names, names), max_size=1),
        removals=st.lists(names, max_size=2),
        writes=st.lists(st.tuples(names, urls, tags), max_size=2),
        deletes=st.lists(names, max_size=1),
    )
    def a_day_passes(
        self,
        edits: list[tuple[str, dict[str, Any]]],
        renames: list[tuple[str, str]],
        removals: list[str],
        writes: list[tuple[str, list[str], dict[str, str]]],
        deletes: list[str],
    ) -> None:
        """Many hands between two applies, and an apply before and after."""
        for name, entry in edits:
            self.somebody_declares(name, entry)
        self.we_apply_all_that_is_not_refused()
        for name, urls, tags in writes:
            self.somebody_writes_to_the_directory(name, urls, tags, TARGET.owner)
        for name in deletes:
            self.somebody_deletes_in_the_directory(name)
        for name, new in renames:
            self.somebody_renames_an_entry(name, new)
        for name in removals:
            self.somebody_removes_an_entry(name)
        self.we_apply_all_that_is_not_refused()

    @rule()
    def we_apply_all_that_is_not_refused(self) -> None:
        stack = self.desired()
        assert stack is not None
        refused = {one.address for one in self.plan(stack, Refresh.FULL).diagnostics if one.severity is Severity.ERROR}
        rest = Selection(excludes=tuple(sorted(one for one in refused if one)))
        plan = self.plan(stack, Refresh.FULL, rest)
        before = self.standing()
        assert not guard(plan, Allowances(deletes=99, empty=True, untagged=True))
        assert self.execute(plan).whole
        self.nothing_else_was_touched(before, self.standing(), plan)
        again = self.plan(stack, Refresh.FULL, rest)
        assert again.empty, again.changes
        left_alone = {str(drift.address) for drift in again.drift}
        assert not left_alone
        obstructed = [one for address, one in stack.resources.items() if str(address) in refused]
        left = {one.previously for one in obstructed}  # the entry of a refused rename keeps its old address
        names_left = {one.name for one in obstructed}  # … and so does one that is to move
        for address, known in self.known().items():
            if str(address) not in refused and address not in left and known.name not in names_left:
                self.directory_is_as_known(known)

    @rule(allow=allowances, refresh=st.sampled_from(list(Refresh)), saved=st.booleans(), finish=st.booleans())
    def we_apply(self, allow: Allowances, refresh: Refresh, *, saved: bool, finish: bool) -> None:
        stack = self.desired()
        assert stack is not None
        selection = Selection(finish_renames=finish)
        plan, lock, before = self.plan(stack, refresh, selection), self.state.read(), self.standing()
        if saved:
            text = dump_plan(plan)
            plan = load_plan(text, file="plan.json")
            assert dump_plan(plan) == text
        check_fits(plan, lock, target=TARGET)
        if guard(plan, allow):
            return
        report = self.execute(plan)
        self.nothing_else_was_touched(before, self.standing(), plan)
        if plan.empty:
            assert self.state.read() == lock
        if not finish:
            held = {known.name for address, known in (lock.resources if lock else {}).items() if address.is_leftover}
            assert not held & before.keys() - self.standing().keys(), "what a rename left behind went unasked"
        if report.whole and refresh is Refresh.FULL:
            assert self.plan(stack, Refresh.FULL).empty

    @rule(wanted=st.sets(names, min_size=1))
    def we_adopt(self, wanted: set[str]) -> None:
        stack = self.desired()
        assert stack is not None
        addresses = [one for one in stack.resources if one.key in wanted]
        if not addresses:
            return
        before = self.standing()
        lock = self.state.read()
        plan = make_adoption(
            stack=stack,
            lock=lock,
            snapshot=self.snapshot(stack, lock, Refresh.FULL),
            target=TARGET,
            route=self.route,
            addresses=addresses,
        )
        if plan.errored:
            return
        report = self.execute(plan)
        assert report.whole
        after = self.standing()
        for name, one in before.items():
            assert after[name].urls == one.urls
            assert without_mark(after[name]) == without_mark(one)

    @rule(wanted=names)
    def we_forget(self, wanted: str) -> None:
        stack = self.desired()
        lock = self.state.read()
        assert stack is not None
        addresses = [one for one in (lock.resources if lock else {}) if one.key == wanted]
        if lock is None or not addresses:
            return
        before = self.standing()
        snapshot = self.snapshot(stack, lock, Refresh.FULL)
        plan = make_forgetting(lock=lock, snapshot=snapshot, target=TARGET, route=self.route, addresses=addresses)
        if plan.errored:
            return
        assert self.execute(plan).whole
        assert not set(addresses) & self.known().keys()
        for name, one in before.items():
            assert without_mark(self.standing()[name]) == without_mark(one)

    # What always holds

    @invariant()
    def no_two_entries_hold_one_identity(self) -> None:
        held = [one.name for one in self.known().values()]
        assert len(held) == len(set(held))

    @invariant()
    def nothing_is_left_lying_about(self) -> None:
        assert self.state.unfinished() is None
        left = {path.name for path in self.folder.iterdir()} - {self.manifest.name, self.state.path.name}
        assert not [name for name in left if name.endswith((".tmp", ".journal"))]

    # Parts

    def desired(self) -> Stack | None:
        loaded = load(self.manifest)
        return resolve(loaded.manifest, "local").stack if loaded.manifest else None

    def known(self) -> dict[Address, Any]:
        lock = self.state.read()
        return dict(lock.resources) if lock else {}

    def standing(self) -> dict[str, Identity]:
        return {one.name: one for one in self.store.identities(SCOPE)}

    @property
    def route(self) -> Route:
        return Route(lockfile=str(self.state.path), where=Where.EMBEDDED)

    def snapshot(self, stack: Stack, lock: Lock | None, refresh: Refresh) -> Any:
        return read_snapshot(
            self.directory,
            refresh=refresh,
            wanted=lambda _: False,
            expected=expected_remotes(stack, lock),
            changed=changed_remotes(stack, lock),
            known=known_remotes(lock),
            threads=2,
        )

    def plan(self, stack: Stack, refresh: Refresh, selection: Selection = EVERYTHING) -> Plan:
        lock = self.state.read()
        return make_plan(
            stack=stack,
            lock=lock,
            snapshot=self.snapshot(stack, lock, refresh),
            target=TARGET,
            route=self.route,
            selection=selection,
        )

    def directory_is_as_known(self, known: Known) -> None:
        live = self.store.get(SCOPE, known.name)
        assert live is not None
        seen = {key: text for key, text in live.tags.items() if key != OWNER_TAG and not key.startswith("cost-")}
        assert known.attributes == {
            "allowedResourceOauth2ReturnUrls": tuple(sorted(live.urls)),
            "tags": dict(sorted(seen.items())),
        }

    def execute(self, plan: Plan) -> Any:
        with self.state.exclusive("test") as writer:
            return apply(plan, self.directory, writer, threads=2)

    def nothing_else_was_touched(self, before: dict[str, Identity], after: dict[str, Identity], plan: Plan) -> None:
        planned = {change.name: change for change in plan.changes} | {
            change.previous_name: change for change in plan.changes if change.previous_name
        }
        for name in before.keys() | after.keys():
            if name not in planned or planned[name].action is Action.NO_OP:
                assert before.get(name) == after.get(name), name
            elif name in before and before[name].linked and before[name] != after.get(name):
                assert name in after
                assert planned[name].update_only or planned[name].action is Action.FORGET
            if name in before and name not in after:
                assert planned[name].action is Action.DELETE


def parent_of(name: str) -> str:
    """The id of the runtime that the identity belongs to."""
    return f"runtime_{NAMES.index(name)}-AbCdEfGhIj"


def without_mark(identity: Identity) -> tuple[Any, ...]:
    """All of an identity but the ownership tag and the time of its last change."""
    tags = {key: value for key, value in identity.tags.items() if key != OWNER_TAG}
    return identity.name, identity.urls, tags, identity.created, identity.linked


TestAnythingGoes = AnythingGoes.TestCase
TestAnythingGoes.settings = settings(
    max_examples=int(os.environ.get("STATEFUL_EXAMPLES", "60")),
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
