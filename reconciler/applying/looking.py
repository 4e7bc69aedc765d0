"""What a step works with, and its looks at the directory: before a write, and after one whose answer does not tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from reconciler.applying.compare import between, same
from reconciler.applying.patience import Patience
from reconciler.applying.result import Result, failed, kept, refused
from reconciler.directory.protocol import Directory
from reconciler.errors import DirectoryError, NotCleared, TagsFailed
from reconciler.model.changes import Change
from reconciler.model.kinds import kind_of
from reconciler.model.outcomes import Status
from reconciler.model.reading import beside
from reconciler.model.resources import Live
from reconciler.model.values import Attributes, without_tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The directory, the ownership tag's value, the tags of others, how long to wait for a name, and what ends that early."""

    directory: Directory
    owner: str
    ignored: tuple[str, ...]
    patience: Patience
    stop: threading.Event

    def same(self, change: Change, live: Live, attributes: Attributes | None) -> bool:
        """Whether that is what stands, tags of others apart."""
        return same(kind_of(change.address.type), live, attributes, self.ignored)

    def waited(self, pauses: Iterator[float]) -> bool:
        """Wait for the next of the pauses; whether there was one, and nobody ended it early."""
        pause = next(pauses, None)
        return pause is not None and not self.stop.wait(pause)

    def half_done(self, change: Change, live: Live) -> bool:
        """Whether what stands could be the change begun, and not ended."""
        kind, before, after = kind_of(change.address.type), change.before or {}, change.after or {}
        return between(kind, live, before, after, self.ignored)

    def ours(self, change: Change, live: Live) -> Attributes:
        """What stands, without the tags of others: what a lock entry holds. What no reading shows is as before the change."""
        kind = kind_of(change.address.type)
        return without_tags(kind, beside(kind, live, change.before or {}), self.ignored)

    def secrets(self, change: Change) -> dict[str, str]:
        """The values of the secrets that the change's call carries, read now and kept by nobody. Raises DirectoryError."""
        return {name: self.directory.read_secret(source) for name, source in change.secrets.items()}


def look(means: Means, change: Change) -> Live | DirectoryError | None:
    """What stands under the change's name; None if nothing does; the error if that cannot be told."""
    try:
        return means.directory.read(kind_of(change.address.type), change.name)
    except DirectoryError as error:
        return error


def look_after_loss(
    means: Means, change: Change, pauses: Iterator[float], old: Callable[[Live | DirectoryError | None], bool]
) -> tuple[Live | DirectoryError | None, bool]:
    """What stands after the answer of a write was lost, and whether the call may be sent again, right now.

    A look that shows the `old` state is not believed: after a pause there is another, until none are left.
    """
    live = look(means, change)
    if not old(live):
        return live, True
    again = means.waited(pauses)
    return (look(means, change) if again else live), again


def look_while(
    means: Means, change: Change, old: Callable[[Live | DirectoryError | None], bool]
) -> Live | DirectoryError | None:
    """What stands, looked at again for a brief while as long as it is `old`: reads may lag behind what was done."""
    live = look(means, change)
    for pause in means.patience.brief.pauses():
        if not old(live) or means.stop.wait(pause):
            break
        live = look(means, change)
    return live


def as_planned(means: Means, change: Change, *, or_done: bool = False) -> Live | Result | None:
    """What stands, if it is what the plan saw; None if nothing does; else the result that refuses the change.

    `or_done`: what the plan wants is as good. A call of an earlier run may have arrived after the plan was made.
    """
    live = look(means, change)
    if isinstance(live, DirectoryError):
        return failed(change, live, message="it could not be read just before the change, so nothing was sent")
    if live is None:
        return None
    stranger = stranger_of(means, change, live)
    if stranger:
        return refused(change, stranger)
    wanted = or_done and means.same(change, live, change.after)
    if not wanted and not means.same(change, live, change.before):
        return refused(change, f"somebody changed it since the plan was made: {_differing(means, change, live)}")
    return live


def stranger_of(means: Means, change: Change, live: Live) -> str:
    """Why what stands is not whose the plan saw it to be, or ""."""
    if live.owner == means.owner or live.owner == change.owner == "":
        return ""
    if live.owner:
        return f"it belongs to {live.owner} now, says its ownership tag"
    return "it bears no ownership tag any more, and the plan counts on ours"


def in_part(means: Means, change: Change, error: TagsFailed | NotCleared) -> Result:
    """Done but for what the error says: the lockfile gets what really stands. Where that cannot be read, the next run looks."""
    kind, before, after = kind_of(change.address.type), change.before or {}, change.after or {}
    changed = [one.name for one in kind.sent if before.get(one.name) != after.get(one.name)]

    def lags(live: Live | DirectoryError | None) -> bool:
        """It shows nothing of what was acknowledged."""
        shown = live.attributes if isinstance(live, Live) else {}
        return isinstance(error, TagsFailed) and any(shown.get(one) == before.get(one) for one in changed)

    live = look_while(means, change, lags)
    result = Result(
        status=Status.DONE_WITHOUT_TAGS if isinstance(error, TagsFailed) else Status.FAILED,
        arn=change.arn,
        message=error.summary,
        hint=error.detail,
        unclear=True,
    )
    if not isinstance(live, Live) or lags(live):
        return result
    return replace(result, arn=live.arn, edits=kept(change, live.arn, means.ours(change, live)), unclear=False)


def _differing(means: Means, change: Change, live: Live) -> str:
    before, now = change.before or {}, means.ours(change, live)
    return ", ".join(name for name in now if now[name] != before.get(name)) or "its attributes"
