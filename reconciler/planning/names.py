"""What planning has to say, in words, about names that collide or would change hands. Codes are stable."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.addresses import Address
from reconciler.model.resources import Desired, Known, Live
from reconciler.planning.findings import ADOPT, FINISH, FORGET, named, one_of, refuse, say


def declared_twice(desired: Desired, all_of_them: Sequence[Address]) -> Diagnostic:
    """Two addresses declare one remote name."""
    others = ", ".join(str(one) for one in all_of_them if one != desired.address)
    return refuse(
        "declared-twice",
        desired,
        f"{desired.name!r} is the name of {others} too",
        f"One {one_of(desired.address)} has one address. Remove one of the entries, or give it another name.",
    )


def name_changes_hands(desired: Desired, holder: Address, rival: Desired | None) -> Diagnostic:
    """`desired` wants the name that another lock entry holds, and cannot simply be that entry under a new address."""
    if holder.is_leftover:
        way = (
            f"A rename of {holder.heir} left it behind, and is not finished. Finish it, without this entry: {FINISH}; then "
            f"declare this one. To keep it, under this address: `{FORGET} {holder}`, then `{ADOPT} {desired.address}`."
        )
    elif rival is None:
        way = (
            f"{desired.address} has another resource, which would be lost. To keep {desired.name!r}: declare {holder} again, "
            f"remove {desired.address}, apply; then call {holder} {desired.address.key} in the manifest, and apply. To have it "
            f"made anew: take the new name back, apply, which deletes what {holder} has; then give the name, and apply."
        )
    else:
        way = (
            f"A name never changes hands in one apply: users' consents are kept by it. Give {holder} its new name, apply, and "
            f"finish that rename ({FINISH}); then {desired.address}. Where they swap names, use a third name in between."
        )
    return refuse("name-taken", desired, f"the name {desired.name!r} belongs to {holder} in the lockfile", way)


def name_inherited(desired: Desired, old: str, heir: Address) -> Diagnostic:
    """`desired` gives up a name that another address wants: replacing would delete what is still desired."""
    return refuse(
        "name-taken",
        desired,
        f"its old name {old!r} is now declared by {heir}, so it cannot be what this rename leaves behind",
        f"A name never changes hands in one apply. Apply {desired.address} with its new name, finish that ({FINISH}), then add "
        f"{heir}.",
    )


def two_pasts(desired: Desired, holder: Address) -> Diagnostic:
    """`previously` names one lock entry and the remote name belongs to another."""
    return refuse(
        "name-taken",
        desired,
        f"it was previously {desired.previously}, yet its name {desired.name!r} belongs to {holder} in the lockfile",
        f"It can continue only one of the two: {desired.previously} by taking a name that nobody holds, or {holder} by "
        f"removing `previously`, which deletes what {desired.previously} has unless that is declared.",
    )


def claimed_twice(desired: Desired, entry: Address) -> Diagnostic:
    """Several addresses say that they were the same one before."""
    return refuse(
        "previously-claimed-twice",
        desired,
        f"more than one entry says that it was previously {entry.key!r}",
        "One resource can live on under one address only. Keep `previously` in one of them.",
    )


def previously_in_vain(desired: Desired, *, declared: bool) -> Diagnostic:
    """`previously` leads nowhere; the resource is treated as new."""
    reason = "is still declared" if declared else "is in no lockfile"
    return say(
        Severity.WARNING,
        "previously-declared" if declared else "previously-unknown",
        desired.address,
        f"`previously` names {desired.previously}, which {reason}, so nothing is renamed",
        "Correct the key that `previously` names, or remove the line.",
        source=desired.source,
    )


def rename_unfinished(known: Known) -> Diagnostic:
    """What a rename left behind stands, and is kept."""
    return say(
        Severity.INFO,
        "rename-unfinished",
        known.address,
        f"{known.name!r}, which was renamed, is kept until --finish-renames",
        f"Both live. When nothing uses {known.name!r} any more: {FINISH}. To keep it and manage it no more: "
        f"`{FORGET} {known.address}`.",
        source=None,
    )


def new_name_exists(desired: Desired, known: Known, live: Live) -> Diagnostic:
    """A rename whose new name somebody has taken."""
    return refuse(
        "name-taken",
        desired,
        f"{named(desired.address, desired.name)} already exists, so it cannot be renamed to that",
        f"{live.arn}\nChoose another name. If that one is what you mean: `{FORGET} {known.address}` gives up the "
        f"present one, then `{ADOPT} {desired.address}` takes the other.",
    )


def left_behind_differs(desired: Desired, known: Known, left: Address) -> Diagnostic:
    """A rename that is taken back, to what is not as declared any more."""
    return refuse(
        "name-taken",
        desired,
        f"{desired.name!r} is what its rename left behind, with other values than declared, so it cannot go back to that",
        f"Either declare the values that it has, apply, and change them then. Or `{FORGET} {known.address}`, which leaves "
        f"{known.name!r} as it stands, and plan: {left} then goes on as {desired.address}.",
    )


def update_only_renamed(desired: Desired, known: Known) -> Diagnostic:
    """A rename of something that we neither create nor delete."""
    return refuse(
        "update-only-renamed",
        desired,
        f"it is update-only, so {known.name!r} cannot be replaced by {desired.name!r}",
        f"Update-only resources are never created or deleted. `{FORGET} {known.address}` lets go of the present one; "
        "the next plan then takes the other.",
    )


def managed_elsewhere(desired: Desired, holder: Address) -> Diagnostic:
    """Asked to adopt what another address already manages."""
    return refuse(
        "name-taken",
        desired,
        f"{desired.name!r} is managed already, as {holder}",
        f"Remove {holder} from the manifest and plan: the resource then moves to {desired.address} by itself.",
    )


def managed_already(desired: Desired) -> Diagnostic:
    """Asked to adopt what is ours."""
    return say(
        Severity.INFO,
        "managed-already",
        desired.address,
        "it is managed already",
        "Nothing to do.",
        source=desired.source,
    )


def managed_under_another_name(desired: Desired, known: Known) -> Diagnostic:
    """Asked to adopt under an address that already manages something else."""
    return refuse(
        "name-taken",
        desired,
        f"it manages {known.name!r}, so it cannot adopt {desired.name!r} as well",
        f"`{FORGET} {desired.address}` lets go of {known.name!r}; then adopt.",
    )
