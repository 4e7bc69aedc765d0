"""The scripts that pipelines call, with the variables and files that the hosts really set: codes, reports, comments, state."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import boto3
import pytest

from reconciler.emulator import Store, attach
from reconciler.state import Disk
from reconciler.state.memory import memory_on_disk
from tests.forges import TOKEN, Account, Forges
from tests.pipelines.jobs import MANIFEST, ROOT, Job

REPORTS = {"comment.md", "report.json", "report.html", "report.sarif", "labels.txt"}
BAD_URL = "http://203.0.113.7/callback"
PROD = MANIFEST.replace("{directory: embedded}", '{account: "222222222222", region: us-east-1, protect: true}')


def test_a_plan_with_changes_passes_and_says_so(job: Job, forges: Forges) -> None:
    ended = job.step("pipeline", "plan")
    assert ended.code == 0, ended.err
    assert ended.outputs["code"] == "2"
    assert ended.outputs["changes"] == "true"
    assert {one.name for one in job.report("").iterdir()} >= REPORTS
    assert Path(job.env["IDENTITIES_PLAN"]).exists()
    assert "invoice-agent" in ended.summary
    assert "+ create" in ended.out
    assert len(forges.comments) == 1
    assert forges.comments[0]["body"].startswith("<!-- reconciler:plan payments/local -->\n")
    assert TOKEN not in ended.out + ended.err + ended.summary


def test_what_an_earlier_run_left_is_not_shown_posted_or_kept_as_this_ones(job: Job, forges: Forges) -> None:
    job.on_gitlab()
    assert job.step("pipeline", "plan").code == 0
    before = {one.name for one in job.report("").iterdir()}
    forges.comments.clear()
    forges.labels = {"bug"}
    job.write(MANIFEST.replace("stack: payments", "stack: [payments"))
    for mode, env in (("plan", {}), ("review", {"IDENTITIES_BASE": "no-such-branch"}), ("drift", {})):
        for name in before:
            job.report(name).write_text("<!-- reconciler:plan payments/local -->\nof an earlier run\n")
        Path(job.env["IDENTITIES_PLAN"]).write_text("of an earlier run")
        ended = job.step("pipeline", mode, env={"IDENTITIES_LABELS": "true", **env})
        assert ended.code == 1
        assert list(job.report("").iterdir()) == []
        assert Path(job.env["IDENTITIES_PLAN"]).exists() is (mode != "plan")
    assert (forges.comments, forges.labels) == ([], {"bug"})


@pytest.fixture
def planted(job: Job) -> Job:
    """A checkout on GitLab whose branch holds the folder of the reports, with what it would like to be posted."""
    job.on_gitlab()
    job.env |= {"IDENTITIES_REPORTS": "reports", "IDENTITIES_LABELS": "true"}
    (job.folder / "reports" / "report.json").mkdir(parents=True)
    for name, text in {"report.json/x": "", "comment.md": "<!-- reconciler:review payments/local -->\nfine\n",
                       "labels.txt": "reconciler/risk-none\n"}.items():  # fmt: skip
        job.write(text, f"reports/{name}")
    return job


def test_what_a_branch_holds_among_the_reports_is_posted_by_nobody(planted: Job, forges: Forges) -> None:
    base = planted.commit("with reports in it")
    ended = planted.step("pipeline", "review", env={"IDENTITIES_BASE": base, "IDENTITIES_HEAD": "no-such"})
    assert ended.code == 1
    assert (forges.comments, forges.labels) == ([], set())
    planted.write(MANIFEST.replace("/ledger/callback", "/elsewhere"))
    head = planted.commit("a change")
    ended = planted.step("pipeline", "review", env={"IDENTITIES_BASE": base, "IDENTITIES_HEAD": head})
    assert ended.code == 0, ended.err
    assert "/elsewhere" in forges.comments[0]["body"]
    assert (planted.folder / "reports" / "report.json").is_file()


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("link", ["out", "out/reports"])
def test_no_report_goes_into_a_folder_that_the_branch_holds_as_a_link(
    job: Job, tmp_path: Path, link: str, absolute: bool
) -> None:
    theirs = tmp_path / "theirs"
    (theirs / "reports").mkdir(parents=True)
    (job.folder / link).parent.mkdir(exist_ok=True)
    (job.folder / link).symlink_to(theirs)
    reports = str(job.folder / "out" / "reports") if absolute else "out/reports"
    ended = job.step("pipeline", "plan", env={"IDENTITIES_REPORTS": reports})
    assert ended.code == 1
    assert f"{link} is a link" in ended.err
    assert [one.name for one in theirs.rglob("*")] == ["reports"]


@pytest.mark.parametrize("name", ["labels.txt", "apply.txt", "junit.xml"])
def test_a_report_that_the_branch_holds_as_a_link_is_written_in_its_place(job: Job, tmp_path: Path, name: str) -> None:
    job.on_gitlab()
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    (job.folder / "reports").mkdir()
    (job.folder / "reports" / name).symlink_to(victim)
    for mode in ("plan", "apply"):
        assert job.step("pipeline", mode, env={"IDENTITIES_REPORTS": "reports"}).code == 0
    assert victim.read_text(encoding="utf-8") == "precious"
    assert not (job.folder / "reports" / name).is_symlink()


def test_the_second_plan_goes_into_the_same_comment_and_one_without_changes_is_0(job: Job, forges: Forges) -> None:
    job.step("pipeline", "plan")
    assert job.step("pipeline", "apply").code == 0
    ended = job.step("pipeline", "plan")
    assert (ended.code, ended.outputs["code"], ended.outputs["changes"]) == (0, "0", "false")
    assert len(forges.comments) == 1


def test_a_mistake_in_the_manifest_is_an_error_and_never_looks_like_changes(job: Job, forges: Forges) -> None:
    job.write(MANIFEST.replace("stack: payments", "stack: [payments"))
    ended = job.step("pipeline", "plan")
    assert (ended.code, ended.outputs["code"], ended.outputs["changes"]) == (1, "1", "false")
    assert not Path(job.env["IDENTITIES_PLAN"]).exists()
    assert forges.comments == []


def test_a_refused_plan_fails_the_job_and_its_reports_come_out_all_the_same(job: Job, forges: Forges) -> None:
    job.write(MANIFEST.replace("local: {directory: embedded}", "local: {directory: embedded, protect: true}"))
    job.step("pipeline", "plan")
    job.step("pipeline", "apply")
    text = (job.folder / "reconciler.yaml").read_text(encoding="utf-8")
    job.write(text[: text.index("  ledger-agent")])
    ended = job.step("pipeline", "plan")
    assert (ended.code, ended.outputs["code"]) == (3, "3")
    assert {one.name for one in job.report("").iterdir()} >= REPORTS
    assert "ledger-agent" in forges.comments[0]["body"]


@pytest.mark.parametrize("manifest", [MANIFEST, MANIFEST.replace("stack:", "stock:")], ids=["fine", "with a mistake"])
def test_a_comment_that_cannot_be_posted_neither_hides_nor_makes_a_failure(
    job: Job, forges: Forges, manifest: str
) -> None:
    forges.accounts[TOKEN] = Account("github-actions[bot]", 41898282, writes=False)
    job.write(manifest)
    ended = job.step("pipeline", "plan")
    assert ended.code == (0 if manifest is MANIFEST else 1)
    assert forges.comments == []


def test_labels_follow_where_they_are_wanted(job: Job, forges: Forges) -> None:
    forges.labels = {"bug", "reconciler/destroy"}
    assert job.step("pipeline", "plan", env={"IDENTITIES_LABELS": "true"}).code == 0
    assert "reconciler/add" in forges.labels
    assert "reconciler/destroy" not in forges.labels
    assert "bug" in forges.labels


def test_a_push_has_nothing_to_write_on(job: Job, forges: Forges) -> None:
    job.event("push", {"ref": "refs/heads/main"})
    ended = job.step("pipeline", "plan")
    assert ended.code == 0
    assert forges.seen == []
    assert "Error" not in ended.err


def test_apply_runs_exactly_the_saved_plan_and_once(job: Job) -> None:
    job.step("pipeline", "plan")
    ended = job.step("pipeline", "apply")
    assert (ended.code, ended.outputs["code"]) == (0, "0"), ended.err
    assert "exit code 0: done" in ended.summary
    lock = json.loads((job.folder / "reconciler.local.lock.json").read_text(encoding="utf-8"))
    assert len(lock["resources"]) == 2
    again = job.step("pipeline", "apply")
    assert (again.code, again.outputs["code"]) == (4, "4")
    assert "stale" in again.summary


def test_what_a_merge_mixed_in_is_not_applied(job: Job) -> None:
    job.step("pipeline", "plan")
    job.write(MANIFEST + '  extra-agent:\n    allowedResourceOauth2ReturnUrls: ["https://other.example.com/x"]\n')
    ended = job.step("pipeline", "apply")
    assert ended.code == 4
    assert "was made from another version of reconciler.yaml" in ended.err
    assert not (job.folder / "reconciler.local.lock.json").exists()


RULES = """\
version: 1
rules:
  - {code: few-creates, severity: %s, message: "creates ${address}", for: {actions: [create]}, must: false}
"""


def with_rules(job: Job, severity: str = "critical") -> None:
    (job.folder / "policies").mkdir(exist_ok=True)
    job.write(RULES % severity, "policies/few.yaml")
    job.env["IDENTITIES_POLICY"] = "policies"


def test_the_rules_of_the_house_refuse_a_plan_in_a_comment_of_their_own(job: Job, forges: Forges) -> None:
    with_rules(job)
    ended = job.step("pipeline", "plan")
    assert (ended.code, ended.outputs["code"]) == (3, "3"), ended.err
    assert {one.name for one in job.report("").iterdir()} >= {*REPORTS, "policy.md", "policy.json"}
    plan, policy = (one["body"].partition("\n")[0] for one in forges.comments)
    assert (plan, policy) == (
        "<!-- reconciler:plan payments/local -->", "<!-- reconciler:check payments/local -->",
    )  # fmt: skip
    assert "few-creates" in ended.summary
    with_rules(job, "notice")
    ended = job.step("pipeline", "plan")
    assert (ended.code, ended.outputs["code"]) == (0, "2"), ended.err
    assert len(forges.comments) == 2
    assert "Passed" in forges.comments[1]["body"]
    assert job.step("pipeline", "plan", env={"IDENTITIES_POLICY_FAIL_ON": "notice"}).code == 3


def test_what_the_rules_of_main_refuse_is_not_applied(job: Job) -> None:
    job.step("pipeline", "plan")
    with_rules(job)
    ended = job.step("pipeline", "apply")
    assert (ended.code, ended.outputs["code"]) == (3, "3")
    assert not (job.folder / "reconciler.local.lock.json").exists()
    assert not job.report("apply.txt").exists()
    with_rules(job, "notice")
    assert job.step("pipeline", "apply").code == 0


@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_rules_that_cannot_be_read_let_nothing_pass(job: Job, mode: str) -> None:
    job.step("pipeline", "plan")
    ended = job.step("pipeline", mode, env={"IDENTITIES_POLICY": "nowhere"})
    assert (ended.code, ended.outputs["code"]) == (1, "1")
    assert "there is no policy nowhere" in ended.err
    assert not (job.folder / "reconciler.local.lock.json").exists()


def test_drift_fails_the_job_with_2_and_says_what_it_is(job: Job) -> None:
    job.event("schedule", {})
    job.step("pipeline", "plan")
    job.step("pipeline", "apply")
    assert job.step("pipeline", "drift").code == 0
    job.write(MANIFEST.replace("/oauth/callback", "/elsewhere"))
    assert job.step("pipeline", "drift").code == 0, "a merge that waits for its apply is no drift"
    with contextlib.closing(Store(job.folder / ".reconciler" / "directory.sqlite")) as store:
        client = boto3.client("bedrock-agentcore-control", region_name="us-east-1")
        attach(client, store)
        client.update_workload_identity(
            name="invoice-agent", allowedResourceOauth2ReturnUrls=["https://rogue.example/callback"]
        )
        client.close()
    ended = job.step("pipeline", "drift")
    assert (ended.code, ended.outputs["code"], ended.outputs["changes"]) == (2, "2", "true")
    assert "invoice-agent" in ended.summary
    assert "exit code 2: the directory was changed outside" in ended.err


def test_a_drift_job_passes_where_another_run_is_at_work(job: Job) -> None:
    job.event("schedule", {})
    job.step("pipeline", "plan")
    job.step("pipeline", "apply")
    with memory_on_disk(job.folder / "reconciler.local.lock.json", "drift", Disk()):
        ended = job.step("pipeline", "drift")
    assert (ended.code, ended.outputs["code"]) == (0, "5")


def test_show_prints_the_plan_that_is_applied(job: Job) -> None:
    job.step("pipeline", "plan")
    (job.folder / "reconciler.yaml").unlink()
    ended = job.step("pipeline", "show")
    assert ended.code == 0, ended.err
    assert "invoice-agent" in ended.summary


def test_gitlab_gets_its_own_reports(job: Job, forges: Forges) -> None:
    job.on_gitlab()
    ended = job.step("pipeline", "plan")
    assert ended.code == 0, ended.err
    assert {one.name for one in job.report("").iterdir()} >= {*REPORTS, "code-quality.json", "junit.xml"}
    assert len(forges.comments) == 1


def test_jenkins_gets_junit(job: Job) -> None:
    for name in [one for one in job.env if one.startswith("GITHUB_")]:
        del job.env[name]
    assert job.step("pipeline", "plan").code == 0
    assert job.report("junit.xml").exists()


def test_names_with_anything_in_them_are_names(job: Job) -> None:
    evil = "a b; touch pwned $(touch pwned) `touch pwned`'\".yaml"
    (job.folder / "reconciler.yaml").rename(job.folder / evil)
    assert job.step("pipeline", "plan", env={"IDENTITIES_MANIFEST": evil}).code == 0
    ended = job.step("pipeline", "plan", env={"IDENTITIES_MANIFEST": evil, "IDENTITIES_ENV": "$(touch pwned);--all"})
    assert ended.code == 1
    assert not list(job.folder.glob("**/pwned"))


def test_an_option_cannot_be_smuggled_in_as_a_manifest(job: Job) -> None:
    ended = job.step("pipeline", "plan", env={"IDENTITIES_MANIFEST": "--help"})
    assert ended.code == 1


@pytest.mark.parametrize("mode", ["", "destroy", "review;true"])
def test_another_mode_is_a_mistake(job: Job, mode: str) -> None:
    ended = job.step("pipeline", mode)
    assert ended.code == 1
    assert "usage" in ended.err


def reviewed(job: Job, text: str, before: str = MANIFEST) -> tuple[str, str]:
    """Two commits: the manifest as it was, and as it is now."""
    job.write(before)
    base = job.commit("as it was")
    job.write(text)
    return base, job.commit("as it is")


def test_a_review_needs_no_credentials_and_says_what_changed(job: Job, forges: Forges) -> None:
    base, head = reviewed(job, MANIFEST.replace("app.example.com/ledger", "elsewhere.example.net/ledger"))
    for name in [one for one in job.env if one.startswith("AWS_")]:
        del job.env[name]
    ended = job.step("pipeline", "review", env={"IDENTITIES_BASE": base, "IDENTITIES_HEAD": head})
    assert (ended.code, ended.outputs["code"]) == (0, "2"), ended.err
    assert {one.name for one in job.report("").iterdir()} >= {*REPORTS, "annotations.txt", "summary.md"}
    assert ended.outputs["sarif"] == str(job.report("report.sarif"))
    assert "elsewhere.example.net" in ended.summary
    assert forges.comments[0]["body"].startswith("<!-- reconciler:review payments/ -->\n")


def test_a_review_fails_for_a_grave_finding_with_every_report(job: Job, forges: Forges) -> None:
    base, head = reviewed(job, PROD.replace("https://app.example.com/ledger/callback", BAD_URL), PROD)
    env = {"IDENTITIES_BASE": base, "IDENTITIES_HEAD": head, "IDENTITIES_FAIL_ON": "critical"}
    ended = job.step("pipeline", "review", env=env)
    assert (ended.code, ended.outputs["code"]) == (3, "3")
    assert {one.name for one in job.report("").iterdir()} >= REPORTS
    assert "203.0.113.7" in forges.comments[0]["body"]
    assert "\n::" in ended.out, "annotations are read from the log"


@pytest.mark.parametrize("asked", ["", "reconciler.yaml"])
def test_a_new_manifest_before_the_one_that_stood_is_no_first_one(job: Job, asked: str) -> None:
    (job.folder / "manifests").mkdir()
    (job.folder / "reconciler.yaml").rename(job.folder / "manifests" / "a.yaml")
    job.write(PROD, "manifests/a.yaml")
    base = job.commit("as it was")
    job.write(PROD.replace("https://app.example.com/ledger", "https://evil.net/ledger"))
    env = {"IDENTITIES_BASE": base, "IDENTITIES_HEAD": job.commit("as it is"), "IDENTITIES_FAIL_ON": "critical"}
    ended = job.step("pipeline", "review", env={**env, "IDENTITIES_MANIFEST": asked})
    assert (ended.code, ended.outputs["code"]) == (3, "3"), ended.err
    assert "stood at manifests" in ended.out


def test_the_review_of_a_merge_request_leaves_out_what_others_merged(job: Job, forges: Forges) -> None:
    base = job.commit("as it was")
    job.write(MANIFEST.replace("/oauth/callback", "/oauth/of-the-request"))
    source = job.commit("the request")
    job.write(
        (job.folder / "reconciler.yaml").read_text(encoding="utf-8").replace("/ledger/callback", "/ledger/of-others")
    )
    result = job.commit("merged with what others did")
    job.on_gitlab()
    job.env |= {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_COMMIT_SHA": result}
    assert "of-others" in job.step("pipeline", "review").out
    ended = job.step("pipeline", "review", env={"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": source})
    assert ended.code == 0, ended.err
    assert "of-the-request" in ended.out
    assert "of-others" not in ended.out
    assert len(forges.comments) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://app.example.com/", "https://evil.net/"),
        ('"222222222222"', '"333333333333"'),
        ("    protect: true", "    protect: false"),
    ],
)
def test_the_sample_manifest_is_guarded_by_the_gate_of_the_sample_pipelines(job: Job, old: str, new: str) -> None:
    sample = (ROOT / "docs" / "pipelines" / "reconciler.yaml").read_text(encoding="utf-8")
    assert old in sample
    base, head = reviewed(job, sample.replace(old, new), sample)
    env = {"IDENTITIES_BASE": base, "IDENTITIES_HEAD": head, "IDENTITIES_FAIL_ON": "critical"}
    ended = job.step("pipeline", "review", env=env)
    assert (ended.code, ended.outputs["code"]) == (3, "3"), ended.out


def test_the_review_of_a_fork_ends_as_the_review_does(job: Job, forges: Forges) -> None:
    forges.accounts[TOKEN] = Account("github-actions[bot]", 41898282, writes=False)
    base, head = reviewed(job, PROD.replace("https://app.example.com/ledger/callback", BAD_URL), PROD)
    env = {"IDENTITIES_BASE": base, "IDENTITIES_HEAD": head}
    assert job.step("pipeline", "review", env=env).code == 0
    ended = job.step("pipeline", "review", env={**env, "IDENTITIES_FAIL_ON": "critical"})
    assert ended.code == 3
    assert "203.0.113.7" in ended.summary, "the summary is there for forks too"


def test_installing_runs_nothing_that_the_checkout_holds(job: Job) -> None:
    ran = job.files / "ran"
    for name in ("venv", "pip", "logging", "ensurepip", "subprocess", "sitecustomize"):
        job.write(f"open({str(ran)!r}, 'a').write({name!r})\n", f"{name}.py")
    offline = {"PIP_NO_INDEX": "1", "PYTHONPATH": ""}  # so it cannot end well; what it starts is the same
    ended = job.step("install", "made here", env=offline)
    assert "No matching distribution" in ended.err
    assert (job.folder / "made here" / "bin" / "python").exists(), "the folder is one from where it is called"
    assert not ran.exists()
