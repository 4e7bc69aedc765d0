"""The entries of a lost lockfile, made again from the ownership tags and the manifest. Nothing in the directory changes. Pure.

What the tag does not prove is not claimed: said, and left. What only the lost file knew is set as for a new resource:
origin `created`, protected only if the manifest says so, attributes as they stand now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.addresses import KEY, Address, Remote
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.kinds import kind_of
from reconciler.model.resources import Desired, Live, Stack
from reconciler.planning import claims, findings
from reconciler.planning.pairs import Pair, pair_up
from reconciler.planning.sending import taken_as_declared
from reconciler.planning.sight import Unreadable, look
from reconciler.planning.verdicts import Terms, Verdict

Judged = tuple[Pair, Verdict]


def rebuild(stack: Stack, terms: Terms) -> tuple[list[Judged], list[Diagnostic]]:
    """What becomes of all that is declared and of all else that was read or could not be, and what to say of the whole."""
    pairing = pair_up(stack.resources, {})
    judged = [(pair, _declared(pair.desired, terms)) for pair in pairing.pairs if pair.desired is not None]
    declared = {Remote(one.address.type, one.name) for one in stack.resources.values()}
    for remote in sorted({*terms.snapshot.live, *terms.snapshot.unknown} - declared):
        judged.append((Pair(Address(remote.type, remote.name), None, None), _undeclared(remote, stack, terms)))
    return judged, [*pairing.refused.values(), *_on_the_whole([one for _, one in judged], stack, terms)]


def _declared(desired: Desired, terms: Terms) -> Verdict:
    """Ours, if it stands with our tag or is of a kind without tags; what does not stand is for the next plan to create."""
    live = look(terms.snapshot, Remote(desired.address.type, desired.name), None, terms.owner)
    match live:
        case None:
            return Verdict()
        case Unreadable(reason):
            return Verdict(unread=reason, findings=(findings.unreadable(desired.address, reason, desired.source),))
        case Live():
            pass
    if terms.foreign(live):
        said = findings.foreign_owner(desired.address, live, terms.owner, desired.source, severity=Severity.WARNING)
    elif live.owner != terms.owner and kind_of(desired.address.type).tagged:
        said = claims.untagged(desired, live, terms.owner)
    elif live.arn in terms.snapshot.linked and not desired.update_only:
        said = claims.held_by_service(desired.address, desired, live, terms.snapshot.linked[live.arn])
    else:
        entry = _entry(desired.address, live, desired, terms)
        return Verdict(change=entry, findings=tuple(taken_as_declared(desired, live, ())))
    return Verdict(findings=(said,))


def _undeclared(remote: Remote, stack: Stack, terms: Terms) -> Verdict:
    """Ours, if our tag is on it, the service did not make it, and its name makes an address that is free."""
    address = Address(remote.type, remote.name)
    live = terms.snapshot.live.get(remote)
    if live is None:
        return Verdict(unread=terms.snapshot.unknown[remote])
    if live.owner != terms.owner:
        return Verdict()
    if terms.snapshot.linkage_failed:
        # Nobody deletes what the service holds, and only a resource that is declared says that it is no such one.
        return Verdict(unread=f"whether the service made it cannot be told: {terms.snapshot.linkage_failed}")
    holder = terms.snapshot.linked.get(live.arn)
    if holder is not None:
        return Verdict(findings=(claims.held_by_service(address, None, live, holder),))
    if address in stack.resources or KEY.problem(remote.name) is not None:
        return Verdict(findings=(claims.without_address(live, stack.resources.get(address)),))
    return Verdict(change=_entry(address, live, None, terms))


def _entry(address: Address, live: Live, desired: Desired | None, terms: Terms) -> Change:
    standing = terms.standing(address, live, desired.attributes if desired else {})
    return Change(
        action=Action.NO_OP,
        reason=Reason.REBUILT_UNDECLARED if desired is None else Reason.REBUILT,
        address=address,
        name=live.remote.name,
        before=standing,
        after=standing,
        arn=live.arn,
        updated=live.updated,
        outputs=live.outputs,
        owner=live.owner,
        protect=desired is not None and desired.protect,
        update_only=desired is not None and desired.update_only,
        source=desired.source if desired else None,
    )


def _on_the_whole(verdicts: Iterable[Verdict], stack: Stack, terms: Terms) -> Iterator[Diagnostic]:
    """What is to be said of many at once."""
    verdicts = list(verdicts)
    changes = [one.change for one in verdicts if one.change is not None]
    undeclared = {one.address for one in changes if one.reason is Reason.REBUILT_UNDECLARED}
    for heir in stack.resources.values():
        stands = Remote(heir.address.type, heir.name) in terms.snapshot.live
        if heir.previously in undeclared and not stands:
            undeclared.discard(heir.previously)
            yield claims.renamed_since(heir, heir.previously)
    if undeclared:
        yield claims.undeclared(sorted(undeclared), stack.environment)
    if any(one.unread for one in verdicts):
        yield claims.some_unread(terms.owner)
    if not changes:
        yield claims.nothing_tagged(terms.owner)
