"""What the directory holds of one remote, as far as the snapshot can tell: `Live`, `Unreadable`, or None for absent."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.addresses import Remote
from reconciler.model.resources import Known, Live, Refresh, Snapshot


@dataclass(frozen=True, slots=True)
class Unreadable:
    """It may or may not stand, and nobody knows as what: never "absent", never "unchanged"."""

    reason: str


Sight = Live | Unreadable | None


def look(snapshot: Snapshot, remote: Remote, known: Known | None, owner: str) -> Sight:
    """What stands at `remote`. What was not read on purpose is believed to be what the lockfile says, `owner`'s tag included.

    `known` is the lock entry of that very remote, if there is one.
    """
    live = snapshot.live.get(remote)
    if live is not None:
        return live
    reason = snapshot.unknown.get(remote)
    if reason is not None:
        return Unreadable(reason)
    arn = snapshot.listed.get(remote, "")
    believed = snapshot.refresh is Refresh.CHANGED and arn
    if snapshot.refresh is Refresh.NONE or believed or remote in snapshot.trusted:
        if known is not None:
            return Live(
                remote=remote,
                arn=arn or known.arn,
                attributes=known.attributes,
                owner=owner,
                updated=known.updated,
                outputs=known.outputs,
            )
        return Unreadable("the listing shows it, but it was not read") if arn else None
    if snapshot.listing_failed and (not snapshot.unlisted or remote.type in snapshot.unlisted):
        return Unreadable("the listing, which is not whole, does not show it")
    return None  # on FULL, what was listed and is not there when it is read has gone meanwhile
