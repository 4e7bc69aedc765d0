"""The key of a review: the same comment and the same alerts for one pull request, whatever it does to its environments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.repositories import MANIFEST, Git

STAGED = MANIFEST.replace(
    "workloadIdentities", '  stage: {account: "333333333333", region: us-east-1}\nworkloadIdentities'
)


@pytest.fixture
def repository(git: Git, project: Any, monkeypatch: pytest.MonkeyPatch) -> Git:
    """A repository with a manifest on main, in which the command line runs."""
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    monkeypatch.chdir(git.root)
    return git


def keys(project: Any, *arguments: str) -> tuple[str, str]:
    """The marker of the comment, and the category of the alerts."""
    ran = project.run("review", "--base", "main", *arguments, "--output", "markdown=c.md", "--output", "sarif=c.sarif")
    assert ran.code in {0, 1}, ran
    sarif = json.loads(Path("c.sarif").read_text(encoding="utf-8"))
    return Path("c.md").read_text(encoding="utf-8").partition("\n")[0], sarif["runs"][0]["automationDetails"]["id"]


def test_an_environment_that_is_added_makes_no_second_comment(repository: Git, project: Any) -> None:
    before = keys(project)
    repository.write("reconciler.yaml", STAGED)
    assert keys(project) == before == ("<!-- reconciler:review payments/ -->", "reconciler-review/payments/")


def test_a_review_of_some_environments_has_a_comment_of_its_own(repository: Git, project: Any) -> None:
    repository.write("reconciler.yaml", STAGED)
    assert keys(project, "--env", "prod")[0] == "<!-- reconciler:review payments/prod -->"
    assert keys(project, "--env", "*")[0] == "<!-- reconciler:review payments/%2A -->"


def test_stacks_that_nobody_can_read_do_not_share_a_comment(repository: Git, project: Any) -> None:
    for name in ("a.yaml", "b/b.yaml"):
        repository.write(name, "version: 1\nstack: [\n")
    repository.commit()
    assert keys(project, "a.yaml")[0] == "<!-- reconciler:review /a.yaml -->"
    assert keys(project, "b/b.yaml")[0] == "<!-- reconciler:review /b%2Fb.yaml -->"
