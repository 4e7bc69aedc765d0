"""Which request a job belongs to, from what each CI really sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ForgeError, UsageError
from reconciler.forge import Forge, place_in, token_in

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/identities",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_REF": "refs/pull/12/merge",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_PROJECT_ID": "99",
    "CI_MERGE_REQUEST_PROJECT_ID": "77",
    "CI_MERGE_REQUEST_IID": "12",
}


def event(folder: Path, payload: Any) -> dict[str, str]:
    file = folder / "event.json"
    file.write_text(payload if isinstance(payload, str) else json.dumps(payload), encoding="utf-8")
    return {**GITHUB, "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": str(file)}


@pytest.mark.parametrize(
    "payload",
    [
        {"action": "synchronize", "number": 12, "pull_request": {"number": 12}},
        {"action": "created", "issue": {"number": 12, "pull_request": {"url": "…"}}},
    ],
)
def test_the_event_file_says_the_number(tmp_path: Path, payload: Any) -> None:
    place = place_in(event(tmp_path, payload))
    assert (place.forge, place.repository, place.number, str(place)) == (
        Forge.GITHUB,
        "acme/identities",
        12,
        "acme/identities#12",
    )


@pytest.mark.parametrize(
    "payload",
    [
        {"ref": "refs/heads/main"},
        {"issue": {"number": 12}},
        {"pull_request": {"number": "12"}},
        {"pull_request": None},
        [],
        "no JSON",
    ],
)
def test_an_event_without_a_pull_request_is_none(tmp_path: Path, payload: Any) -> None:
    with pytest.raises(ForgeError, match="there is no pull request here"):
        place_in(event(tmp_path, payload))


def test_the_ref_says_it_where_the_file_is_not_there(tmp_path: Path) -> None:
    assert place_in({**GITHUB, "GITHUB_EVENT_PATH": str(tmp_path / "nowhere")}).number == 12
    assert place_in(GITHUB).number == 12


def test_gitlab_names_the_project_of_the_request_not_the_forks() -> None:
    place = place_in(GITLAB)
    assert (place.path, place.number, place.api) == ("/projects/77", 12, "https://gitlab.example.com/api/v4")


def test_a_branch_pipeline_of_gitlab_has_no_merge_request() -> None:
    with pytest.raises(ForgeError, match="there is no merge request here"):
        place_in({**GITLAB, "CI_MERGE_REQUEST_IID": "", "CI_PIPELINE_SOURCE": "push"})


def test_jenkins_says_where_and_has_the_number() -> None:
    place = place_in({"CHANGE_ID": "12"}, on=Forge.GITHUB, repository="acme/identities")
    assert (place.api, place.number) == ("https://api.github.com", 12)
    nested = place_in({"CHANGE_ID": "12"}, on=Forge.GITLAB, repository="acme/deep/identities")
    assert nested.path == "/projects/acme%2Fdeep%2Fidentities"


def test_what_is_given_goes_first() -> None:
    assert place_in(GITHUB, number=5, repository="acme/other").path == "/repos/acme/other"
    assert place_in(GITHUB, number=5).number == 5


def test_without_a_ci_the_host_has_to_be_named() -> None:
    with pytest.raises(UsageError, match="neither GitHub Actions nor GitLab CI"):
        place_in({})
    with pytest.raises(UsageError, match="no repository on GitHub"):
        place_in({}, on=Forge.GITHUB)


@pytest.mark.parametrize(
    "repository", ["acme", "acme/../secrets", "acme/identities?x", "../..", "acme/a b", "a/b/c", "a/."]
)
def test_a_repository_that_would_be_another_path_is_refused(repository: str) -> None:
    with pytest.raises(UsageError, match="is no repository"):
        place_in(GITHUB, repository=repository)


def test_the_token_is_the_jobs_or_the_projects() -> None:
    assert token_in({"GITHUB_TOKEN": " abc\n"}, Forge.GITHUB).value == "Bearer abc"
    assert token_in({"GITLAB_TOKEN": "abc", "CI_JOB_TOKEN": "job"}, Forge.GITLAB).header == "PRIVATE-TOKEN"
    assert token_in({"CI_JOB_TOKEN": "job"}, Forge.GITLAB).header == "JOB-TOKEN"


@pytest.mark.parametrize("forge", list(Forge))
def test_a_variable_that_is_set_and_empty_is_no_token(forge: Forge) -> None:
    with pytest.raises(ForgeError, match="there is no token"):
        token_in({"GITHUB_TOKEN": "", "GITLAB_TOKEN": "", "CI_JOB_TOKEN": ""}, forge)
