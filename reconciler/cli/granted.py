"""From the command line to the grants of a stack: of its manifest or its lockfile, and those of the identities asked for."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from reconciler.cli.workspace import Workspace, offline_target
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.addresses import Address

if TYPE_CHECKING:
    from reconciler.access import Grants, Reach
    from reconciler.model.resources import Lock


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


def grants_from(workspace: Workspace, whose: From) -> Grants:
    """All grants of the stack. Raises UsageError where there is no lockfile to read them from."""
    from reconciler.access import grants_declared, grants_recorded

    stack = workspace.stack
    if whose is From.MANIFEST:
        return grants_declared(stack, offline_target(stack.name, workspace.environment, None), None)
    lock = read_lock(workspace)
    if lock is None:
        raise UsageError(
            f"{workspace.lockfile}: no lockfile yet, so nothing was granted",
            "Run `reconciler apply`, or look at what is declared: --from manifest.",
        )
    return grants_recorded(lock)


def grants_with_arns(workspace: Workspace, *, planned: bool) -> Grants:
    """What the manifest grants, with the ARNs of the lockfile; `planned`: and as they will be for what it does not hold.

    Raises UsageError where one has to be planned and the account or region is not known.
    """
    from reconciler.access import grants_declared, with_planned_arns

    lock = read_lock(workspace)
    target = offline_target(workspace.stack.name, workspace.environment, lock)
    grants = grants_declared(workspace.stack, target, lock)
    if not planned:
        return grants
    if not (target.account and target.region):
        raise placeless(workspace)
    return with_planned_arns(grants)


def placeless(workspace: Workspace) -> UsageError:
    """An ARN has to be made, and nobody has said for which account and region."""
    place = f" ({workspace.environment.source})" if workspace.environment.source else ""
    return UsageError(
        f"environment {workspace.environment.name!r} names no account and region to make ARNs for",
        f"Give account: and region: in the environment{place}, or apply first.",
    )


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


def check_applied(reaches: Sequence[Reach]) -> None:
    """Raise ReconcilerError where an identity, or a provider that it is granted, has no ARN yet."""
    missing = [str(reach.identity) for reach in reaches if not reach.arn]
    missing += [str(one.provider.address) for reach in reaches for one in reach.grants if not one.provider.arn]
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        raise ReconcilerError(
            f"not applied yet, so that nobody knows the ARN: {names}",
            "Run `reconciler apply` first. --planned makes the ARNs up as the developer guide spells them.",
        )
