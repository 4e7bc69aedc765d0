"""Which lock entry belongs to which declared resource: by address, by remote name (moved), by `previously` (renamed).

A remote name that would change hands between two addresses in one plan is refused here: doing it in one go would mean to
delete what another address still wants, or to write one agent's return URLs on another's identity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.diagnostics import Diagnostic
from reconciler.model.addresses import Address, Remote
from reconciler.model.resources import Desired, Known
from reconciler.planning import names


@dataclass(frozen=True, slots=True)
class Pair:
    """One resource as the manifest and the lockfile have it; in neither is what only its ownership tag makes ours.

    `previous`: the address that the lock entry stands under, where it is another one.
    """

    address: Address
    desired: Desired | None
    known: Known | None
    previous: Address | None = None


@dataclass(frozen=True, slots=True)
class Pairing:
    """All pairs in address order, and what is in the way or worth saying of some addresses. Refused ones are in no pair."""

    pairs: tuple[Pair, ...]
    refused: Mapping[Address, Diagnostic]
    noted: Mapping[Address, Diagnostic]


def pair_up(desired: Mapping[Address, Desired], known: Mapping[Address, Known]) -> Pairing:
    """Pair every declared resource with its lock entry, and leave the lock entries that nobody declares on their own."""
    match = _Matching(desired, known)
    pairs: list[Pair] = []
    taken: set[Address] = set()
    refused: dict[Address, Diagnostic] = {}
    noted: dict[Address, Diagnostic] = {}
    for address in sorted(desired):
        one = desired[address]
        found = match.entry_of(one)
        obstacle = None if match.undisputed(one) else next(match.obstacles(one, found), None)
        if obstacle is not None:
            refused[address] = obstacle
            taken.update(entry for entry in (address, found, one.previously) if entry is not None)
            continue
        if found is None:
            note = match.note(one)
            if note is not None:
                noted[address] = note
            pairs.append(Pair(address, one, None))
            continue
        taken.add(found)
        pairs.append(Pair(address, one, known[found], found if found != address else None))
    for address in sorted(known.keys() - taken):
        # What a refused address wants to have stays as it is until the refusal is solved.
        if Remote(address.type, known[address].name) not in match.wanted:
            pairs.append(Pair(address, None, known[address]))
    pairs.sort(key=lambda pair: pair.address)
    return Pairing(tuple(pairs), refused, noted)


class _Matching:
    """The questions that pairing asks of manifest and lockfile, each answered from an index."""

    def __init__(self, desired: Mapping[Address, Desired], known: Mapping[Address, Known]) -> None:
        self.desired, self.known = desired, known
        self.wanted: dict[Remote, Address] = {}
        self.doubly_wanted: dict[Remote, list[Address]] = {}
        for address in sorted(desired):
            remote = Remote(address.type, desired[address].name)
            first = self.wanted.setdefault(remote, address)
            if first != address:
                self.doubly_wanted.setdefault(remote, [first]).append(address)
        self.holder: dict[Remote, Address] = {}
        for address in sorted(known):
            self.holder.setdefault(Remote(address.type, known[address].name), address)
        self.claims = Counter(
            one.previously
            for one in desired.values()
            if one.previously is not None and self.entry_of(one) == one.previously
        )

    def entry_of(self, one: Desired) -> Address | None:
        """The address of the lock entry that `one` continues, or None."""
        if one.address in self.known:
            return one.address
        holder = self.holder.get(Remote(one.address.type, one.name))
        if holder is not None and holder not in self.desired:
            return holder
        return one.previously if self.abandoned(one.previously) else None

    def abandoned(self, address: Address | None) -> bool:
        """Whether it is a lock entry that the manifest no longer declares."""
        return address in self.known and address not in self.desired

    def undisputed(self, one: Desired) -> bool:
        """Whether `one` keeps address and name, and no name is claimed twice anywhere: nearly all do, in nearly all plans."""
        entry = self.known.get(one.address)
        once = not self.doubly_wanted and len(self.holder) == len(self.known)
        return once and entry is not None and entry.name == one.name

    def obstacles(self, one: Desired, entry: Address | None) -> Iterator[Diagnostic]:
        """Why `one` cannot continue `entry` in one go."""
        remote = Remote(one.address.type, one.name)
        if remote in self.doubly_wanted:
            yield names.declared_twice(one, self.doubly_wanted[remote])
        holder = self.holder.get(remote)
        going_back = holder is not None and holder.is_leftover and holder.heir == entry == one.address
        if holder is not None and holder != entry and not going_back:
            yield names.name_changes_hands(one, holder, self.desired.get(holder))
        if entry is None:
            return
        old = Remote(entry.type, self.known[entry].name)
        heir = self.wanted.get(old)
        if heir is not None and heir != one.address:
            yield names.name_inherited(one, old.name, heir)
        if entry not in (one.address, one.previously) and self.abandoned(one.previously):
            yield names.two_pasts(one, entry)
        if entry == one.previously and self.claims[entry] > 1:
            yield names.claimed_twice(one, entry)

    def note(self, one: Desired) -> Diagnostic | None:
        """What to say about a `previously` that leads nowhere, or None."""
        if one.previously is None:
            return None
        return names.previously_in_vain(one, declared=one.previously in self.desired)
