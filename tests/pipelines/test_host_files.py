"""The files that hosts read: valid by their schemas, pinned, with least permissions, and no expression in a shell's text."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipelines.jobs import ROOT

WORKFLOWS = sorted(
    [*(ROOT / "docs" / "pipelines" / "github").glob("*.yml"), ROOT / "docs" / "scheduling" / "github-drift.yml"]
)
SCRIPTS = sorted(path for path in (ROOT / "ci").iterdir() if path.suffix == "")
GITLAB = ROOT / "docs" / "pipelines" / "gitlab-ci.yml"
JENKINS = ROOT / "docs" / "pipelines" / "Jenkinsfile"
ACTION = ROOT / "action.yml"
SHA = re.compile(r"^[\w.-]+(?:/[\w.-]+)+@[0-9a-f]{40}$")


def tool(*command: str) -> subprocess.CompletedProcess[str]:
    """A program that a package of the test extra brings along. None of them needs a network."""
    program = Path(sys.executable).parent / command[0]
    return subprocess.run(
        [str(program), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )


def read(path: Path) -> Any:
    """YAML in which `on` is a word, as hosts read it."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in raw.items()}


def steps() -> list[dict[str, Any]]:
    found = list(read(ACTION)["runs"]["steps"])
    for path in WORKFLOWS:
        found += [step for job in read(path)["jobs"].values() for step in job["steps"]]
    return found


@pytest.mark.parametrize(
    ("schema", "path", "more"),
    [
        ("vendor.github-actions", ACTION, []),
        *[("vendor.github-workflows", path, []) for path in WORKFLOWS],
        ("vendor.gitlab-ci", GITLAB, ["--data-transform", "gitlab-ci"]),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else None,
)
def test_it_is_valid_by_the_hosts_schema(schema: str, path: Path, more: list[str]) -> None:
    ran = tool("check-jsonschema", "--builtin-schema", schema, *more, str(path))
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_schemas_would_notice() -> None:
    ran = tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(ACTION))
    assert ran.returncode == 1


def test_an_auditor_of_workflows_finds_nothing() -> None:
    ran = tool("zizmor", "--offline", "--no-progress", str(ACTION), *map(str, WORKFLOWS))
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_auditor_would_notice(tmp_path: Path) -> None:
    flow = tmp_path / "flow.yml"
    flow.write_text(
        "on: issues\njobs:\n  a:\n    runs-on: x\n    steps: [{run: 'echo ${{ github.event.issue.title }}'}]\n",
        encoding="utf-8",
    )
    assert "template-injection" in tool("zizmor", "--offline", "--no-progress", str(flow)).stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_are_posix_and_clean(script: Path) -> None:
    assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert os.access(script, os.X_OK)
    ran = tool("shellcheck", "--shell", "sh", "--severity", "style", str(script))
    assert ran.returncode == 0, ran.stdout


def test_the_image_has_nothing_to_complain_of() -> None:
    ran = tool("hadolint", "Dockerfile")
    assert ran.returncode == 0, ran.stdout


def test_the_image_is_pinned_has_no_root_and_only_what_it_needs() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:[\w.-]+@sha256:[0-9a-f]{64}", bases[0])
    last = text[text.rindex("FROM ") :]
    assert re.search(r"^USER (?!0\b|root\b)\d+$", last, re.MULTILINE)
    for source in re.findall(r"^COPY (?:--chmod=\d+ )?(?!--from)(.+) \S+$", text, re.MULTILINE):
        for one in source.split():
            assert (ROOT / one).exists(), one
    shown = [
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    ]
    assert all((ROOT / one).exists() for one in shown)
    assert "tests" not in shown


def test_every_action_of_others_is_pinned_to_a_commit_and_says_its_version() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert len(used) > 10
    assert [one for one in used if not SHA.match(one)] == []
    for path in (ACTION, *WORKFLOWS):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "uses:" in line:
                assert re.search(r"@[0-9a-f]{40} # (?:v\d+\.\d+\.\d+|yours)$", line), line


def test_one_action_is_pinned_to_one_commit_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for one in (step["uses"] for step in steps() if "uses" in step):
        name, _, commit = one.partition("@")
        pins.setdefault(name, set()).add(commit)
    assert {name for name, commits in pins.items() if len(commits) > 1} == set()


def test_no_expression_reaches_a_shell() -> None:
    runs = [step["run"] for step in steps() if "run" in step]
    assert len(runs) >= 4
    assert [run for run in runs if "${{" in run] == []


def test_the_variables_that_the_action_sets_are_those_that_the_scripts_read() -> None:
    for step in read(ACTION)["runs"]["steps"]:
        found = re.search(r"ci/([\w-]+)", step.get("run", ""))
        if found is None or found[1] == "install":
            continue
        text = (ROOT / "ci" / found[1]).read_text(encoding="utf-8")
        for name in (one for one in step.get("env", {}) if one.startswith("IDENTITIES_")):
            assert name in text or name in step["run"], (found[1], name)


def test_every_input_is_used_and_every_input_that_is_used_exists() -> None:
    raw = read(ACTION)
    used = set(re.findall(r"inputs\.([\w-]+)", str(raw["runs"])))
    assert used == set(raw["inputs"])
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            for step in job["steps"]:
                if "agentcore-reconciler" in step.get("uses", ""):
                    assert set(step["with"]) <= set(raw["inputs"])
                    assert step["with"]["mode"] in ("review", "plan", "show", "apply", "drift")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_gives_each_job_what_it_needs_and_no_more(path: Path) -> None:
    raw = read(path)
    assert raw["permissions"] == {}
    assert "pull_request_target" not in raw["on"]
    if "pull_request" in raw["on"]:
        assert {*raw["on"]["pull_request"]["types"]} == {"opened", "synchronize", "reopened", "edited"}, (
            "and retargeted"
        )
    for name, job in raw["jobs"].items():
        modes = [step["with"]["mode"] for step in job["steps"] if "mode" in step.get("with", {})]
        cloud = any("configure-aws-credentials" in step.get("uses", "") for step in job["steps"])
        assert job["timeout-minutes"] <= 60, name
        assert job["concurrency"]["group"], name
        assert (job["permissions"].get("id-token") == "write") is cloud, name
        assert job["permissions"]["contents"] == "read", name
        assert cloud is (modes[0] not in ("review", "show")), name
        assert ("environment" in job) is (modes == ["apply"]), name
        if modes == ["apply"]:
            given = next(step["with"] for step in job["steps"] if "mode" in step.get("with", {}))
            shown = raw["jobs"][job["needs"]]["outputs"]
            for what in ("digest",) if given.get("seen-in") == "run" else ("run", "digest"):
                assert given[what] == f"${{{{ needs.{job['needs']}.outputs.{what} }}}}", name
                assert shown[what].endswith(f".outputs.{what} }}}}")
            assert job["concurrency"] == {"group": "identities-apply-prod", "cancel-in-progress": False}
        if modes == ["plan"] and "pull_request" in job["if"]:
            assert "head.repo.full_name == github.repository" in job["if"], "forks get no credentials"


def test_gitlab_gives_credentials_to_no_merge_request_and_one_job_at_a_time_writes() -> None:
    raw = read(GITLAB)
    review, plan, apply = (raw[f"identities-{one}"] for one in ("review", "plan", "apply"))
    assert review["extends"] == ".identities"
    assert "id_tokens" not in raw[".identities"]
    for job in (plan, apply):
        assert all("$CI_DEFAULT_BRANCH" in rule["if"] and "merge_request" not in rule["if"] for rule in job["rules"])
    assert apply["resource_group"]
    assert apply["rules"][0]["when"] == "manual"
    assert apply["interruptible"] is False
    assert plan["variables"]["IDENTITIES_PLAN"] == apply["variables"]["IDENTITIES_PLAN"]
    assert "$CI_COMMIT_SHA" in plan["variables"]["IDENTITIES_PLAN"]
    assert [raw[f"identities-{one}"]["artifacts"]["when"] for one in ("review", "plan", "apply", "drift")] == [
        "always"
    ] * 4


def test_a_target_branch_is_named_in_full() -> None:
    """A tag `origin/main` would be taken for the branch."""
    for text in (str(read(ACTION)["inputs"]["base"]["default"]), JENKINS.read_text(encoding="utf-8")):
        assert text.count("refs/remotes/origin/") == 1
        assert "origin/" not in text.replace("refs/remotes/origin/", "")


def test_the_jenkinsfile_hangs_together() -> None:
    text = JENKINS.read_text(encoding="utf-8")
    bare = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "''", text)  # no brace, slash or dollar of a string counts
    bare = re.sub(r"//.*", "", bare)
    opened = []
    for sign in re.findall(r"[{}()\[\]]", bare):
        if sign in "{([":
            opened.append(sign)
        else:
            assert opened.pop() + sign in ("{}", "()", "[]")
    assert opened == []
    assert re.findall(r"sh '(reconciler-pipeline \w+)'", text) == [
        f"reconciler-pipeline {mode}" for mode in ("review", "plan", "apply", "drift")
    ]
    assert re.search(r"dir\('reports'\) \{\s+deleteDir\(\)", text[: text.index("stage('Review')")])
    assert 'sh "' not in text, "Groovy would put variables into the shell's text"
    review = text[text.index("stage('Review')") : text.index("stage('Plan')")]
    assert "withCredentials" not in review
    assert "AWS" not in review
    apply = text[text.index("stage('Apply')") : text.index("stage('Drift')")]
    assert apply.index("input ") < apply.index("lock(") < apply.index("reconciler-pipeline apply")
    assert text.count('IDENTITIES_PLAN = "reports/identities-${env.GIT_COMMIT}.plan"') == 2
    assert text.index("post {") < text.index("always {") < text.index("junit ")


def test_what_pipelines_install_is_pinned_by_hash_and_within_our_bounds() -> None:
    text = (ROOT / "ci" / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))
    assert len(re.findall(r"^[\w.-]+==.*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.MULTILINE)) == len(
        pinned
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for bound in [*project["project"]["dependencies"], *project["build-system"]["requires"]]:
        name, _, oldest = bound.partition(">=")
        assert parts(pinned[name]) >= parts(oldest), f"{bound}: make pins"


def test_the_engine_for_rego_is_pinned_by_hash_as_the_extra_asks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (bound,) = project["project"]["optional-dependencies"]["policy"]
    assert bound in (ROOT / "ci" / "policy.in").read_text(encoding="utf-8").splitlines()
    name, _, oldest = bound.partition(">=")
    text = (ROOT / "ci" / "requirements-policy.txt").read_text(encoding="utf-8")
    found = re.fullmatch(rf"{name}==([\w.]+) \\\n(?:    --hash=sha256:[0-9a-f]{{64}}(?: \\)?\n)+", text)
    assert found is not None
    assert parts(found[1]) >= parts(oldest)
    for file in ("ci/install", "Dockerfile"):
        assert "ci/requirements-policy.txt" in (ROOT / file).read_text(encoding="utf-8")


def test_every_host_holds_plans_against_the_rules_of_the_house() -> None:
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            given = [step["with"] for step in job["steps"] if "mode" in step.get("with", {})]
            assert all(("policy" in one) is (one["mode"] in ("plan", "apply")) for one in given), name
    assert read(GITLAB)["variables"]["IDENTITIES_POLICY"]
    assert "IDENTITIES_POLICY = '" in JENKINS.read_text(encoding="utf-8")


def parts(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in version.split(".") if one.isdigit())
