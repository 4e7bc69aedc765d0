"""What planning has to say about one resource, in words: each refusal with its reason and the way out. Codes are stable."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.model.addresses import Address
from reconciler.model.kinds import Kind, kind_of
from reconciler.model.resources import Desired, Known, Live
from reconciler.model.secrets import MANAGED
from reconciler.model.values import Value

FORGET = "reconciler forget"
ADOPT = "reconciler adopt"
FINISH = "reconciler apply --finish-renames"
_NAMED = 5  # how many addresses a message names before it only counts


def one_of(address: Address) -> str:
    """What one of its kind is called."""
    return kind_of(address.type).singular


def named(address: Address, name: str) -> str:
    """`an OAuth2 credential provider named 'github'`."""
    kind = one_of(address)
    return f"{'an' if kind[0] in 'AEIO' else 'a'} {kind} named {name!r}"


def some(names: Sequence[str]) -> str:
    """The first of them by name, the rest as a number."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def say(
    severity: Severity, code: str, address: Address, what: str, detail: str, *, source: Source | None
) -> Diagnostic:
    """A finding about one resource. A refusal is shown under the resource's name; anything else begins with it."""
    return Diagnostic(
        severity=severity,
        code=code,
        summary=what if severity is Severity.ERROR else f"{address}: {what}",
        detail=detail,
        source=source,
        address=str(address),
    )


def refuse(code: str, desired: Desired, what: str, detail: str) -> Diagnostic:
    """A declared resource that is left as it is, for a reason that people have to solve."""
    return say(Severity.ERROR, code, desired.address, what, detail, source=desired.source)


# Whose it is


def not_ours(desired: Desired, live: Live, owner: str) -> Diagnostic:
    """It exists, and neither lockfile nor ownership tag says that it is ours."""
    return refuse(
        "not-ours",
        desired,
        f"{named(desired.address, desired.name)} already exists and is not managed by {owner}",
        f"{live.arn}\nTo take it over: {ADOPT} {desired.address}. To leave it alone: give this entry another name.",
    )


def foreign_owner(
    address: Address,
    live: Live,
    owner: str,
    source: Source | None,
    *,
    severity: Severity,
    entry: Address | None = None,
) -> Diagnostic:
    """Another stack's ownership tag stands on it; a warning where nothing was to be changed anyway.

    `entry`: the address that the lockfile has it under.
    """
    refused = severity is Severity.ERROR
    return say(
        severity,
        "foreign-owner",
        address,
        f"its ownership tag says {live.owner!r}, not {owner!r}" + (", so it is not touched" if refused else ""),
        f"{live.arn}\nOne of the two stacks must let go: there with `{FORGET}`; or here, by removing it from the manifest, "
        f"and from the lockfile, where that holds it, with `{FORGET} {entry or address}`.",
        source=source,
    )


def service_linked(address: Address, live: Live, holder: str, source: Source | None) -> Diagnostic:
    """The service made it, and it is declared as if it were ours, or is to be deleted."""
    if source is None:
        what = f"it was made by the service for {holder}, and goes only with that"
        way = f"To let go of it: {FORGET} {address}."
    else:
        what = f"it was made by the service for {holder}, and is not declared as update-only"
        way = "To keep its return URLs and tags as declared, add `lifecycle: {updateOnly: true}`; or remove the entry."
    return say(Severity.ERROR, "service-linked", address, what, f"{live.arn}\n{way}", source=source)


def update_only_absent(desired: Desired, *, looked: bool) -> Diagnostic:
    """Declared as update-only, and there is nothing to update."""
    if looked:
        way = (
            "Its service creates it; plan again when it has. Check the name, or remove `updateOnly` to have it created."
        )
    else:
        way = "The lockfile does not know it and --refresh none reads nothing. Plan with --refresh changed or full."
    return refuse("update-only-absent", desired, f"it is update-only, and there is no {desired.name!r} to update", way)


# What keeps it from being deleted


def protected(address: Address, source: Source | None, *, replaced: bool) -> Diagnostic:
    """The lock entry, or the entry in the manifest, is protected."""
    what, then = ("replaced", "rename it") if replaced else ("deleted", "remove it")
    return say(
        Severity.ERROR,
        "protected",
        address,
        f"it is protected, so it is not {what}",
        f"To lift that: declare it with `lifecycle: {{protect: false}}`, apply, then {then}.",
        source=source,
    )


def environment_protected(
    address: Address, environment: str, source: Source | None, *, entry: Address, replaced: bool
) -> Diagnostic:
    """The whole environment forbids deletes. `entry`: the address that the lockfile has it under."""
    return say(
        Severity.ERROR,
        "environment-protected",
        address,
        f"environment {environment} is protected, so it is not {'replaced' if replaced else 'deleted'}",
        f"To lift that: remove `protect: true` from environments.{environment}. "
        f"To keep the resource and manage it no more: {FORGET} {entry}.",
        source=source,
    )


def still_granted(address: Address, holders: Sequence[str]) -> Diagnostic:
    """A provider would go that something is granted which stays."""
    return say(
        Severity.ERROR,
        "still-granted",
        address,
        f"it is not deleted while it is granted to {some(holders)}",
        "Take the grant out of `access` there first, in the same apply or an earlier one; or, if it expired, give it a later "
        "day. If that is in the manifest already: --target or --exclude keeps it from being seen.",
        source=None,
    )


# What the plan could not know, and what it costs


def unreadable(address: Address, reason: str, source: Source | None) -> Diagnostic:
    """It could not be read, so it is left as it is."""
    return say(
        Severity.WARNING,
        "unreadable",
        address,
        "it could not be read, so it is left as it is",
        f"{reason}\nThe plan is incomplete without it; plan again when it can be read.",
        source=source,
    )


def linkage_unknown(reason: str) -> Diagnostic:
    """Nobody can tell which identities the service made."""
    return Diagnostic(
        severity=Severity.WARNING,
        code="linkage-unknown",
        summary="service-linked identities cannot be told apart from unmanaged ones; all count as unmanaged",
        detail=f"{reason}\nNothing outside the lockfile is ever deleted.",
    )


def stranded(desired: Desired, known: Known) -> Diagnostic:
    """What people lose by a replacement."""
    return say(
        Severity.WARNING,
        "consents-stranded",
        desired.address,
        f"replacing {known.name!r} by {desired.name!r} cannot take everything along",
        f"{kind_of(desired.address.type).stranded} Both live until {FINISH}: before that, have agents use the new name, and "
        "users agree anew.",
        source=desired.source,
    )


def tag_stays(known: Known, reason: str, owner: str) -> Diagnostic:
    """Forgotten without having been read."""
    return say(
        Severity.WARNING,
        "unreadable",
        known.address,
        f"it could not be read, so its ownership tag {owner!r} stays on it if it exists",
        f"{reason}\nAs long as it carries the tag, declaring it again takes it over.",
        source=None,
    )


def too_many(kind: Kind, number: int) -> Diagnostic:
    """With what is to be made, there would be more of a kind than an account may hold."""
    return Diagnostic(
        severity=Severity.WARNING,
        code="too-many",
        summary=f"the directory would hold {number:,} {kind.plural}; the service's limit is {kind.most:,}",
        detail="It is for one account and Region, with everything of others. What is made comes before what is deleted, so "
        "some may be refused. Delete first, or ask for more in Service Quotas.",
    )


def adopted_differs(desired: Desired, attributes: Sequence[str]) -> Diagnostic:
    """What stands will be ours, and is not what the manifest says."""
    return say(
        Severity.INFO,
        "adopted-differs",
        desired.address,
        f"it differs from the manifest in {', '.join(attributes)}",
        "Adopting changes nothing of that; the next plan shows it, and the next apply makes it as declared.",
        source=desired.source,
    )


def nothing_to_adopt(desired: Desired) -> Diagnostic:
    """Asked to adopt what does not exist."""
    return refuse(
        "nothing-to-adopt",
        desired,
        f"there is no {one_of(desired.address)} named {desired.name!r} to adopt",
        "Without it, plan will create it. Check the name, the account and the region.",
    )


# What an update cannot do


def immutable(desired: Desired, attribute: str, before: Value, after: Value) -> Diagnostic:
    """An attribute that only another resource can have otherwise."""
    return refuse(
        "immutable",
        desired,
        f"{attribute} cannot change from {before!r} to {after!r} under one name",
        f"Give the entry another `name`: then the new {one_of(desired.address)} is made beside the old one, which "
        f"goes with {FINISH}. To keep the name: remove the entry, apply, and declare it anew.",
    )


def secret_removed(desired: Desired, attribute: str) -> Diagnostic:
    """Whether an update without a secret takes it away, is not documented."""
    return refuse(
        "immutable",
        desired,
        f"{attribute} cannot be taken away under one name",
        "Whether the service lets go of a secret that is not sent any more, is not documented. Give the entry another `name`, "
        "or remove it, apply, and declare it anew.",
    )


def secret_rides_along(desired: Desired, secret: str, changed: Sequence[str]) -> Diagnostic:
    """The service takes the whole configuration anew; whether it keeps a secret that is not in it, is not documented."""
    return refuse(
        "secret-rides-along",
        desired,
        f"{some(changed)} cannot change without sending {secret} again",
        f"The service takes the whole configuration anew, and may lose a secret that is not in it. Raise the `version` of "
        f"{secret}, and have its value at hand when you apply.",
    )


def secret_unsaid(desired: Desired, secret: str) -> Diagnostic:
    """Only a plan that brings back what a lockfile holds meets this: a manifest always says where."""
    return refuse(
        "secret-unsaid",
        desired,
        f"nobody says where the value of {secret} is read from",
        "The lockfile holds no secrets, and the manifest does not declare this one, or has moved its `version` on. Declare it "
        "as it was applied last; or `reconciler apply` what the manifest says now.",
    )


def secret_may_differ(desired: Desired, known: Known, live: Live) -> Diagnostic:
    """It was updated outside, and of what the service keeps no reading tells whether it is still what was sent."""
    return say(
        Severity.WARNING,
        "secret-may-differ",
        desired.address,
        f"it was updated outside, at {live.updated} (known: {known.updated}), and its secret may have been replaced",
        "The value cannot be read. If that was not you: raise its `version` and apply, which sends yours. If it was: applying "
        "this plan notes the date.",
        source=desired.source,
    )


def not_ready(desired: Desired, live: Live) -> Diagnostic:
    """It stands, and the service says that it cannot be used."""
    kept_back = any(isinstance(one, dict) and one.get("source") == MANAGED for one in desired.attributes.values())
    said = f": {live.failure}" if live.failure and not kept_back else ""
    if live.failure and kept_back:
        said = " (the reason is in the console: it may repeat the secret, so it is not in a plan)"
    way = (
        "The service is still at work on it; look again in a minute."
        if live.settling
        else "Mend what the service says. If that needs no change here: remove the entry, apply, and declare it anew."
    )
    return say(
        Severity.WARNING, "not-ready", desired.address, f"its status is {live.status}{said}", way, source=desired.source
    )


def key_changes(desired: Desired) -> Diagnostic:
    """Another key for everything in the vault."""
    return say(
        Severity.WARNING,
        "vault-key-changes",
        desired.address,
        "the key that seals every token and secret of this account and Region changes",
        "Every agent here depends on it: the new key's policy must let AgentCore use it, and the old key must stay until "
        "nothing is sealed with it any more. Whoever loses the key loses the tokens. The vault bears no tag: whether another "
        "stack declares it too, nobody can tell.",
        source=desired.source,
    )


def believed_declared(desired: Desired, what: Sequence[str], *, versioned: Sequence[str]) -> Diagnostic:
    """What no reading shows is taken to be as it is declared. `versioned`: the secrets among it."""
    again = f"raise the `version` of {some(versioned)}" if versioned else "change something of its configuration"
    return say(
        Severity.INFO,
        "taken-as-declared",
        desired.address,
        f"{some(what)} cannot be read, so the lockfile takes it as declared",
        f"If it is not: {again} in the manifest, and the next apply sends it all.",
        source=desired.source,
    )
