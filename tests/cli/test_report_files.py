"""`--output FORMAT=FILE`: each report whole or not at all, whatever the exit code, and no file that is not meant."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from reconciler.cli.options import report_formats
from reconciler.cli.report_files import repository_prefix
from reconciler.model.report_formats import ReportFormat
from tests.repositories import MANIFEST, Git

EVERY = [f"--output={one.value}=out.{one.value}" for one in ReportFormat]
TARGETS = """\
version: 1
stack: payments
environments:
  dev: {directory: embedded, region: [eu-west-1, us-east-1]}
workloadIdentities:
  invoice-agent: {allowedResourceOauth2ReturnUrls: ["https://${host}/cb"]}
  only-${region}: {environments: [dev]}
"""


def test_every_format_is_written_beside_what_is_shown(project: Any) -> None:
    ran = project.run("plan", *EVERY)
    assert ran.code == 0
    assert "Plan: 2 to create" in ran.out
    for form in ReportFormat:
        assert (project.folder / f"out.{form.value}").is_file()
    assert (project.folder / "out.text").read_text() == ran.out
    assert (project.folder / "out.json").read_text() == project.run("plan", "--format", "json").out
    assert (project.folder / "out.markdown").read_text() == project.run("plan", "--format", "markdown").out
    assert (project.folder / "out.labels").read_text() == "reconciler/add\nreconciler/risk-none\n"
    assert json.loads((project.folder / "out.sarif").read_text())["version"] == "2.1.0"
    assert ET.fromstring((project.folder / "out.junit").read_text()).tag == "testsuites"


def test_show_writes_what_plan_writes(project: Any) -> None:
    first = project.run("plan", "--out", "saved.plan", *EVERY)
    before = {form: (project.folder / f"out.{form.value}").read_text() for form in ReportFormat}
    assert first.code == project.run("show", "saved.plan", *EVERY).code == 0
    assert {form: (project.folder / f"out.{form.value}").read_text() for form in ReportFormat} == before


def test_a_dash_is_standard_output_and_nothing_else_is_there(project: Any) -> None:
    ran = project.run("plan", "--output", "labels=-", "--output", "json=plan.json")
    assert ran == (0, "reconciler/add\nreconciler/risk-none\n", ran.err)
    assert json.loads((project.folder / "plan.json").read_text())["summary"]["create"] == 2


def test_a_report_that_says_nothing_prints_not_even_a_line(project: Any) -> None:
    assert project.run("plan", "--output", "annotations=-").out == ""


def test_reports_come_out_though_the_exit_code_is_not_zero(project: Any) -> None:
    assert project.run("plan", "--detailed-exitcode", "--output", "labels=labels.txt").code == 2
    assert (project.folder / "labels.txt").read_text()
    project.declare(*(f"agent-{number}" for number in range(12)))
    assert project.run("apply", "--auto-approve").code == 0
    project.declare()
    ran = project.run("plan", *EVERY)
    assert ran.code == 0
    assert (project.folder / "out.labels").read_text() == "reconciler/destroy\nreconciler/risk-warning\n"
    annotations = (project.folder / "out.annotations").read_text().splitlines()
    assert annotations[0].startswith("::warning title=Refused::apply will refuse this: ")
    assert annotations[-1].startswith("::warning title=And 5 more::")
    assert len(annotations) == 10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sarfi=x"], "Did you mean sarif?"),
        (["sarif"], "--output sarif=report.sarif"),
        (["plan.md"], "--output markdown=plan.md"),
        (["json="], "says no file"),
        (["=x"], "is no format"),
        (["text=a", "json=a"], "a is that of --output text=a already"),
        (["text=a", "json=./b/../a"], "is that of --output text=a already"),
        (["text=-", "json=-"], "standard output is that of --output text=- already"),
        (["text=b"], "is a folder"),
        ([f"text={'x' * 300}"], "File name too long"),
        (["text=none/x"], "there is no folder none"),
        (["text=reconciler.yaml"], "would replace the manifest"),
        (["text=reconciler.local.lock.json"], "would replace a lockfile"),
        (["text=.git/config"], "among the files that git keeps for itself"),
        (["text=.GIT/hooks/pre-commit"], "among the files that git keeps for itself"),
        (["text=bare/config"], "among the files that git keeps for itself"),
        (["text=saved.plan"], "where --out saves the plan already"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(project: Any, arguments: list[str], said: str) -> None:
    for folder in ("b", ".git", ".GIT/hooks", "bare/objects", "bare/refs"):
        (project.folder / folder).mkdir(parents=True)
    (project.folder / "bare" / "HEAD").write_text("ref: refs/heads/main\n")
    before = sorted(project.folder.rglob("*"))
    ran = project.run("plan", "--out", "saved.plan", *(f"--output={one}" for one in arguments))
    assert ran.code == 1
    assert said in ran.err
    assert ran.out == ""
    assert sorted(project.folder.rglob("*")) == before


@pytest.mark.parametrize("verb", ["review", "show"])
@pytest.mark.parametrize("file", ["reconciler.yaml", "manifests/part.yaml", ".git/config"])
def test_a_manifest_that_nobody_named_and_gits_own_files_are_not_written_over(
    project: Any, verb: str, file: str
) -> None:
    project.run("plan", "--out", "saved.plan")
    for folder in ("manifests", ".git"):
        (project.folder / folder).mkdir()
    there = project.folder / file
    there.write_text("precious")
    ran = project.run(verb, *(["saved.plan"] if verb == "show" else []), "--output", f"json={file}")
    assert (ran.code, there.read_text()) == (1, "precious")
    assert "nothing was written" in ran.err


def test_a_saved_plan_does_not_replace_what_git_keeps(project: Any) -> None:
    (project.folder / ".git").mkdir()
    ran = project.run("plan", "--out", ".git/config")
    assert ran.code == 1
    assert "among the files that git keeps for itself" in ran.err
    assert list((project.folder / ".git").iterdir()) == []


def test_where_the_manifest_is_gone_other_files_are_still_written(
    project: Any, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit("one")
    git("rm", "--quiet", "reconciler.yaml")
    git.write("old.json", "old")
    monkeypatch.chdir(git.root)
    ran = project.run("review", "reconciler.yaml", "--base", "HEAD", "--output", "json=old.json")
    assert (ran.code, json.loads((git.root / "old.json").read_text())["topic"]) == (0, "review"), ran.err
    ran = project.run("review", "reconciler.yaml", "--base", "HEAD", "--output", "json=reconciler.yaml")
    assert (ran.code, (git.root / "reconciler.yaml").exists()) == (1, False)


def test_show_does_not_write_over_the_plan_that_it_reads(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    ran = project.run("show", "saved.plan", "--output", "text=saved.plan")
    assert ran.code == 1
    assert "is the plan that is shown already" in ran.err


def test_one_that_cannot_be_written_keeps_no_other_from_it_and_is_named(project: Any) -> None:
    ran = project.run("plan", "--output=text=/dev/full", "--output=labels=labels.txt", "--out", "saved.plan")
    assert ran.code == 1
    assert "1 of 2 reports could not be written: text=/dev/full\n  text=/dev/full: No space left on device" in ran.err
    assert "Plan: 2 to create" in ran.out
    assert (project.folder / "labels.txt").read_text() == "reconciler/add\nreconciler/risk-none\n"
    assert (project.folder / "saved.plan").is_file()
    alone = project.run("plan", "--output=text=/dev/full")
    assert "Error: the report could not be written\n  text=/dev/full: No space left on device\n" in alone.err


@pytest.mark.parametrize(("option", "value"), [("--format", "pdf"), ("--refresh", "high")])
def test_a_value_that_is_no_choice_is_told_in_our_words(project: Any, option: str, value: str) -> None:
    ran = project.run("plan", option, value)
    assert ran.code == 1
    assert f"Invalid value for '{option}': '{value}' is not one of" in ran.err


def test_a_report_replaces_the_one_before_as_a_whole(project: Any) -> None:
    file = project.folder / "out.txt"
    file.write_text("old")
    file.chmod(0o600)
    assert project.run("plan", "--output", "text=out.txt").code == 0
    assert file.read_text().startswith("Plan for stack payments")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in project.folder.glob(".out*")] == []


def test_several_targets_make_one_report(project: Any) -> None:
    project.write(TARGETS.replace("${host}", "app.example.com").replace("only-${region}", "second-agent"))
    ran = project.run("plan", "--all", *EVERY)
    assert ran.code == 0, ran.err
    assert (project.folder / "out.text").read_text() == ran.out
    assert (
        (project.folder / "out.markdown")
        .read_text()
        .startswith("<!-- reconciler:plan payments/dev%40eu-west-1+dev%40us-east-1 -->\n")
    )
    summary = (project.folder / "out.summary").read_text()
    assert "environments `dev@eu-west-1`, `dev@us-east-1`" in summary
    assert summary.count("workload_identity.invoice-agent") == 1, "what is the same in both stands there once"
    assert json.loads((project.folder / "out.json").read_text())["command"] == "plan"


def test_a_target_that_cannot_be_planned_is_an_error_in_the_report(project: Any) -> None:
    broken = TARGETS.replace(
        "dev: {directory: embedded, region: [eu-west-1, us-east-1]}", "dev: {directory: embedded}\n  prod: {}"
    )
    project.write(broken.replace("${host}", "app.example.com").replace("only-${region}", "second-agent"))
    ran = project.run("plan", "--all", "--output", "junit=junit.xml", "--output", "labels=-")
    assert ran.code == 1
    assert ran.out.splitlines()[-1] == "reconciler/incomplete"
    suite = ET.fromstring((project.folder / "junit.xml").read_text())[0]
    assert int(suite.get("errors", "0")) == 1


def test_paths_are_told_from_the_root_of_the_repository(
    project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert repository_prefix() == ""
    (project.folder / ".git").mkdir()
    inner = project.folder / "stacks" / "payments"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert repository_prefix() == "stacks/payments/"


def test_a_shell_offers_the_formats() -> None:
    assert [word for word, _ in report_formats("j")] == ["json=", "junit="]
    assert len(report_formats("")) == len(ReportFormat)
