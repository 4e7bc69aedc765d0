"""Merge requests of GitLab, over its REST API. A comment is called a note there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from reconciler.errors import ForgeError
from reconciler.forge.calling import Caller
from reconciler.forge.place import Place
from reconciler.forge.request import Comment


class MergeRequest:
    """One merge request. `job`: the token is a job's, which may not ask `/user`."""

    def __init__(self, caller: Caller, *, job: bool = False) -> None:
        self._caller = caller
        self._path = f"{caller.place.path}/merge_requests/{caller.place.number}"
        self._job = job
        self._account = ""

    @property
    def place(self) -> Place:
        """Which one it is."""
        return self._caller.place

    def comments(self) -> Iterator[Comment]:
        """All that stand, oldest first, but what GitLab itself notes down."""
        for raw in self._caller.pages(f"{self._path}/notes?sort=asc&order_by=created_at"):
            if raw.get("system") is not True:
                yield self._comment(raw)

    def create(self, body: str) -> Comment:
        """Write a new comment."""
        return self._comment(self._caller.call("POST", f"{self._path}/notes", {"body": body}))

    def update(self, comment: Comment, body: str) -> Comment:
        """Write another text in a comment of ours."""
        return self._comment(self._caller.call("PUT", f"{self._path}/notes/{comment.id}", {"body": body}))

    def labels(self) -> frozenset[str]:
        """The names of its labels."""
        raw = self._caller.call("GET", self._path)
        found = raw.get("labels") if isinstance(raw, dict) else None
        return frozenset(map(str, found)) if isinstance(found, list) else frozenset()

    def label(self, *, add: Iterable[str], remove: Iterable[str]) -> None:
        """Give it some labels, which come into being if they are new, and take others away."""
        change = {"add_labels": ",".join(sorted(add)), "remove_labels": ",".join(sorted(remove))}
        self._caller.call("PUT", self._path, {name: names for name, names in change.items() if names})

    def me(self) -> str:
        """The id of the token's account."""
        if not self._account:
            answer = self._caller.call("GET", "/job" if self._job else "/user")
            user = answer.get("user") if self._job and isinstance(answer, dict) else answer
            self._account = _id_of(user)
            if not self._account:
                raise ForgeError(
                    "GitLab does not say whose token this is, so that nobody knows which comments are ours"
                )
        return self._account

    def _comment(self, raw: Any) -> Comment:
        if not isinstance(raw, dict) or not isinstance(raw.get("id"), int):
            raise ForgeError("GitLab answered with a note that has no id", f"The address is {self.place.api}.")
        return Comment(id=raw["id"], body=str(raw.get("body") or ""), author=_id_of(raw.get("author")))


def _id_of(account: object) -> str:
    """Its number as text, or "" where there is none."""
    number = account.get("id") if isinstance(account, dict) else None
    return str(number) if isinstance(number, int) else ""
