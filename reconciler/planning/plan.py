"""Plans made from values: what to change so that the directory equals the manifest, what to adopt, what to forget. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.diagnostics import Diagnostic, Severity, in_order
from reconciler.errors import Refused, UsageError
from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import Action, Change, Drift
from reconciler.model.environments import Limit, Target
from reconciler.model.expiry import Day, lapsed
from reconciler.model.kinds import KINDS, WORKLOAD_IDENTITY, kind_of
from reconciler.model.plan import Plan, Route, Untouched
from reconciler.model.resources import Desired, Lock, Refresh, Snapshot, Stack
from reconciler.planning import findings
from reconciler.planning.diff import judge
from reconciler.planning.expiring import granted_in_vain
from reconciler.planning.following import follow
from reconciler.planning.granting import still_granted
from reconciler.planning.pairs import Pair, pair_up
from reconciler.planning.remotes import expected_remotes, known_remotes
from reconciler.planning.selection import Selection
from reconciler.planning.verdicts import Terms, Verdict

EVERYTHING = Selection()


def make_plan(
    *,
    stack: Stack,
    lock: Lock | None,
    snapshot: Snapshot,
    target: Target,
    route: Route,
    selection: Selection = EVERYTHING,
    destroy: bool = False,
    checked: Sequence[Diagnostic] = (),
    today: Day | None = None,
) -> Plan:
    """What makes the directory equal to `stack`; with `destroy`, what removes all that the lockfile holds.

    `checked`: what the check of the manifest had to say; its warnings go into the plan, since who reviews that decides.
    `today`: the day (UTC) by which resources expire; without it none does.
    Refusals, warnings and what could not be read are in the plan, never raised. Raises UsageError for a glob of
    `selection` that matches neither a declared nor a managed address.
    """
    followed = follow(stack, lock, snapshot)
    stack = followed.stack
    known = lock.resources if lock else {}
    desired: Mapping[Address, Desired] = {} if destroy else stack.resources
    selection.check({*desired, *known})
    terms = Terms(
        snapshot=snapshot,
        owner=target.owner,
        ignored=stack.settings.ignore_tags,
        protected_environment=stack.environment.name if stack.environment.protect else "",
        asked=destroy,
        finishing=selection.finish_renames,
        leftovers=frozenset(address for address in known if address.is_leftover),
        today=today,
    )
    pairing = pair_up(desired, known)
    chosen = [pair for pair in pairing.pairs if selection.takes(pair.address, pair.previous, pair.address.heir)]
    refused = [one for address, one in pairing.refused.items() if selection.takes(address)]
    noted = [one for address, one in pairing.noted.items() if selection.takes(address)]
    expired = {address for address, one in desired.items() if lapsed(one.attributes, today)}
    noted += (one for address, one in granted_in_vain(desired, expired, known) if selection.takes(address))
    unnamed = {} if destroy else {address: one for address, one in followed.verdicts.items() if address not in expired}
    return _bind(
        [(pair, unnamed.get(pair.address) or judge(pair, terms)) for pair in chosen],
        [*refused, *noted, *(one for one in checked if one.severity is not Severity.INFO)],
        stack=stack,
        lock=lock,
        snapshot=snapshot,
        target=target,
        route=route,
        excluded=len(pairing.pairs) + len(pairing.refused) - len(chosen) - len(refused),
    )


def make_adoption(
    *,
    stack: Stack,
    lock: Lock | None,
    snapshot: Snapshot,
    target: Target,
    route: Route,
    addresses: Sequence[Address],
    today: Day | None = None,
) -> Plan:
    """What makes the resources at `addresses` ours as they stand; where they differ, the next plan says so.

    One that has expired by `today` is refused: the next plan would delete it.

    Raises UsageError for an address that the manifest does not declare.
    """
    from reconciler.planning.adoption import adopt

    followed = follow(stack, lock, snapshot)
    stack = followed.stack
    missing = sorted(str(address) for address in addresses if address not in stack.resources)
    if missing:
        raise UsageError(
            f"the manifest does not declare {', '.join(missing)}",
            "Only what is declared can be adopted. `reconciler export` writes entries for what stands in the directory.",
        )
    terms = Terms(snapshot=snapshot, owner=target.owner, ignored=stack.settings.ignore_tags, today=today)
    known = lock.resources if lock else {}
    holder = {Remote(address.type, one.name): address for address, one in known.items()}
    judged: list[tuple[Pair, Verdict]] = []
    for address in sorted(set(addresses)):
        desired = stack.resources[address]
        taken = holder.get(Remote(address.type, desired.name))
        # Without its entry: what is managed already is not compared, so it does not count as unchanged.
        verdict = followed.verdicts.get(address) or adopt(desired, taken, known.get(address), terms)
        judged.append((Pair(address, desired, None), verdict))
    plan = _bind(judged, [], stack=stack, lock=lock, snapshot=snapshot, target=target, route=route)
    return replace(plan, refresh=Refresh.FULL)  # all that it speaks of was read


def make_forgetting(
    *, lock: Lock, snapshot: Snapshot, target: Target, route: Route, addresses: Sequence[Address]
) -> Plan:
    """What takes the resources at `addresses` out of the lockfile, and our ownership tag off those that stand.

    One that cannot be read is forgotten too, with a warning that the tag stays on it: nothing of it is changed, so the plan
    counts as complete. Raises UsageError for an address that the lockfile does not hold.
    """
    from reconciler.planning.adoption import give_up

    missing = sorted(str(address) for address in addresses if address not in lock.resources)
    if missing:
        raise UsageError(
            f"the lockfile does not hold {', '.join(missing)}",
            "Only what is managed can be forgotten; `reconciler lock show` lists it.",
        )
    terms = Terms(snapshot=snapshot, owner=target.owner)
    judged: list[tuple[Pair, Verdict]] = []
    for address in sorted(set(addresses)):
        pair = Pair(address, None, lock.resources[address])
        judged.append((pair, give_up(lock.resources[address], terms)))
    plan = _bind(judged, [], stack=None, lock=lock, snapshot=snapshot, target=target, route=route)
    return replace(plan, refresh=Refresh.FULL)  # all that it speaks of was read


def make_rebuild(*, stack: Stack, snapshot: Snapshot, target: Target, route: Route) -> Plan:
    """What makes a lost lockfile again: an entry for all that carries our ownership tag, and no call at all.

    `snapshot` must hold everything that the listing shows, read or unknown. Raises Refused for a listing that is not whole:
    what it does not show cannot be named, so nobody would miss it.
    """
    from reconciler.planning import claims
    from reconciler.planning.rebuilding import rebuild

    needed = {WORKLOAD_IDENTITY.type, *(address.type for address in stack.resources)}
    if snapshot.listing_failed and (not snapshot.unlisted or snapshot.unlisted & needed):
        raise Refused(
            f"the directory could not be listed in full, so nobody knows what is ours: {snapshot.listing_failed}",
            "Nothing was written. Run this again when the listing can be read.",
        )
    followed = follow(stack, None, snapshot)
    stack = replace(
        stack,
        resources={
            address: one for address, one in followed.stack.resources.items() if address not in followed.verdicts
        },
    )
    terms = Terms(snapshot=snapshot, owner=target.owner, ignored=stack.settings.ignore_tags)
    judged, said = rebuild(stack, terms)
    for verdict in followed.verdicts.values():
        said += (replace(one, severity=Severity.WARNING) for one in verdict.findings)
    if snapshot.unlisted:
        said.append(
            claims.unlisted([kind_of(one).plural for one in sorted(snapshot.unlisted)], snapshot.listing_failed)
        )
        snapshot = replace(snapshot, listing_failed="")
    return _bind(judged, said, stack=stack, lock=None, snapshot=snapshot, target=target, route=route)


def _bind(
    judged: Iterable[tuple[Pair, Verdict]],
    said: Iterable[Diagnostic],
    *,
    stack: Stack | None,
    lock: Lock | None,
    snapshot: Snapshot,
    target: Target,
    route: Route,
    excluded: int = 0,
) -> Plan:
    """The verdicts as one plan, in address order. Without a stack (forget) nothing unread stands in the way."""
    changes: list[Change] = []
    drift: list[Drift] = []
    said = list(said)
    unknown: dict[str, str] = {}
    unchanged = 0
    for pair, verdict in judged:
        unchanged += pair.known is not None and verdict.unchanged
        said += verdict.findings
        if verdict.change is not None:
            changes.append(verdict.change)
        if verdict.drift is not None:
            drift.append(verdict.drift)
        if verdict.unread:
            unknown[str(pair.address)] = verdict.unread
    if snapshot.linkage_failed:
        said.append(findings.linkage_unknown(snapshot.linkage_failed))
    said += _crowded(changes, snapshot)
    said += still_granted(changes, lock.resources if lock else {})
    return Plan(
        target=target,
        lineage=lock.lineage if lock else "",
        serial=lock.serial if lock else 0,
        manifest_digest=stack.digest if stack else "",
        refresh=snapshot.refresh,
        route=route,
        changes=tuple(sorted(changes, key=lambda change: change.address)),
        drift=tuple(sorted(drift, key=lambda one: one.address)),
        diagnostics=in_order(said),
        untouched=_untouched(stack, lock, snapshot, changes),
        unknown=dict(sorted(unknown.items())),
        listing_failed=snapshot.listing_failed if stack else "",
        managed=len(lock.resources) if lock else 0,
        declared=len(stack.resources) if stack else 0,
        unchanged=unchanged,
        trusted=len(snapshot.trusted),
        excluded=excluded,
        limit=stack.environment.limit if stack else Limit(),
        protected=stack.environment.protect if stack else False,
        tags_ignored=stack.settings.ignore_tags if stack else (),
    )


def _crowded(changes: Sequence[Change], snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Kinds of which there will be more than the service allows, counting what the listing showed; without one, no claim."""
    if snapshot.listing_failed or snapshot.refresh is Refresh.NONE:
        return
    making = (Action.CREATE, Action.REPLACE)
    made = Counter(change.address.type for change in changes if change.action in making)
    listed = Counter(remote.type for remote in snapshot.listed)
    for kind in KINDS:
        number = listed[kind.type] + made[kind.type]
        if made[kind.type] and number > kind.most:
            yield findings.too_many(kind, number)


def _untouched(stack: Stack | None, lock: Lock | None, snapshot: Snapshot, changes: Iterable[Change]) -> Untouched:
    """What the listing showed and neither manifest nor lockfile nor any change speaks of, unless whose it is is unknown."""
    ours = expected_remotes(stack, lock) if stack else frozenset(known_remotes(lock))
    ours |= {Remote(one.address.type, one.name) for one in changes} | snapshot.unknown.keys()
    unmanaged: dict[str, list[str]] = {}
    service_linked: dict[str, list[str]] = {}
    for remote in sorted(snapshot.listed.keys() - ours):
        if kind_of(remote.type).singleton:
            continue  # it stands everywhere, and is nobody's until it is declared
        linked = snapshot.listed[remote] in snapshot.linked
        (service_linked if linked else unmanaged).setdefault(remote.type, []).append(remote.name)
    return Untouched(
        unmanaged={type_: tuple(names) for type_, names in unmanaged.items()},
        service_linked={type_: tuple(names) for type_, names in service_linked.items()},
    )
