"""How a managed resource is let go of: deleted, forgotten, or kept because something speaks against deleting it."""

from __future__ import annotations

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.resources import Desired, Known, Live
from reconciler.planning import findings, names
from reconciler.planning.pairs import Pair
from reconciler.planning.verdicts import Terms, Verdict, drift_of, made_by_service


def delete(pair: Pair, known: Known, live: Live, terms: Terms) -> Verdict:
    """Known and live, and not (or no longer) desired."""
    drift = drift_of(pair, live, terms)
    if known.address.is_leftover and not (terms.finishing or terms.asked):
        return Verdict(drift=drift, findings=(names.rename_unfinished(known),))
    reason = Reason.RENAME_FINISHED if known.address.is_leftover else Reason.NOT_DECLARED
    reason = Reason.ASKED if terms.asked else reason
    if known.update_only:
        return Verdict(change=forget(known, live, reason, terms), drift=drift)
    refusals = keeps(known, live, None, terms)
    if refusals:
        return Verdict(drift=drift, findings=refusals)
    change = Change(
        action=Action.DELETE,
        reason=reason,
        address=known.address,
        name=known.name,
        before=terms.standing(known.address, live, known.attributes),
        after=None,
        arn=live.arn,
        owner=live.owner,
        origin=known.origin,
    )
    return Verdict(change=change, drift=drift)


def forget(known: Known, live: Live | None, reason: Reason, terms: Terms) -> Change:
    """Take it out of the lockfile; what stands in the directory loses our ownership tag and nothing else."""
    return Change(
        action=Action.FORGET,
        reason=reason,
        address=known.address,
        name=known.name,
        before=terms.standing(known.address, live, known.attributes) if live else None,
        after=None,
        arn=live.arn if live else "",
        owner=live.owner if live else "",
        origin=known.origin,
        update_only=known.update_only,
    )


def keeps(known: Known, live: Live, heir: Desired | None, terms: Terms) -> tuple[Diagnostic, ...]:
    """Every reason for which what stands is not deleted, be it for good or because `heir` replaces it."""
    address, source = (heir.address, heir.source) if heir else (known.address, None)
    found: list[Diagnostic] = []
    if terms.foreign(live):
        found.append(
            findings.foreign_owner(address, live, terms.owner, source, severity=Severity.ERROR, entry=known.address)
        )
    if live.arn in terms.snapshot.linked:
        found.append(made_by_service(address, live, source, terms))
    if known.protect or (heir is not None and heir.protect):
        found.append(findings.protected(address, source, replaced=heir is not None))
    if terms.protected_environment:
        found.append(
            findings.environment_protected(
                address, terms.protected_environment, source, entry=known.address, replaced=heir is not None
            )
        )
    return tuple(found)
