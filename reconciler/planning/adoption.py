"""The two steps that a command asks for by address: adopt what stands, give up what is ours. Neither changes a resource."""

from __future__ import annotations

from reconciler.diagnostics import Diagnostic
from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.expiry import lapsed
from reconciler.model.resources import Desired, Known, Live, Origin
from reconciler.planning import findings, lapses, names
from reconciler.planning.attributes import attribute_changes
from reconciler.planning.diff import hands_off
from reconciler.planning.letting_go import forget
from reconciler.planning.sending import taken_as_declared
from reconciler.planning.sight import Unreadable, look
from reconciler.planning.verdicts import Terms, Verdict


def adopt(desired: Desired, holder: Address | None, known: Known | None, terms: Terms) -> Verdict:
    """Take what stands into the lockfile as it is. `holder`: the address that manages that remote already, if any."""
    taken = _taken(desired, holder, known)
    if taken is not None:
        return Verdict(findings=(taken,))
    if lapsed(desired.attributes, terms.today):
        return Verdict(findings=(lapses.unadopted(desired),))
    live = look(terms.snapshot, Remote(desired.address.type, desired.name), None, terms.owner)
    if isinstance(live, Unreadable):
        said = findings.unreadable(desired.address, live.reason, desired.source)
        return Verdict(unread=live.reason, findings=(said,))
    refusal = findings.nothing_to_adopt(desired) if live is None else hands_off(desired, live, terms)
    if live is None or refusal is not None:
        return Verdict(findings=() if refusal is None else (refusal,))
    standing = terms.standing(desired.address, live, desired.attributes)
    change = Change(
        action=Action.ADOPT,
        reason=Reason.ASKED,
        address=desired.address,
        name=desired.name,
        before=standing,
        after=standing,
        arn=live.arn,
        updated=live.updated,
        outputs=live.outputs,
        owner=live.owner,
        origin=Origin.ADOPTED,
        protect=desired.protect,
        update_only=desired.update_only,
        source=desired.source,
    )
    declared = terms.see(desired.address, desired.attributes)
    differing = [one.name for one in attribute_changes(standing, declared, None)]
    notes = [findings.adopted_differs(desired, differing)] if differing else []
    return Verdict(change=change, findings=(*notes, *taken_as_declared(desired, live, ())))


def give_up(known: Known, terms: Terms) -> Verdict:
    """Take it out of the lockfile, and our ownership tag off it if it stands."""
    live = look(terms.snapshot, Remote(known.address.type, known.name), known, terms.owner)
    match live:
        case Live():
            return Verdict(change=forget(known, live, Reason.ASKED, terms))
        case Unreadable(reason):
            said = findings.tag_stays(known, reason, terms.owner)
            return Verdict(change=forget(known, None, Reason.ASKED, terms), findings=(said,))
        case None:
            return Verdict(change=forget(known, None, Reason.DELETED_OUTSIDE, terms))


def _taken(desired: Desired, holder: Address | None, known: Known | None) -> Diagnostic | None:
    """What the lockfile says against it, or that there is nothing left to do."""
    if holder == desired.address:
        return names.managed_already(desired)
    if holder is not None:
        return names.managed_elsewhere(desired, holder)
    if known is not None:
        return names.managed_under_another_name(desired, known)
    return None
