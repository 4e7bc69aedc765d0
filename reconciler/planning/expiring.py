"""What becomes of a declared resource whose day has come: it counts as not wanted. Pure; the day is given, never read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from reconciler.diagnostics import Diagnostic
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.resources import Desired, Known, Live
from reconciler.planning import lapses
from reconciler.planning.granting import granted
from reconciler.planning.letting_go import delete, forget
from reconciler.planning.pairs import Pair
from reconciler.planning.verdicts import Terms, Verdict, drift_of


def expire(pair: Pair, desired: Desired, live: Live | None, terms: Terms) -> Verdict:
    """What is ours goes, under the same guards as what is no longer declared; what is not, stays as it is."""
    known = pair.known
    if known is None:
        return Verdict(findings=(lapses.unmade(desired),))
    if live is None:
        gone = replace(forget(known, None, Reason.EXPIRED, terms), source=desired.source)
        return Verdict(change=gone, drift=drift_of(pair, None, terms))
    if known.protect and not desired.protect and not terms.protected_environment:
        return Verdict(change=_unprotect(known, live, desired), findings=(lapses.unprotected(desired),))
    verdict = delete(pair, replace(known, protect=desired.protect), live, terms)
    if verdict.change is None:
        return replace(verdict, findings=tuple(replace(one, source=desired.source) for one in verdict.findings))
    return replace(verdict, change=replace(verdict.change, reason=Reason.EXPIRED, source=desired.source))


def granted_in_vain(
    wanted: Mapping[Address, Desired], expired: Collection[Address], known: Collection[Address]
) -> Iterator[tuple[Address, Diagnostic]]:
    """A word for each provider that is granted, has expired, and is not there to be kept; with who is granted it."""
    absent = {str(address) for address in expired if address not in known}
    for address, one in wanted.items():
        for provider in sorted(granted(one.attributes) & absent):
            if address not in expired:
                yield address, lapses.granted_expired(one, provider)


def _unprotect(known: Known, live: Live, desired: Desired) -> Change:
    """Only its protection goes, as the manifest says: what deletes it is another apply."""
    return Change(
        action=Action.NO_OP,
        reason=Reason.PROTECTION,
        address=known.address,
        name=known.name,
        before=known.attributes,
        after=known.attributes,
        arn=live.arn,
        updated=known.updated,
        outputs=known.outputs,
        owner=live.owner,
        origin=known.origin,
        update_only=known.update_only,
        source=desired.source,
    )
