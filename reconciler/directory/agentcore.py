"""The directory of an AWS account: the `Directory` protocol over boto3's `bedrock-agentcore-control` client.

Generic over `Kind.api`. How calls are sent, what errors mean and who is asking: see `reconciler.aws`.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Container, Iterator, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

from botocore.client import BaseClient

from reconciler.aws.asked import Asked, Verb
from reconciler.aws.calls import Calls, member
from reconciler.aws.faults import unexpected_answer
from reconciler.aws.pacing import Pacing
from reconciler.aws.secrets import SecretReader, reader
from reconciler.aws.sessions import is_loopback
from reconciler.aws.words import keeping_back
from reconciler.directory import data_plane, linkage
from reconciler.directory.data_plane import AgentCoreDataPlane
from reconciler.directory.protocol import THREADS, Listed
from reconciler.directory.trail import Place, trail_beside
from reconciler.errors import Ambiguous, DirectoryError, NotCleared, NotFound, TagsFailed
from reconciler.model.addresses import Remote
from reconciler.model.environments import OWNER_TAG
from reconciler.model.kinds import NO_SECRETS, Kind, Secrets, Shape
from reconciler.model.moments import utc_exactly, utc_text
from reconciler.model.parents import Holder
from reconciler.model.rates import Rates
from reconciler.model.resources import Live
from reconciler.model.secrets import SecretSource
from reconciler.model.trail import Trail
from reconciler.model.values import Attributes, Value, canonical

_CLEARING_SECONDS = (0.0, 0.25, 0.5, 1.0)  # reads may lag behind the write that cleared a list


class AgentCore:
    """One account's directory in one region; see `Directory`. `notes`: what the user should know of the connection.

    `threads`: how many callers at once there are connections for.
    `beside(service, callers)` makes a client of another service of the same place, with the same credentials.
    """

    def __init__(
        self,
        client: BaseClient,
        *,
        account: str,
        notes: tuple[str, ...] = (),
        pacing: Pacing | None = None,
        secrets: SecretReader | None = None,
        threads: int = THREADS,
        beside: Callable[[str, int], BaseClient] | None = None,
    ) -> None:
        self.notes = notes
        self.threads = threads
        self._beside = beside
        self._secrets = secrets or reader(None)
        self._client = client
        self._account = account
        self._calls = Calls(client, pacing or Pacing())

    @property
    def account(self) -> str:
        """The twelve digits of the account; "" where an emulator does not say."""
        return self._account

    @property
    def region(self) -> str:
        """The region that answers."""
        return str(self._client.meta.region_name)

    @property
    def calls(self) -> int:
        """API calls sent so far, retries included."""
        return self._calls.count

    @property
    def calls_by_operation(self) -> Mapping[str, int]:
        """The same, by operation."""
        return self._calls.by_operation

    @property
    def throttled(self) -> int:
        """How many of the calls the service wanted later."""
        return self._calls.throttled

    @property
    def rates(self) -> Rates:
        """Under which rates calls are sent."""
        return self._calls.pacing.rates

    @property
    def hurry(self) -> threading.Event:
        """Once it is set, calls end within seconds: none waits long for its turn, none is tried again."""
        return self._calls.pacing.hurry

    def asking(self, may_write: Callable[[], bool]) -> AgentCore:
        """The same directory, where a call that changes something is sent only if `may_write` says so right before it."""
        directory = copy(self)
        directory._calls = self._calls.asking(may_write)
        return directory

    def pages(self, kind: Kind) -> Iterator[tuple[Listed, ...]]:
        """The listing, page by page as it arrives."""
        if kind.singleton:  # it stands always, and nothing lists it
            yield (Listed(Remote(kind.type, kind.singleton), self._arn(kind, kind.singleton)),)
            return
        asked = Asked(operation=kind.api.list)
        for items in self._calls.pages(asked, kind.api.items, kind.api.page_size):
            yield tuple(
                Listed(
                    Remote(kind.type, member(one, "name", asked)),
                    member(one, kind.api.arn, asked),
                    _exactly(one.get("lastUpdatedTime")) if kind.api.dated else "",
                )
                for one in items
            )

    def read(self, kind: Kind, name: str) -> Live | None:
        """The whole of one resource, its tags included; None if it does not exist, or goes while it is read."""
        asked = Asked(operation=kind.api.get, subject=name)
        try:
            found = self._calls.send(asked, **{kind.api.name: name})
            arn = member(found, kind.api.arn, asked) if kind.api.arn else self._arn(kind, name)
            tags = self._tags(arn) if kind.tagged else {}
        except NotFound:
            return None
        owner = tags.pop(OWNER_TAG, "")
        live = Live(
            remote=Remote(kind.type, name),
            arn=arn,
            attributes=canonical(kind, {**_answer(kind, found, asked), "tags": tags}),
            owner=owner,
            created=_utc(found.get("createdTime")),
            updated=_exactly(found.get("lastUpdatedTime")) if kind.api.dated else "",
            outputs={key: str(value) for key, value in sorted(kind.outputs(found).items()) if value},
            status=str(found.get("status") or "") if kind.api.settles else "",
            failure=str(found.get("failureReason") or ""),
        )
        return live if live.ready else replace(live, updated="")

    def create(
        self, kind: Kind, name: str, attributes: Attributes, owner: str, *, secrets: Secrets = NO_SECRETS
    ) -> str:
        """Make it, marked as `owner`'s; its ARN. Raises AlreadyExists for both forms in which the service says so."""
        asked = Asked(operation=kind.api.create, verb=Verb.CREATE, subject=name)
        given = kind.request({one.name: attributes.get(one.name, one.default) for one in kind.sent}, secrets)
        params: dict[str, Any] = {key: value for key, value in given.items() if value}
        tags = {**_tags_of(attributes, "tags"), OWNER_TAG: owner} if owner else dict(_tags_of(attributes, "tags"))
        if tags and kind.tagged:
            params["tags"] = tags
        with keeping_back(secrets.values()):
            return str(member(self._calls.send(asked, **{kind.api.name: name}, **params), kind.api.arn, asked))

    def update(
        self, kind: Kind, name: str, arn: str, before: Attributes, after: Attributes, *, secrets: Secrets = NO_SECRETS
    ) -> None:
        """Change what differs between the two. Raises TagsFailed when all but the tags is done, NotCleared."""
        sent = {one.name: after.get(one.name, one.default) for one in kind.sent}
        differing = [one for one in kind.sent if before.get(one.name, one.default) != sent[one.name]]
        if differing:
            asked = Asked(operation=kind.api.update, verb=Verb.UPDATE, subject=name)
            with keeping_back(secrets.values()):
                self._calls.send(asked, **{kind.api.name: name}, **kind.request(sent, secrets))
            self._verify_cleared(
                kind, name, [one.name for one in differing if one.shape is Shape.SET and not sent[one.name]]
            )
        for one in kind.attributes:
            if one.tagging:
                self._retag(arn, _tags_of(before, one.name), _tags_of(after, one.name))

    def delete(self, kind: Kind, name: str) -> None:
        """Remove it. Raises NotFound, ServiceLinked."""
        self._calls.send(Asked(operation=kind.api.delete, verb=Verb.DELETE, subject=name), name=name)

    def mark(self, kind: Kind, arn: str, owner: str) -> None:
        """Set the ownership tag, or take it away when `owner` is empty; nothing on a kind without tags. Raises TagsFailed."""
        if kind.tagged:
            self._tag(arn, set_={OWNER_TAG: owner} if owner else {}, drop=[] if owner else [OWNER_TAG])

    def read_secret(self, source: SecretSource) -> str:
        """The value of a MANAGED secret, for the call that carries it and nothing else. Raises SecretUnreadable."""
        return self._secrets(source)

    def linked(self) -> Mapping[str, Holder]:
        """ARN of each service-linked identity -> what holds it."""
        return linkage.read_linkage(self._calls)

    def data_plane(self, callers: int) -> AgentCoreDataPlane:
        """What hands out credentials here, for so many callers at once, at the same rates.

        Raises Refused where the endpoints that are set have it on another machine than the directory.
        """
        if self._beside is None:
            raise ValueError("a directory that was not connected to has nothing beside it")
        client = self._beside(data_plane.SERVICE, callers)
        data_plane.check_beside(client, self._client)
        local = is_loopback(str(client.meta.endpoint_url))
        return AgentCoreDataPlane(client, pacing=Pacing(rates=self.rates, ramp=local))

    def trail(self, *, since: str, until: str, types: Container[str] | None = None) -> Trail:
        """What changed anything here from `since` to `until`, and by whom; see `reconciler.aws.trail.read_trail`.

        At this directory's pace; its calls are counted in the answer. What fails is told there, too: only CredentialsMissing
        is raised.
        """
        if self._beside is None:
            raise ValueError("a directory that was not connected to has nothing beside it")
        place = Place(self.account, self.region, str(self._client.meta.endpoint_url))
        return trail_beside(self._beside, place, self._calls.pacing, since=since, until=until, types=types)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _arn(self, kind: Kind, name: str) -> str:
        """The ARN of what the API gives none for."""
        place = f"arn:{self._client.meta.partition}:bedrock-agentcore:{self.region}:{self.account}"
        return f"{place}:{kind.api.resource.format(name=name)}"

    def _tags(self, arn: str) -> dict[str, str]:
        return dict(
            self._calls.send(Asked(operation="ListTagsForResource", subject=arn), resourceArn=arn).get("tags") or {}
        )

    def _retag(self, arn: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        self._tag(
            arn,
            set_={key: value for key, value in after.items() if before.get(key) != value},
            drop=sorted(before.keys() - after.keys()),
        )

    def _tag(self, arn: str, *, set_: Mapping[str, str], drop: list[str]) -> None:
        """Untag, then tag: the other way round a resource with its 50 tags would have no room."""
        try:
            if drop:
                asked = Asked(operation="UntagResource", verb=Verb.TAG, subject=arn)
                self._calls.send(asked, resourceArn=arn, tagKeys=drop)
            if set_:
                asked = Asked(operation="TagResource", verb=Verb.TAG, subject=arn)
                self._calls.send(asked, resourceArn=arn, tags=dict(set_))
        except NotFound:
            raise
        except DirectoryError as error:
            raise TagsFailed(error.summary, error.detail, code=error.code) from error

    def _verify_cleared(self, kind: Kind, name: str, cleared: list[str]) -> None:
        """Clearing with an empty list is undocumented: see that it happened. Raises NotCleared, Ambiguous."""
        if not cleared:
            return
        asked = Asked(operation=kind.api.get, subject=name)
        kept: dict[str, Value] = {}
        for seconds in _CLEARING_SECONDS:
            try:
                if seconds:
                    self._calls.wait(asked, seconds)
                now = canonical(kind, kind.answer(self._calls.send(asked, **{kind.api.name: name})))
            except NotFound:
                raise
            except DirectoryError as error:
                raise Ambiguous(
                    f"{name}: it cannot be read whether {', '.join(cleared)} was cleared",
                    error.summary,
                    code=error.code,
                ) from error
            kept = {one: now[one] for one in cleared if now[one]}
            if not kept:
                return
        raise NotCleared(
            f"{kind.api.update} {name}: the service took the empty {', '.join(kept)} and kept the old value",
            "Declare at least one value, or delete the resource and create it again.",
        )


def _tags_of(attributes: Attributes, name: str) -> Mapping[str, str]:
    value = attributes.get(name)
    return value if isinstance(value, dict) else {}


def _answer(kind: Kind, found: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """The attributes in an answer of Get. Raises when a member that each has is not there."""
    try:
        return kind.answer(found)
    except (KeyError, AttributeError, TypeError) as error:
        raise unexpected_answer(asked, str(error)) from error


def _exactly(moment: Any) -> str:
    return utc_exactly(moment) if isinstance(moment, datetime.datetime) else ""


def _utc(moment: Any) -> str:
    return utc_text(moment) if isinstance(moment, datetime.datetime) else ""
