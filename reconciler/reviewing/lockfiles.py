"""A lockfile that a change does not leave as it found it: what plans would believe after it and did not before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.addresses import Address
from reconciler.model.changes import AttributeChange
from reconciler.model.resources import Known, Lock
from reconciler.reviewing.terms import Amendment

LOCKFILE = "lockfile"
"""What the change is called among the terms of an environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEdit:
    """The lockfile of one environment in both versions, which differ. `path`: as users open it.

    `before`, `after`: None where there is none, or where it cannot be read; `why`: why the later one cannot.
    """

    path: str
    before: Lock | None
    after: Lock | None
    why: str = ""

    @property
    def unprotected(self) -> tuple[Address, ...]:
        """What it protected and protects no more, entries that go included."""
        return tuple(address for address, one in self._old.items() if one.protect and not self._protects(address))

    @property
    def dropped(self) -> tuple[Address, ...]:
        """What it does not hold any more."""
        return tuple(address for address in self._old if address not in self._new)

    @property
    def claimed(self) -> tuple[Address, ...]:
        """What it holds and did not hold before."""
        return tuple(address for address in self._new if address not in self._old)

    @property
    def altered(self) -> tuple[Address, ...]:
        """What it holds otherwise than before."""
        return tuple(
            address for address, one in self._new.items() if address in self._old and self._old[address] != one
        )

    @property
    def _old(self) -> Mapping[Address, Known]:
        return self.before.resources if self.before else {}

    @property
    def _new(self) -> Mapping[Address, Known]:
        return self.after.resources if self.after else {}

    def _protects(self, address: Address) -> bool:
        return address in self._new and self._new[address].protect


def with_edits(
    found: Sequence[Amendment], edits: Mapping[str, LockEdit], declared: Mapping[str, str]
) -> Iterator[Amendment]:
    """The amendments, with the lockfile as one of the terms of its environment. `declared`: their names in the manifest."""
    rows = {name: _row(one) for name, one in edits.items()}
    for one in found:
        own = [rows.pop(name) for name in one.environments if name in rows]
        yield replace(one, rows=(*one.rows, *own)) if own else one
    for name, row in rows.items():
        known = declared.get(name, name)
        yield Amendment(
            kind="environment",
            about=f"environment.{known}",
            path=("environments", known),
            before=True,
            after=True,
            rows=(row,),
            environments=(name,),
        )


def _row(one: LockEdit) -> AttributeChange:
    later = f"cannot be read: {one.why}" if one.why else _shown(one.after)
    return AttributeChange(name=LOCKFILE, before=_shown(one.before), after=later, cause=None)


def _shown(lock: Lock | None) -> str | None:
    if lock is None:
        return None
    count = len(lock.resources)
    return f"serial {lock.serial}, {count} resource{'' if count == 1 else 's'}"
