"""Manifests, plans, lockfiles and journals are data: nothing in them runs, and none of them can do more than it may."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.values import digest

RUNS = "python/object/apply:os.system"
OBJECTS = (
    f'!!{RUNS} ["touch pwned"]',
    '!<tag:yaml.org,2002:python/object/apply:os.system> ["touch pwned"]',
    '!!python/object/new:os.system ["touch pwned"]',
    "!!python/name:os.system",
    "!!python/module:os",
    '!!python/object/apply:subprocess.check_output [["touch", "pwned"]]',
    "!include /etc/passwd",
    "!ENV ${HOME}",
    '!!binary "aGVsbG8="',
    "!!set {a, b}",
)
PLACES = (
    "{evil}",
    "version: {evil}",
    "version: 1\nstack: {evil}",
    "version: 1\nstack: a\nsettings: {evil}",
    "version: 1\nstack: a\nenvironments: {{local: {evil}}}",
    "version: 1\nstack: a\nenvironments: {{local: {{directory: embedded, variables: {{x: {evil}}}}}}}",
    "version: 1\nstack: a\nworkloadIdentities: {evil}",
    "version: 1\nstack: a\nworkloadIdentities: {{agent-a: {{tags: {{k: {evil}}}}}}}",
    "version: 1\nstack: a\nworkloadIdentities: {{agent-a: {{allowedResourceOauth2ReturnUrls: [{evil}]}}}}",
    "version: 1\nstack: a\nworkloadIdentities:\n  ? {evil}\n  : {{}}",
    "&anchor {evil}",
)


@pytest.mark.parametrize("place", PLACES)
def test_no_yaml_tag_makes_an_object_wherever_it_stands(project: Any, place: str) -> None:
    for evil in OBJECTS:
        project.write(place.format(evil=evil) + "\n")
        ran = project.run("plan")
        assert (ran.code, "internal error" in ran.err) == (1, False), (evil, ran)
        assert not (project.folder / "pwned").exists()


def test_nothing_in_a_manifest_is_read_from_the_environment_or_a_file(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_CI", "s3cr3t")
    for text in (
        "${SECRET_OF_CI}",
        "$SECRET_OF_CI",
        "$(cat /etc/passwd)",
        "`id`",
        "{{ env.SECRET_OF_CI }}",
        "file:///etc/passwd",
    ):
        project.write(
            "version: 1\nstack: payments\nenvironments: {local: {directory: embedded}}\n"
            f"workloadIdentities: {{agent-a: {{allowedResourceOauth2ReturnUrls: ['https://a.example/{text}']}}}}\n"
        )
        ran = project.run("plan", "--format", "json")
        assert "s3cr3t" not in ran.out + ran.err
        assert "root:" not in ran.out + ran.err


# Saved plans


@pytest.fixture
def saved(project: Any) -> dict[str, Any]:
    """A plan with a create, an update and a delete."""
    project.declare("agent-a", "agent-b")
    assert project.run("apply", "--auto-approve").code == 0
    text = project.declare("agent-b", "agent-c").read_text()
    project.write(text.replace("com/agent-b", "com/agent-b2"))
    assert project.run("plan", "--out", "saved.plan").code == 0
    raw: dict[str, Any] = json.loads(Path("saved.plan").read_text())
    assert {tuple(one["change"]["actions"]) for one in raw["resource_changes"]} == {
        ("create",),
        ("update",),
        ("delete",),
    }
    return raw


def seal(raw: dict[str, Any], file: str = "forged.plan") -> None:
    """Write it as whoever can replace the file can: with the digest that fits."""
    body = {name: value for name, value in raw.items() if name != "digest"}
    Path(file).write_text(json.dumps({**body, "digest": digest(body)}), encoding="utf-8")


def slots(raw: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in it."""
    inner = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    return [path] * bool(path) + [found for key, value in inner for found in slots(value, (*path, key))]


def put(raw: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(raw))
    at: Any = made
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return made


def stands(project: Any) -> dict[str, Any]:
    with project.outside() as client:
        names = [one["name"] for one in client.list_workload_identities(maxResults=20)["workloadIdentities"]]
        return {name: client.get_workload_identity(name=name)["allowedResourceOauth2ReturnUrls"] for name in names}


HOSTILE = (
    None, True, -1, 10**4000, 1.5, "", "\x00", "\x1b[2J\u202e", "\ud800", "../../x", "x" * 100_000, [], {}, [[]], {"a": {}},
)  # fmt: skip


def test_no_value_in_any_place_of_a_plan_is_a_traceback(project: Any, saved: dict[str, Any]) -> None:
    from reconciler.errors import ReconcilerError
    from reconciler.planning import load_plan
    from reconciler.render import plan_markdown, plan_text

    tried = 0
    for path in slots(saved):
        for value in HOSTILE:
            seal(put(saved, path, value))
            tried += 1
            try:
                plan = load_plan(Path("forged.plan").read_text(encoding="utf-8"), file="forged.plan")
            except ReconcilerError:
                continue
            plan_text(plan, colour=False, verbose=True)
            plan_markdown(plan)
    assert tried > 1000


def test_a_plan_of_which_readers_may_see_two_is_refused(project: Any, saved: dict[str, Any]) -> None:
    seal(saved)
    before = stands(project)
    text = Path("forged.plan").read_text()
    for twice in (
        text.replace('"serial":', '"serial": 1, "serial":', 1),
        text.replace('{"complete"', '{"resource_changes": [], "complete"', 1),
        text.replace('"tags": {}', '"tags": {"a": "1", "a": "1"}', 1),
    ):
        assert twice != text
        Path("forged.plan").write_text(twice)
        for command in (("apply", "--plan", "forged.plan"), ("show", "forged.plan")):
            ran = project.run(*command)
            assert ran.code == 1
            assert "stands twice" in ran.err
    assert stands(project) == before


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "[" * 900 + "]" * 900, '{"a":' * 5000]
)
def test_numbers_and_depths_that_json_does_not_have(project: Any, saved: dict[str, Any], text: str) -> None:
    seal(saved)
    whole = Path("forged.plan").read_text()
    Path("forged.plan").write_text(whole.replace('"managed": 2', f'"managed": {text}', 1))
    ran = project.run("apply", "--plan", "forged.plan")
    assert ran.code in (1, 4)
    assert "internal error" not in ran.err


def test_a_plan_with_half_a_character_in_what_would_be_sent_is_refused(project: Any, saved: dict[str, Any]) -> None:
    text = json.dumps(saved).replace("com/agent-c", "com/\\ud800")
    seal(json.loads(text))
    before = stands(project)
    ran = project.run("apply", "--plan", "forged.plan")
    assert (ran.code, "half a character" in ran.err) == (1, True)
    assert stands(project) == before


def forged(raw: dict[str, Any], action: str, **fields: Any) -> dict[str, Any]:
    """The plan with its change of that action bent."""
    changes = [{**one, **fields} if one["change"]["actions"] == [action] else one for one in raw["resource_changes"]]
    return {**raw, "resource_changes": changes}


def test_a_forged_plan_deletes_nothing_that_the_lockfile_does_not_hold(project: Any, saved: dict[str, Any]) -> None:
    urls = ["https://app.example.com/agent-a"]  # as the plan says, so that only the name is wrong
    with project.outside() as client:
        client.create_workload_identity(name="victim-1", allowedResourceOauth2ReturnUrls=urls)
    before = stands(project)
    for fields in (
        {"name": "victim-1"},
        {"name": "victim-1", "owner": ""},
        {"name": "victim-1", "owner": "", "address": "workload_identity.victim-1"},
    ):
        raw = forged(saved, "delete", **fields)
        raw["resource_changes"].sort(key=lambda one: one["address"])
        seal(raw)
        ran = project.run("apply", "--plan", "forged.plan", "--allow-untagged")
        assert (ran.code, "the lockfile does not hold" in ran.err) == (4, True), ran
    assert stands(project) == before


def test_a_forged_plan_deletes_nothing_that_the_lockfile_protects(project: Any, saved: dict[str, Any]) -> None:
    lock = project.lock
    lock["resources"]["workload_identity.agent-a"]["protect"] = True
    project.lockfile.write_text(json.dumps(lock))
    before = stands(project)
    ran = project.run("apply", "--plan", "saved.plan")
    assert (ran.code, "protected" in ran.err) == (4, True)
    assert stands(project) == before


@pytest.mark.parametrize("what", ["stack", "environment", "account", "region"])
def test_a_forged_plan_cannot_speak_for_another_stack(project: Any, saved: dict[str, Any], what: str) -> None:
    """Its target is whose ownership tag counts as ours: it has to be the lockfile's."""
    other = {"stack": "theirs", "environment": "other", "account": "999999999999", "region": "eu-west-1"}[what]
    before = stands(project)
    seal({**saved, "target": {**saved["target"], what: other}})
    ran = project.run("apply", "--plan", "forged.plan")
    assert ran.code == 4, ran
    assert stands(project) == before


# Lockfiles: who may write the lockfile alone, the manifest being ours


def hold(project: Any, name: str, urls: list[str], **fields: Any) -> None:
    """Make the lockfile say that `name` is ours."""
    lock = project.lock
    arn = (
        f"arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/{name}"
    )
    entry = {"name": name, "arn": arn, "origin": "created", "protect": False, "updateOnly": False}
    lock["resources"][f"workload_identity.{name}"] = {
        **entry, "attributes": {"allowedResourceOauth2ReturnUrls": urls, "tags": {}}, **fields,
    }  # fmt: skip
    project.lockfile.write_text(json.dumps(lock))


@pytest.fixture
def applied(project: Any) -> Any:
    project.declare("agent-a")
    assert project.run("apply", "--auto-approve").code == 0
    return project


@pytest.mark.parametrize("verb", ["apply", "destroy"])
@pytest.mark.parametrize("tags", [{}, {"reconciler:stack": "theirs/prod"}, {"team": "b"}])
def test_a_hostile_lockfile_alone_deletes_nothing_of_others(applied: Any, tags: dict[str, str], verb: str) -> None:
    urls = ["https://theirs.example/cb"]
    with applied.outside() as client:
        client.create_workload_identity(name="victim-1", allowedResourceOauth2ReturnUrls=urls, tags=tags)
    hold(applied, "victim-1", urls)
    plan = applied.run("plan")
    assert "victim-1" in plan.out
    for more in ((), ("--refresh", "changed"), ("--refresh", "none")) if verb == "apply" else ((),):
        ran = applied.run(verb, "--auto-approve", *more)
        assert ran.code in (3, 6), ran
        assert stands(applied)["victim-1"] == urls


def test_what_bears_no_tag_is_deleted_only_if_that_is_said(applied: Any) -> None:
    with applied.outside() as client:
        arn = client.get_workload_identity(name="agent-a")["workloadIdentityArn"]
        client.untag_resource(resourceArn=arn, tagKeys=["reconciler:stack"])
    applied.declare("agent-b")
    ran = applied.run("apply", "--auto-approve")
    assert (ran.code, "--allow-untagged" in ran.err) == (3, True)
    assert set(stands(applied)) == {"agent-a"}
    assert "--allow-untagged" in applied.run("plan").out
    assert applied.run("apply", "--auto-approve", "--allow-untagged").code == 0
    assert set(stands(applied)) == {"agent-b"}


def test_a_hostile_lockfile_cannot_have_another_identity_replaced(applied: Any) -> None:
    """An address of ours that is said to stand under another name is a rename: the old one would go in the end."""
    urls = ["https://theirs.example/cb"]
    with applied.outside() as client:
        client.create_workload_identity(name="victim-1", allowedResourceOauth2ReturnUrls=urls)
    lock = applied.lock
    lock["resources"]["workload_identity.agent-a"]["name"] = "victim-1"
    applied.lockfile.write_text(json.dumps(lock))
    ran = applied.run("apply", "--auto-approve")
    assert ran.code == 3, ran
    assert stands(applied)["victim-1"] == urls


def test_what_a_lockfile_forgets_is_left_alone(applied: Any) -> None:
    lock = applied.lock
    lock["resources"] = {}
    applied.lockfile.write_text(json.dumps(lock))
    applied.declare("agent-b")
    before = stands(applied)
    assert applied.run("apply", "--auto-approve").code == 0
    assert before.items() <= stands(applied).items()


@pytest.mark.parametrize("tags", [{}, {"reconciler:stack": "theirs/prod"}])
def test_a_hostile_journal_deletes_nothing(applied: Any, tags: dict[str, str]) -> None:
    """It can say what the lockfile shall hold, and so can do what a hostile lockfile can: nothing to what others own."""
    urls = ["https://theirs.example/cb"]
    with applied.outside() as client:
        client.create_workload_identity(name="victim-1", allowedResourceOauth2ReturnUrls=urls, tags=tags)
    lock = applied.lock
    entry = {**lock["resources"]["workload_identity.agent-a"], "name": "victim-1"}
    target = {name: lock[name] for name in ("stack", "environment", "account", "region")}
    lines = [
        {
            "journal": 1, "lineage": lock["lineage"], "serial": lock["serial"], "plan": "sha256:" + "0" * 64,
            "target": target, "ignore_tags": [], "command": "apply", "who": "ana", "when": "2026-01-01T00:00:00Z",
        },
        {
            "outcome": "done", "address": "workload_identity.victim-1", "message": "", "drop": [],
            "put": {"workload_identity.victim-1": entry},
        },
    ]  # fmt: skip
    Path(f"{applied.lockfile}.journal").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = applied.run("apply", "--auto-approve")
    assert ran.code == 3, ran
    assert "Settled" in ran.err
    assert stands(applied)["victim-1"] == urls


@pytest.mark.parametrize(
    "bend",
    [
        lambda line: line.replace('"who"', '"who": 1, "x"'),
        lambda line: line.replace('"target": {', '"target": {"more": 1, '),
        lambda line: line.replace('"serial": 1', '"serial": 1, "serial": 2'),
        lambda line: line.replace('"ignore_tags": []', '"ignore_tags": 7'),
        lambda line: "[" * 100_000,
        lambda line: "\x00\x00",
        lambda line: '{"journal": 1e999}',
    ],
)
def test_a_journal_that_is_none_is_an_error_in_words(applied: Any, bend: Callable[[str], str]) -> None:
    lock = applied.lock
    head = {
        "journal": 1, "lineage": lock["lineage"], "serial": lock["serial"], "plan": "", "ignore_tags": [],
        "target": {name: lock[name] for name in ("stack", "environment", "account", "region")},
        "command": "apply", "who": "ana", "when": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    line = json.dumps(head)
    assert bend(line) != line
    Path(f"{applied.lockfile}.journal").write_text(bend(line) + "\n{}\n")
    before = stands(applied)
    ran = applied.run("apply", "--auto-approve")
    assert (ran.code, "journal" in ran.err, "internal error" in ran.err) == (1, True, False), ran
    assert stands(applied) == before


def test_half_a_character_in_a_lockfile_is_no_traceback(applied: Any) -> None:
    hold(applied, "half", ["https://a.example/\ud800"])
    for command in (("lock", "show"), ("lock", "show", "--json"), ("plan",), ("plan", "--format", "json")):
        assert applied.run(*command).code == 0, command
    hold(applied, "half\ud800", [])
    assert applied.run("lock", "show").code == 0
    ran = applied.run("plan")
    assert (ran.code, "half" in ran.out + ran.err) == (1, True)
    assert "internal error" not in ran.err


# Directory entries


def test_a_hostile_entry_of_the_directory_can_do_nothing(applied: Any) -> None:
    """Names, URLs and tags that others choose: shown with care, never acted upon, and they stop nobody's work."""
    evil = "x:\x1b[2J\u202e::error::`|<script>[a](b)@team##vso[x]"
    with applied.outside() as client:
        client.create_workload_identity(
            name="victim-1", allowedResourceOauth2ReturnUrls=[evil.replace(" ", "")], tags={"::set-output": "::error::"}
        )
        client.create_workload_identity(name="--allow-deletes", tags={"reconciler:stack": "payments/local"})
    before = stands(applied)
    applied.declare("agent-a", "agent-b")
    for command in (
        ("plan", "-v"),
        ("plan", "--format", "markdown"),
        ("plan", "--format", "json", "--out", "saved.plan"),
        ("apply", "--plan", "saved.plan"),
        ("export",),
    ):
        ran = applied.run(*command)
        assert ran.code == 0, (command, ran)
        assert "\x1b" not in ran.out
        assert "\u202e" not in ran.out
        assert not [line for line in ran.out.split("\n") if line.lstrip().startswith("::") or "##vso[" in line]
    assert before.items() <= stands(applied).items()
