"""Making a resource, and telling what it means when the name is taken: ours already, somebody's, or not yet free again."""

from __future__ import annotations

from dataclasses import replace

from reconciler.applying.looking import Means, in_part, look, look_after_loss
from reconciler.applying.readiness import once_ready
from reconciler.applying.result import (
    PLAN_AGAIN,
    Result,
    done,
    failed,
    failed_after,
    old_half,
    refused,
    unclear,
    without_versions,
)
from reconciler.errors import AlreadyExists, Ambiguous, DirectoryError, TagsFailed
from reconciler.model.changes import Change
from reconciler.model.kinds import kind_of
from reconciler.model.outcomes import Status
from reconciler.model.resources import Live


def create(means: Means, change: Change) -> Result:
    """Make the resource under its name.

    A lost answer is looked into, and the call is sent again where it certainly may be. A name that is taken by nothing
    that can be seen is still being freed: tried again for as long as the patience lasts.
    """
    kind, pauses, doubts = kind_of(change.address.type), means.patience.pauses(), means.patience.brief.pauses()
    lost: Ambiguous | None = None
    while True:
        try:
            arn = means.directory.create(
                kind, change.name, change.after or {}, means.owner, secrets=means.secrets(change)
            )
            return once_ready(means, change, done(change, arn))
        except TagsFailed as error:
            return in_part(means, change, error)
        except AlreadyExists:
            live = look(means, change)
        except Ambiguous as error:
            lost = error
            live, again = look_after_loss(means, change, doubts, lambda live: live is None)
            if live is None and again:
                continue
            if live is None:
                return unclear(change, error, "nothing shows of it yet")
        except DirectoryError as error:
            return failed_after(change, error, lost)
        if live is not None:
            return _met(means, change, live, lost)
        pause = next(pauses, None)
        if pause is None or means.stop.wait(pause):
            result = _name_not_free(means, change, interrupted=pause is not None)
            return replace(result, unclear=lost is not None)


def rename(means: Means, change: Change) -> Result:
    """Make the resource under its new name; the old one, untouched, gets a lock entry of its own (see `leftover`).

    It stays until somebody says that the rename is finished, which is another plan's delete.
    """
    result = create(means, change)
    if not result.edits:
        return result
    return replace(result, edits=replace(result.edits, put=(*result.edits.put, old_half(change))))


def _met(means: Means, change: Change, live: Live | DirectoryError, lost: Ambiguous | None) -> Result:
    """What it means that the name is taken by `live`; `lost`: an answer of ours is missing."""
    if isinstance(live, DirectoryError):
        if lost:
            return unclear(change, lost, f"it cannot be read: {live.summary}")
        return failed(change, live, message="the name is taken, and what stands there cannot be read")
    if live.owner == means.owner and means.same(change, live, change.after):
        return _of_another_call(change, once_ready(means, change, done(change, live=live)))
    if lost and not live.owner:
        return unclear(change, lost, "what stands there bears no ownership tag")
    return _taken(means, change, live)


def _of_another_call(change: Change, result: Result) -> Result:
    """What a call made whose answer we have not: which secret that sent, nobody knows, so the next plan sends it."""
    return replace(result, edits=without_versions(change, result.edits))


def _taken(means: Means, change: Change, live: Live) -> Result:
    """The refusal to touch what stands where nothing stood when the plan was made."""
    if live.owner == means.owner:
        return refused(change, "another run of this stack made it since the plan was made, with other values")
    if live.owner:
        return refused(change, f"it was made since the plan was made, and belongs to {live.owner}")
    return refused(
        change,
        "somebody else made it since the plan was made",
        f"{PLAN_AGAIN} If it is to be yours: reconciler adopt {change.address}",
    )


def _name_not_free(means: Means, change: Change, *, interrupted: bool) -> Result:
    waited = "interrupted while waiting" if interrupted else f"waited {means.patience.total:g} s"
    return Result(
        status=Status.FAILED,
        message=f"the service says that {change.name} exists, and shows nothing of that name ({waited})",
        hint="After a delete the service keeps a name for a while. Run apply again in some minutes.",
    )
