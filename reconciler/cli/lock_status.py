"""The state of a lockfile as a value, in words and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.resources import Lock, Origin
from reconciler.model.values import canonical_json

if TYPE_CHECKING:
    from reconciler.state import Holder, Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class LockStatus:
    """What stands at a lockfile's path: the lockfile, who writes to it at this moment, what did not finish."""

    path: Path
    lock: Lock | None
    holder: Holder | None
    unfinished: Journal | None

    @property
    def counts(self) -> dict[str, int]:
        """Resources by what they are to us; `resources` is all of them."""
        entries = tuple(self.lock.resources.values()) if self.lock else ()
        origins = Counter(known.origin for known in entries)
        return {
            "resources": len(entries),
            "created": origins[Origin.CREATED],
            "adopted": origins[Origin.ADOPTED],
            "protected": sum(known.protect for known in entries),
        }


def status_of(path: Path) -> LockStatus:
    """The status of the lockfile at `path`, without taking it. Raises StateError for one that cannot be trusted."""
    from reconciler.state import LocalState

    state = LocalState(path)
    return LockStatus(path=path, lock=state.read(), holder=state.holder(), unfinished=state.unfinished())


def status_text(status: LockStatus) -> str:
    """The status for people, one fact a line."""
    from reconciler.render import clean

    lock, counts, journal = status.lock, status.counts, status.unfinished
    kinds = ", ".join(f"{counts[word]} {word}" for word in ("created", "adopted", "protected") if counts[word])
    lines = [("lockfile", str(status.path) if lock else f"{status.path} (none yet: nothing is managed)")]
    if lock:
        lines += [
            ("stack", f"{lock.stack}, environment {lock.environment}"),
            ("account", f"{lock.account or 'not named'}, region {lock.region or 'not named'}"),
            ("lineage", lock.lineage),
            ("serial", str(lock.serial)),
            ("resources", f"{counts['resources']} ({kinds})" if kinds else "0"),
        ]
    lines.append(("writer", str(status.holder) if status.holder else "nobody"))
    if journal is None:
        lines.append(("unfinished", "nothing"))
    else:
        header = journal.header
        what = "under way" if status.holder else "the next run settles it"
        lines.append(("unfinished", f"{header.command} by {header.who} at {header.when}; {what}"))
        lines += [("", f"{change.action.word} {change.address}: no outcome") for change in journal.intents]
    return "".join(f"{name:<12}{clean(words)}\n" for name, words in lines)


def status_json(status: LockStatus) -> str:
    """The status for programs: one object; `lineage` null and `serial` 0 where there is no lockfile."""
    lock, holder, journal = status.lock, status.holder, status.unfinished
    return canonical_json(
        {
            "format_version": "1.0",
            "lockfile": str(status.path),
            "exists": lock is not None,
            "lineage": lock.lineage if lock else None,
            "serial": lock.serial if lock else 0,
            "stack": lock.stack if lock else None,
            "environment": lock.environment if lock else None,
            "account": lock.account if lock else None,
            "region": lock.region if lock else None,
            "counts": status.counts,
            "holder": {"who": holder.who, "since": holder.since, "command": holder.command} if holder else None,
            "unfinished": {
                "command": journal.header.command,
                "who": journal.header.who,
                "when": journal.header.when,
                "intents": [
                    {"address": str(change.address), "action": change.action.word} for change in journal.intents
                ],
            }
            if journal
            else None,
        },
        indent=2,
    )
