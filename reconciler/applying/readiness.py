"""After a write, until what was written can be used: some kinds are made by the service in its own time, and may fail at it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.applying.looking import Means, look
from reconciler.applying.result import Result, done, kept
from reconciler.aws.words import keeping_back, quotable
from reconciler.errors import DirectoryError
from reconciler.model.changes import Action, Change
from reconciler.model.kinds import kind_of
from reconciler.model.outcomes import Status
from reconciler.model.resources import Live


def once_ready(means: Means, change: Change, result: Result) -> Result:
    """The result of a write that was acknowledged, once the resource can be used, or certainly cannot.

    Waits as long as the patience lasts. What is read then has the date and the outputs that the lockfile keeps. Whatever is
    found, the resource is ours: its entry is in every result.
    """
    kind = kind_of(change.address.type)
    if result.status is not Status.DONE or not kind.looks_after:
        return result
    pauses = (means.patience if kind.api.settles else means.patience.brief).pauses()
    while True:
        live = look(means, change)
        if isinstance(live, Live) and not live.settling:
            return _ready(means, change, live) if live.ready else _failed(means, change, live)
        if not means.waited(pauses):
            return _not_seen(means, result, live) if kind.api.settles else result


def _ready(means: Means, change: Change, live: Live) -> Result:
    """Done. Where somebody wrote in between, the date is that of their write: kept, it would hide that from the next plan."""
    ours = live.owner in ("", means.owner) and means.same(change, live, change.after)
    return done(change, live=live if ours else replace(live, updated=""))


def _failed(means: Means, change: Change, live: Live) -> Result:
    """The service could not do it. After an update, what stands is what it shows, with the secret that it had."""
    failure = _reason(means, change, live)
    stands = None if change.action in (Action.CREATE, Action.REPLACE) else means.ours(change, live)
    return Result(
        status=Status.FAILED,
        arn=live.arn,
        message=f"the service took it and then failed: {live.status}" + (f": {failure}" if failure else ""),
        hint="It stands and is in the lockfile. Mend what the service says, then plan again.",
        edits=kept(change, live.arn, stands, live=live),
    )


def _reason(means: Means, change: Change, live: Live) -> str:
    """What the service says of it, unless that repeats the secret that it was sent."""
    try:
        sent = means.secrets(change).values()
    except DirectoryError:  # it cannot be looked for any more; what was made must not be lost over that
        return "(its reason is kept back: it may repeat the secret that was sent)" if live.failure else ""
    with keeping_back(sent):
        return quotable(live.failure)


def _not_seen(means: Means, result: Result, live: Live | DirectoryError | None) -> Result:
    if isinstance(live, DirectoryError):
        what = f"it cannot be read whether it is ready: {live.summary}"
    elif live is None:
        what = "the service took it and shows nothing of it yet"
    else:
        what = f"it is still {live.status}"
    waited = "the run was stopped" if means.stop.is_set() else f"waited {means.patience.total:g} s"
    return replace(
        result,
        status=Status.FAILED,
        message=f"{what} ({waited})",
        hint="It is in the lockfile. The next plan says whether it is ready.",
    )
