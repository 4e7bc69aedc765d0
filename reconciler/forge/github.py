"""Pull requests of GitHub, over its REST API; whose the token is, over GraphQL, which alone says that to an app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from reconciler.errors import ForgeError
from reconciler.forge.calling import Caller
from reconciler.forge.place import Place
from reconciler.forge.request import Comment

_WHO = "query { viewer { login } }"


class PullRequest:
    """One pull request. Its comments are those of the issue of the same number."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._issue = f"{caller.place.path}/issues/{caller.place.number}"
        self._login = ""

    @property
    def place(self) -> Place:
        """Which one it is."""
        return self._caller.place

    def comments(self) -> Iterator[Comment]:
        """All that stand, oldest first."""
        for raw in self._caller.pages(f"{self._issue}/comments"):
            yield self._comment(raw)

    def create(self, body: str) -> Comment:
        """Write a new comment."""
        return self._comment(self._caller.call("POST", f"{self._issue}/comments", {"body": body}))

    def update(self, comment: Comment, body: str) -> Comment:
        """Write another text in a comment of ours."""
        path = f"{self._caller.place.path}/issues/comments/{comment.id}"
        return self._comment(self._caller.call("PATCH", path, {"body": body}))

    def labels(self) -> frozenset[str]:
        """The names of its labels."""
        return frozenset(str(raw.get("name", "")) for raw in self._caller.pages(f"{self._issue}/labels"))

    def label(self, *, add: Iterable[str], remove: Iterable[str]) -> None:
        """Give it some labels, which come into being if they are new, and take others away."""
        if names := sorted(add):
            self._caller.call("POST", f"{self._issue}/labels", {"labels": names}, repeatable=True)
        for name in sorted(remove):
            self._caller.call("DELETE", f"{self._issue}/labels/{quote(name, safe='')}")

    def me(self) -> str:
        """The login of the token's account, with `[bot]` at its end for an app, as REST has it too."""
        self._login = self._login or self._asked_login()
        return self._login

    def _comment(self, raw: Any) -> Comment:
        if not isinstance(raw, dict) or not isinstance(raw.get("id"), int):
            raise ForgeError("GitHub answered with a comment that has no id", f"The address is {self.place.api}.")
        user = raw.get("user")
        author = str(user.get("login") or "") if isinstance(user, dict) else ""
        return Comment(id=raw["id"], body=str(raw.get("body") or ""), author=author, url=str(raw.get("html_url") or ""))

    def _asked_login(self) -> str:
        """The token's account. `GET /user` is refused to the token of a job, which is an app's."""
        api = self.place.api
        graphql = f"{api.removesuffix('/v3')}/graphql" if api.endswith("/api/v3") else f"{api}/graphql"
        answer = self._caller.call("POST", graphql, {"query": _WHO}, repeatable=True)
        try:
            return str(answer["data"]["viewer"]["login"])
        except (KeyError, TypeError) as error:
            raise ForgeError(
                "GitHub does not say whose token this is, so that nobody knows which comments are ours",
                f"{graphql} was asked for the login of its viewer.",
            ) from error
