"""What still needs a credential provider that a plan would delete: the identities that are granted it afterwards. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.diagnostics import Diagnostic
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change
from reconciler.model.identity import ACCESS
from reconciler.model.resources import Known
from reconciler.model.values import Attributes
from reconciler.planning import findings

_GOES = (Action.DELETE, Action.FORGET)


def granted(attributes: Attributes | None) -> frozenset[str]:
    """The addresses of what the attributes of an identity grant it, as text; another stack's providers are not among them."""
    access = (attributes or {}).get(ACCESS.name)
    found = access.items() if isinstance(access, dict) else ()
    return frozenset(address for address, terms in found if not terms.get("external"))


def granted_by_name(attributes: Attributes | None) -> frozenset[str]:
    """What is granted as another stack's, by type and remote name: it may be this stack's all the same."""
    access = (attributes or {}).get(ACCESS.name)
    found = access.items() if isinstance(access, dict) else ()
    return frozenset(address for address, terms in found if terms.get("external"))


def still_granted(changes: Sequence[Change], known: Mapping[Address, Known]) -> Iterator[Diagnostic]:
    """A refusal for each provider that goes while something that stays is granted it."""
    going = [one for one in changes if one.action is Action.DELETE]
    if not going:
        return
    by_address = {str(one.address): one.address for one in going}
    by_name = {f"{one.address.type}.{one.name}": one.address for one in going}
    holders: dict[Address, list[Address]] = {}
    afterwards = list(_afterwards(changes, known))
    stands = {str(address) for address, _ in afterwards}
    for address, attributes in afterwards:
        own, others = granted(attributes), granted_by_name(attributes)
        # What is granted under an address that is gone may be what a rename left behind, whatever it was called then.
        adrift = {one.partition(".")[0] for one in own - stands - by_address.keys()}
        left = {one.address for one in going if one.address.is_leftover and one.address.type in adrift}
        for provider in {*map(by_address.get, own), *map(by_name.get, others), *left} - {None}:
            if provider is not None:
                holders.setdefault(provider, []).append(address)
    for provider, addresses in sorted(holders.items()):
        yield findings.still_granted(provider, [str(one) for one in sorted(addresses)])


def _afterwards(
    changes: Iterable[Change], known: Mapping[Address, Known]
) -> Iterator[tuple[Address, Attributes | None]]:
    """Address and attributes of everything that will be in the lockfile when the plan is applied."""
    changed = {one.address for one in changes} | {one.previous for one in changes if one.previous}
    yield from ((address, one.attributes) for address, one in known.items() if address not in changed)
    yield from ((one.address, one.after) for one in changes if one.action not in _GOES)
