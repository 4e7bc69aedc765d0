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
    """One letter for one recipient. `reference`: what an earlier one made there and this goes on with, "" for none."""

    recipient: Recipient
    letter: Letter
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What came of an errand: the `reference` to go on with, or why it was not delivered."""

    errand: Errand
    reference: str = ""
    failed: ReconcilerError | None = None


def deliver(
    errands: Sequence[Errand],
    *,
    environ: Mapping[str, str],
    environment: Environment,
    bounds: Bounds | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[Delivered]:
    """What came of each, as it ends; all of them within `bounds.total` seconds.

    `environment`: whose AWS credentials are used. A recipient that is still being spoken to when time is up counts as not told:
    it may have the message all the same.
    """
    patience = bounds or Bounds()
    done: queue.SimpleQueue[Delivered] = queue.SimpleQueue()

    def carry(errand: Errand) -> None:
        try:
            done.put(Delivered(errand=errand, reference=_carry(errand, environ, environment, patience, clock)))
        except ReconcilerError as error:
            done.put(Delivered(errand=errand, failed=error))
        except Exception as error:
            done.put(Delivered(errand=errand, failed=NotTold(f"{errand.recipient.name}: {unforeseen(error)}")))

    for errand in errands:  # daemons: a peer that never ends must not keep the process
        threading.Thread(target=carry, args=(errand,), name="notify", daemon=True).start()
    left = {errand.recipient.name: errand for errand in errands}
    until = time.monotonic() + patience.total
    while left:
        try:
            one = done.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        del left[one.errand.recipient.name]
        yield one
    for errand in left.values():
        late = NotTold(
            f"{errand.recipient.name} did not answer within {patience.total:.0f} seconds",
            "It is told again with the next run, and may then be told twice.",
        )
        yield Delivered(errand=errand, failed=late)


def _carry(
    errand: Errand,
    environ: Mapping[str, str],
    environment: Environment,
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
            post(one.address(environ), body, headers, name=one.name, bounds=bounds)
        case Channel.SLACK:
            from reconciler.notifying.posting import post

            post(one.address(environ), letter.slack.encode(), {}, name=one.name, bounds=bounds)
        case Channel.EMAIL:
            from reconciler.notifying.mailing import mail

            mail(one, letter, environ, bounds)
        case Channel.SNS:
            from reconciler.aws.announcing import publish

            publish(
                environment, one.place, subject=letter.headline, text=letter.text, json_text=letter.json, key=letter.key
            )
        case Channel.EVENTBRIDGE:
            from reconciler.aws.announcing import put_event

            put_event(environment, one.place, detail=letter.json)
        case Channel.GITHUB:
            raise NotTold("not yet")
    return ""
