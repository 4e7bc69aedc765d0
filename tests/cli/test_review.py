"""`review`: what a change means, to people, to programs and by its exit code; offline, and whatever the surroundings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.repositories import Git

BASE = """\
version: 1
stack: payments
environments:
  dev: {directory: embedded, variables: {host: dev.example.com}}
  prod: {account: "222222222222", region: us-east-1, variables: {host: app.example.com}, protect: true}
workloadIdentities:
  invoice-agent:
    allowedResourceOauth2ReturnUrls: ["https://${host}/cb"]
  ledger-agent:
    allowedResourceOauth2ReturnUrls: ["https://${host}/ledger"]
"""


@pytest.fixture
def change(git: Git, project: Any, monkeypatch: pytest.MonkeyPatch) -> Git:
    """A repository with BASE on main, in which the command line runs."""
    git.write("reconciler.yaml", BASE)
    git.commit()
    monkeypatch.chdir(git.root)
    return git


def test_nothing_changed(change: Git, project: Any) -> None:
    ran = project.run("review")
    assert (ran.code, ran.err) == (0, "")
    assert "No changes: both versions mean the same." in ran.out
    assert project.run("review", "--detailed-exitcode").code == 0


def test_what_changed_is_told_with_its_line_and_what_may_come_of_it(change: Git, project: Any) -> None:
    change.write("reconciler.yaml", BASE.replace(", protect: true", ""))
    ran = project.run("review", "--detailed-exitcode")
    assert ran.code == 2
    assert "critical[protection-lifted]: Environment prod is not protected any more" in ran.out
    assert "reconciler.yaml:5" in ran.out
    assert "may be deleted from now on" in ran.out


@pytest.mark.parametrize(("level", "code"), [("critical", 3), ("warning", 3), ("notice", 3), (None, 0)])
def test_a_finding_as_grave_as_asked_refuses(change: Git, project: Any, level: str | None, code: int) -> None:
    change.write("reconciler.yaml", BASE.replace(", protect: true", ""))
    assert project.run("review", *(["--fail-on", level] if level else [])).code == code


def test_a_milder_finding_does_not_refuse(change: Git, project: Any) -> None:
    change.write("reconciler.yaml", BASE + "  plain-agent: {}\n")
    assert project.run("review", "--env", "dev", "--fail-on", "critical").code == 0


def test_reports_are_written_whatever_the_exit_code(change: Git, project: Any, tmp_path: Path) -> None:
    change.write("reconciler.yaml", BASE.replace(", protect: true", ""))
    files = {form: tmp_path / f"report.{form}" for form in ("json", "markdown", "sarif", "labels")}
    ran = project.run(
        "review",
        "--fail-on",
        "critical",
        *(word for form, file in files.items() for word in ("--output", f"{form}={file}")),
    )
    assert ran.code == 3
    assert json.loads(files["json"].read_text())["findings"][0]["code"] == "protection-lifted"
    assert files["markdown"].read_text().startswith("<!-- reconciler:review payments/ -->\n")
    assert json.loads(files["sarif"].read_text())["version"] == "2.1.0"
    assert "reconciler/risk-critical" in files["labels"].read_text().split()


def test_a_manifest_with_mistakes_is_an_error_and_still_reported(change: Git, project: Any, tmp_path: Path) -> None:
    change.write("reconciler.yaml", BASE + "nonsense: 1\n")
    report = tmp_path / "report.json"
    ran = project.run("review", "--fail-on", "critical", "--output", f"json={report}")
    assert ran.code == 1
    assert json.loads(report.read_text())["complete"] is False
    assert "reconciler.yaml:11" in ran.out


def test_environments_are_chosen_by_name_and_glob(change: Git, project: Any) -> None:
    change.write("reconciler.yaml", BASE.replace("host: dev.example.com", "host: dev2.example.com"))
    assert "https://dev2.example.com/cb" in project.run("review").out
    assert "No changes" in project.run("review", "--env", "prod").out
    assert "https://dev2.example.com/cb" in project.run("review", "--env", "d*").out
    ran = project.run("review", "--env", "nowhere")
    assert ran.code == 1
    assert "They declare: dev, prod." in ran.err


def test_an_environment_that_goes_away_can_be_chosen(change: Git, project: Any) -> None:
    change.write(
        "reconciler.yaml", BASE.replace("  dev: {directory: embedded, variables: {host: dev.example.com}}\n", "")
    )
    ran = project.run("review", "--env", "dev")
    assert ran.code == 0
    assert "environment dev goes away" in ran.out
    assert "0 to remove, 2 to forget" in ran.out
    assert "it stays where it stands" in ran.out


def test_the_counts_are_of_one_unit_in_every_format(change: Git, project: Any) -> None:
    more = '    allowedResourceOauth2ReturnUrls: ["https://${host}/cb"]\n'
    change.write(
        "reconciler.yaml", BASE.replace(more, f"{more}    tags: {{a: b}}\n").replace("${host}/ledger", "${host}/two")
    )
    ran = project.run("review")
    assert "0 to add, 4 to change" in ran.out
    assert "(each environment counted)" in ran.out
    raw = json.loads(project.run("review", "--format", "json").out)
    assert raw["summary"]["update"] == 4
    assert sum(len(one["environments"]) for one in raw["resource_changes"]) == 4


def test_a_finding_is_as_grave_as_it_is_in_each_environment(change: Git, project: Any, tmp_path: Path) -> None:
    change.write("reconciler.yaml", BASE.replace('/cb"]', '/cb", "https://evil.test/x"]'))
    page = tmp_path / "page.html"
    raw = json.loads(project.run("review", "--format", "json", "--output", f"html={page}").out)
    told = {one["code"]: one for one in raw["findings"]}["new-domain"]
    assert (told["level"], told["environments"], told["milder"]) == ("critical", ["dev", "prod"], {"dev": "info"})
    row = page.read_text().partition('<span class="name">dev</span>')[2].partition("</tr>")[0]
    assert "1 info" in row
    assert "critical" not in row


def test_what_apply_refuses_is_said_where_it_is_told(change: Git, project: Any) -> None:
    change.write("reconciler.yaml", BASE.partition("  ledger-agent")[0])
    assert "prod is protected: apply will refuse this there." in " ".join(project.run("review").out.split())
    assert "apply will refuse" not in project.run("review", "--env", "dev").out


def test_a_typo_takes_no_environment_away(change: Git, project: Any) -> None:
    change.write("reconciler.yaml", BASE + "nonsense: 1\n")
    ran = project.run("review")
    assert ran.code == 1
    assert "goes away" not in ran.out


def test_a_deleted_manifest_destroys_nothing(change: Git, project: Any, tmp_path: Path) -> None:
    (change.root / "reconciler.yaml").unlink()
    labels = tmp_path / "labels.txt"
    ran = project.run("review", "--output", f"labels={labels}")
    assert "Nothing is deleted in any directory" in ran.out
    assert "0 to remove" in ran.out
    assert labels.read_text().split() == ["reconciler/change", "reconciler/risk-critical"]


def test_no_credentials_no_directory_and_no_network_are_needed(
    change: Git, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    change.write("reconciler.yaml", BASE + "  new-agent: {}\n")
    ran = project.run("review", "--with-lock")
    assert ran.code == 0, ran.err
    assert not (change.root / ".reconciler").exists()


def test_the_lockfile_tells_what_stands_already(change: Git, project: Any) -> None:
    assert project.run("apply", "--env", "dev", "--auto-approve").code == 0
    change.commit()
    change.write("reconciler.yaml", BASE.partition("  ledger-agent")[0])
    ran = project.run("review", "--with-lock")
    assert "dev: lockfile of serial 1 holds 2 resources." in ran.out
    assert "prod: no lockfile, so nothing is managed there yet." in ran.out
    assert "the lockfile does not hold it" not in ran.out


def test_a_lockfile_that_only_the_change_has_is_a_finding_and_not_believed(change: Git, project: Any) -> None:
    lock = """\
        {"version": 1, "lineage": "9b1c8f0e-2f64-4c5e-9d0a-0f3f5a0f8b11", "serial": 3, "stack": "payments",
         "environment": "prod", "account": "222222222222", "region": "us-east-1", "resources": {}}
    """
    change.write("reconciler.prod.lock.json", lock)
    ran = project.run("review", "--with-lock", "--fail-on", "critical")
    assert ran.code == 3
    assert "critical[lockfile-changed]: The lockfile of prod is new by this change" in ran.out
    assert "No changes" not in ran.out
    assert "prod: no lockfile, so nothing is managed there yet." in ran.out


def test_a_lockfile_that_cannot_be_read_leaves_the_report_incomplete(change: Git, project: Any) -> None:
    change.write("reconciler.dev.lock.json", "{")
    change.commit()
    assert project.run("review").code == 0
    ran = project.run("review", "--with-lock")
    assert ran.code == 1
    assert "INCOMPLETE: The lockfile of dev cannot be read" in ran.out


def test_state_in_a_bucket_is_not_read_offline_and_said_so(change: Git, project: Any) -> None:
    text = BASE.replace("us-east-1, variables", "us-east-1, state: s3://states/x, variables")
    change.write("reconciler.yaml", text)
    ran = project.run("review", "--with-lock", "--env", "prod")
    assert ran.code == 1
    assert "is kept at s3://states/x, which is not read offline: --live does." in ran.out.replace("\n  ", " ")


def test_the_real_plan_stands_beside_the_difference(change: Git, project: Any) -> None:
    change.write("reconciler.yaml", BASE + "  new-agent: {}\n")
    ran = project.run("review", "--live", "--env", "dev")
    assert ran.code == 0
    assert "Review of stack payments" in ran.out
    assert "Plan for stack payments, environment dev" in ran.out
    assert not (change.root / "reconciler.dev.lock.json").exists()
    refused = project.run("review", "--live", "--head", "HEAD")
    assert refused.code == 1
    assert "--live plans what is checked out" in refused.err


def test_an_environment_that_cannot_be_planned_is_unread_and_the_rest_is_told(
    change: Git, project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    change.write("reconciler.yaml", BASE + "  new-agent: {}\n")
    report = tmp_path / "report.json"
    ran = project.run("review", "--live", "--fail-on", "critical", "--output", f"json={report}")
    assert ran.code == 1
    assert "INCOMPLETE: Environment prod could not be planned: " in ran.out
    assert "Plan for stack payments, environment dev" in ran.out
    raw = json.loads(report.read_text())
    assert [one["address"] for one in raw["resource_changes"]] == ["workload_identity.new-agent"]
    assert raw["complete"] is False


def test_a_finding_or_refusal_of_a_live_plan_refuses_too(change: Git, project: Any) -> None:
    assert project.run("apply", "--env", "dev", "--auto-approve").code == 0
    change.write("reconciler.yaml", BASE.partition("  ledger-agent")[0])
    assert project.run("review", "--env", "dev", "--fail-on", "warning").code == 0
    assert project.run("review", "--env", "dev", "--live", "--fail-on", "warning").code == 3
    assert project.run("review", "--env", "dev", "--live", "--fail-on", "critical").code == 0
    change.write(
        "reconciler.yaml", BASE.replace("embedded, var", "embedded, limits: {deletes: 0}, var").partition("  led")[0]
    )
    ran = project.run("review", "--env", "dev", "--live", "--fail-on", "critical")
    assert "apply will refuse this" in ran.out
    assert ran.code == 3


def test_a_change_that_mends_the_base_is_told_what_is_wrong_there(change: Git, project: Any, tmp_path: Path) -> None:
    change.write("reconciler.yaml", BASE + "nonsense: 1\n")
    change.commit()
    change.write("reconciler.yaml", BASE)
    labels = tmp_path / "labels.txt"
    ran = project.run("review", "--output", f"labels={labels}")
    assert ran.code == 1
    assert "reconciler.yaml:11" in ran.out
    assert "--base COMMIT" in " ".join(ran.out.split())
    assert "is new" not in ran.out
    assert labels.read_text().split() == ["reconciler/risk-warning", "reconciler/incomplete"]
    assert project.run("review", "--base", "main~1").code == 0


def test_the_commit_that_is_compared_is_not_called_the_branch_that_went_on(change: Git, project: Any) -> None:
    fork = change("rev-parse", "HEAD")
    change("checkout", "--quiet", "-b", "feature")
    change.write("reconciler.yaml", BASE + "  new-agent: {}\n")
    change.commit()
    change("checkout", "--quiet", "main")
    change.write("other.txt", "")
    tip = change.commit()
    ran = project.run("review", "--head", "feature")
    assert f"from {fork[:10]}, where it left main ({tip[:10]}) to feature (" in ran.out
    raw = json.loads(project.run("review", "--head", "feature", "--format", "json").out)
    assert raw["base"] == {"label": "main", "commit": fork, "tip": tip}


def test_what_a_branch_proposes_is_read_without_checking_it_out(change: Git, project: Any) -> None:
    change("checkout", "--quiet", "-b", "feature")
    change.write("reconciler.yaml", BASE + "  new-agent: {}\n")
    change.commit()
    change("checkout", "--quiet", "main")
    ran = project.run("review", "--head", "feature")
    assert "new-agent" in ran.out
    assert "from main" in ran.out


def test_json_on_standard_output_is_one_object_and_nothing_else(change: Git, project: Any) -> None:
    change.write("reconciler.yaml", BASE + "  new-agent: {}\n")
    ran = project.run("review", "--format", "json")
    assert ran.err == ""
    raw = json.loads(ran.out)
    assert [one["address"] for one in raw["resource_changes"]] == ["workload_identity.new-agent"]
    assert raw["has_changes"] is True
