"""Brings letters to their recipients, all at the same time, none of them for longer than the bounds allow."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import NotTold, ReconcilerError, unforeseen
from reconciler.model.environments import Environment
from reconciler.notifying.letter import Letter
from reconciler.notifying.posting import Bounds
from reconciler.notifying.recipients import Channel, Recipient, secret_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One letter for one recipient. `environment`: whose AWS credentials are used.

    `reference`: what an earlier one made there and this goes on with, "" for none.
    """

    recipient: Recipient
    letter: Letter
    environment: Environment
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What came of an errand: the `reference` to go on with, or why it was not delivered; that does not name the recipient."""

    errand: Errand
    reference: str = ""
    failed: ReconcilerError | None = None


def deliver(
    errands: Sequence[Errand],
    *,
    environ: Mapping[str, str],
    bounds: Bounds | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[Delivered]:
    """What came of each, as it ends; all of them within `bounds.total` seconds.

    A recipient that is still being spoken to when time is up counts as not told: it may have the message all the same.
    """
    patience = bounds or Bounds()
    done: queue.SimpleQueue[Delivered] = queue.SimpleQueue()

    def carry(errand: Errand) -> None:
        try:
            done.put(Delivered(errand=errand, reference=_carry(errand, environ, patience, clock)))
        except ReconcilerError as error:
            done.put(Delivered(errand=errand, failed=error))
        except Exception as error:
            done.put(Delivered(errand=errand, failed=NotTold(unforeseen(error))))

    for errand in errands:  # daemons: a peer that never ends must not keep the process
        threading.Thread(target=carry, args=(errand,), name="notify", daemon=True).start()
    left = dict(enumerate(errands))
    until = time.monotonic() + patience.total
    while left:
        try:
            one = done.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        del left[next(at for at, errand in left.items() if errand is one.errand)]
        yield one
    for errand in left.values():
        late = NotTold(
            f"it did not answer within {patience.total:.0f} seconds",
            "It is told again with the next run, and may then be told twice.",
        )
        yield Delivered(errand=errand, failed=late)


def _carry(
    errand: Errand,
    environ: Mapping[str, str],
    bounds: Bounds,
    clock: Callable[[], float],
) -> str:
    """The reference to go on with. Raises ReconcilerError."""
    one, letter = errand.recipient, errand.letter
    match one.channel:
        case Channel.WEBHOOK:
            from reconciler.notifying.posting import post
            from reconciler.notifying.signing import signed_headers

            body = letter.json.encode()
            key = secret_in(environ, one.options["key"])
            headers = signed_headers(body, number=letter.key, at=int(clock()), key=key)
            post(one.address(environ), body, headers, environ=environ, bounds=bounds)
        case Channel.SLACK:
            from reconciler.notifying.posting import post

            post(one.address(environ), letter.slack.encode(), {}, environ=environ, bounds=bounds)
        case Channel.EMAIL:
            from reconciler.notifying.mailing import mail

            mail(one, letter, environ, bounds)
        case Channel.SNS:
            from reconciler.aws.announcing import publish

            publish(
                errand.environment,
                one.place,
                subject=letter.headline,
                text=letter.text,
                json_text=letter.json,
                key=letter.key,
            )
        case Channel.EVENTBRIDGE:
            from reconciler.aws.announcing import put_event

            put_event(errand.environment, one.place, detail=letter.json)
        case Channel.GITHUB:
            from reconciler.forge.calling import Patience
            from reconciler.notifying.issues import keep_issue

            patience = Patience(
                attempts=bounds.attempts, first=bounds.pause, total=bounds.total / 2, sleep=bounds.sleep
            )
            return keep_issue(one, letter, errand.reference, environ, patience)
    return ""
