"""`drift --metrics`: files as their readers want them, whole, also where the run fails."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from reconciler.cli.console import Console
from reconciler.cli.metric_files import read_metric_files
from reconciler.cli.report_files import ReportFiles

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
        (["--metrics", "emf=reconciler.yaml"], "looks like a manifest"),
        (["--metrics", "emf=reconciler.local.lock.json"], "would be a lockfile"),
        (["--metrics", "emf=reconciler.local.drift.json"], "would be what drift runs remember"),
        (["--metrics", "reconciler.local.drift.json"], "would be what drift runs remember"),
        (["--metrics", "emf=reconciler.local.lock.json.journal"], "would be state"),
        (["--metrics", "emf=reconciler.local.drift.json.guard"], "would be state"),
        (["--metrics", "reconciler.local.drift.json.holder"], "would be state"),
        (["--metrics", "emf=reconciler.local.acks.yaml"], "would be acknowledgements"),
        (["--metrics", "nowhere/drift.prom"], "no folder"),
        (["--metrics", "a" * 300], "nothing was written"),
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


@pytest.mark.parametrize("form", ["openmetrics", "emf"])
@pytest.mark.parametrize("target", ["reconciler.yaml", "reconciler.local.drift.json", "elsewhere.prom", "not-there"])
def test_measures_go_through_no_link(applied: Any, form: str, target: str):
    assert applied.run("drift").code == 0
    (applied.folder / "elsewhere.prom").write_text("precious")
    before = {one.name: one.read_bytes() for one in applied.folder.iterdir() if one.is_file()}
    link = applied.folder / "m.prom"
    link.symlink_to(target)
    ran = applied.run("drift", "--metrics", f"{form}=m.prom")
    assert ran.code == 1
    assert "m.prom" in ran.err
    assert link.is_symlink()
    assert {one.name: one.read_bytes() for one in applied.folder.iterdir() if one.is_file() and one != link} == before


@pytest.mark.parametrize("word", ["emf=m", "m"])
def test_a_manifest_of_any_name_is_not_written_into(applied: Any, word: str):
    manifest = (applied.folder / "reconciler.yaml").rename(applied.folder / "m")
    before = manifest.read_text()
    ran = applied.run("drift", "m", "--metrics", word)
    assert (ran.code, "--metrics m would replace the manifest" in ran.err) == (1, True)
    assert manifest.read_text() == before


@pytest.mark.parametrize("form", ["openmetrics", "emf"])
def test_a_pipe_that_nobody_reads_is_not_waited_for(applied: Any, form: str):
    os.mkfifo(applied.folder / "m.prom")
    ran = applied.other("drift", "--metrics", f"{form}=m.prom")
    assert ran.code == 1
    assert f"--metrics {form}=m.prom: m.prom is a pipe" in ran.err


def test_a_link_or_a_pipe_that_came_while_the_run_looked_is_left_alone(applied: Any):
    files = read_metric_files(["emf=a.log", "b.prom", "emf=c.log"], ReportFiles())
    os.mkfifo("a.log")
    Path("b.prom").symlink_to("reconciler.yaml")
    Path("c.log").symlink_to("reconciler.yaml")
    console = Console(colour_out=False, colour_err=False, asks=False, animates=False, width=80)
    failed = files.write(console, [])
    assert list(failed) == ["--metrics emf=a.log", "--metrics openmetrics=b.prom", "--metrics emf=c.log"]
    assert "is a pipe" in failed["--metrics emf=a.log"]
    assert "is a link" in failed["--metrics openmetrics=b.prom"]
    assert Path("b.prom").is_symlink()


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
