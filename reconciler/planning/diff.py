"""The three-way table: what is to be done about one resource, from what is desired, known and live. Pure.

Leaves out which lock entry belongs to which declared resource (`pairs`), how a resource is let go of (`letting_go`), and
how the words go (`findings`).
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.addresses import Remote
from reconciler.model.changes import Action, AttributeChange, Change, Reason
from reconciler.model.expiry import lapsed
from reconciler.model.kinds import kind_of
from reconciler.model.parents import Parent
from reconciler.model.reading import beside, respelt
from reconciler.model.resources import Desired, Known, Live, Origin, Refresh
from reconciler.planning import findings, names, parents
from reconciler.planning.attributes import attribute_changes, reason_of
from reconciler.planning.expiring import expire
from reconciler.planning.letting_go import delete, forget, keeps
from reconciler.planning.pairs import Pair
from reconciler.planning.sending import (
    against_sending,
    against_updating,
    notes_on,
    secrets_of,
    sent,
    taken_as_declared,
    touched,
)
from reconciler.planning.sight import Sight, Unreadable, look
from reconciler.planning.verdicts import AGREED, Terms, Verdict, drift_of, made_by_service


def judge(pair: Pair, terms: Terms) -> Verdict:
    """The verdict of the three-way table on one pair."""
    match pair.desired, pair.known, _standing(pair, terms):
        case _, _, Unreadable(reason):
            verdict = _unread(pair, reason)
        case Desired() as desired, _, (Live() | None) as live if lapsed(desired.attributes, terms.today):
            verdict = expire(pair, desired, live, terms)
        case Desired() as desired, None, None:
            verdict = _create(desired, terms)
        case Desired() as desired, None, Live() as live:
            verdict = _claim(desired, live, terms)
        case Desired(parent=Parent() as parent) as desired, Known() as known, _ if desired.name != known.name:
            verdict = _follow(pair, desired, parent, known, terms)
        case Desired() as desired, Known() as known, None:
            verdict = _create_again(pair, desired, known, terms)
        case Desired() as desired, Known() as known, Live() as live if desired.name != known.name:
            verdict = _replace(pair, desired, known, live, terms)
        case Desired() as desired, Known() as known, Live() as live:
            verdict = _compare(pair, desired, known, live, terms)
        case None, Known() as known, Live() as live:
            verdict = delete(pair, known, live, terms)
        case None, Known() as known, None:
            verdict = Verdict(
                change=forget(known, None, Reason.DELETED_OUTSIDE, terms), drift=drift_of(pair, None, terms)
            )
        case _:
            verdict = AGREED  # in neither manifest nor lockfile: never touched
    return verdict


def _standing(pair: Pair, terms: Terms) -> Sight:
    """What stands at the name under which the resource is known, else at the declared one."""
    side = pair.known or pair.desired
    if side is None:
        return None
    return look(terms.snapshot, Remote(side.address.type, side.name), pair.known, terms.owner)


def _unread(pair: Pair, reason: str) -> Verdict:
    source = pair.desired.source if pair.desired else None
    return Verdict(unread=reason, findings=(findings.unreadable(pair.address, reason, source),))


def _create(desired: Desired, terms: Terms) -> Verdict:
    if desired.update_only:
        looked = terms.snapshot.refresh is not Refresh.NONE
        return Verdict(findings=(findings.update_only_absent(desired, looked=looked),))
    if refusals := against_sending(desired, desired.attributes.keys()):
        return Verdict(findings=refusals)
    change = Change(
        action=Action.CREATE,
        reason=Reason.DECLARED,
        address=desired.address,
        name=desired.name,
        before=None,
        after=terms.see(desired.address, desired.attributes),
        protect=desired.protect,
        secrets=desired.secrets,
        source=desired.source,
    )
    return Verdict(change=change)


def _claim(desired: Desired, live: Live, terms: Terms) -> Verdict:
    """It exists and the lockfile does not know it: ours by tag, ours to update only, or not ours."""
    refusal = hands_off(desired, live, terms)
    if refusal is not None:
        return Verdict(findings=(refusal,))
    if not desired.update_only and live.owner != terms.owner:
        return Verdict(findings=(findings.not_ours(desired, live, terms.owner),))
    before = terms.standing(desired.address, live, desired.attributes)
    after = terms.see(desired.address, desired.attributes)
    differing = attribute_changes(before, after, None)
    refusals = against_updating(desired, before, differing)
    if refusals:
        return Verdict(findings=refusals)
    change = Change(
        action=Action.UPDATE if differing else Action.ADOPT,
        reason=Reason.UPDATE_ONLY if desired.update_only else Reason.OURS_BY_TAG,
        address=desired.address,
        name=desired.name,
        before=before,
        after=after,
        attributes=differing,
        arn=live.arn,
        updated=live.updated,
        outputs=live.outputs,
        owner=live.owner,
        origin=Origin.ADOPTED,
        protect=desired.protect,
        update_only=desired.update_only,
        secrets=secrets_of(desired, differing),
        source=desired.source,
    )
    notes = (*notes_on(desired, live, differing), *taken_as_declared(desired, live, differing))
    return Verdict(change=change, findings=notes)


def _follow(pair: Pair, desired: Desired, parent: Parent, known: Known, terms: Terms) -> Verdict:
    """Its parent was made anew, with another identity: the entry goes on with that one, as with one met for the first time."""
    if not known.update_only:
        return Verdict(findings=(names.update_only_renamed(desired, known),))
    verdict = judge(Pair(pair.address, desired, None), terms)
    if verdict.change is None:
        return verdict
    change = replace(verdict.change, previous=pair.previous, previous_name=known.name)
    said = (*verdict.findings, parents.recreated(desired, parent, known))
    return replace(verdict, change=change, findings=said)


def _create_again(pair: Pair, desired: Desired, known: Known, terms: Terms) -> Verdict:
    """Known, but gone. Under a new name it is judged like a new resource, since that name may be somebody's."""
    drift = drift_of(pair, None, terms)
    fresh = Pair(pair.address, desired, None)
    verdict = judge(fresh, terms) if desired.name != known.name else _create(desired, terms)
    if verdict.change is None:
        return replace(verdict, drift=drift)
    reason = Reason.DELETED_OUTSIDE if verdict.change.action is Action.CREATE else verdict.change.reason
    old_name = known.name if known.name != desired.name else ""
    change = replace(verdict.change, reason=reason, previous=pair.previous, previous_name=old_name)
    return replace(verdict, change=change, drift=drift)


def _replace(pair: Pair, desired: Desired, known: Known, live: Live, terms: Terms) -> Verdict:
    """Another remote name: the new one is created, and the old one stays until the rename is finished."""
    drift = drift_of(pair, live, terms)
    target = look(terms.snapshot, Remote(desired.address.type, desired.name), None, terms.owner)
    if isinstance(target, Unreadable):
        return replace(_unread(pair, target.reason), drift=drift)
    refusals = _against_replacing(desired, known, live, target, terms)
    if refusals:
        return Verdict(drift=drift, findings=refusals)
    before = terms.standing(desired.address, live, known.attributes)
    after = terms.see(desired.address, desired.attributes)
    change = Change(
        action=Action.REPLACE,
        reason=Reason.RENAMED,
        address=desired.address,
        name=desired.name,
        before=before,
        after=after,
        attributes=attribute_changes(before, after, terms.see(desired.address, known.attributes)),
        arn=live.arn,
        updated=live.updated,
        outputs=live.outputs,
        owner=live.owner,
        protect=desired.protect,
        previous=pair.previous,
        previous_name=known.name,
        secrets=desired.secrets,
        source=desired.source,
    )
    lost = (findings.stranded(desired, known),) if kind_of(desired.address.type).stranded else ()
    return Verdict(change=change, drift=drift, findings=lost)


def _against_replacing(
    desired: Desired, known: Known, live: Live, target: Live | None, terms: Terms
) -> tuple[Diagnostic, ...]:
    """Everything that speaks against making it under its new name, where `target` stands, and deleting `live` in the end."""
    if desired.update_only or known.update_only:
        return (names.update_only_renamed(desired, known),)
    found = keeps(known, live, desired, terms)
    if target is None:
        return found
    # One that carries our tag and is as declared is what an earlier, interrupted run made; apply takes it as created.
    wanted = terms.see(desired.address, desired.attributes)
    made_by_us = target.owner == terms.owner and wanted == terms.standing(desired.address, target, wanted)
    if made_by_us:
        return found
    left = desired.address.leftover(desired.name)
    differs = left in terms.leftovers and names.left_behind_differs(desired, known, left)
    return (*found, differs or names.new_name_exists(desired, known, target))


def _compare(pair: Pair, desired: Desired, known: Known, live: Live, terms: Terms) -> Verdict:
    """Desired, known and live under one name."""
    same_entry = pair.previous is None and (known.protect, known.update_only) == (desired.protect, desired.update_only)
    well_owned = live.owner in ("", terms.owner) and (desired.update_only or live.arn not in terms.snapshot.linked)
    seen = beside(kind_of(desired.address.type), live, known.attributes)
    if (
        desired.attributes == known.attributes == seen
        and same_entry
        and _same_given(known, live)
        and not touched(known, live)
        and live.ready
        and well_owned
    ):
        return AGREED  # the way of nearly every resource of nearly every plan, so it stays short
    drift = drift_of(pair, live, terms)
    if not desired.update_only and live.arn in terms.snapshot.linked:
        return Verdict(drift=drift, findings=(made_by_service(desired.address, live, desired.source, terms),))
    wanted, remembered, standing = (
        terms.see(desired.address, respelt(kind_of(desired.address.type), live, side, desired.attributes))
        for side in (desired.attributes, known.attributes, seen)
    )
    changed = attribute_changes(standing, wanted, remembered)
    refusals = against_updating(desired, standing, changed)
    if refusals:
        return Verdict(drift=drift, findings=refusals)
    notes: tuple[Diagnostic, ...] = tuple(notes_on(desired, live, changed))
    if touched(known, live):
        notes = (*notes, findings.secret_may_differ(desired, known, live))
    if terms.foreign(live):
        severity = Severity.ERROR if sent(desired, changed) else Severity.WARNING
        said = findings.foreign_owner(
            desired.address, live, terms.owner, desired.source, severity=severity, entry=known.address
        )
        if severity is Severity.ERROR:
            return Verdict(drift=drift, findings=(said,))
        notes = (*notes, said)
    same = remembered == standing and _same_given(known, live) and not touched(known, live)
    if not changed and same_entry and same:
        return Verdict(findings=notes)
    change = Change(
        action=Action.UPDATE if sent(desired, changed) else Action.NO_OP,
        reason=_why(
            pair, desired, known, changed, same=same, touched_only=remembered == standing and touched(known, live)
        ),
        address=desired.address,
        name=desired.name,
        before=standing,
        after=wanted,
        attributes=changed,
        arn=live.arn,
        updated=live.updated,
        outputs=live.outputs,
        owner=live.owner,
        origin=known.origin,
        protect=desired.protect,
        update_only=desired.update_only,
        previous=pair.previous,
        secrets=secrets_of(desired, changed),
        source=desired.source,
    )
    return Verdict(change=change, drift=drift, findings=notes)


def _same_given(known: Known, live: Live) -> bool:
    """Whether the lockfile holds what the service gave it: its ARN, its callback URL."""
    return known.arn == live.arn and (not live.ready or not live.outputs or known.outputs == live.outputs)


def _why(
    pair: Pair, desired: Desired, known: Known, changed: tuple[AttributeChange, ...], *, same: bool, touched_only: bool
) -> Reason:
    """Why one resource under one name is updated, or only its lock entry is renewed."""
    if sent(desired, changed):
        return reason_of(changed)
    if pair.previous is not None:
        return Reason.MOVED
    if touched_only:
        return Reason.TOUCHED
    if not same:
        return Reason.CONVERGED
    if changed:
        return Reason.RECORDED
    return Reason.UPDATE_ONLY if desired.update_only != known.update_only else Reason.PROTECTION


def hands_off(desired: Desired, live: Live, terms: Terms) -> Diagnostic | None:
    """Why what stands must not become ours under this declaration, whatever it is like; None if it may."""
    if terms.foreign(live):
        return findings.foreign_owner(desired.address, live, terms.owner, desired.source, severity=Severity.ERROR)
    if not desired.update_only and live.arn in terms.snapshot.linked:
        return made_by_service(desired.address, live, desired.source, terms)
    return None
