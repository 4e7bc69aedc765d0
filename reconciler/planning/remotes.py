"""Which remotes a plan wants to see before it is made: all that is desired or known, and of these what changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model.addresses import Address, Remote
from reconciler.model.expiry import Day, lapsed
from reconciler.model.kinds import kind_of
from reconciler.model.resources import Desired, Known, Lock, Stack
from reconciler.model.values import without_tags


def expected_remotes(stack: Stack, lock: Lock | None) -> frozenset[Remote]:
    """Every remote that is desired or known: what a plan wants to see in full."""
    named = frozenset(Remote(one.address.type, one.name) for one in stack.resources.values() if one.name)
    return named | known_remotes(lock).keys()


def known_remotes(lock: Lock | None) -> Mapping[Remote, str]:
    """Every remote that the lockfile holds, and when it was last updated as far as that says.

    It is what a reading asks for even where the listing does not show it.
    """
    return {Remote(address.type, one.name): one.updated for address, one in _entries(lock)}


def changed_remotes(stack: Stack, lock: Lock | None, today: Day | None = None) -> frozenset[Remote]:
    """The remotes that the manifest changed against the lockfile: new, different, renamed (both names), no longer declared.

    What expired by `today` is such, too.

    Everything else a plan may believe to be as the lockfile has it, if the listing shows it.
    """
    known = lock.resources if lock else {}
    same = {
        Remote(address.type, one.name)
        for address, one in known.items()
        if address in stack.resources
        and _same(one, stack.resources[address], stack.settings.ignore_tags)
        and not lapsed(stack.resources[address].attributes, today)
    }
    return expected_remotes(stack, lock) - same


def _same(known: Known, desired: Desired, ignored: tuple[str, ...]) -> bool:
    if known.name != desired.name or known.update_only != desired.update_only:
        return False
    if known.attributes == desired.attributes:
        return True
    kind = kind_of(known.address.type)
    return without_tags(kind, known.attributes, ignored) == without_tags(kind, desired.attributes, ignored)


def _entries(lock: Lock | None) -> Iterable[tuple[Address, Known]]:
    return lock.resources.items() if lock else ()
