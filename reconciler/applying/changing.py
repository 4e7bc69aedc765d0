"""Changing, deleting, adopting and forgetting what stands: each looks first, and looks again where the answer was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.applying.looking import Means, as_planned, in_part, look, look_after_loss, look_while
from reconciler.applying.readiness import once_ready
from reconciler.applying.result import Result, done, failed, failed_after, gone, kept, unclear, undated, vanished
from reconciler.errors import (
    AccessDenied,
    Ambiguous,
    DirectoryError,
    NotCleared,
    NotFound,
    ServiceLinked,
    TagsFailed,
)
from reconciler.model.changes import TAKES_OVER, Change
from reconciler.model.kinds import kind_of
from reconciler.model.outcomes import Status
from reconciler.model.reading import blind
from reconciler.model.resources import Live
from reconciler.model.values import Attributes
from reconciler.state import NO_EDITS, Edits


def update(means: Means, change: Change) -> Result:
    """Change what differs, if what stands is what the plan saw."""
    live = as_planned(means, change, or_done=True)
    if not isinstance(live, Live):
        return live or vanished(change)
    result = done(change, live=live) if _arrived(means, change, live) else _send_update(means, change, live.arn)
    if result.status is Status.DONE and change.reason in TAKES_OVER and live.owner != means.owner:
        return _mark(means, change, live.arn) or undated(result)
    return result


def adopt(means: Means, change: Change) -> Result:
    """Take what stands into the lockfile, if it is what the plan saw, and set the ownership tag on it."""
    live = as_planned(means, change)
    if not isinstance(live, Live):
        return live or vanished(change)
    if live.owner == means.owner:
        return done(change, live=live)
    return _mark(means, change, live.arn) or undated(done(change, live=live))


def forget(means: Means, change: Change) -> Result:
    """Take the resource out of the lockfile, and our ownership tag off it where both still stand."""
    if change.before is None:
        return gone(change)
    live = look(means, change)
    if isinstance(live, DirectoryError):
        return failed(change, live, message="it could not be read, so its ownership tag was not taken off")
    if live is None:
        return gone(change, "it was gone already")
    result = _mark(means, change, live.arn, away=True) if live.owner == means.owner else None
    if result is None or result.status is Status.REFUSED:
        return gone(change)
    return replace(
        result, edits=Edits(drop=(change.address,)) if result.status is Status.DONE_WITHOUT_TAGS else NO_EDITS
    )


def delete(means: Means, change: Change) -> Result:
    """Remove the resource, if what stands is what the plan saw."""
    live = _looked_at_twice(means, change)
    if isinstance(live, Result):
        return live
    lost: Ambiguous | None = None
    pauses = means.patience.brief.pauses()
    while True:
        try:
            means.directory.delete(kind_of(change.address.type), change.name)
            return gone(change)
        except NotFound:
            return gone(change, "" if lost else "it was gone already")
        except ServiceLinked as error:
            return _held_by_service(change, error)
        except Ambiguous as error:
            told = _after_lost_delete(means, change, error, pauses)
            if told is not None:
                return told
            lost = error
        except DirectoryError as error:
            return failed_after(change, error, lost)


def _looked_at_twice(means: Means, change: Change) -> Live | Result:
    """What stands, if it is what the plan saw. One look that shows nothing is not believed: the plan saw something."""
    live = as_planned(means, change)
    if live is None:
        if not means.waited(means.patience.pauses()):
            return Result(status=Status.LEFT, arn=change.arn, message="not sent: the run was stopped")
        live = as_planned(means, change)
    return live or gone(change, "it was gone already")


def _after_lost_delete(means: Means, change: Change, error: Ambiguous, pauses: Iterator[float]) -> Result | None:
    """What came of a delete whose answer was lost; None: nothing shows of it, and it may be sent again."""
    live, again = look_after_loss(means, change, pauses, lambda live: isinstance(live, Live))
    if live is None:
        return gone(change)
    if isinstance(live, DirectoryError):
        return unclear(change, error, f"it cannot be read: {live.summary}")
    if not again or not means.same(change, live, change.before):
        return unclear(change, error, "something still stands under its name")
    return None


def _send_update(means: Means, change: Change, arn: str) -> Result:
    kind, before, after = kind_of(change.address.type), change.before or {}, change.after or {}
    lost: Ambiguous | None = None
    pauses = means.patience.brief.pauses()
    while True:
        try:
            means.directory.update(kind, change.name, arn, before, after, secrets=means.secrets(change))
            return once_ready(means, change, done(change, arn))
        except NotFound:
            return vanished(change)
        except NotCleared as error:
            seen = _cleared_after_all(means, change)
            if seen is None or seen == before:
                return in_part(means, change, error)
            before = seen
        except TagsFailed as error:
            return in_part(means, change, error)
        except Ambiguous as error:
            told = _after_lost_update(means, change, error, pauses)
            if isinstance(told, Result):
                return told
            lost, before = error, told
        except DirectoryError as error:
            return failed_after(change, error, lost)


def _cleared_after_all(means: Means, change: Change) -> Attributes | None:
    """What stands, if it shows after a while that what was to be cleared is; the service may have been slow to show it."""
    kind, after = kind_of(change.address.type), change.after or {}
    cleared = [one.name for one in kind.sent if not after.get(one.name)]
    live = look_while(means, change, lambda live: isinstance(live, Live) and any(map(live.attributes.get, cleared)))
    if not isinstance(live, Live) or any(map(live.attributes.get, cleared)):
        return None
    return means.ours(change, live) if means.half_done(change, live) else None


def _after_lost_update(means: Means, change: Change, error: Ambiguous, pauses: Iterator[float]) -> Result | Attributes:
    """What came of an update whose answer was lost; attributes: what stands now, from where it may be sent again."""
    live, again = look_after_loss(
        means, change, pauses, lambda live: isinstance(live, Live) and not _arrived(means, change, live)
    )
    if live is None:
        return vanished(change)
    if isinstance(live, DirectoryError):
        return unclear(change, error, f"it cannot be read: {live.summary}")
    if _arrived(means, change, live):
        return once_ready(means, change, done(change, live=live))
    if not means.half_done(change, live):
        return unclear(change, error, "what stands is neither what was there nor what was sent")
    if not again:
        return unclear(change, error, "nothing shows of it yet")
    return means.ours(change, live)


def _arrived(means: Means, change: Change, live: Live) -> bool:
    """Whether what stands is certainly what the update makes: one that sends a secret can never be seen to be done."""
    kind, before, after = kind_of(change.address.type), change.before or {}, change.after or {}
    return means.same(change, live, change.after) and not blind(kind, before, after)


def _mark(means: Means, change: Change, arn: str, *, away: bool = False) -> Result | None:
    """Set the ownership tag, or take it away; None when that is done. A tag that cannot be set loses no resource."""
    kind, owner = kind_of(change.address.type), "" if away else means.owner
    lost: Ambiguous | None = None
    while True:
        try:
            means.directory.mark(kind, arn, owner)
            return None
        except NotFound:
            return vanished(change)
        except (TagsFailed, AccessDenied) as error:
            return Result(
                status=Status.DONE_WITHOUT_TAGS,
                arn=arn,
                message=error.summary,
                hint=error.detail,
                edits=kept(change, arn),
            )
        except Ambiguous as error:
            live = look(means, change)
            if isinstance(live, Live) and live.owner == owner:
                return None
            if lost or not isinstance(live, Live):
                return unclear(change, error, "its ownership tag cannot be read")
            lost = error
        except DirectoryError as error:
            return failed_after(change, error, lost)


def _held_by_service(change: Change, error: ServiceLinked) -> Result:
    return Result(
        status=Status.FAILED,
        arn=change.arn,
        message=f"the service holds it and lets nobody delete it: {error.summary}",
        hint="It goes with its Runtime, Gateway or PaymentManager. Declare it with lifecycle.updateOnly: true, or let go of "
        f"it: reconciler forget {change.address}",
    )
