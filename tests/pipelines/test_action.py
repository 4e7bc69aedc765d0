"""The GitHub action from its first step to its last: what a pull request showed is what its merge applies, or nothing is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.forges import TOKEN, Forges
from tests.pipelines.jobs import MANIFEST, Action, Job

HEAD, MERGE = "a" * 40, "b" * 40
MORE = '  extra-agent:\n    allowedResourceOauth2ReturnUrls: ["https://other.example.com/x"]\n'


def on_pull_request(job: Job, **more: str) -> Action:
    job.event("pull_request", {"pull_request": {"number": 12}})
    github = {"event.pull_request.head.sha": HEAD, "sha": "c" * 40, "token": TOKEN}
    return Action(job, {**github, "ref_name": "12/merge", **more})


def on_merge(job: Job, sha: str = MERGE) -> Action:
    job.event("push", {"ref": "refs/heads/main"})
    job.env["GITHUB_SHA"] = sha
    return Action(job, {"sha": sha, "token": TOKEN, "ref_name": "main"})


@pytest.fixture
def merged(forges: Forges) -> Forges:
    """The forge after pull request 12 was merged; run 501 kept its plan."""
    made = {"id": 501, "head_sha": HEAD, "repository_id": 7, "head_repository_id": 7}
    forges.pulls = [
        {"number": 12, "head": {"sha": HEAD}, "merge_commit_sha": MERGE, "merged_at": "2026-11-01", "commits": [MERGE]}
    ]
    forges.artifacts = [
        {"id": 1, "name": f"reconciler-plan-local-{HEAD}", "expired": False, "created_at": "x", "workflow_run": made}
    ]
    return forges


@pytest.fixture
def with_remote(job: Job, tmp_path: Path) -> Job:
    job.commit("the manifest")
    bare = tmp_path / "remote.git"
    job.git("clone", "--quiet", "--bare", str(job.folder), str(bare), folder=tmp_path)
    job.git("remote", "add", "origin", str(bare))
    return job


def test_what_the_pull_request_showed_is_what_the_merge_applies(with_remote: Job, merged: Forges) -> None:
    job = with_remote
    planned = on_pull_request(job).run(mode="plan", env="local")
    assert (planned.code, planned.outputs["code"], planned.outputs["changes"]) == (0, "2", "true"), planned.err
    assert len(merged.comments) == 1
    shown = on_merge(job).run(mode="show", env="local")
    assert shown.code == 0, shown.err
    assert "invoice-agent" in shown.summary
    assert (shown.outputs["run"], shown.outputs["digest"]) == ("501", planned.outputs["digest"])
    action = on_merge(job)
    applied = action.run(mode="apply", env="local", run="501", digest=shown.outputs["digest"])
    assert (applied.code, applied.outputs["code"]) == (0, "0"), applied.err
    lock = json.loads((job.folder / "reconciler.local.lock.json").read_text(encoding="utf-8"))
    assert len(lock["resources"]) == 2
    assert "Keep the lockfile" in action.steps
    assert "reconciler.local.lock.json" in job.git("ls-tree", "--name-only", "origin/main")


def test_a_merge_that_mixed_something_in_applies_nothing(job: Job, merged: Forges) -> None:
    seen = on_pull_request(job).run(mode="plan", env="local")
    job.write(MANIFEST + MORE)
    job.commit("merged with another change")
    action = on_merge(job)
    applied = action.run(mode="apply", env="local", run="501", digest=seen.outputs["digest"])
    assert (applied.code, applied.outputs["code"]) == (4, "4")
    assert not (job.folder / "reconciler.local.lock.json").exists()
    assert "Keep the reports" in action.steps, "also when it failed"


def test_a_push_past_the_pull_request_applies_nothing(job: Job, merged: Forges) -> None:
    on_pull_request(job).run(mode="plan", env="local")
    action = on_merge(job, sha="d" * 40)
    assert action.run(mode="apply", env="local", run="501", digest="0" * 64).code == 4
    assert "Run reconciler" not in action.steps


def test_a_plan_of_a_forks_run_is_not_taken(job: Job, merged: Forges) -> None:
    on_pull_request(job).run(mode="plan", env="local")
    merged.artifacts[0]["workflow_run"]["head_repository_id"] = 666
    action = on_merge(job)
    assert action.run(mode="apply", env="local", run="501", digest="0" * 64).code == 4
    assert "Run reconciler" not in action.steps


def test_by_hand_the_plan_of_this_run_is_applied(with_remote: Job) -> None:
    job = with_remote
    action = on_merge(job)
    planned = action.run(mode="plan", env="local")
    assert planned.code == 0
    applied = action.run(mode="apply", env="local", seen_in="run", digest=planned.outputs["digest"])
    assert applied.code == 0, applied.err


def test_a_plan_that_took_the_place_of_the_one_that_was_shown_is_not_applied(job: Job, merged: Forges) -> None:
    on_pull_request(job).run(mode="plan", env="local")
    shown = on_merge(job).run(mode="show", env="local")
    job.write(MANIFEST + MORE)
    on_pull_request(job).run(mode="plan", env="local")  # the same run keeps it now
    action = on_merge(job)
    applied = action.run(mode="apply", env="local", run=shown.outputs["run"], digest=shown.outputs["digest"])
    assert (applied.code, applied.outputs["code"]) == (4, "4")
    assert "is not the plan that was shown" in applied.out
    assert not (job.folder / "reconciler.local.lock.json").exists()
    merged.artifacts.append({**merged.artifacts[0], "id": 2, "created_at": "y"})
    merged.artifacts[1]["workflow_run"] = {**merged.artifacts[0]["workflow_run"], "id": 777}
    action = on_merge(job)
    assert action.run(mode="show", env="local").outputs["run"] == "777", "the newest is shown"
    assert action.run(mode="apply", env="local", run="501", digest="0" * 64).outputs["code"] == "4"
    assert "Run reconciler" in action.steps, "the plan of run 501 was fetched"


def test_a_failing_plan_keeps_its_reports_and_no_plan(job: Job) -> None:
    job.write(MANIFEST.replace("stack:", "stock:"))
    action = on_pull_request(job)
    ended = action.run(mode="plan", env="local")
    assert (ended.code, ended.outputs["code"], ended.outputs["changes"]) == (1, "1", "false")
    assert "Keep the plan" not in action.steps
    assert "Keep the reports" in action.steps


def test_a_review_is_of_what_the_pull_request_brings_wherever_main_is_by_now(job: Job, forges: Forges) -> None:
    base = job.commit("as it was")
    job.write(MANIFEST + MORE)
    head = job.commit("the request")
    job.git("checkout", "--quiet", "-b", "main-by-now", base)
    job.write(MANIFEST.replace("/ledger/callback", "/ledger/of-others"))
    job.git("update-ref", "refs/remotes/origin/main", job.commit("meanwhile"))
    action = on_pull_request(job, **{"event.pull_request.base.ref": "main", "event.pull_request.head.sha": head})
    ended = action.run(mode="review", sarif="true")
    assert (ended.code, ended.outputs["changes"]) == (0, "true"), ended.err
    assert "extra-agent" in forges.comments[0]["body"]
    assert "of-others" not in forges.comments[0]["body"]
    assert "Show the findings in code scanning" in action.steps
    assert "Keep the plan" not in action.steps


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"mode": "destroy", "env": "local"}, "mode is review"),
        ({"mode": "plan"}, "needs env"),
        ({"mode": "apply"}, "needs env"),
        ({"mode": "plan", "env": "a/b"}, "letters, digits"),
        ({"mode": "plan", "env": "a\nplans=/etc"}, "letters, digits"),
        ({"mode": "review", "name": "$(touch pwned)"}, "letters, digits"),
        ({"mode": "apply", "env": "local", "seen-in": "nowhere", "digest": "0" * 64}, "seen-in is"),
        ({"mode": "apply", "env": "local", "run": "501"}, "needs digest"),
        ({"mode": "apply", "env": "local", "digest": "0" * 64}, "needs digest, and run"),
        ({"mode": "apply", "env": "local", "seen-in": "run"}, "needs digest"),
    ],
)
def test_inputs_that_cannot_be_are_a_mistake_before_anything_runs(job: Job, inputs: dict[str, Any], said: str) -> None:
    action = on_merge(job)
    ended = action.run(**{name.replace("-", "_"): value for name, value in inputs.items()})
    assert ended.code == 1
    assert said in ended.err
    assert "Run reconciler" not in action.steps


def test_apply_which_reads_the_variables_that_a_manifest_names_is_not_given_the_token(job: Job) -> None:
    step = next(one for one in on_merge(job).raw["runs"]["steps"] if one.get("id") == "run")
    assert step["env"]["GITHUB_TOKEN"] == "${{ inputs.mode != 'apply' && inputs.github-token || '' }}"
