"""Plays the golden cases of `tests/cases`: plan as expected, apply, plan again: empty, and the lockfile tells the truth."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.cli.plan import exit_code_of
from reconciler.diagnostics import Severity
from reconciler.emulator import Identity, Provider, Vault
from reconciler.model.changes import Action, Change
from reconciler.model.environments import OWNER_TAG
from reconciler.model.kinds import kind_of
from reconciler.model.outcomes import Report
from reconciler.model.plan import Plan
from reconciler.model.resources import Known
from reconciler.model.values import canonical, canonical_json, without_tags
from reconciler.planning import Allowances, cost, dump_plan, guard, load_plan
from reconciler.render import plan_text
from reconciler.schema_files import schema
from tests.staging import Stage, Thing

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/case.yaml"))
SAID = (
    "consents-stranded", "environment-protected", "expired", "foreign-owner", "granted-expired", "immutable",
    "linkage-unknown", "name-taken", "not-ours", "not-ready", "nothing-tagged", "nothing-to-adopt",
    "parent-ambiguous", "parent-recreated", "previously-unknown", "protected", "rebuild-incomplete",
    "rebuild-unlisted", "rename-unfinished", "renamed-since", "secret-may-differ", "secret-rides-along",
    "service-linked", "still-granted", "taken-as-declared", "too-many", "undeclared", "unreadable", "untagged",
    "update-only-absent", "update-only-renamed", "vault-key-changes", "without-address",
)  # fmt: skip
"""Every code that planning can give to a manifest that `validate` lets through."""
VOLATILE = ("reconciler_version", "manifest_digest", "digest")
Everything = dict[tuple[str, str], Thing]


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> Iterable[Stage]:
    monkeypatch.chdir(tmp_path)
    made = Stage(request.param, clock, monkeypatch.setenv)
    yield made
    made.directory.close()
    made.store.close()


@pytest.mark.parametrize("stage", CASES, ids=[one.name for one in CASES], indirect=True)
def test_case(stage: Stage, request: pytest.FixtureRequest) -> None:
    before = stage.standing()
    stage.disturb()
    plan = stage.plan()

    _compare(stage.folder, plan, update=request.config.getoption("--update-cases"))
    assert exit_code_of(plan, detailed=True) == stage.case.exit
    assert not _touched(before, stage.standing()), "planning wrote to the directory"
    if stage.case.reads is not None:
        assert stage.made == stage.case.reads, "planning made other calls than the case expects"

    if not guard(plan, stage.case.allow):
        report = stage.apply(plan)
        _check_ends(stage, plan, report, before)
        _check_secrets(stage, plan)
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


def _check_ends(stage: Stage, plan: Plan, report: Report, before: Everything) -> None:
    """Everything goes well unless the case says otherwise, with the calls that the plan said it would make."""
    ends = {str(one.change.address): f"{one.status.value}: {one.message}" for one in report.outcomes if one.message}
    if stage.case.ends:
        assert ends == stage.case.ends
        return
    assert report.whole, ends
    made_before = [one for one in plan.changes if one.action is Action.REPLACE and _remote(one) in before]
    if stage.undisturbed and not made_before:
        assert stage.made == cost(plan).calls, "the plan said that it would make other calls"


def _check_secrets(stage: Stage, plan: Plan) -> None:
    """The value of a secret goes out with the change that carries it, and with no other; and stands in no lockfile."""
    moved = {one.name for one in plan.changes if _moves_a_secret(one)}
    assert {name for _, name, _ in stage.secrets_seen} == moved == {one.name for one in plan.changes if one.secrets}
    values = {value for _, _, value in stage.secrets_seen}
    assert values <= set(stage.case.variables.values())
    lockfile = stage.state.path.read_text(encoding="utf-8") if stage.state.path.exists() else ""
    assert not [value for value in values if value in lockfile or value in dump_plan(plan)]


def _moves_a_secret(change: Change) -> bool:
    """Whether the service is to have a MANAGED secret that it does not have, as far as versions tell."""
    if change.action not in (Action.CREATE, Action.REPLACE, Action.UPDATE):
        return False
    kept = (change.before or {}) if change.action is Action.UPDATE else {}
    after = change.after or {}
    secrets = [(after.get(name), kept.get(name)) for name in ("clientSecret", "apiKey")]
    return any(isinstance(new, dict) and new["source"] == "MANAGED" and new != old for new, old in secrets)


def _check_after(stage: Stage, plan: Plan, before: Everything) -> None:
    """What must hold once a plan was applied."""
    lock, after = stage.state.read(), stage.standing()
    stage.misbehaviour.reset()
    if "forget" in stage.case.options:
        assert not {one.address for one in plan.changes} & (lock.resources.keys() if lock else set())
        assert not [one.name for one in plan.changes if OWNER_TAG in after[_remote(one)].tags]
    else:
        again = stage.plan(again=True)
        steps = [f"{one.action.word} {one.address}" for one in again.changes]
        steps += [f"refused {one.address}" for one in again.diagnostics if one.severity is Severity.ERROR]
        steps += [f"not ready {one.address}" for one in again.diagnostics if one.code == "not-ready"]
        assert steps == stage.case.next, "the plan after the apply is not as expected, which is to say empty"
    named = {(one.address.type, name): one for one in plan.changes for name in (one.name, one.previous_name)}
    for remote in _touched(before, after):
        assert remote in named, f"{remote} was touched though no change names it"
        assert named[remote].action is not Action.NO_OP, "a no-op wrote to the directory"
    for known in lock.resources.values() if lock and not stage.case.faults and not stage.case.ends else ():
        if known.address in {one.address for one in plan.changes}:
            seen = _seen(known, after[known.address.type, known.name], plan)
            assert known.attributes == seen, f"the lockfile is wrong about {known.address}"


def _remote(change: Change) -> tuple[str, str]:
    return change.address.type, change.name


def _touched(before: Everything, after: Everything) -> list[tuple[str, str]]:
    """What stands otherwise than before, how often it was looked at apart."""

    def settled(thing: Thing | None) -> Any:
        return (
            {name: getattr(thing, name) for name in thing.__slots__ if name != "unsettled_reads"}
            if isinstance(thing, Provider)
            else thing
        )

    return [one for one in before.keys() | after.keys() if settled(before.get(one)) != settled(after.get(one))]


def _seen(known: Known, thing: Thing, plan: Plan) -> Any:
    """The attributes as they really stand, beside what the lockfile alone can know."""
    kind = kind_of(known.address.type)
    local: dict[str, Any] = {one.name: known.attributes.get(one.name) for one in kind.attributes if one.local}
    tags = {key: value for key, value in thing.tags.items() if key != OWNER_TAG}
    match thing:
        case Identity():
            held: dict[str, Any] = {"allowedResourceOauth2ReturnUrls": thing.urls}
        case Provider():
            secret = _secret_seen(thing, known.attributes.get("clientSecret" if thing.vendor else "apiKey"))
            held = {
                "credentialProviderVendor": thing.vendor,
                "config": thing.config,
                "clientSecret": secret,
                "apiKey": secret,
            }
        case Vault():
            held = {"keyType": thing.key_type, "kmsKeyArn": thing.kms_key_arn or None}
    return without_tags(kind, canonical(kind, {**held, **local, "tags": tags}), plan.tags_ignored)


def _secret_seen(provider: Provider, said: Any) -> Any:
    """The secret as it really stands; its version, and whether it is spelled by its name or by its ARN, are the lockfile's."""
    if provider.source == "MANAGED":
        return {"source": "MANAGED", "version": said["version"]} if said else None
    if provider.source != "EXTERNAL":
        return None
    spelt = said["secretId"] if said and said["secretId"] in provider.secret_id else provider.secret_id
    return {"source": "EXTERNAL", "secretId": spelt, "jsonKey": provider.json_key}
