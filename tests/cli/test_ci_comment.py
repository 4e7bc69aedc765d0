"""`ci comment` and `ci labels`: what the job's end says, where the words go, and that a token shows nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.forges import TOKEN, Account, Forges, serve_forges

TEXT = "<!-- reconciler:plan payments/local -->\n## Plan\n\n2 to create\n"


@pytest.fixture
def forges(project: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forges]:
    """A forge, and the variables of a job of GitHub Actions on pull request 12."""
    event = project.folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 12}}), encoding="utf-8")
    (project.folder / "plan.md").write_text(TEXT, encoding="utf-8")
    for name in ("GITLAB_CI", "GITLAB_TOKEN", "CI_JOB_TOKEN", "CHANGE_ID"):
        monkeypatch.delenv(name, raising=False)
    with serve_forges() as running:
        for name, value in {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": running.url,
            "GITHUB_REPOSITORY": "acme/identities",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        yield running


def test_the_comment_is_made_then_updated_then_left_alone(project: Any, forges: Forges) -> None:
    made = project.run("ci", "comment", "--file", "plan.md")
    assert (made.code, made.err) == (0, "")
    assert (
        made.out == "acme/identities#12 https://github.com/acme/identities/pull/12#issuecomment-1000: comment created\n"
    )
    assert "comment unchanged" in project.run("ci", "comment", "--file", "plan.md").out
    (project.folder / "plan.md").write_text(TEXT + "more\n", encoding="utf-8")
    assert "comment updated" in project.run("ci", "comment", "--file", "plan.md").out
    assert [one["body"] for one in forges.comments] == [TEXT + "more\n"]


@pytest.mark.parametrize("result", [0, 1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("posted", [True, False], ids=["posted", "forbidden"])
def test_the_job_ends_as_what_made_the_report_did(project: Any, forges: Forges, result: int, posted: bool) -> None:
    forges.accounts[TOKEN] = Account("github-actions[bot]", 41898282, writes=posted)
    ran = project.run("ci", "comment", "--file", "plan.md", "--result", str(result))
    assert ran.code == result
    assert ("could not be written" in ran.err) is not posted
    assert len(forges.comments) == posted


def test_a_proxy_that_cannot_be_used_does_not_lose_the_result(
    project: Any, forges: Forges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "https://github.example/api/v3")
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    ran = project.run("ci", "comment", "--file", "plan.md", "--result", "3")
    assert ran.code == 3
    assert "the proxy for github.example cannot be used: 'socks5' is no kind of proxy" in ran.err


@pytest.mark.parametrize("result", [127, 137, 143])
def test_a_program_that_was_killed_or_not_found_is_an_error(project: Any, forges: Forges, result: int) -> None:
    assert project.run("ci", "comment", "--file", "plan.md", "--result", str(result)).code == 1


@pytest.mark.parametrize(("result", "code"), [(0, 1), (2, 1), (1, 1), (3, 3), (6, 6)])
def test_strict_makes_a_comment_that_is_missing_an_error(project: Any, forges: Forges, result: int, code: int) -> None:
    forges.accounts.clear()
    ran = project.run("ci", "comment", "--file", "plan.md", "--strict", "--result", str(result))
    assert (ran.code, forges.comments) == (code, [])


def test_a_failure_to_post_is_told_and_passes(project: Any, forges: Forges) -> None:
    forges.accounts[TOKEN] = Account("github-actions[bot]", 41898282, writes=False)
    ran = project.run("ci", "comment", "--file", "plan.md")
    assert (ran.code, ran.out) == (0, "")
    assert "answered 403" in ran.err
    assert "fork" in ran.err
    assert ran.err.endswith("That says nothing of the result, which decides. This ends with exit code 0.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--file", "nowhere.md"], "cannot read nowhere.md"),
        (["--file", "event.json"], "is no report for a comment"),
        (["--file", "plan.md", "--repository", "acme"], "is no repository"),
        (["--file", "plan.md", "--result", "-1"], "--result"),
        (["--file", "plan.md", "--result", ""], "--result"),
        ([], "--file"),
    ],
)
def test_a_mistake_in_the_pipeline_is_an_error_and_never_looks_like_changes(
    project: Any, forges: Forges, arguments: list[str], said: str
) -> None:
    ran = project.run("ci", "comment", *arguments)
    assert ran.code == 1
    assert said in ran.err
    assert forges.seen == []


def test_a_report_that_a_refused_plan_never_wrote_leaves_the_refusal(project: Any, forges: Forges) -> None:
    assert project.run("ci", "comment", "--file", "nowhere.md", "--result", "3").code == 3
    assert project.run("ci", "comment", "--file", "nowhere.md", "--result", "2").code == 1


def test_a_push_has_nothing_to_comment_on(project: Any, forges: Forges, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "event.json").write_text('{"ref": "refs/heads/main"}', encoding="utf-8")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    ran = project.run("ci", "comment", "--file", "plan.md", "--result", "2")
    assert ran.code == 2
    assert "there is no pull request here to write to (the event is push)" in ran.err
    assert forges.seen == []


def test_a_dry_run_says_what_it_would_do(project: Any, forges: Forges) -> None:
    ran = project.run("ci", "comment", "--file", "plan.md", "--dry-run")
    assert (ran.code, ran.out) == (0, "acme/identities#12: comment would be created\n")
    assert forges.comments == []


def test_a_cut_is_told(project: Any, forges: Forges) -> None:
    (project.folder / "plan.md").write_text(TEXT + "line\n" * 20_000, encoding="utf-8")
    ran = project.run("ci", "comment", "--file", "plan.md")
    assert ran.code == 0
    assert "were cut" in ran.err
    assert len(forges.comments[0]["body"]) <= 65_536


@pytest.mark.parametrize("status", [0, 401, 403, 422, 502])
def test_the_token_shows_nowhere_not_even_in_the_debug_log(project: Any, forges: Forges, status: int) -> None:
    body = {"message": f"echo {TOKEN}"}
    if status:
        forges.trouble("POST", "/12/comments", status=status, body=body, times=1)
    ran = project.other("ci", "comment", "--file", "plan.md", "--log-level", "debug")
    assert ran.code == 0
    assert TOKEN not in ran.out + ran.err
    assert TOKEN in forges.tokens, "it was used"


def test_gitlab_by_its_own_variables(project: Any, forges: Forges, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    for name, value in {
        "GITLAB_CI": "true", "CI_API_V4_URL": forges.url, "CI_MERGE_REQUEST_PROJECT_ID": "77",
        "CI_MERGE_REQUEST_IID": "12", "CI_JOB_TOKEN": TOKEN,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert project.run("ci", "comment", "--file", "plan.md").out == "77!12: comment created\n"
    assert "unchanged" in project.run("ci", "comment", "--file", "plan.md").out
    assert ("GET", "/job") in forges.seen, "a job's token may not ask who it is in any other way"


def test_labels_follow_the_report(project: Any, forges: Forges) -> None:
    forges.labels = {"bug", "reconciler/destroy"}
    (project.folder / "labels.txt").write_text("reconciler/add\n", encoding="utf-8")
    ran = project.run("ci", "labels", "--file", "labels.txt")
    assert (ran.code, ran.out) == (0, "acme/identities#12: labels changed: +reconciler/add -reconciler/destroy\n")
    assert forges.labels == {"bug", "reconciler/add"}
    assert "left as they are" in project.run("ci", "labels", "--file", "labels.txt").out
