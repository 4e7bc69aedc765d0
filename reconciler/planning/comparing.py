"""How two environments or targets differ, resource by resource, paired by address, wherever they were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import AttributeChange
from reconciler.model.kinds import kind_of
from reconciler.model.resources import Lock, Snapshot, Stack
from reconciler.model.values import Attributes, without_tags
from reconciler.planning.attributes import attribute_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One resource on one side. The remote name is told and never compared: it differs where variables make it differ."""

    name: str
    attributes: Attributes
    protect: bool = False
    update_only: bool = False


Side = Mapping[Address, Held]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One address on both sides, None where it is missing; `attributes`: those that differ, from the first to the second.

    `terms`: of protect and updateOnly, those that differ.
    """

    address: Address
    first: Held | None
    second: Held | None
    attributes: tuple[AttributeChange, ...] = ()
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one way of looking shows: `kind` is declared, held or live. `alike`: how many are the same on both sides.

    `unknown`: what could not be read, by side's name and address, with the reason; it is neither alike nor different.
    """

    kind: str
    pairs: tuple[Pair, ...]
    alike: int
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two environments or targets of one stack, looked at in one or more ways."""

    stack: str
    first: str
    second: str
    views: tuple[View, ...]

    @property
    def same(self) -> bool:
        """Whether nothing is known to differ."""
        return not any(view.pairs for view in self.views)

    @property
    def complete(self) -> bool:
        """Whether everything could be read."""
        return not any(view.unknown for view in self.views)


def compare_sides(kind: str, first: Side, second: Side, unknown: Mapping[str, str] | None = None) -> View:
    """The two sides, in address order."""
    pairs = []
    for address in sorted({*first, *second}):
        one, other = first.get(address), second.get(address)
        if one is None or other is None:
            pairs.append(Pair(address=address, first=one, second=other))
            continue
        differ = attribute_changes(one.attributes, other.attributes, None)
        terms = tuple(
            word
            for word, ours, theirs in (
                ("protect", one.protect, other.protect),
                ("updateOnly", one.update_only, other.update_only),
            )
            if ours != theirs
        )
        if differ or terms:
            pairs.append(Pair(address=address, first=one, second=other, attributes=differ, terms=terms))
    alike = len({*first, *second}) - len(pairs)
    return View(kind=kind, pairs=tuple(pairs), alike=alike, unknown=dict(sorted((unknown or {}).items())))


def declared_side(stack: Stack) -> Side:
    """What the manifest declares there."""
    return {
        address: Held(name=one.name, attributes=one.attributes, protect=one.protect, update_only=one.update_only)
        for address, one in stack.resources.items()
    }


def held_side(lock: Lock | None) -> Side:
    """What the lockfile holds."""
    return {
        address: Held(name=one.name, attributes=one.attributes, protect=one.protect, update_only=one.update_only)
        for address, one in (lock.resources if lock else {}).items()
    }


def live_side(stack: Stack, lock: Lock | None, snapshot: Snapshot) -> tuple[Side, dict[Address, str]]:
    """What stands in the directory of all that is declared or managed there, and what of it could not be read."""
    names = {address: one.name for address, one in stack.resources.items()}
    names |= {address: one.name for address, one in (lock.resources if lock else {}).items()}
    side: dict[Address, Held] = {}
    unread: dict[Address, str] = {}
    for address, name in names.items():
        remote = Remote(address.type, name)
        live = snapshot.live.get(remote)
        if live is not None:
            kind = kind_of(address.type)
            side[address] = Held(name=name, attributes=without_tags(kind, live.attributes, stack.settings.ignore_tags))
        elif remote in snapshot.unknown:
            unread[address] = snapshot.unknown[remote]
    return side, unread
