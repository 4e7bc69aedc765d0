"""What planning has to say, in words, about identities that are declared by their runtime or gateway. Codes are stable."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.kinds import kind_of
from reconciler.model.parents import Parent
from reconciler.model.resources import Desired, Known
from reconciler.planning.findings import refuse, say, some


def absent(desired: Desired, parent: Parent, *, looked: bool) -> Diagnostic:
    """Declared by its parent, which nobody sees."""
    if looked:
        what = f"there is no {parent.kind} named {parent.name!r} yet; it makes the identity when it is created"
        way = f"Plan again when the {parent.kind} is there. If it is: check its name, the account and the region."
    else:
        what = f"the lockfile does not say which identity {parent.kind} {parent.name!r} has, and nothing was read"
        way = "Plan with --refresh changed or full."
    return refuse("update-only-absent", desired, what, way)


def ambiguous(desired: Desired, parent: Parent, held: Sequence[str]) -> Diagnostic:
    """Several parents have that name."""
    names = [arn.rpartition("/")[2] for arn in held]
    return refuse(
        "parent-ambiguous",
        desired,
        f"there are {len(names)} {parent.kind}s named {parent.name!r}, with the identities {some(names)}",
        "Declare the one that you mean by `name`, with `lifecycle: {updateOnly: true}`; or remove the others.",
    )


def recreated(desired: Desired, parent: Parent, known: Known) -> Diagnostic:
    """Its parent was made anew, and so was the identity."""
    lost = kind_of(desired.address.type).stranded
    return say(
        Severity.WARNING,
        "parent-recreated",
        desired.address,
        f"its {parent.kind} was made anew: {desired.name!r} is its identity now, in place of {known.name!r}",
        f"{lost} {known.name!r} leaves the lockfile. If it still stands, the service removes it.",
        source=desired.source,
    )
