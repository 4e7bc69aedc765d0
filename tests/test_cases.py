"""Plays the golden cases of `tests/cases`: plan as expected, apply, plan again: empty, and the lockfile tells the truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from reconciler.applying import apply
from reconciler.cli.plan import exit_code_of
from reconciler.diagnostics import Severity
from reconciler.directory.agentcore import AgentCore, connect
from reconciler.directory.snapshot import read_snapshot
from reconciler.emulator import ACCOUNT, Identity, Misbehaviour, Scope, Store, attach
from reconciler.manifest import load, resolve
from reconciler.model.addresses import Address
from reconciler.model.changes import Action
from reconciler.model.environments import OWNER_TAG, Target, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY as KIND
from reconciler.model.plan import Plan, Route
from reconciler.model.resources import Known, Lock, Origin, Refresh, Snapshot, Stack
from reconciler.model.values import canonical, canonical_json, without_tags
from reconciler.planning import (
    Allowances,
    Selection,
    changed_remotes,
    cost,
    dump_plan,
    expected_remotes,
    guard,
    known_remotes,
    load_plan,
    make_adoption,
    make_forgetting,
    make_plan,
    make_rebuild,
)
from reconciler.render import plan_text
from reconciler.schema_files import schema
from reconciler.state import LocalState, dump_lock

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/case.yaml"))
SCOPE = Scope(ACCOUNT, "us-east-1")
TARGET = Target(stack="payments", environment="prod", account=SCOPE.account, region=SCOPE.region)
LOCKFILE = Path("manifest.prod.lock.json")
LINEAGE = "11111111-2222-3333-4444-555555555555"
SAID = (
    "consents-stranded", "environment-protected", "expired", "foreign-owner", "granted-expired", "linkage-unknown",
    "name-taken", "not-ours", "nothing-tagged", "nothing-to-adopt", "previously-unknown", "protected", "rebuild-incomplete",
    "renamed-since", "service-linked", "undeclared", "unreadable", "untagged", "update-only-absent", "update-only-renamed",
    "without-address",
)  # fmt: skip
"""Every code that planning can give to a manifest that `validate` lets through."""
VOLATILE = ("reconciler_version", "manifest_digest", "digest")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A `case.yaml`, read strictly: a member that nobody knows is a mistake."""

    about: str
    exit: int
    lock: dict[str, Any] | None = None
    live: dict[str, Any] = field(default_factory=dict)
    faults: list[dict[str, str]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    next: list[str] = field(default_factory=list)

    @property
    def refresh(self) -> Refresh:
        return Refresh(self.options.get("refresh", "full"))

    @property
    def allow(self) -> Allowances:
        return Allowances(**self.options.get("allow", {}))


class Stage:
    """One case set up: its directory in an emulator of its own, its lockfile in the current folder."""

    def __init__(self, folder: Path, clock: Any) -> None:
        self.folder = folder
        self.case = case = Case(**yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8")))
        Path("manifest.yaml").write_bytes((folder / "manifest.yaml").read_bytes())
        self.store = Store(clock=clock)
        self.misbehaviour = Misbehaviour(clock=clock, sleep=clock.sleep)
        held = {known.name for known in _entries(case.lock or {})}
        for name, about in case.live.items():
            self.store.put(SCOPE, _identity(self.store, name, **{"owner": "ours" if name in held else "none", **about}))
        if case.lock is not None:
            LOCKFILE.write_text(dump_lock(_lock(case.lock)), encoding="utf-8")
        self.stack = _stack()
        self.directory: AgentCore = connect(self.stack.environment, attach=self._attach)
        self.state = LocalState(LOCKFILE, new_lineage=lambda: LINEAGE)

    def _attach(self, client: Any) -> None:
        attach(client, self.store, misbehaviour=self.misbehaviour)

    def disturb(self) -> None:
        for fault in self.case.faults:
            self.misbehaviour.fail(fault["operation"], "AccessDeniedException", times=None, name=fault.get("name"))

    def identities(self) -> dict[str, Identity]:
        return {one.name: one for one in self.store.identities(SCOPE)}

    def snapshot(self, lock: Lock | None) -> Snapshot:
        return read_snapshot(
            self.directory,
            refresh=self.case.refresh,
            wanted=lambda remote: bool({"adopt", "forget", "rebuild"} & self.case.options.keys()),
            expected=expected_remotes(self.stack, lock),
            changed=changed_remotes(self.stack, lock, self.case.options.get("today")),
            known=known_remotes(lock),
        )

    def plan(self, *, again: bool = False) -> Plan:
        """As the options say; `again`: after the apply, where a rebuilt lockfile is followed by an ordinary plan."""
        options, lock = self.case.options, self.state.read()
        route = Route(lockfile=str(LOCKFILE), where=Where.EMBEDDED, rates=self.directory.rates)
        common: dict[str, Any] = {"snapshot": self.snapshot(lock), "target": TARGET, "route": route}
        if options.get("rebuild") and not again:
            return make_rebuild(stack=self.stack, **common)
        if "forget" in options:
            assert lock is not None
            return make_forgetting(lock=lock, addresses=_addresses(options["forget"]), **common)
        if "adopt" in options:
            return make_adoption(stack=self.stack, lock=lock, addresses=_addresses(options["adopt"]), **common)
        return make_plan(
            stack=self.stack,
            lock=lock,
            selection=Selection(tuple(options.get("target", ())), tuple(options.get("exclude", ()))),
            destroy=options.get("destroy", False),
            today=options.get("today"),
            **common,
        )

    def apply(self, plan: Plan) -> None:
        """Execute it; everything must go well, with the calls that the plan said it would make."""
        made_before = {one.name for one in plan.changes if one.action is Action.REPLACE} & self.identities().keys()
        self.misbehaviour.calls.clear()
        with self.state.exclusive("apply") as writer:
            report = apply(plan, self.directory, writer)
        assert report.whole, [one for one in report.outcomes if one.message]
        made = Counter(one.operation for one in self.misbehaviour.calls)
        if not made_before and not self.case.faults:
            assert made == cost(plan).calls, "the plan said that it would make other calls"


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> Iterable[Stage]:
    monkeypatch.chdir(tmp_path)
    made = Stage(request.param, clock)
    yield made
    made.store.close()


@pytest.mark.parametrize("stage", CASES, ids=[one.name for one in CASES], indirect=True)
def test_case(stage: Stage, request: pytest.FixtureRequest) -> None:
    before = stage.identities()
    stage.disturb()
    plan = stage.plan()

    _compare(stage.folder, plan, update=request.config.getoption("--update-cases"))
    assert exit_code_of(plan, detailed=True) == stage.case.exit
    assert stage.identities() == before, "planning wrote to the directory"

    if not guard(plan, stage.case.allow):
        stage.apply(plan)
        _check_after(stage, plan, before)


def test_the_cases_show_every_action_reason_cause_and_refusal() -> None:
    """What planning can say, it says in some case: a new word needs a new case."""
    shown = "".join((folder / "expected.json").read_text(encoding="utf-8") for folder in CASES)
    rules = schema("plan")["$defs"]
    reasons = [one["const"] for one in rules["resource_change"]["properties"]["action_reason"]["oneOf"]]
    causes = [cause for cause in rules["attribute_change"]["properties"]["cause"]["enum"] if cause]
    missing = [word for word in (*reasons, *causes, *SAID) if f'"{word}"' not in shown]
    plans = [json.loads((folder / "expected.json").read_text(encoding="utf-8")) for folder in CASES]
    actions = [one["change"]["actions"] for plan in plans for one in plan["resource_changes"]]
    missing += [words for words in rules["change"]["properties"]["actions"]["enum"] if words not in actions]
    assert missing == []
    assert len(CASES) >= 40


def _compare(folder: Path, plan: Plan, *, update: bool) -> None:
    text = dump_plan(plan)
    raw = json.loads(text)
    jsonschema.Draft202012Validator(schema("plan")).validate(raw)
    assert load_plan(text, file="saved.json") == plan
    shown = {
        "expected.json": canonical_json({key: raw[key] for key in raw if key not in VOLATILE}, indent=2) + "\n",
        "expected.txt": plan_text(plan, colour=False, guards=guard(plan, Allowances())),
    }
    for name, content in shown.items():
        if update:
            (folder / name).write_text(content, encoding="utf-8")
        assert content == (folder / name).read_text(encoding="utf-8"), (
            f"{folder.name}/{name}: see tests/cases/README.md"
        )


def _check_after(stage: Stage, plan: Plan, before: dict[str, Identity]) -> None:
    """What must hold once a plan was applied."""
    lock, after = stage.state.read(), stage.identities()
    stage.misbehaviour.reset()
    if "forget" in stage.case.options:
        assert not {one.address for one in plan.changes} & (lock.resources.keys() if lock else set())
        assert [OWNER_TAG in after[one.name].tags for one in plan.changes] == [False for _ in plan.changes]
    else:
        again = stage.plan(again=True)
        steps = [f"{one.action.word} {one.address}" for one in again.changes]
        steps += [f"refused {one.address}" for one in again.diagnostics if one.severity is Severity.ERROR]
        assert steps == stage.case.next, "the plan after the apply is not as expected, which is to say empty"
    named = {name for one in plan.changes for name in (one.name, one.previous_name)}
    for name in before.keys() | after.keys():
        if name not in named:
            assert before.get(name) == after.get(name), f"{name} was touched though no change names it"
    for change in plan.changes:
        if change.action is Action.NO_OP:
            assert before[change.name] == after[change.name], "a no-op wrote to the directory"
    for known in lock.resources.values() if lock and not stage.case.faults else ():
        if known.address in {one.address for one in plan.changes}:
            seen = {name: value for name, value in known.attributes.items() if not KIND.attribute(name).local}
            assert seen == _seen(after[known.name], plan), f"the lockfile is wrong about {known.address}"


def _seen(identity: Identity, plan: Plan) -> Any:
    tags = {key: value for key, value in identity.tags.items() if key != OWNER_TAG}
    held = canonical(KIND, {"allowedResourceOauth2ReturnUrls": identity.urls, "tags": tags})
    return without_tags(KIND, held, plan.tags_ignored)


def _stack() -> Stack:
    loaded = load(Path("manifest.yaml"))
    assert loaded.manifest is not None, loaded.diagnostics
    resolved = resolve(loaded.manifest, "prod")
    assert resolved.stack is not None, resolved.diagnostics
    return resolved.stack


def _addresses(texts: Iterable[str]) -> list[Address]:
    return [Address.parse(text) for text in texts]


def _identity(
    store: Store,
    name: str,
    *,
    owner: str,
    urls: Iterable[str] = (),
    tags: dict[str, str] | None = None,
    linked: str = "",
) -> Identity:
    owner = {"ours": TARGET.owner, "none": ""}.get(owner, owner)
    if linked:
        store.link(SCOPE, linked, name)
    return Identity(
        name=name,
        urls=tuple(urls),
        tags={**(tags or {}), **({OWNER_TAG: owner} if owner else {})},
        created=store.clock(),
        updated=store.clock(),
        parent_kind=linked,
        parent_id=name if linked else "",
    )


def _lock(held: dict[str, Any]) -> Lock:
    return Lock(
        lineage=LINEAGE,
        serial=7,
        stack=TARGET.stack,
        environment=TARGET.environment,
        account=TARGET.account,
        region=TARGET.region,
        resources={known.address: known for known in _entries(held)},
    )


def _entries(held: dict[str, Any]) -> Iterable[Known]:
    for key, about in held.items():
        name = about.get("name", key)
        assert about.keys() <= {"name", "urls", "tags", "origin", "protect", "updateOnly", "owner", "expires"}, about
        yield Known(
            address=Address(KIND.type, key),
            name=name,
            arn=SCOPE.arn(KIND.api.resource.format(name=name)),
            origin=Origin(about.get("origin", "created")),
            attributes=canonical(
                KIND, {**about, "allowedResourceOauth2ReturnUrls": about.get("urls"), "tags": about.get("tags")}
            ),
            protect=about.get("protect", False),
            update_only=about.get("updateOnly", False),
        )
