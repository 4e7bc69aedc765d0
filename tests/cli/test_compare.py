"""`compare`: two environments in what they declare, hold, and have."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MANIFEST = """\
version: 1
stack: payments
environments:
  staging: {directory: embedded, variables: {host: staging.example.com}}
  prod: {directory: embedded, region: [eu-west-1], variables: {host: app.example.com}}
workloadIdentities:
  invoice-agent:
    name: "invoice-${environment}"
    allowedResourceOauth2ReturnUrls: ["https://${host}/cb", "https://both.example.com/cb"]
  same-agent: {name: "same-${environment}", tags: {team: payments}}
  only-prod: {environments: [prod], lifecycle: {protect: true}}
  only-staging: {environments: [staging]}
"""


@pytest.fixture
def two(project: Any) -> Any:
    project.write(MANIFEST)
    return project


def views(ran: Any) -> dict[str, Any]:
    return {one["kind"]: one for one in json.loads(ran.out)["views"]}


def addresses(view: dict[str, Any]) -> list[str]:
    return [one["address"].partition(".")[2] for one in view["differences"]]


def test_what_is_declared_differs_as_the_variables_do(two: Any) -> None:
    ran = two.run("compare", "staging", "prod")

    assert ran.code == 0
    assert ran.out.startswith("Stack payments: staging (-) and prod@eu-west-1 (+)\n")
    assert "! workload_identity.invoice-agent  (invoice-staging, invoice-prod)\n" in ran.out
    assert "- https://staging.example.com/cb\n" in ran.out
    assert "+ https://app.example.com/cb\n" in ran.out
    assert "1 the same\n" in ran.out
    assert "+ workload_identity.only-prod  only in prod@eu-west-1\n" in ran.out
    assert "1 the same, 1 different, 1 only in staging, 1 only in prod@eu-west-1.\n" in ran.out
    assert "same-agent" not in ran.out


def test_a_difference_is_an_exit_code_where_that_is_asked_for(two: Any) -> None:
    assert two.run("compare", "staging", "prod", "--detailed-exitcode").code == 2
    assert two.run("compare", "prod", "prod@eu-west-1", "--detailed-exitcode").code == 0


def test_what_is_held_is_read_from_the_lockfiles_alone(two: Any) -> None:
    assert two.run("apply", "--env", "staging", "--auto-approve").code == 0
    shutil.rmtree(two.folder / ".reconciler")
    ran = two.run("compare", "staging", "prod", "--format", "json")

    assert addresses(views(ran)["held"]) == ["invoice-agent", "only-staging", "same-agent"]
    assert views(ran)["held"]["differences"][0]["second"] is None
    assert not (two.folder / ".reconciler").exists()


def test_live_shows_what_somebody_changed_in_one_directory(two: Any) -> None:
    two.run("apply", "--all", "--auto-approve")
    with two.outside() as client:
        client.update_workload_identity(name="same-staging", allowedResourceOauth2ReturnUrls=["https://rogue.example/"])
    before = {path.name: path.read_bytes() for path in two.folder.glob("*.lock.json")}
    ran = two.run("compare", "staging", "prod", "--live", "--format", "json")

    found = views(ran)
    assert "same-agent" not in addresses(found["held"])
    assert "same-agent" in addresses(found["live"])
    assert {path.name: path.read_bytes() for path in two.folder.glob("*.lock.json")} == before


def test_what_could_not_be_read_is_neither_the_same_nor_different(project: Any, aws: Any) -> None:
    project.declare("abc", "def", head="environments: {prod: {region: [eu-west-1, us-east-1]}}")
    project.run("apply", "--all", "--auto-approve")
    aws.misbehaviour.fail("GetWorkloadIdentity", "ValidationException", name="abc", times=1)
    ran = project.run(
        "compare", "prod@eu-west-1", "prod@us-east-1", "--live", "--format", "json", "--detailed-exitcode"
    )

    assert ran.code == 1
    assert list(views(ran)["live"]["unknown"]) == ["prod@eu-west-1, workload_identity.abc"]
    assert views(ran)["live"]["alike"] == 1
    assert addresses(views(ran)["live"]) == []


def test_protection_alone_is_a_difference(project: Any) -> None:
    project.write(MANIFEST.replace("environments: [prod], ", ""))
    project.run("apply", "--env", "staging", "--auto-approve")
    project.write(MANIFEST.replace("environments: [prod], lifecycle: {protect: true}", "tags: {}"))
    project.run("apply", "--env", "prod", "--auto-approve")
    ran = project.run("compare", "staging", "prod")

    assert "protect: only in staging\n" in ran.out


def test_markdown_and_text_say_the_same(two: Any) -> None:
    ran = two.run("compare", "staging", "prod", "--format", "markdown")

    assert "```diff\n! workload_identity.invoice-agent" in ran.out
    assert "1 the same, 1 different, 1 only in staging" in ran.out


def test_an_environment_that_is_not_there_is_named(two: Any) -> None:
    ran = two.run("compare", "staging", "moon")

    assert ran.code == 1
    assert "declares no environment 'moon'" in ran.err


def test_the_example_of_several_targets_runs(project: Any) -> None:
    shutil.copy(ROOT / "manifests" / "targets.yaml", project.folder)
    assert project.run("apply", "targets.yaml", "--all", "--auto-approve").code == 0
    again = project.run("plan", "targets.yaml", "--all", "--detailed-exitcode")

    assert again.code == 0, again.out
    assert again.out.endswith("4 targets: 4 unchanged.\n")
    locks = {
        path.name: len(json.loads(path.read_text())["resources"]) for path in project.folder.glob("targets.*.lock.json")
    }
    assert locks == {
        "targets.prod@payments@eu-west-1.lock.json": 2,
        "targets.prod@payments@us-east-1.lock.json": 2,
        "targets.prod@trading.lock.json": 3,
        "targets.staging.lock.json": 1,
    }
    assert project.run("compare", "staging", "prod@payments@eu-west-1", "targets.yaml").code == 0
