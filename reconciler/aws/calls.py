"""Calls of the control plane: paced, counted, tried again where that is safe, their failures translated."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient

from reconciler.aws.asked import Asked, Verb
from reconciler.aws.faults import FAILURES, judge, not_sent, overloaded, translate, unexpected_answer
from reconciler.aws.pacing import NotSent, Overloaded, Pacing, Verdict
from reconciler.errors import DirectoryError


class Calls:
    """Sends operations of one client, from any thread. Everything raises our errors only."""

    def __init__(self, client: BaseClient, pacing: Pacing) -> None:
        self.pacing = pacing
        self._client = client
        self._sent = _Sent()
        self._may_write: Callable[[], bool] = lambda: True

    def asking(self, may_write: Callable[[], bool]) -> Calls:
        """The same, but a call that changes something is sent only if `may_write` says so, right before each attempt."""
        calls = copy(self)
        calls._may_write = may_write
        return calls

    @property
    def count(self) -> int:
        """Calls sent so far, retries included."""
        return self._sent.count

    @property
    def by_operation(self) -> Mapping[str, int]:
        """The same, by operation."""
        return self._sent.by_operation()

    @property
    def throttled(self) -> int:
        """How many of them the service wanted later."""
        return self._sent.throttled

    def send(self, asked: Asked, /, **params: Any) -> dict[str, Any]:
        """The answer of one operation."""
        method = getattr(self._client, xform_name(asked.operation))

        def attempt() -> dict[str, Any]:
            if asked.verb is not Verb.READ and not self._may_write():
                raise NotSent
            self._sent.one_more(asked.operation)
            answer: dict[str, Any] = method(**params)
            return answer

        def judged(error: Exception) -> Verdict:
            verdict = judge(error)
            if verdict is Verdict.THROTTLED:
                self._sent.one_throttled()
            return verdict

        try:
            return self.pacing.run(asked.operation, attempt, judged, repeatable=asked.verb.repeatable)
        except FAILURES as error:
            raise translate(error, asked) from error
        except Overloaded as error:
            raise overloaded(asked, self.pacing.bounds.throttled) from error
        except NotSent as error:
            raise not_sent(asked) from error

    def wait(self, asked: Asked, seconds: float) -> None:
        """Let the time pass before the call. Raises Stopped where the run ends before that."""
        try:
            self.pacing.wait(seconds)
        except NotSent as error:
            raise not_sent(asked) from error

    def pages(self, asked: Asked, items: str, size: int) -> Iterator[list[dict[str, Any]]]:
        """What the member `items` holds, page by page. Not botocore's paginator: each page is paced and tried by itself."""
        token: dict[str, str] = {}
        seen: set[str] = set()
        while True:
            answer = self.send(asked, maxResults=size, **token)
            yield member(answer, items, asked)
            following = answer.get("nextToken")
            if not following:
                return
            if following in seen:
                raise DirectoryError(
                    f"{asked}: the listing does not end", "The service sent the same nextToken twice. Try again."
                )
            seen.add(following)
            token = {"nextToken": following}


class _Sent:
    """How many calls were sent, whoever sent them, and how many were throttled."""

    def __init__(self) -> None:
        self.count = self.throttled = 0
        self._by_operation: dict[str, int] = {}
        self._counting = threading.Lock()

    def one_more(self, operation: str) -> None:
        with self._counting:
            self.count += 1
            self._by_operation[operation] = self._by_operation.get(operation, 0) + 1

    def one_throttled(self) -> None:
        with self._counting:
            self.throttled += 1

    def by_operation(self) -> Mapping[str, int]:
        with self._counting:
            return dict(self._by_operation)


def member(answer: Mapping[str, Any], name: str, asked: Asked) -> Any:
    """A member that every answer to the call has. Raises when it is not there: then something else than the API answered."""
    if name not in answer:
        raise unexpected_answer(asked, name)
    return answer[name]
