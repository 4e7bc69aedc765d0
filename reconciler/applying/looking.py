"""What a step works with, and its looks at the directory: before a write, and after one whose answer does not tell."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from reconciler.applying.compare import between, same
from reconciler.applying.patience import Patience
from reconciler.applying.result import Result, failed, kept, refused
from reconciler.directory.protocol import Directory
from reconciler.errors import DirectoryError, NotCleared, TagsFailed
from reconciler.model.changes import Change
from reconciler.model.kinds import kind_of
from reconciler.model.outcomes import Status
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
        return same(kind_of(change.address.type), live.attributes, attributes, self.ignored)

    def half_done(self, change: Change, live: Live) -> bool:
        """Whether what stands could be the change begun, and not ended."""
        kind, before, after = kind_of(change.address.type), change.before or {}, change.after or {}
        return between(kind, live.attributes, before, after, self.ignored)

    def ours(self, change: Change, live: Live) -> Attributes:
        """What stands, without the tags of others: what a lock entry holds."""
        return without_tags(kind_of(change.address.type), live.attributes, self.ignored)


def look(means: Means, change: Change) -> Live | DirectoryError | None:
    """What stands under the change's name; None if nothing does; the error if that cannot be told."""
    try:
        return means.directory.read(kind_of(change.address.type), change.name)
    except DirectoryError as error:
        return error


def as_planned(means: Means, change: Change) -> Live | Result | None:
    """What stands, if it is what the plan saw; None if nothing does; else the result that refuses the change."""
    live = look(means, change)
    if isinstance(live, DirectoryError):
        return failed(change, live, message="it could not be read just before the change, so nothing was sent")
    if live is None:
        return None
    stranger = stranger_of(means, change, live)
    if stranger:
        return refused(change, stranger)
    if not means.same(change, live, change.before):
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
    live = look(means, change)
    result = Result(
        status=Status.DONE_WITHOUT_TAGS if isinstance(error, TagsFailed) else Status.FAILED,
        arn=change.arn,
        message=error.summary,
        hint=error.detail,
        unclear=True,
    )
    if not isinstance(live, Live):
        return result
    return replace(result, arn=live.arn, edits=kept(change, live.arn, means.ours(change, live)), unclear=False)


def _differing(means: Means, change: Change, live: Live) -> str:
    before, now = change.before or {}, means.ours(change, live)
    return ", ".join(name for name in now if now[name] != before.get(name)) or "its attributes"
