"""What the rebuilding of a lost lockfile has to say, in words: what it does not claim, and what follows from what it does.

None of it is a refusal: one resource that is not ours, or not clearly, keeps no other from its entry. Codes are stable.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.addresses import Address
from reconciler.model.environments import Environment
from reconciler.model.resources import Desired, Live
from reconciler.planning.findings import ADOPT, FORGET, one_of, say, some


def untagged(desired: Desired, live: Live, owner: str) -> Diagnostic:
    """It is declared and stands, and nothing says that it was ours."""
    way = (
        "It is update-only, so the next plan adopts it; or do that" if desired.update_only else "If it is ours, take it"
    )
    return say(
        Severity.WARNING,
        "untagged",
        desired.address,
        f"{desired.name!r} stands without the ownership tag {owner!r}, so it is not claimed",
        f"{live.arn}\n{way} after this: {ADOPT} {desired.address}.",
        source=desired.source,
    )


def held_by_service(address: Address, desired: Desired | None, live: Live, holder: str) -> Diagnostic:
    """It carries our tag, and the service made it; `desired` is the entry that declares it, but not as update-only."""
    if desired is None:
        way = (
            "To keep its return URLs and tags as declared: declare it with `lifecycle: {updateOnly: true}`, and the next plan "
            "adopts it. Otherwise it is left alone, and its ownership tag stays on it."
        )
    else:
        way = "Add `lifecycle: {updateOnly: true}`, and the next plan adopts it; or remove the entry."
    return say(
        Severity.WARNING,
        "service-linked",
        address,
        f"it carries our ownership tag, but was made by the service for {holder} and is not declared as update-only, "
        "so it is not claimed",
        f"{live.arn}\n{way}",
        source=desired.source if desired else None,
    )


def without_address(live: Live, rival: Desired | None) -> Diagnostic:
    """It carries our tag and nobody declares it; the address that its name makes is `rival`'s, or is none at all."""
    address = Address(live.remote.type, live.remote.name)
    why = f"{address} declares {rival.name!r}" if rival else "its name cannot be a key of a manifest"
    return say(
        Severity.WARNING,
        "without-address",
        address,
        f"the {one_of(address)} named {live.remote.name!r} carries our ownership tag and is not declared, and {why}, "
        "so it is not claimed",
        f"{live.arn}\nWhich address it had, only the lost lockfile knew. To manage it: declare it under a key of its own with "
        f"`name: {live.remote.name}`, and the next plan adopts it. Otherwise it is left alone.",
        source=rival.source if rival else None,
    )


def undeclared(addresses: Sequence[Address], environment: Environment) -> Diagnostic:
    """These will be ours again, and the next plan will take that for the wish to delete them."""
    one = len(addresses) == 1
    are, them = ("is", "it") if one else ("are", "them")
    then = (
        f"environment {environment.name} is protected, so the next plan is refused"
        if environment.protect
        else f"the next plan deletes {them}"
    )
    return Diagnostic(
        severity=Severity.WARNING,
        code="undeclared",
        summary=f"{some([str(one) for one in addresses])} {are} ours by the ownership tag and not declared: {then}",
        detail="To keep one: declare it before the next apply. To keep it and manage it no more: "
        f"`{FORGET} ADDRESS` after this. Whether it was protected, only the lost lockfile knew.",
    )


def renamed_since(desired: Desired, old: Address) -> Diagnostic:
    """`previously` names what is claimed here under its old address."""
    return say(
        Severity.WARNING,
        "renamed-since",
        desired.address,
        f"it was previously {old}, which is claimed under that address; the next plan replaces it by {desired.name!r}",
        "If the rename was not meant: take it back in the manifest before the next apply.",
        source=desired.source,
    )


def some_unread(owner: str) -> Diagnostic:
    """What could not be read is not claimed; what that means later."""
    return Diagnostic(
        severity=Severity.WARNING,
        code="rebuild-incomplete",
        summary=f"what could not be read may be ours, by the ownership tag {owner!r}, and is not claimed",
        detail="A lockfile that stands is not rebuilt, so this is the time to have everything read. What is left out: the next "
        "plan adopts what is declared and carries our tag; what is not declared stays unmanaged, and is never deleted.",
    )


def unlisted(kinds: Sequence[str], reason: str) -> Diagnostic:
    """Kinds that the manifest does not declare could not be listed."""
    return Diagnostic(
        severity=Severity.WARNING,
        code="rebuild-unlisted",
        summary=f"{' and '.join(kinds)} could not be listed, so none of them is claimed",
        detail=f"{reason}\nThe manifest declares none. If the lost lockfile held some, they stay unmanaged until adopted.",
    )


def nothing_tagged(owner: str) -> Diagnostic:
    """There is nothing to make a lockfile of."""
    return Diagnostic(
        severity=Severity.INFO,
        code="nothing-tagged",
        summary=f"nothing was found to claim by the ownership tag {owner!r}, so there is no lockfile to rebuild",
        detail="Is it the right environment, account and region? If nothing was ever applied there, there was none.",
    )
