"""Which commit somebody means: by the words on the command line, or by the branch that a CI names.

git looks a short name up among tags before branches, and branches before what was fetched. Whoever may push a tag `origin/main`
would so choose what a change is compared with: short names that mean several commits are refused, and ours are full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reconciler.errors import UsageError
from reconciler.repository.git import Repository

_TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CHANGE_TARGET")
"""Where GitHub Actions, GitLab CI and Jenkins say which branch a request is to be merged into."""
_FETCHED, _LOCAL = "refs/remotes/origin/", "refs/heads/"
_USUAL = (f"{_FETCHED}HEAD", f"{_FETCHED}main", f"{_FETCHED}master", f"{_LOCAL}main", f"{_LOCAL}master")
_PLACES = ("refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
"""Where git looks a short name up (gitrevisions(7))."""
_SUFFIX = re.compile(r"[~^:]|@\{")  # where ~2, ^{commit}, @{1} begin
_SHORTENED = re.compile(r"[0-9a-f]{4,39}")


def commit_of(repository: Repository, words: str, *, option: str) -> str:
    """The commit that the words of that option mean. Raises UsageError for none, and where there are several."""
    name = _SUFFIX.split(words, maxsplit=1)[0]
    meant = dict(_meant(repository, name))
    if len({*meant.values()}) > 1:
        last = [*meant][-1]
        raise UsageError(
            f"{option}: {words!r} may mean {' or '.join(meant)}, which are different commits",
            f"Give the full name of the one that is meant, as in {option} {last}{words.removeprefix(name)}.",
        )
    lost = name.startswith("refs/") and repository.ref(name) is None
    found = None if lost else repository.commit(words)
    if found is None:
        raise UsageError(
            f"{option}: {words!r} is no commit of {repository.root}",
            "Give a branch, tag or commit that was fetched; `git fetch origin BRANCH` gets one that was not.",
        )
    return found


def base_of(repository: Repository, asked: str | None, environ: Mapping[str, str]) -> tuple[str, str]:
    """What a change is to be merged into: what that is called, and its commit. Raises UsageError where nobody can tell."""
    if asked is not None:
        return _short(asked), commit_of(repository, asked, option="--base")
    for variable in _TARGETS:
        if branch := environ.get(variable):
            for name in (f"{_FETCHED}{branch}", f"{_LOCAL}{branch}"):
                if (found := repository.ref(name)) is not None:
                    return _short(name), found
            raise UsageError(
                f"{variable} says that this is to be merged into {branch}, which was not fetched",
                f"Fetch it with its history: git fetch origin {branch}. In GitHub Actions: fetch-depth: 0 at actions/checkout.",
            )
    for name in _USUAL:
        if (found := repository.ref(name)) is not None:
            return _short(name), found
    raise UsageError("Nobody can tell which branch this is to be merged into", "Say so with --base REF.")


def _meant(repository: Repository, name: str) -> Iterator[tuple[str, str]]:
    """Every ref that the short name may be, and its commit; of one that is also the beginning of a commit's, that too."""
    if not name or name in ("HEAD", "@") or name.startswith("refs/"):
        return  # git looks those up in one place
    for place in _PLACES:
        if (found := repository.ref(place.format(name))) is not None:
            yield place.format(name), found
    if _SHORTENED.fullmatch(name):
        for found in repository.commits_beginning(name):
            yield found, found


def _short(name: str) -> str:
    """A branch as people call it."""
    return name.removeprefix("refs/remotes/").removeprefix(_LOCAL)
