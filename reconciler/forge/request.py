"""A pull request or merge request as something to write on: the verbs that both hosts have, and who implements them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.forge.place import Forge, Place, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One that stands. `author`: the account that wrote it, as the host tells accounts apart. `url`: for people, or ""."""

    id: int
    body: str
    author: str
    url: str = ""


class Request(Protocol):
    """What can be done with one. Each may raise ForgeError; `create` also ForgeAnswerLost."""

    @property
    def place(self) -> Place:
        """Which one it is."""
        ...

    def comments(self) -> Iterator[Comment]:
        """All that stand, oldest first."""
        ...

    def me(self) -> str:
        """The account of the token, as `Comment.author` names it. Asked once."""
        ...

    def create(self, body: str) -> Comment:
        """Write a new comment."""
        ...

    def update(self, comment: Comment, body: str) -> Comment:
        """Write another text in a comment of ours."""
        ...

    def labels(self) -> frozenset[str]:
        """The names of its labels."""
        ...

    def label(self, *, add: Iterable[str], remove: Iterable[str]) -> None:
        """Give it some labels and take others away."""
        ...


@contextlib.contextmanager
def open_request(place: Place, token: Token, environ: Mapping[str, str]) -> Iterator[Request]:
    """The request, connected with this token for as long as the context lasts."""
    from reconciler.forge.calling import Caller
    from reconciler.forge.github import PullRequest
    from reconciler.forge.gitlab import MergeRequest

    with Caller(place, token, environ) as caller:
        if place.forge is Forge.GITHUB:
            yield PullRequest(caller)
        else:
            yield MergeRequest(caller, job=token.variable == "CI_JOB_TOKEN")
