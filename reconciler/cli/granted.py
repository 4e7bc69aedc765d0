"""From the command line to the grants of a stack: of its manifest or its lockfile, and those of the identities asked for."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from reconciler.cli.console import Console
from reconciler.cli.workspace import Workspace, offline_target
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.addresses import Address

if TYPE_CHECKING:
    from reconciler.access import Grants, Reach
    from reconciler.model.resources import Lock, Stack


class From(enum.Enum):
    """Whose grants: those that the manifest declares, or those that were applied last."""

    MANIFEST = "manifest"
    LOCK = "lock"


Whose: TypeAlias = Annotated[
    From,
    typer.Option("--from", case_sensitive=False, help="manifest: what is declared. lock: what was applied last."),
]
Planned: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--planned",
        help="Also for what is not applied yet: its ARN is then as the developer guide spells it, not as the API returned it.",
    ),
]


def read_lock(workspace: Workspace) -> Lock | None:
    """The lockfile, None where there is none yet."""
    from reconciler.state import open_state

    with open_state(workspace.environment, workspace.lockfile) as state:
        return state.read()


def grants_from(console: Console, workspace: Workspace, whose: From) -> Grants:
    """All grants of the stack, of the manifest without those of identities that have expired, and a word on how many these are.

    Raises UsageError where there is no lockfile to read them from.
    """
    from reconciler.access import grants_declared, grants_recorded

    stack = workspace.stack
    if whose is From.MANIFEST:
        declared = grants_declared(stack, offline_target(stack.name, workspace.environment, None), None)
        return _unexpired(console, stack, declared)
    lock = read_lock(workspace)
    if lock is None:
        raise UsageError(
            f"{workspace.lockfile}: no lockfile yet, so nothing was granted",
            "Run `reconciler apply`, or look at what is declared: --from manifest.",
        )
    return grants_recorded(lock)


def _unexpired(console: Console, stack: Stack, grants: Grants) -> Grants:
    from reconciler.cli.age import today
    from reconciler.model.expiry import lapsed
    from reconciler.render.words import plural

    day = today()
    wanted = tuple(one for one in grants.reaches if not lapsed(stack.resources[one.identity].attributes, day))
    left_out = len(grants.reaches) - len(wanted)
    if left_out:
        console.note(f"Left out, for their day has come: {plural(left_out, 'identity', 'identities')}.")
    return replace(grants, reaches=wanted)


def grants_applied(workspace: Workspace) -> Grants:
    """What the manifest grants, with the ARNs that the lockfile holds."""
    from reconciler.access import grants_declared

    lock = read_lock(workspace)
    return grants_declared(workspace.stack, offline_target(workspace.stack.name, workspace.environment, lock), lock)


def grants_planned(workspace: Workspace, grants: Grants) -> Grants:
    """The same, with ARNs also for what is not applied. Raises UsageError where nobody knows for which account and region."""
    from reconciler.access import with_planned_arns

    if not (grants.target.account and grants.target.region):
        raise UsageError(
            f"environment {workspace.environment.name!r} names no account and region to make ARNs for",
            f"Give account: and region: in the environment{_place(workspace)}, or apply first.",
        )
    return with_planned_arns(grants)


def _place(workspace: Workspace) -> str:
    return f" ({workspace.environment.source})" if workspace.environment.source else ""


def reach_of(grants: Grants, address: Address) -> Reach:
    """What stands at the address. Raises UsageError where no identity does."""
    found = grants.of(address)
    if found is None:
        known = ", ".join(str(one.identity) for one in grants.reaches[:5]) or "none"
        raise UsageError(
            f"{address} is not an identity of this stack and environment",
            f"It declares: {known}{' and others' if len(grants.reaches) > 5 else ''}.",
        )
    return found


def completed(
    console: Console, workspace: Workspace, grants: Grants, reaches: Sequence[Reach], *, planned: bool
) -> tuple[Reach, ...]:
    """The reaches with every ARN: those of other stacks' providers, which no lockfile of this one holds, are always planned.

    Says which are not as the API returned them. Raises ReconcilerError where one is missing.
    """
    missing = [
        str(address)
        for reach in reaches
        for address, arn, external in _arns(reach)
        if not arn and not external and not planned
    ]
    if missing:
        raise ReconcilerError(
            f"not applied yet, so that nobody knows the ARN: {', '.join(dict.fromkeys(missing))}",
            "Run `reconciler apply` first. --planned makes the ARNs up as the developer guide spells them.",
        )
    made = sorted({str(address) for reach in reaches for address, arn, _ in _arns(reach) if not arn})
    if not made:
        return tuple(reaches)
    console.note(f"With an ARN as the developer guide spells it, not as the API returned it: {', '.join(made)}.")
    whole = grants_planned(workspace, grants)
    return tuple(whole.of(reach.identity) or reach for reach in reaches)


def _arns(reach: Reach) -> Iterator[tuple[Address, str, bool]]:
    """Of the identity and its providers: address, ARN, whether it is another stack's."""
    yield reach.identity, reach.arn, False
    for one in reach.grants:
        yield one.provider.address, one.provider.arn, one.provider.external
