"""The plan that people saw before a commit was merged: the pull request that it came from, and the run that kept its plan.

GitHub only: GitLab and Jenkins plan and apply in one pipeline, and hand the file on themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.errors import StalePlan
from reconciler.forge.calling import Caller

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Pull request `number`, its last commit `head`, the `artifact` with the plan made for it, the `run` that keeps it."""

    number: int
    head: str
    artifact: str
    run: int


def find_merged(caller: Caller, commit: str, prefix: str, run: int | None = None) -> Merged:
    """The newest artifact `PREFIXcommit` of the pull request that became this commit, or the one that this `run` keeps.

    One that a fork's run made is not looked at: whoever opens a pull request may call an artifact what he likes. Raises
    StalePlan where no plan was seen, ForgeError where GitHub cannot be asked.
    """
    number, head = _request_of(caller, commit)
    name = f"{prefix}{head}"
    found = [
        one for one in _artifacts(caller, name) if _is_of(one, name, head) and run in (None, one["workflow_run"]["id"])
    ]
    if not found:
        kept = "no run for" if run is None else f"run {run} is not one of"
        raise StalePlan(
            f"#{number} was merged without a plan: {kept} its last commit {head[:12]} that keeps an artifact {name}",
            "Nothing is applied that nobody saw. Plan, look at it, apply that; artifacts also end with their retention time.",
        )
    newest = max(found, key=lambda one: (str(one.get("created_at", "")), int(one.get("id", 0))))
    return Merged(number=number, head=head, artifact=name, run=int(newest["workflow_run"]["id"]))


def _request_of(caller: Caller, commit: str) -> tuple[int, str]:
    """Number and last commit of the pull request that was merged as this commit."""
    for raw in caller.pages(f"{caller.place.path}/commits/{commit}/pulls"):
        head = raw.get("head")
        sha = head.get("sha") if isinstance(head, dict) else None
        merged = raw.get("merged_at") and raw.get("merge_commit_sha") == commit
        if merged and isinstance(raw.get("number"), int) and isinstance(sha, str) and _COMMIT.fullmatch(sha):
            return raw["number"], sha
    raise StalePlan(
        f"{commit[:12]} is not the merge of a pull request, so nobody saw a plan for it",
        "Changes go through a pull request. To apply this one, plan it, look at it, and apply that plan.",
    )


def _artifacts(caller: Caller, name: str) -> Iterator[dict[str, Any]]:
    answer = caller.call("GET", f"{caller.place.path}/actions/artifacts?per_page=100&name={name}")
    found = answer.get("artifacts") if isinstance(answer, dict) else None
    yield from (one for one in found or () if isinstance(one, dict))


def _is_of(artifact: dict[str, Any], name: str, head: str) -> bool:
    """Whether a run of the repository itself made it for that commit, and it is still there."""
    run = artifact.get("workflow_run")
    return (
        isinstance(run, dict)
        and artifact.get("name") == name
        and artifact.get("expired") is False
        and isinstance(run.get("id"), int)
        and run.get("head_sha") == head
        and run.get("repository_id") is not None
        and run.get("repository_id") == run.get("head_repository_id")
    )
