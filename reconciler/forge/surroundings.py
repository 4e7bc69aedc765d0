"""Which request a job belongs to and which token it has, from the variables and the event file that the CI sets.

GitHub Actions: GITHUB_REPOSITORY, GITHUB_EVENT_PATH, GITHUB_REF, GITHUB_API_URL. GitLab CI: CI_MERGE_REQUEST_PROJECT_ID,
CI_MERGE_REQUEST_IID, CI_API_V4_URL. Jenkins: CHANGE_ID of a multibranch job. What the command line says goes first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.errors import ForgeError, UsageError
from reconciler.forge.place import Forge, Place, Token

_DEFAULT_API = {Forge.GITHUB: "https://api.github.com", Forge.GITLAB: "https://gitlab.com/api/v4"}
_API = {Forge.GITHUB: "GITHUB_API_URL", Forge.GITLAB: "CI_API_V4_URL"}
_REPOSITORY = {
    Forge.GITHUB: ("GITHUB_REPOSITORY",),
    Forge.GITLAB: ("CI_MERGE_REQUEST_PROJECT_ID", "CI_PROJECT_ID", "CI_PROJECT_PATH"),
}
_MERGED_REF = re.compile(r"refs/pull/(\d+)/(?:merge|head)")


def place_in(
    environ: Mapping[str, str], *, on: Forge | None = None, repository: str | None = None, number: int | None = None
) -> Place:
    """The request that the job is about; whatever is given goes before what the variables say.

    Raises ForgeError where the job belongs to none, UsageError where nobody says which host or repository is meant.
    """
    forge = on or _forge_in(environ)
    place = repository_in(environ, forge, repository)
    return replace(place, number=number or _number_in(environ, forge, on is not None))


def repository_in(environ: Mapping[str, str], forge: Forge, repository: str | None = None) -> Place:
    """The repository that the job is about. Raises UsageError where nobody says which."""
    named = repository or next((environ[one] for one in _REPOSITORY[forge] if environ.get(one)), None)
    if named is None:
        raise UsageError(
            f"no repository on {forge.title} is named",
            f"{_REPOSITORY[forge][0]} is not set. Give --repository.",
        )
    api = environ.get(_API[forge]) or _DEFAULT_API[forge]
    return Place(forge=forge, api=api.rstrip("/"), repository=named, number=0)


def _forge_in(environ: Mapping[str, str]) -> Forge:
    if environ.get("GITHUB_ACTIONS") == "true":
        return Forge.GITHUB
    if environ.get("GITLAB_CI") == "true":
        return Forge.GITLAB
    raise UsageError(
        "neither GitHub Actions nor GitLab CI runs this", "Give --on github or --on gitlab, --repository and --number."
    )


def _number_in(environ: Mapping[str, str], forge: Forge, elsewhere: bool) -> int:
    """The number of the request. Raises ForgeError where there is none: a push, a schedule."""
    if forge is Forge.GITHUB:
        found = _number_of_event(environ) or _number_of_ref(environ.get("GITHUB_REF", ""))
    else:
        found = _digits(environ.get("CI_MERGE_REQUEST_IID", ""))
    if found is None and elsewhere:  # as Jenkins' branch sources call it
        found = _digits(environ.get("CHANGE_ID", ""))
    if found is None:
        event = environ.get("GITHUB_EVENT_NAME") or environ.get("CI_PIPELINE_SOURCE") or "no CI's"
        raise ForgeError(
            f"there is no {forge.noun} here to write to (the event is {event})",
            f"Run this for a {forge.noun}, or give --number N.",
        )
    return found


def _number_of_event(environ: Mapping[str, str]) -> int | None:
    """From the event's payload: of a pull request, or of an issue that is one."""
    path = environ.get("GITHUB_EVENT_PATH")
    if not path:
        return None
    try:
        event: Any = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return None  # GITHUB_REF may still say it
    if not isinstance(event, dict):
        return None
    issue = event.get("issue")
    for holder in (event.get("pull_request"), issue if isinstance(issue, dict) and issue.get("pull_request") else None):
        number = holder.get("number") if isinstance(holder, dict) else None
        if isinstance(number, int) and number > 0:
            return number
    return None


def _number_of_ref(ref: str) -> int | None:
    found = _MERGED_REF.fullmatch(ref)
    return _digits(found[1]) if found else None


def _digits(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[1-9]\d{0,17}", text, re.ASCII) else None


def token_in(environ: Mapping[str, str], forge: Forge) -> Token:
    """The token of the job. Raises ForgeError where there is none."""
    if forge is Forge.GITHUB:
        if secret := environ.get("GITHUB_TOKEN", "").strip():
            return Token(variable="GITHUB_TOKEN", header="Authorization", value=f"Bearer {secret}", secret=secret)
        raise ForgeError(
            "there is no token to write to GitHub with: GITHUB_TOKEN is not set",
            "Give the step env: {GITHUB_TOKEN: ${{ github.token }}} and the job permissions: {pull-requests: write}.",
        )
    for variable, header in (("GITLAB_TOKEN", "PRIVATE-TOKEN"), ("CI_JOB_TOKEN", "JOB-TOKEN")):
        if secret := environ.get(variable, "").strip():
            return Token(variable=variable, header=header, value=secret, secret=secret)
    raise ForgeError(
        "there is no token to write to GitLab with: GITLAB_TOKEN is not set",
        "Make a project access token with scope api and role Reporter, and store it as the masked variable GITLAB_TOKEN. "
        "A protected variable is not there for merge requests of unprotected branches and forks.",
    )
