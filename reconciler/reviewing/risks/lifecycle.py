"""Risks of what becomes of resources: deletion and renames, which strand consents; claims on what others make; who answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.manifest.documents import quoted
from reconciler.manifest.rules import RETURN_URLS
from reconciler.model.addresses import Address
from reconciler.model.changes import Action
from reconciler.model.expiry import lapsed
from reconciler.model.identity import ACCESS, WORKLOAD_IDENTITY
from reconciler.model.kind import EXPIRES, OWNER
from reconciler.model.kinds import kind_of
from reconciler.model.report import Level
from reconciler.model.resources import Desired, Stack
from reconciler.reviewing.difference import UPDATE_ONLY, Revision
from reconciler.reviewing.risks.facts import Facts, Raised, Risk, counted

USER_FEDERATION = "USER_FEDERATION"


def consented(one: Desired, stack: Stack | None) -> bool:
    """Whether users have agreed to it: an identity that is granted their consent, or a provider that such a one is granted."""
    if one.address.type == WORKLOAD_IDENTITY.type:
        return any(USER_FEDERATION in terms.get("flows", ()) for terms in _access(one).values())
    address = str(one.address)
    holders = stack.resources.values() if stack else ()
    return any(USER_FEDERATION in _access(each).get(address, {}).get("flows", ()) for each in holders)


def _access(one: Desired) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    found = one.attributes.get(ACCESS.name)
    return found if isinstance(found, dict) else {}


def deleted(facts: Facts) -> Iterator[tuple[Revision, Desired]]:
    """What the directory loses. An environment that is not declared any more loses nothing: nobody plans there."""
    for one in facts.revisions if facts.after is not None else ():
        if one.before is not None and one.after is None and one.action is Action.DELETE:
            yield one, one.before


def _heirs(facts: Facts) -> Mapping[Address, Address]:
    """What goes, with what comes in its place and holds the same, so that it looks like a rename that nobody told."""
    gone = [before for _, before in deleted(facts)]
    made = [one.after for one in facts.revisions if one.before is None and one.after is not None]
    by_content: dict[str, list[Desired]] = {}
    for one in made:
        by_content.setdefault(_content(one), []).append(one)
    found: dict[Address, Address] = {}
    for old in gone:
        alike = by_content.get(_content(old), []) if old.attributes.get(RETURN_URLS) or _access(old) else []
        if alike:
            found[old.address] = alike.pop(0).address
    return found


def _content(one: Desired) -> str:
    return repr((one.address.type, sorted(one.attributes.items())))


def _level(facts: Facts, one: Desired) -> Level:
    graver = facts.protected or consented(one, facts.before)
    return facts.grave(Level.CRITICAL, Level.CRITICAL if graver else Level.WARNING)


def _deleted(facts: Facts, *, identities: bool) -> Iterator[Raised]:
    heirs = _heirs(facts)
    for one, before in deleted(facts):
        if (one.address.type == WORKLOAD_IDENTITY.type) != identities or facts.shielded(before) or one.address in heirs:
            continue
        lost = kind_of(one.address.type).stranded or "Agents that use it get no credentials any more."
        users = " Users' tokens are among what is granted." if consented(before, facts.before) else ""
        yield Raised(
            level=_level(facts, before),
            about=str(one.address),
            summary=f"{one.address} is deleted",
            consequence=f"{lost}{users}",
            advice="Make sure that no agent uses it any more; what was renamed says `previously`.",
            place=facts.place(one.address),
        )


def _identity_deleted(facts: Facts) -> Iterator[Raised]:
    yield from counted(_deleted(facts, identities=True), "identities are deleted")


def _provider_deleted(facts: Facts) -> Iterator[Raised]:
    yield from counted(_deleted(facts, identities=False), "credential providers are deleted")


def _not_announced(facts: Facts) -> Iterator[Raised]:
    by_address = {one.address: before for one, before in deleted(facts)}
    found = (
        Raised(
            level=_level(facts, by_address[old]),
            about=str(old),
            summary=f"{old} is deleted, and {new} is created with all that it held",
            consequence="It is no rename as it stands: users' OAuth consents go with the old one.",
            advice="If it is a rename, say so in the new entry: `previously:` and the old key.",
            subject=str(new),
            place=facts.place(new),
        )
        for old, new in _heirs(facts).items()
        if not facts.shielded(by_address[old])
    )
    yield from counted(found, "resources are deleted, and others are created with all that they held")


def _protected_deleted(facts: Facts) -> Iterator[Raised]:
    lost = list(deleted(facts))
    found = (
        Raised(
            level=facts.grave(Level.CRITICAL, Level.CRITICAL),
            about=str(one.address),
            summary=f"{one.address} is protected, and its entry is taken away",
            consequence="Protection, entry and the protection in the lockfile go in one change: apply would delete it."
            if facts.edit and one.address in facts.edit.unprotected
            else "Protection and entry go in one change. Apply refuses that while its lockfile protects it.",
            advice="If it shall go: take the protection away, apply, and delete it in a second change.",
            place=facts.place(one.address),
        )
        for one, before in lost
        if facts.shielded(before)
    )
    yield from counted(found, "protected resources lose their entries")
    unprotected = any((row := one.row("protect")) is not None and row.before for one in facts.amendments)
    if unprotected and lost:
        gone = [str(one.address) for one, _ in lost]
        yield Raised(
            level=Level.INFO if facts.played else Level.CRITICAL,
            about=f"environment.{facts.declared}",
            summary=f"Environment {facts.declared} loses its protection in the change that deletes from it",
            consequence=f"What protected it goes together with what it protected: {len(gone)} of its resources.",
            advice="Let the protection go in a change of its own, which says why.",
            subject="protect",
            place=facts.place_of("environments", facts.declared, "protect"),
            others=tuple(gone),
        )


def _renamed(facts: Facts) -> Iterator[Raised]:
    found = (
        Raised(
            level=_level(facts, one.before),
            about=str(one.address),
            summary=f"{one.address} gets another name in the directory: {one.before.name} -> {one.after.name}",
            consequence="Users' OAuth consents stay with the old one, and agents that use that name go on with it.",
            advice="Move the agents over and have users agree again before --finish-renames: until then both live.",
            subject=one.after.name,
            place=facts.place(one.address, "name"),
        )
        for one in facts.revisions
        if one.before and one.after and one.renamed and not (one.before.parent or one.after.parent)
    )
    yield from counted(found, "resources get another name in the directory")


def _parent_changed(facts: Facts) -> Iterator[Raised]:
    for one in facts.revisions:
        if one.before and one.after and one.renamed and (one.before.parent or one.after.parent):
            old, new = one.before.parent or one.before.name, one.after.parent or one.after.name
            yield Raised(
                level=facts.grave(Level.WARNING, Level.NOTICE),
                about=str(one.address),
                summary=f"{one.address} is another identity from now on: {old} -> {new}",
                consequence="The new one gets these return URLs and tags; the old one keeps what it has, unmanaged.",
                advice="Take the return URLs of the old one away first if nobody needs them.",
                subject=str(new),
                place=facts.place(one.address),
            )


def _claim_begun(facts: Facts) -> Iterator[Raised]:
    found = (
        Raised(
            level=facts.grave(Level.WARNING, Level.NOTICE),
            about=str(one.address),
            summary=f"{one.address} is kept here from now on, and made by somebody else",
            consequence="Its return URLs and tags become those that are declared; whatever others set there is replaced.",
            advice="Ask those who make it.",
            place=facts.place(one.address, "lifecycle"),
        )
        for one in facts.revisions
        if one.after is not None and _claims(one, one.after) and not (one.before and one.before.update_only)
    )
    yield from counted(found, "resources that others make are kept here from now on")


def _claim_ended(facts: Facts) -> Iterator[Raised]:
    found = (
        Raised(
            level=facts.grave(Level.WARNING, Level.NOTICE),
            about=str(one.address),
            summary=f"{one.address} is let go of: it stays, and nobody manages it"
            if one.after is None
            else f"{one.address} is no longer said to be somebody else's",
            consequence="Return URLs that it has stay in force, and no plan shows them."
            if one.after is None
            else "From now on it is created where it is missing, and deleted with its entry.",
            advice="Make sure that somebody else looks after it." if one.after is None else "Ask who makes it.",
            place=facts.place(one.address),
        )
        for one in facts.revisions
        if one.before is not None and facts.after is not None and _claims(one, one.before) and _ends(one)
    )
    yield from counted(found, "resources that others make are let go of")


def _claims(one: Revision, side: Desired) -> bool:
    return side.update_only and not kind_of(one.address.type).singleton


def _ends(one: Revision) -> bool:
    row = one.row(UPDATE_ONLY)
    return one.after is None or (row is not None and not row.after)


def _expiry(facts: Facts) -> Iterator[Raised]:
    yield from counted(_expiries(facts.revisions, facts), "resources are wanted for another time than before")


def _expiries(revisions: Iterable[Revision], facts: Facts) -> Iterator[Raised]:
    for one in revisions:
        row = one.row(EXPIRES.name)
        if row is None or one.before is None or one.after is None:
            continue
        when = f"{row.before or 'for good'} -> {row.after or 'for good'}"
        if lapsed(one.after.attributes, facts.today):
            yield _lapsed(facts, one.after, when)
            continue
        sooner = row.after is not None and (row.before is None or str(row.after) < str(row.before))
        yield Raised(
            level=facts.grave(Level.WARNING if sooner else Level.NOTICE, Level.NOTICE if sooner else Level.INFO),
            about=str(one.address),
            summary=f"{one.address} is wanted {'for a shorter' if sooner else 'for a longer'} time: {when}",
            consequence="From that day on every plan deletes it, under the guards of a delete."
            if sooner
            else "It stays when those who allowed it for a time expect it to be gone.",
            advice="Ask its owner.",
            subject="expires",
            place=facts.place(one.address, EXPIRES.name),
        )


def _lapsed(facts: Facts, one: Desired, when: str) -> Raised:
    """A day that has come is a deletion by another word."""
    return Raised(
        level=_level(facts, one),
        about=str(one.address),
        summary=f"{one.address} is not wanted any more, as its day has come: {when}",
        consequence="The next plan lets go of it."
        if one.update_only
        else "The next plan deletes it, with all that a deletion strands.",
        advice="If it shall go, take the entry away; if not, give it a later day.",
        subject="expires",
        place=facts.place(one.address, EXPIRES.name),
    )


def _person(owner: object) -> str:
    return quoted(str(owner)) if owner else "nobody"


def _owner(facts: Facts) -> Iterator[Raised]:
    found = (
        Raised(
            level=facts.grave(Level.NOTICE, Level.INFO),
            about=str(one.address),
            summary=f"{one.address} changes hands: {_person(row.before)} -> {_person(row.after)}",
            consequence="Somebody else answers for it, or nobody does.",
            advice="Ask both of them.",
            subject=str(row.after or ""),
            place=facts.place(one.address, OWNER.name),
        )
        for one in facts.revisions
        if one.before and one.after and (row := one.row(OWNER.name)) is not None and row.before
    )
    yield from counted(found, "resources change hands")


LIFECYCLE = (
    Risk("claim-begun", "A resource that somebody else makes is kept by this stack from now on.", _claim_begun),
    Risk("claim-ended", "A resource that somebody else makes is let go of, or taken for one of ours.", _claim_ended),
    Risk("expiry-changed", "A resource is wanted for a longer or shorter time.", _expiry),
    Risk("identity-deleted", "An identity is deleted.", _identity_deleted),
    Risk("owner-changed", "Somebody else answers for a resource.", _owner),
    Risk("parent-changed", "An entry goes on with the identity of another runtime or gateway.", _parent_changed),
    Risk("protected-deleted", "Protection and what it protected go in one change.", _protected_deleted),
    Risk("provider-deleted", "A credential provider is deleted.", _provider_deleted),
    Risk("rename-not-announced", "What is deleted and what is created hold the same.", _not_announced),
    Risk("renamed", "A resource gets another name in the directory.", _renamed),
)
