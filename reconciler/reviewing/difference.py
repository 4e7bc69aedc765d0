"""Two versions of one environment, resource by resource: what is added, changed, removed, renamed, claimed or let go.

Compares what the manifest means there, variables in place: a change of layout, order or file is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.addresses import Address
from reconciler.model.changes import Action, AttributeChange
from reconciler.model.kinds import kind_of
from reconciler.model.resources import Desired, Stack
from reconciler.model.values import Value

PROTECT, UPDATE_ONLY = "lifecycle.protect", "lifecycle.updateOnly"
NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One resource in both versions, None where it is not declared; `rows`: what differs, attributes first.

    `address`: that of the later version, where there is one. `before.address` is another one where its key changes.
    """

    action: Action
    address: Address
    before: Desired | None
    after: Desired | None
    rows: tuple[AttributeChange, ...]

    @property
    def either(self) -> Desired:
        """The resource as it will be, or, where it goes, as it was."""
        one = self.after or self.before
        if one is None:
            raise ValueError(f"{self.address} is in neither version")
        return one

    @property
    def renamed(self) -> bool:
        """Whether the directory has to hold it under another name."""
        return self.before is not None and self.after is not None and _named(self.before) != _named(self.after)

    @property
    def gone(self) -> bool:
        """Whether the later version does not declare it."""
        return self.after is None

    def row(self, name: str) -> AttributeChange | None:
        """What differs in the attribute of that name, or None."""
        return next((one for one in self.rows if one.name == name), None)


def revisions(before: Stack | None, after: Stack | None) -> tuple[Revision, ...]:
    """Everything that differs, in the order of addresses. None: that version has no such environment."""
    old: Mapping[Address, Desired] = before.resources if before else {}
    new: Mapping[Address, Desired] = after.resources if after else {}
    sources = moved(old, new)
    continued = frozenset(sources.values())
    found = [_gone(address, one) for address, one in old.items() if address not in new and address not in continued]
    for address, one in new.items():
        earlier = old.get(sources.get(address, address))
        if earlier is None:
            found.append(_added(address, one))
        elif earlier is not one and (revision := _changed(address, earlier, one)) is not None:
            found.append(revision)
    return tuple(sorted(found, key=lambda revision: revision.address))


def moved(old: Mapping[Address, Desired], new: Mapping[Address, Desired]) -> dict[Address, Address]:
    """What goes on under another address, with the one that it had. Each is continued by one alone.

    As in a plan, the name in the directory decides, and where nothing has that any more, `previously`.
    """
    left = {address for address in old if address not in new}
    comers = [one for address, one in new.items() if address not in old] if left else []
    names = {(address.type, _named(old[address])): address for address in sorted(left, reverse=True)}
    by_name = [(one, names.get((one.address.type, _named(one)))) for one in comers]
    found: dict[Address, Address] = {}
    for one, source in [*by_name, *((one, one.previously) for one in comers)]:
        if source in left and one.address not in found:
            left.remove(source)
            found[one.address] = source
    return found


def _added(address: Address, one: Desired) -> Revision:
    action = Action.ADOPT if one.update_only else Action.CREATE
    rows = (AttributeChange(name=name, before=None, after=value, cause=None) for name, value in _held(one))
    return Revision(action=action, address=address, before=None, after=one, rows=tuple(rows))


def _gone(address: Address, one: Desired) -> Revision:
    action = Action.FORGET if one.update_only else Action.DELETE
    rows = (AttributeChange(name=name, before=value, after=None, cause=None) for name, value in _held(one))
    return Revision(action=action, address=address, before=one, after=None, rows=tuple(rows))


def _changed(address: Address, before: Desired, after: Desired) -> Revision | None:
    if (
        before.address == after.address
        and before.attributes == after.attributes
        and (before.protect, before.update_only, _named(before), before.secrets)
        == (after.protect, after.update_only, _named(after), after.secrets)
    ):
        return None
    old, new = dict(_held(before)), dict(_held(after))
    named = AttributeChange(name=NAME, before=_named(before), after=_named(after), cause=None)
    rows = tuple(
        AttributeChange(name=name, before=old.get(name), after=new.get(name), cause=None)
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    )
    if _named(before) != _named(after):
        action = Action.UPDATE if before.parent or after.parent else Action.REPLACE
        rows = (named, *rows)
    else:
        action = Action.UPDATE if rows else Action.NO_OP
    return Revision(action=action, address=address, before=before, after=after, rows=rows)


def _named(one: Desired) -> str:
    return one.name or str(one.parent)


def _held(one: Desired) -> Iterator[tuple[str, Value]]:
    """What it says that is not the default, in the kind's own order: attributes, where secrets are read from, terms."""
    for attribute in kind_of(one.address.type).attributes:
        value = one.attributes.get(attribute.name)
        if value is not None and value not in ((), {}):
            yield attribute.name, value
        if attribute.name in one.secrets:
            yield f"{attribute.name}.from", str(one.secrets[attribute.name])
    if one.protect:
        yield PROTECT, True
    if one.update_only and not kind_of(one.address.type).singleton:
        yield UPDATE_ONLY, True
