"""`drift --metrics`: files as their readers want them, whole, also where the run fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

PREFIX = "reconciler_drift_"


def read(file: Path) -> dict[str, float]:
    """The samples by name and class."""
    return {
        sample.name.removeprefix(PREFIX)
        + (f" {sample.labels['class']}" if "class" in sample.labels else ""): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }


@pytest.fixture
def applied(project: Any) -> Any:
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("drift").code == 0
    return project


def test_a_run_leaves_a_file_that_any_user_may_read_and_nothing_else_beside_it(applied: Any):
    folder = applied.folder / "collector"
    folder.mkdir()
    file = folder / "drift.prom"
    assert applied.run("drift", "--metrics", str(file)).code == 0
    found = read(file)
    assert (found["last_run_success"], found["managed_resources"], found["findings changed"]) == (1, 2, 0)
    assert "untold_recipients" not in found
    assert [one.name for one in folder.iterdir()] == ["drift.prom"]
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_run_that_fails_leaves_the_last_success_and_what_stood(applied: Any):
    file = applied.folder / "drift.prom"
    with applied.outside() as client:
        client.delete_workload_identity(name="ledger-agent")
    assert applied.run("drift", "--metrics", str(file)).code == 2
    before = read(file)
    applied.lockfile.write_text("{")
    assert applied.run("drift", "--metrics", f"openmetrics={file}").code == 1
    after = read(file)
    assert (before["last_run_success"], after["last_run_success"]) == (1, 0)
    assert after["last_success_timestamp_seconds"] == before["last_success_timestamp_seconds"]
    assert after["findings deleted"] == before["findings deleted"] == 1


def test_a_manifest_with_mistakes_leaves_a_file_too(applied: Any):
    applied.write("version: 1\n")
    file = applied.folder / "drift.prom"
    assert applied.run("drift", "--env", "local", "--metrics", str(file)).code == 1
    assert read(file)["last_run_success"] == 0


def test_emf_is_added_line_by_line_and_may_have_standard_output_to_itself(applied: Any):
    file = applied.folder / "drift.log"
    for _ in range(2):
        assert applied.run("drift", "--metrics", f"emf={file}").code == 0
    assert [json.loads(line)["Succeeded"] for line in file.read_text().splitlines()] == [1, 1]
    ran = applied.run("drift", "--metrics", "emf=-", "--output", "json=report.json")
    assert json.loads(ran.out)["Managed"] == 2
    assert json.loads((applied.folder / "report.json").read_text())["stack"] == "payments"


def test_untold_recipients_are_measured(applied: Any):
    with applied.outside() as client:
        client.delete_workload_identity(name="ledger-agent")
    file = applied.folder / "drift.prom"
    assert applied.run("drift", "--notify", "slack=env:NOT_SET", "--metrics", str(file)).code == 1
    assert read(file)["untold_recipients"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metrics", "reconciler.yaml"], "looks like a manifest"),
        (["--metrics", "reconciler.local.lock.json"], "would be a lockfile"),
        (["--metrics", "nowhere/drift.prom"], "no folder"),
        (["--metrics", "."], "is a folder"),
        (["--metrics", "emf="], "says no file"),
        (["--metrics", "a.prom", "--metrics", "openmetrics=a.prom"], "already"),
        (["--metrics", "emf=-", "--output", "json=-"], "already"),
        (["--metrics", "a.txt", "--output", "text=./a.txt"], "already"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(applied: Any, words: list[str], said: str):
    manifest = (applied.folder / "reconciler.yaml").read_text()
    ran = applied.run("drift", *words)
    assert ran.code == 1
    assert said in ran.err
    assert (applied.folder / "reconciler.yaml").read_text() == manifest


def test_a_file_that_cannot_be_written_is_an_error_and_the_report_is_there_all_the_same(applied: Any):
    full = Path("/dev/full")
    ran = applied.run("drift", "--metrics", f"emf={full}")
    assert ran.code == 1
    assert "No space left" in ran.err
    assert "No drift" in ran.out


def test_calls_are_measured_by_operation_and_so_is_what_the_service_wanted_later(project: Any, aws: Any):
    project.declare("agent-a", "agent-b", "agent-c", head="environments: {prod: {region: us-east-1}}")
    assert project.run("apply", "--auto-approve").code == 0
    file = project.folder / "drift.prom"
    aws.misbehaviour.reset()
    aws.misbehaviour.fail("GetWorkloadIdentity", "ThrottlingException", times=2, status=429)
    assert project.run("drift", "--without-trail", "--metrics", str(file)).code == 0
    calls = {
        sample.labels["operation"]: sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
        if sample.name == f"{PREFIX}calls"
    }
    assert calls["GetWorkloadIdentity"] == 5
    assert calls["ListTagsForResource"] == 3
    assert read(file)["throttled_calls"] == 2
