"""The state of a lockfile as a value, in words and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from reconciler.model.resources import Lock, Origin
from reconciler.model.values import canonical_json

if TYPE_CHECKING:
    from reconciler.state import Holder, Journal, State


@dataclass(frozen=True, slots=True, kw_only=True)
class LockStatus:
    """What stands at a lockfile's place (a path, or a URL): the lockfile, who writes to it now, what did not finish."""

    place: str
    lock: Lock | None
    holder: Holder | None
    lease_left: float | None
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


def status_of(state: State) -> LockStatus:
    """The status of the lockfile, without taking it. Raises StateError for one that cannot be trusted."""
    return LockStatus(
        place=state.place,
        lock=state.read(),
        holder=state.holder(),
        lease_left=state.lease_left(),
        unfinished=state.unfinished(),
    )


def status_text(status: LockStatus) -> str:
    """The status for people, one fact a line."""
    from reconciler.render import clean

    lock, counts, journal = status.lock, status.counts, status.unfinished
    kinds = ", ".join(f"{counts[word]} {word}" for word in ("created", "adopted", "protected") if counts[word])
    lines = [("lockfile", status.place if lock else f"{status.place} (none yet: nothing is managed)")]
    if lock:
        lines += [
            ("stack", f"{lock.stack}, environment {lock.environment}"),
            ("account", f"{lock.account or 'not named'}, region {lock.region or 'not named'}"),
            ("lineage", lock.lineage),
            ("serial", str(lock.serial)),
            ("resources", f"{counts['resources']} ({kinds})" if kinds else "0"),
        ]
    lines.append(("writer", f"{status.holder} (id {status.holder.id})" if status.holder else "nobody"))
    if status.holder and status.lease_left is not None:
        lines.append(
            ("", f"its lease runs out in {status.lease_left:.0f} s unless it is renewed, as it is if that run lives")
        )
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
            "lockfile": status.place,
            "exists": lock is not None,
            "lineage": lock.lineage if lock else None,
            "serial": lock.serial if lock else 0,
            "stack": lock.stack if lock else None,
            "environment": lock.environment if lock else None,
            "account": lock.account if lock else None,
            "region": lock.region if lock else None,
            "counts": status.counts,
            "holder": {**asdict(holder), "lease_left": status.lease_left} if holder else None,
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
