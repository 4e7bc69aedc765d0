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


def still_granted(changes: Sequence[Change], known: Mapping[Address, Known]) -> Iterator[Diagnostic]:
    """A refusal for each provider that goes while something that stays is granted it."""
    going = {str(one.address): one for one in changes if one.action is Action.DELETE}
    if not going:
        return
    holders: dict[str, list[Address]] = {}
    for address, attributes in _afterwards(changes, known):
        for provider in granted(attributes) & going.keys():
            holders.setdefault(provider, []).append(address)
    for provider, addresses in sorted(holders.items()):
        yield findings.still_granted(going[provider].address, [str(one) for one in sorted(addresses)])


def _afterwards(
    changes: Iterable[Change], known: Mapping[Address, Known]
) -> Iterator[tuple[Address, Attributes | None]]:
    """Address and attributes of everything that will be in the lockfile when the plan is applied."""
    changed = {one.address for one in changes} | {one.previous for one in changes if one.previous}
    yield from ((address, one.attributes) for address, one in known.items() if address not in changed)
    yield from ((one.address, one.after) for one in changes if one.action not in _GOES)
