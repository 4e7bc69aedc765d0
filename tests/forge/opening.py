"""A request of a forge on this machine, opened as the product opens it; pauses are noted down and not waited for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from reconciler.forge import Forge, Place, Request
from reconciler.forge.calling import Caller, Patience
from reconciler.forge.github import PullRequest
from reconciler.forge.gitlab import MergeRequest
from reconciler.forge.place import Token
from tests.forges import TOKEN, Forges

NOW = 1_800_000_000.0
GITHUB_TOKEN = Token(variable="GITHUB_TOKEN", header="Authorization", value=f"Bearer {TOKEN}", secret=TOKEN)
GITLAB_TOKEN = Token(variable="GITLAB_TOKEN", header="PRIVATE-TOKEN", value=TOKEN, secret=TOKEN)


def opened(forges: Forges, pauses: list[float]) -> Callable[[Forge], contextlib.AbstractContextManager[Request]]:
    """`opened(…)(Forge.GITHUB)`: request 12 of acme/identities, as a context."""

    @contextlib.contextmanager
    def on(forge: Forge) -> Iterator[Request]:
        place = Place(forge=forge, api=forges.url, repository="acme/identities", number=12)
        patience = Patience(sleep=pauses.append, clock=lambda: NOW, read=5.0)
        token = GITHUB_TOKEN if forge is Forge.GITHUB else GITLAB_TOKEN
        with Caller(place, token, {}, patience) as caller:
            yield PullRequest(caller) if forge is Forge.GITHUB else MergeRequest(caller)

    return on
