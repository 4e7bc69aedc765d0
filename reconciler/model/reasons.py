"""Why a change is planned, in words. As they come: who shows them cleans them."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.changes import Action, Change, Reason
from reconciler.model.kinds import kind_of

_BY_TAG = "stands already and carries our ownership tag"
_NOT_OURS_ALONE = "made by somebody else, declared with lifecycle.updateOnly"
_WORDS: Mapping[tuple[Action, Reason], str] = {
    (Action.CREATE, Reason.DELETED_OUTSIDE): "was deleted outside; created again",
    (Action.UPDATE, Reason.OURS_BY_TAG): f"{_BY_TAG}; enters the lockfile, then changes",
    (Action.UPDATE, Reason.UPDATE_ONLY): f"{_NOT_OURS_ALONE}; enters the lockfile, then changes",
    (Action.ADOPT, Reason.OURS_BY_TAG): f"{_BY_TAG}; enters the lockfile as it is",
    (Action.ADOPT, Reason.UPDATE_ONLY): f"{_NOT_OURS_ALONE}; enters the lockfile as it is",
    (Action.ADOPT, Reason.ASKED): "as asked; enters the lockfile and gets our ownership tag, nothing else changes",
    (Action.DELETE, Reason.NOT_DECLARED): "no longer in the manifest",
    (Action.DELETE, Reason.RENAME_FINISHED): "what a rename left behind; finished",
    (Action.DELETE, Reason.EXPIRED): "expired: its day has come",
    (
        Action.FORGET,
        Reason.EXPIRED,
    ): "expired and update-only; stays without our ownership tag, leaves the lockfile",
    (Action.DELETE, Reason.ASKED): "as asked",
    (
        Action.FORGET,
        Reason.DELETED_OUTSIDE,
    ): "gone: was deleted outside and is not in the manifest; leaves the lockfile",
    (
        Action.FORGET,
        Reason.NOT_DECLARED,
    ): "no longer in the manifest and update-only; stays without our ownership tag, leaves the lockfile",
    (Action.FORGET, Reason.ASKED): "as asked; stays without our ownership tag, leaves the lockfile",
    (Action.NO_OP, Reason.CONVERGED): "is already what the manifest says",
    (Action.NO_OP, Reason.TOUCHED): "was updated outside; the lockfile takes the date",
    (Action.NO_OP, Reason.RECORDED): "the service knows nothing of this",
}
_WITHOUT_TAGS: Mapping[tuple[Action, Reason], str] = {
    (Action.ADOPT, Reason.ASKED): "as asked; enters the lockfile, nothing else changes",
    (Action.FORGET, Reason.NOT_DECLARED): "no longer in the manifest; stays as it is, leaves the lockfile",
    (Action.FORGET, Reason.ASKED): "as asked; stays as it is, leaves the lockfile",
}
"""Of a kind that carries none."""


def reasons_of(change: Change) -> list[str]:
    """Why the change is planned, a sentence each; none where the symbol and the attributes say it all."""
    found = []
    kind, step = kind_of(change.address.type), (change.action, change.reason)
    if change.previous and change.previous != change.address:
        same = "; the same resource under another address" if change.action is not Action.REPLACE else ""
        found.append(f"was {change.previous}{same}")
    if change.reason is Reason.RENAMED:
        found.append(f"renamed: {change.previous_name} -> {change.name}; the old one stays until --finish-renames")
    elif change.update_only and change.previous_name:
        found.append(f"was {change.previous_name}, whose maker was made anew; enters the lockfile in its place")
    elif change.reason is Reason.PROTECTION:
        found.append("now protected" if change.protect else "no longer protected")
    elif change.action is Action.NO_OP and change.reason is Reason.UPDATE_ONLY:
        found.append("update-only from now on" if change.update_only else "no longer update-only")
    elif change.action is Action.FORGET and change.before is None and change.reason is Reason.EXPIRED:
        found.append("expired, and was deleted outside already; leaves the lockfile")
    elif change.action is Action.FORGET and change.before is None and change.reason is not Reason.DELETED_OUTSIDE:
        found.append("as asked; was not seen in the directory, leaves the lockfile")
    elif change.reason is Reason.UPDATE_ONLY and kind.singleton:
        found.append("stands always, and enters the lockfile now")
    elif said := (None if kind.tagged else _WITHOUT_TAGS.get(step)) or _WORDS.get(step):
        found.append(said)
    for name, source in sorted(change.secrets.items()):
        found.append(f"sends {name}, which apply reads from the {source}")
    return found
