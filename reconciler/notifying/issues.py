"""Keeps one issue on GitHub for a stack and environment: opened when something is to be told, closed when all is over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reconciler.errors import ForgeAnswerLost, ForgeDenied, NotTold
from reconciler.forge.calling import Caller, Patience
from reconciler.forge.github import PullRequest
from reconciler.forge.place import Forge
from reconciler.forge.surroundings import repository_in, token_in
from reconciler.notifying.letter import Letter
from reconciler.notifying.recipients import Recipient, secret_in

_VARIABLE = "GITHUB_TOKEN"
_LOOKS = 2
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def keep_issue(
    recipient: Recipient, letter: Letter, reference: str, environ: Mapping[str, str], patience: Patience
) -> str:
    """Bring the issue up to date; its number, "" where none is open then. `reference`: the number that is remembered, which
    is followed to an issue of ours alone: whoever may write the memory need not be one who may write issues.

    Raises ForgeError and NotTold. What was commented before is not commented again, whatever is remembered.
    """
    if letter.quiet and not (letter.over and reference):
        return reference
    secret_in(environ, _VARIABLE)
    place = repository_in(environ, Forge.GITHUB, recipient.place)
    try:
        with Caller(place, token_in(environ, Forge.GITHUB), environ, patience) as caller:
            return _Issues(caller).keep(letter, reference)
    except ForgeDenied as error:
        raise NotTold(
            error.summary, f"The token in {_VARIABLE} needs permissions: {{issues: write}} on {recipient.place}."
        ) from error


class _Issues:
    """Those of one repository."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._path = f"{caller.place.path}/issues"
        self._pulls = PullRequest(caller)  # it knows whose the token is

    def keep(self, letter: Letter, reference: str) -> str:
        standing = self._remembered(letter, reference) or self._found(letter)
        if standing is None:
            return "" if letter.over else self._open(letter)
        number = standing["number"]
        if not letter.quiet:
            self._comment(number, letter)
        wanted: dict[str, Any] = {"state": "closed", "state_reason": "completed"} if letter.over else {"state": "open"}
        if letter.known:
            wanted["body"] = letter.body
        if any(standing.get(name) != value for name, value in wanted.items()):
            self._caller.call("PATCH", f"{self._path}/{number}", wanted)
        return "" if letter.over else str(number)

    def _remembered(self, letter: Letter, reference: str) -> dict[str, Any] | None:
        """The issue of that number; None where it was deleted, or moved elsewhere, and where it is not ours."""
        if not _NUMBER.fullmatch(reference):
            return None
        try:
            found = self._caller.call("GET", f"{self._path}/{reference}")
        except ForgeDenied:  # 404 and 410, too: then the listing says whether anything can be read at all
            return None
        return found if self._is_ours(found, letter) and str(found["number"]) == reference else None

    def _found(self, letter: Letter) -> dict[str, Any] | None:
        """An open one of ours."""
        return next((one for one in self._caller.pages(f"{self._path}?state=open") if self._is_ours(one, letter)), None)

    def _is_ours(self, one: Any, letter: Letter) -> bool:
        """Whether we wrote it about this stack and environment: the marker in its first line anybody may have copied."""
        if not isinstance(one, dict) or "pull_request" in one or not isinstance(one.get("number"), int):
            return False
        marked = str(one.get("body") or "").partition("\n")[0].strip() == letter.body.partition("\n")[0]
        user = one.get("user")
        return marked and isinstance(user, dict) and user.get("login") == self._pulls.me()

    def _open(self, letter: Letter) -> str:
        """Its number. One whose answer was lost is looked for before another is opened."""
        for look in range(_LOOKS):
            try:
                made = self._caller.call("POST", self._path, {"title": letter.title, "body": letter.body})
                return str(made["number"])
            except ForgeAnswerLost:
                if (found := self._found(letter)) is not None:
                    return str(found["number"])
                if look + 1 == _LOOKS:
                    raise
        raise AssertionError("every look returns or raises")

    def _comment(self, number: int, letter: Letter) -> None:
        mark = f"<!-- reconciler:told {letter.key} -->"
        for one in self._caller.pages(f"{self._path}/{number}/comments"):
            if str(one.get("body") or "").startswith(mark):
                return
        self._caller.call("POST", f"{self._path}/{number}/comments", {"body": f"{mark}\n{letter.comment}"})
