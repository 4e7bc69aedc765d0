"""Reading CloudTrail's event history of an account and Region: what was changed in the directory, when and by whom.

LookupEvents knows no more than one attribute, gives 50 events a page and answers twice a second. What it lacks is not proof
that nothing happened: events take minutes to show, may be lost, and reach back 90 days.
"""

from __future__ import annotations

import datetime
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.aws.asked import Asked
from reconciler.aws.calls import Calls, member
from reconciler.aws.trail_events import SOURCE, event_of, operations_on
from reconciler.errors import CredentialsMissing, DirectoryError
from reconciler.model.moments import utc_moment, utc_text
from reconciler.model.trail import Event, Trail

SERVICE = "cloudtrail"
MOST_CALLS = 200
"""How many calls one reading makes at most: 10,000 events, in 100 seconds."""

_ASKED = Asked(operation="LookupEvents", service=SERVICE)
_PAGE = 50
_PATIENCE = 0.2  # pages of mostly other events for each operation, before each operation's own are asked for
_OURS_AT_LEAST = 0.5


def read_trail(
    calls: Calls,
    *,
    since: str,
    until: str,
    account: str = "",
    region: str = "",
    types: Container[str] | None = None,
    most: int = MOST_CALLS,
) -> Trail:
    """What changed anything of ours from `since` to `until` (ISO 8601, UTC, both included). Refused calls are in it.

    `account`, `region`: the directory's. `types`: whose events matter; others, and those of parents, may be left out.
    Failures are in `Trail.failed`, with what was read until then. Raises CredentialsMissing, ValueError for no moment.
    """
    span = (utc_moment(since), utc_moment(until))
    reading = _Reading(calls, span, (account, region), operations_on(types), calls.count + most)
    before, refused, failed = calls.count, calls.throttled, ""
    try:
        if since <= until:
            reading.run()
    except CredentialsMissing:
        raise
    except DirectoryError as error:
        failed = ". ".join(one for one in (error.summary, error.detail) if one)
    events = sorted(reading.found.values(), key=lambda one: (one.time, one.id))
    return Trail(
        since=since, until=until, events=tuple(events), failed=failed,
        calls=calls.count - before, throttled=calls.throttled - refused,
    )  # fmt: skip


@dataclass(slots=True)
class _Reading:
    """One reading under way: `found` by id, so that what is delivered twice is there once."""

    calls: Calls
    span: tuple[datetime.datetime, datetime.datetime]
    place: tuple[str, str]
    operations: Sequence[str]
    last_call: int
    found: dict[str, Event] = field(default_factory=dict)

    def run(self) -> None:
        """All events of the source, unless most of them are others': readings leave events too, and so do tokens."""
        seen, oldest, patience = 0, self.span[1], max(1, int(_PATIENCE * len(self.operations)))
        for number, page in enumerate(self._pages("EventSource", SOURCE, oldest), 1):
            self._take(page)
            seen += len(page)
            oldest = _time_of(page, oldest)
            if number >= patience and len(self.found) < seen * _OURS_AT_LEAST:
                self._by_name(oldest)
                return

    def _by_name(self, until: datetime.datetime) -> None:
        """Each operation's events by themselves: a call or two for each, however much is read in the account."""
        for operation in self.operations:
            for page in self._pages("EventName", operation, until):
                self._take(page)

    def _pages(self, key: str, value: str, until: datetime.datetime) -> Iterator[list[Any]]:
        chosen = [{"AttributeKey": key, "AttributeValue": value}]
        asked = {"LookupAttributes": chosen, "StartTime": self.span[0], "EndTime": until, "MaxResults": _PAGE}
        token: dict[str, str] = {}
        seen: set[str] = set()
        while True:
            if self.calls.count >= self.last_call:
                raise _too_much(self.span)
            answer = self.calls.send(_ASKED, **asked, **token)
            yield list(member(answer, "Events", _ASKED))
            following = answer.get("NextToken")
            if not following:
                return
            if following in seen:
                raise DirectoryError(f"{_ASKED}: the events do not end", "The service sent the same NextToken twice.")
            seen.add(following)
            token = {"NextToken": following}

    def _take(self, page: list[Any]) -> None:
        """Keep what is ours."""
        for one in page:
            event = event_of(one, account=self.place[0], region=self.place[1])
            if event is not None:
                self.found[event.id] = event


def _time_of(page: list[Any], otherwise: datetime.datetime) -> datetime.datetime:
    """When the last event of a page happened."""
    moment = page[-1].get("EventTime") if page and isinstance(page[-1], dict) else None
    return moment if isinstance(moment, datetime.datetime) else otherwise


def _too_much(span: tuple[datetime.datetime, datetime.datetime]) -> DirectoryError:
    since, until = (utc_text(one) for one in span)
    return DirectoryError(
        f"{_ASKED}: there is more from {since} to {until} than is read at once",
        "Ask for a shorter span of time.",
    )
