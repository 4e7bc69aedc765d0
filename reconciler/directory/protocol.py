"""What the rest of the package asks of a directory: a few verbs, no flags. Implemented by `reconciler.directory.agentcore`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from reconciler.model.addresses import Remote
from reconciler.model.kinds import NO_SECRETS, Kind, Secrets
from reconciler.model.parents import Holder
from reconciler.model.resources import Live
from reconciler.model.secrets import SecretSource
from reconciler.model.values import Attributes

THREADS = 40
"""Calls at once while a directory is read. More would only keep the listing, whose pages come one by one, waiting."""


class Listed(NamedTuple):
    """What a listing shows of one resource. `updated`: ISO 8601, UTC; "" where listings of the kind do not say."""

    remote: Remote
    arn: str
    updated: str = ""


class Directory(Protocol):
    """One account's identity directory in one region. Every verb raises `reconciler.errors.DirectoryError`s and no others.

    Verbs are safe to call from several threads. Each is one intent: retries of what certainly did not happen are inside,
    what may have happened is raised as `Ambiguous`.
    """

    @property
    def account(self) -> str:
        """The twelve digits of the account that answers."""

    @property
    def region(self) -> str:
        """The region that answers."""

    @property
    def calls(self) -> int:
        """API calls sent so far, retries included."""

    @property
    def calls_by_operation(self) -> Mapping[str, int]:
        """The same, by operation."""

    @property
    def throttled(self) -> int:
        """How many of the calls the service wanted later."""

    @property
    def hurry(self) -> threading.Event:
        """Once it is set, calls end within seconds: none waits long for its turn, none is tried again."""

    def asking(self, may_write: Callable[[], bool]) -> Directory:
        """The same directory, where a call that changes something is sent only if `may_write` says so right before it.

        Asked before each attempt, those after a wait or a lost answer too; what is not sent raises Stopped.
        """

    def pages(self, kind: Kind) -> Iterator[tuple[Listed, ...]]:
        """The listing, page by page as it arrives."""

    def read(self, kind: Kind, name: str) -> Live | None:
        """The whole of one resource, its tags included; None if it does not exist."""

    def create(
        self, kind: Kind, name: str, attributes: Attributes, owner: str, *, secrets: Secrets = NO_SECRETS
    ) -> str:
        """Make it, marked as `owner`'s; its ARN. Raises AlreadyExists for both forms in which the service says so."""

    def update(
        self, kind: Kind, name: str, arn: str, before: Attributes, after: Attributes, *, secrets: Secrets = NO_SECRETS
    ) -> None:
        """Change what differs between the two. Raises TagsFailed when all but the tags is done, NotCleared."""

    def delete(self, kind: Kind, name: str) -> None:
        """Remove it. Raises NotFound, ServiceLinked."""

    def mark(self, kind: Kind, arn: str, owner: str) -> None:
        """Set the ownership tag, or take it away when `owner` is empty. Raises TagsFailed."""

    def read_secret(self, source: SecretSource) -> str:
        """The value of a MANAGED secret, for the call that carries it and nothing else. Raises SecretUnreadable."""

    def linked(self) -> Mapping[str, Holder]:
        """ARN of each service-linked identity -> what holds it."""
