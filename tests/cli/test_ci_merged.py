"""`ci merged`: only a plan that a run of the repository itself made for the pull request's last commit is found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.forges import TOKEN, Forges, serve_forges

HEAD, MERGE, OTHER = "a" * 40, "b" * 40, "c" * 40
NAME = f"reconciler-plan-prod-{HEAD}"
ASK = ("ci", "merged", "--artifact", "reconciler-plan-prod-")


@pytest.fixture
def forges(monkeypatch: pytest.MonkeyPatch) -> Iterator[Forges]:
    """A forge on which pull request 12 was merged as MERGE, and run 501 kept a plan of its last commit."""
    with serve_forges() as running:
        running.pulls = [pull(12, HEAD, MERGE)]
        running.artifacts = [artifact(501)]
        for name, value in {
            "GITHUB_API_URL": running.url, "GITHUB_REPOSITORY": "acme/identities", "GITHUB_TOKEN": TOKEN, "GITHUB_SHA": MERGE,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield running


def pull(number: int, head: str, merge: str, merged: str | None = "2026-11-01T10:00:00Z") -> dict[str, Any]:
    return {
        "number": number, "head": {"sha": head}, "merge_commit_sha": merge, "merged_at": merged, "commits": [head, merge],
    }  # fmt: skip


def artifact(run: int, *, at: str = "2026-11-01T09:00:00Z", **run_has: Any) -> dict[str, Any]:
    made = {"id": run, "head_sha": HEAD, "repository_id": 7, "head_repository_id": 7, **run_has}
    return {"id": run, "name": NAME, "expired": False, "created_at": at, "workflow_run": made}


def test_the_newest_plan_of_the_last_commit_is_found(project: Any, forges: Forges) -> None:
    forges.artifacts = [artifact(501), artifact(503, at="2026-11-01T09:30:00Z"), artifact(502)]
    ran = project.run(*ASK)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"number=12\nhead={HEAD}\nartifact={NAME}\nrun=503\n"


def test_a_plan_that_came_after_the_one_that_was_shown_is_not_taken_for_it(project: Any, forges: Forges) -> None:
    forges.artifacts = [artifact(501)]
    assert "run=501\n" in project.run(*ASK).out
    forges.artifacts.append(artifact(502, at="2026-11-01T11:00:00Z"))
    assert "run=502\n" in project.run(*ASK).out
    assert "run=501\n" in project.run(*ASK, "--run", "501").out
    forges.artifacts = forges.artifacts[1:]
    ran = project.run(*ASK, "--run", "501")
    assert (ran.code, ran.out) == (4, "")
    assert "run 501 is not one of its last commit" in ran.err


@pytest.mark.parametrize(
    "stranger",
    [
        {**artifact(1), "expired": True},
        artifact(1, head_repository_id=666),
        artifact(1, repository_id=None, head_repository_id=None),
        artifact(1, head_sha=OTHER),
        {**artifact(1), "workflow_run": None},
    ],
    ids=["expired", "a fork's", "nobody's", "of another commit", "without a run"],
)
def test_what_is_not_the_plan_that_was_seen_is_left(project: Any, forges: Forges, stranger: dict[str, Any]) -> None:
    forges.artifacts = [stranger]
    ran = project.run(*ASK)
    assert (ran.code, ran.out) == (4, "")
    assert "#12 was merged without a plan" in ran.err


@pytest.mark.parametrize(
    "pulls",
    [[], [pull(12, HEAD, OTHER)], [pull(12, HEAD, MERGE, merged=None)], [pull(12, "x\nrun=1", MERGE)]],
    ids=["a direct push", "of another merge", "still open", "with a line break"],
)
def test_a_commit_that_no_pull_request_became_has_no_plan(
    project: Any, forges: Forges, pulls: list[dict[str, Any]]
) -> None:
    forges.pulls = [{**one, "commits": [MERGE]} for one in pulls]
    ran = project.run(*ASK)
    assert (ran.code, ran.out) == (4, "")
    assert "nobody saw a plan" in ran.err


@pytest.mark.parametrize(
    "arguments", [("--artifact", "x/y"), ("--artifact", "p-", "--commit", "main"), ("--artifact", "p-", "--commit", "")]
)
def test_what_is_no_commit_or_name_is_a_mistake(
    project: Any, forges: Forges, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.delenv("GITHUB_SHA")
    assert project.run("ci", "merged", *arguments).code == 1
    assert forges.seen == []


def test_a_host_that_cannot_be_asked_is_an_error_and_no_missing_plan(project: Any, forges: Forges) -> None:
    forges.accounts.clear()
    assert project.run(*ASK).code == 1
