"""A machine that plays random manifests, changes made outside and applies against the emulator, and what must always hold.

After a clean apply the next plan is empty; nothing unmanaged or service-linked was ever touched; the lockfile says of
everything managed what the directory says; a plan that is refused writes nothing. It goes through the real parts: manifest
text, snapshot, saved plan, guards, journal, lockfile.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reconciler.applying import apply
from reconciler.diagnostics import Severity
from reconciler.directory.connecting import connect
from reconciler.drifting.restoring import as_recorded
from reconciler.drifting.run import conclude
from reconciler.emulator import KINDS, Identity, Misbehaviour, Provider, Store, Terms, Vault, attach
from reconciler.emulator.things import Thing
from reconciler.manifest import load, resolve
from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import Action, Change, Drift
from reconciler.model.drift import DriftClass, Status
from reconciler.model.environments import OWNER_TAG, Environment, Where
from reconciler.model.moments import utc_text
from reconciler.model.plan import Plan
from reconciler.model.resources import Known, Lock, Refresh, Snapshot, Stack
from reconciler.planning import (
    Allowances,
    Selection,
    check_fits,
    dump_plan,
    guard,
    load_plan,
    make_adoption,
    make_forgetting,
    make_plan,
)
from reconciler.state import LocalState, lockfile_path
from reconciler.watching import Subject, look
from reconciler.watching import Terms as LookTerms
from tests.stateful.fleet import QUICK, SCOPE, TARGET, route_to, seen
from tests.watched import Kept

NAMES = ("alpha", "bravo", "charlie", "delta-1", "echo.x")
URLS = ("https://a.example.com/cb", "https://b.example.com/cb", "myapp://cb?x=1#y")

names = st.sampled_from(NAMES)
urls = st.lists(st.sampled_from(URLS), unique=True)
tags = st.dictionaries(st.sampled_from(("team", "tier", "cost-center")), st.sampled_from(("x", "")), max_size=2)
manifest_tags = st.dictionaries(st.sampled_from(("team", "tier")), st.sampled_from(("x", "")), max_size=2)
lifecycles = st.sampled_from(({}, {}, {}, {}, {"protect": True}, {"protect": False}, {"updateOnly": True}))
GRANTS = (
    {"oauth2": "github", "flows": ["M2M"]},
    {"oauth2": "slack", "flows": ["USER_FEDERATION"]},
    {"apiKey": "stripe"},
)
grants = st.lists(st.sampled_from(GRANTS), unique_by=str, max_size=2)
entries = st.fixed_dictionaries(
    {"allowedResourceOauth2ReturnUrls": urls, "tags": manifest_tags},
    optional={"name": names, "lifecycle": lifecycles, "access": grants, "inbound": st.sampled_from(("iam", "jwt"))},
)
PROVIDERS = ("github", "slack", "stripe")
provider_names = st.sampled_from(PROVIDERS)
clients = st.sampled_from(("client-1", "client-2"))
SECRETS = ("own-a", "own-b", "managed-1", "managed-2")
secrets = st.sampled_from(SECRETS)
provider_tags = st.dictionaries(st.sampled_from(("team",)), st.sampled_from(("x", "y")), max_size=1)
provider_lifecycles = st.sampled_from(({}, {}, {}, {"protect": True}))
providers = st.tuples(
    st.sampled_from(("GithubOauth2", "GithubOauth2", "SlackOauth2")),
    clients,
    secrets,
    provider_tags,
    provider_lifecycles,
)
KEYS = tuple(f"arn:aws:kms:us-east-1:000000000000:key/{number * 36}" for number in "12")
vaults = st.sampled_from(
    (None, {"keyType": "ServiceManagedKey"}, *({"keyType": "CustomerManagedKey", "kmsKeyArn": one} for one in KEYS))
)
DAILY = ("declare", "tag", "tag", "change", "change", "delete", "remove", "seal")
VALUE = "the-value-of-the-secret"
DRIFT = LookTerms(every=86_400.0, full=True, threads=2)
allowances = st.builds(Allowances, deletes=st.sampled_from([None, 99]), empty=st.booleans())
EVERYTHING = Selection()
owners = st.sampled_from(("", "", "", TARGET.owner, "others/prod"))


Everything: TypeAlias = dict[Remote, Thing]


class AnythingGoes(RuleBasedStateMachine):
    """One stack in one directory, with everybody at work on it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="stateful-"))
        self.manifest = self.folder / "fleet.yaml"
        self.state = LocalState(lockfile_path(self.manifest, "local"))
        # Each look at the clock is a second later, so that no two writes have one date.
        self.store = Store(clock=itertools.count(1_800_000_000).__next__)
        self.misbehaviour = Misbehaviour(clock=lambda: 0.0)
        self.sent: list[Remote] = []
        for kind, operation in _CARRYING:
            self.misbehaviour.before(operation, self.noting(kind), times=None)
        os.environ["STATEFUL_SECRET"] = VALUE
        self.others: dict[str, Any] = {}
        self.trusting = True
        self.memory = Kept()
        environment = Environment(name="local", where=Where.EMBEDDED, account=SCOPE.account, region=SCOPE.region)
        self.directory = connect(environment, attach=self.attached, threads=2)

    def attached(self, client: Any) -> None:
        attach(client, self.store, misbehaviour=self.misbehaviour)

    def noting(self, kind: str) -> Any:
        def note(params: dict[str, Any]) -> None:
            text = json.dumps(params)
            if VALUE in text:
                self.sent.append(Remote(kind, params["name"]))

        return note

    def teardown(self) -> None:
        os.environ.pop("STATEFUL_SECRET", None)
        self.store.close()
        shutil.rmtree(self.folder)

    # What people do

    @initialize(
        entries=st.fixed_dictionaries(dict.fromkeys(NAMES[:3], entries)),
        about=st.fixed_dictionaries(dict.fromkeys(PROVIDERS, providers)),
        vault=vaults,
    )
    def a_manifest_is_written(self, entries: dict[str, dict[str, Any]], about: dict[str, Any], vault: Any) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        for key, one in about.items():
            self.somebody_declares_a_provider(key, one, None)
        self.somebody_chooses_a_key(vault)
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

    @rule(key=provider_names, about=providers, name=st.none() | st.just("other-name"))
    def somebody_declares_a_provider(self, key: str, about: Any, name: str | None) -> None:
        section, entry = declared(key, about)
        self.write(
            self.entries,
            {
                **self.others,
                section: {**self.others.get(section, {}), key: {**entry, **({"name": name} if name else {})}},
            },
        )

    def somebody_tags_a_provider(self, key: str, about: Any) -> None:
        """And changes nothing else of it."""
        section, entry = declared(key, about)
        held = self.others.get(section, {})
        if key in held:
            self.write(self.entries, {**self.others, section: {**held, key: {**held[key], "tags": entry["tags"]}}})

    def somebody_removes_a_provider(self, key: str) -> None:
        """… and whatever is granted it, which nobody could merge otherwise."""
        rest = {
            name: {one: about for one, about in found.items() if one != key} if name != "tokenVault" else found
            for name, found in self.others.items()
        }
        entries = {
            name: {**entry, "access": [one for one in entry.get("access", ()) if key not in one.values()]}
            for name, entry in self.entries.items()
        }
        self.write(entries, rest)

    @rule(about=vaults)
    def somebody_chooses_a_key(self, about: dict[str, str] | None) -> None:
        rest = {name: found for name, found in self.others.items() if name != "tokenVault"}
        self.write(self.entries, {**rest, "tokenVault": about} if about else rest)

    def write(self, entries: dict[str, dict[str, Any]], others: dict[str, Any] | None = None) -> None:
        """The manifest becomes this, unless it would be invalid: nobody could merge that."""
        others = self.others if others is None else others
        text = {
            "version": 1,
            "stack": "fleet",
            "settings": {"ignoreTags": ["cost-*"]},
            "environments": {"local": {"directory": "embedded"}},
            "workloadIdentities": entries,
            **others,
        }
        before = self.manifest.read_text() if self.manifest.exists() else None
        self.manifest.write_text(json.dumps(text))
        if self.desired() is not None:
            self.entries, self.others = entries, others
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

    @rule(name=st.sampled_from((*PROVIDERS, "other-name")), about=providers, owner=owners, moved=st.booleans())
    def somebody_writes_to_a_provider(self, name: str, about: Any, owner: str, *, moved: bool) -> None:
        """Every write moves the date; one that is just like before moves it, too."""
        thing = standing(name, about, owner, at=self.store.clock())
        if moved or self.store.get(SCOPE, name, KINDS[kind_of_key(name)]) is None:
            self.store.put(SCOPE, thing)

    def somebody_deletes_a_provider(self, name: str) -> None:
        self.store.drop(SCOPE, name, KINDS[kind_of_key(name)])

    def somebody_seals_the_vault(self, about: dict[str, str] | None) -> None:
        about = about or {"keyType": "ServiceManagedKey"}
        self.store.put(SCOPE, Vault(key_type=about["keyType"], kms_key_arn=about.get("kmsKeyArn", "")))

    @rule(reads=st.integers(0, 2))
    def the_service_takes_its_time(self, reads: int) -> None:
        self.misbehaviour.terms = Terms(settling_reads=reads)

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
        others=st.lists(st.tuples(st.sampled_from(DAILY), provider_names, providers, vaults), min_size=1, max_size=6),
    )
    def a_day_passes(
        self,
        edits: list[tuple[str, dict[str, Any]]],
        renames: list[tuple[str, str]],
        removals: list[str],
        writes: list[tuple[str, list[str], dict[str, str]]],
        deletes: list[str],
        others: list[tuple[str, str, Any, Any]],
    ) -> None:
        """Many hands between two applies, and an apply before and after."""
        for name, entry in edits:
            self.somebody_declares(name, entry)
        self.we_apply_all_that_is_not_refused()
        for name, urls, tags in writes:
            self.somebody_writes_to_the_directory(name, urls, tags, TARGET.owner)
        for name in deletes:
            self.somebody_deletes_in_the_directory(name)
        for what, key, about, vault in others:
            match what:
                case "declare":
                    self.somebody_declares_a_provider(key, about, None)
                case "tag":
                    self.somebody_tags_a_provider(key, about)
                case "change":
                    self.somebody_writes_to_a_provider(key, about, TARGET.owner, moved=True)
                case "delete":
                    self.somebody_deletes_a_provider(key)
                case "remove":
                    self.somebody_removes_a_provider(key)
                case _:
                    self.somebody_seals_the_vault(vault)
        self.we_look_for_drift()
        for name, new in renames:
            self.somebody_renames_an_entry(name, new)
        for name in removals:
            self.somebody_removes_an_entry(name)
        self.we_apply_all_that_is_not_refused()

    @rule(trusting=st.booleans())
    def we_believe_in_dates(self, *, trusting: bool) -> None:
        self.trusting = trusting

    @rule()
    def we_apply_all_that_is_not_refused(self) -> None:
        stack = self.desired()
        assert stack is not None
        refused: set[str | None] = set()
        while True:  # what is left out may be what a grant of something else depended on
            rest = Selection(excludes=tuple(sorted(one for one in refused if one)))
            plan = self.plan(stack, Refresh.FULL, rest)
            more = {one.address for one in plan.diagnostics if one.severity is Severity.ERROR}
            assert not more & refused
            if not more:
                break
            refused |= more
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
        names_left = {Remote(one.address.type, one.name) for one in obstructed}  # … and so does one that is to move
        for address, known in self.known().items():
            if (
                str(address) not in refused
                and address not in left
                and Remote(address.type, known.name) not in names_left
            ):
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

    @rule(wanted=st.sets(st.sampled_from((*NAMES, *PROVIDERS, "default")), min_size=1))
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
            route=route_to(self.state),
            addresses=addresses,
        )
        if plan.errored:
            return
        report = self.execute(plan)
        assert report.whole
        after = self.standing()
        for remote, one in before.items():
            assert without_mark(after[remote]) == without_mark(one)

    @rule(wanted=st.sampled_from((*NAMES, *PROVIDERS, "default")))
    def we_forget(self, wanted: str) -> None:
        stack = self.desired()
        lock = self.state.read()
        assert stack is not None
        addresses = [one for one in (lock.resources if lock else {}) if one.key == wanted]
        if lock is None or not addresses:
            return
        before = self.standing()
        snapshot = self.snapshot(stack, lock, Refresh.FULL)
        plan = make_forgetting(
            lock=lock, snapshot=snapshot, target=TARGET, route=route_to(self.state), addresses=addresses
        )
        if plan.errored:
            return
        assert self.execute(plan).whole
        assert not set(addresses) & self.known().keys()
        for remote, one in before.items():
            assert without_mark(self.standing()[remote]) == without_mark(one)

    @rule()
    def we_look_for_drift(self) -> None:
        """Everything that differs from the lockfile is told, once, whatever its kind; and nothing is written but the memory."""
        stack, lock = self.desired(), self.state.read()
        assert stack is not None
        if lock is None:
            return
        before, told = self.standing(), self.told()
        subject = Subject(stack=stack, lock=lock, target=TARGET, route=route_to(self.state))
        at = utc_text(datetime.fromtimestamp(self.store.clock(), UTC))
        run, memory = conclude(look(self.directory, subject, self.memory, DRIFT, at=at), ())
        self.memory.write(memory)
        assert run.complete
        assert self.standing() == before
        recorded = as_recorded(stack, lock)
        differing = make_plan(
            stack=recorded,
            lock=lock,
            snapshot=self.snapshot(recorded, lock, Refresh.FULL),
            target=TARGET,
            route=route_to(self.state),
        ).drift
        stands = [one.drifted for one in run.noted if one.status is not Status.RESOLVED]
        assert {(str(one.address), name) for one in differing for name in _differs(one)} == {
            (one.about, one.attribute)
            for one in stands
            if one.what in (DriftClass.CHANGED, DriftClass.DELETED) and one.attribute != OWNER_TAG
        }
        for one in run.noted:
            was_told = one.drifted.fingerprint in told
            assert was_told == (one.status is not Status.NEW), one
        if not differing:
            assert run.plan.empty or not any(one.attributes for one in run.plan.changes)

    def told(self) -> set[str]:
        """The findings that the last run left standing."""
        held = self.memory.read()
        lock = self.state.read()
        same = held is not None and lock is not None and held.lineage == lock.lineage
        return set(held.findings) if held is not None and same else set()

    # What always holds

    @invariant()
    def no_two_entries_hold_one_resource(self) -> None:
        held = [Remote(address.type, one.name) for address, one in self.known().items()]
        assert len(held) == len(set(held))

    @invariant()
    def no_value_of_a_secret_is_kept(self) -> None:
        assert not [path for path in self.folder.iterdir() if VALUE in path.read_text(errors="replace")]

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

    def standing(self) -> Everything:
        found = {Remote(kind.name, one.name): one for kind in KINDS.values() for one in self.store.all(SCOPE, kind)}
        return {Remote("token_vault", "default"): self.store.vault(SCOPE), **found}

    def snapshot(self, stack: Stack, lock: Lock | None, refresh: Refresh) -> Snapshot:
        return seen(self.directory, stack, lock, refresh=refresh, trusting=self.trusting, threads=2)

    def plan(self, stack: Stack, refresh: Refresh, selection: Selection = EVERYTHING) -> Plan:
        lock = self.state.read()
        return make_plan(
            stack=stack,
            lock=lock,
            snapshot=self.snapshot(stack, lock, refresh),
            target=TARGET,
            route=route_to(self.state),
            selection=selection,
        )

    def directory_is_as_known(self, known: Known) -> None:
        live = self.standing()[Remote(known.address.type, known.name)]
        seen = {key: text for key, text in live.tags.items() if key != OWNER_TAG and not key.startswith("cost-")}
        held = {name: value for name, value in known.attributes.items() if name not in ("access", "inbound")}
        assert held == {
            **shown(live, held),
            **({} if isinstance(live, Vault) else {"tags": dict(sorted(seen.items()))}),
        }

    def execute(self, plan: Plan) -> Any:
        self.sent.clear()
        with self.state.exclusive("test") as writer:
            report = apply(plan, self.directory, writer, threads=2, patience=QUICK)
        carrying = {Remote(one.address.type, one.name) for one in plan.changes if moves_a_secret(one)}
        assert set(self.sent) <= carrying, "a secret was sent though its version did not move"
        assert not report.whole or set(self.sent) == carrying
        return report

    def nothing_else_was_touched(self, before: Everything, after: Everything, plan: Plan) -> None:
        planned = {
            Remote(change.address.type, name): change
            for change in plan.changes
            for name in (change.previous_name, change.name)
            if name
        }
        for remote in before.keys() | after.keys():
            old, new = before.get(remote), after.get(remote)
            if remote not in planned or planned[remote].action is Action.NO_OP:
                assert settled(old) == settled(new), remote
            elif isinstance(old, Identity) and old.linked and old != new:
                assert new is not None
                assert planned[remote].update_only or planned[remote].action is Action.FORGET
            if old is not None and new is None:
                assert planned[remote].action is Action.DELETE


def _differs(one: Drift) -> tuple[str, ...]:
    """What a run tells of it: each attribute, or "" for what is gone."""
    return ("",) if one.after is None else tuple(changed.name for changed in one.attributes)


def parent_of(name: str) -> str:
    """The id of the runtime that the identity belongs to."""
    return f"runtime_{NAMES.index(name)}-AbCdEfGhIj"


_CARRYING = (
    ("oauth2_credential_provider", "CreateOauth2CredentialProvider"),
    ("oauth2_credential_provider", "UpdateOauth2CredentialProvider"),
    ("api_key_credential_provider", "CreateApiKeyCredentialProvider"),
    ("api_key_credential_provider", "UpdateApiKeyCredentialProvider"),
)


def kind_of_key(key: str) -> str:
    return "api_key_credential_provider" if key == "stripe" else "oauth2_credential_provider"


def moves_a_secret(change: Change) -> bool:
    """Whether the service is to have a MANAGED secret that it does not have, as far as versions tell."""
    kept = change.before if change.action is Action.UPDATE else None
    new = [(change.after or {}).get(name) for name in ("clientSecret", "apiKey")]
    old = [(kept or {}).get(name) for name in ("clientSecret", "apiKey")]
    makes = change.action in (Action.CREATE, Action.REPLACE, Action.UPDATE)
    return makes and any(
        isinstance(one, dict) and one["source"] == "MANAGED" and one != then for one, then in zip(new, old, strict=True)
    )


def declared(key: str, about: Any) -> tuple[str, dict[str, Any]]:
    """The section that a provider of the key stands in, and its entry there."""
    vendor, client, secret, tags, lifecycle = about
    form, _, which = secret.partition("-")
    reference = (
        {"fromEnv": "STATEFUL_SECRET", "version": int(which)}
        if form == "managed"
        else {"secretId": secret, "jsonKey": "k"}
    )
    if key == "stripe":
        return "apiKeyCredentialProviders", {"apiKey": reference, "tags": tags, "lifecycle": lifecycle}
    entry = {"credentialProviderVendor": vendor, "config": {"clientId": client}, "clientSecret": reference}
    return "oauth2CredentialProviders", {**entry, "tags": tags, "lifecycle": lifecycle}


def standing(name: str, about: Any, owner: str, *, at: float) -> Provider:
    """A provider as somebody else leaves it there."""
    vendor, client, secret, tags, _ = about
    managed = secret.startswith("managed")
    where = {} if managed else {"source": "EXTERNAL", "secret_id": secret, "json_key": "k"}
    own = {} if name == "stripe" else {"vendor": vendor, "config": {"clientId": client}}
    marked = {**tags, OWNER_TAG: owner} if owner else tags
    return Provider(name=name, tags=marked, created=at, updated=at, **where, **own)


def shown(live: Thing, held: Any) -> dict[str, Any]:
    """The attributes that really stand, tags apart; the version of a secret is known to `held` alone."""
    match live:
        case Identity():
            return {"allowedResourceOauth2ReturnUrls": tuple(sorted(live.urls))}
        case Vault():
            return {"keyType": live.key_type, "kmsKeyArn": live.kms_key_arn or None}
    said = held["clientSecret" if live.vendor else "apiKey"]
    secret = {"jsonKey": live.json_key, "secretId": live.secret_id, "source": "EXTERNAL"}
    if live.source == "MANAGED":
        secret = {"source": "MANAGED", "version": said.get("version")}
    if not live.vendor:
        return {"apiKey": secret}
    return {"credentialProviderVendor": live.vendor, "config": dict(live.config), "clientSecret": secret}


def settled(thing: Thing | None) -> Thing | None:
    """The thing, however often it was looked at."""
    return replace(thing, unsettled_reads=0) if isinstance(thing, Provider) else thing


def without_mark(thing: Thing) -> Thing:
    """All of a thing but the ownership tag and the time of its last change."""
    tags = {key: value for key, value in thing.tags.items() if key != OWNER_TAG}
    plain = settled(thing)
    assert plain is not None
    return replace(plain, tags=tags, updated=0.0)


TestAnythingGoes = AnythingGoes.TestCase
TestAnythingGoes.settings = settings(
    max_examples=int(os.environ.get("STATEFUL_EXAMPLES", "30")),
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
