"""Whether a saved plan still fits the lockfile and the target that it is about to be applied to."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import StalePlan
from reconciler.model.changes import Action
from reconciler.model.environments import Target
from reconciler.model.plan import Plan
from reconciler.model.resources import Lock
from reconciler.planning.granting import still_granted
from reconciler.planning.saved import plan_digest

_AGAIN = "Plan again, look at what it says now, and apply that."


def check_fits(plan: Plan, lock: Lock | None, *, target: Target) -> None:
    """Raise StalePlan, with what no longer fits, unless the plan was made for `target` from exactly this lockfile.

    An account or region that either side does not name is not compared. A plan that was applied is known as such while it is
    the last one that changed the lockfile; after that its serial gives it away.
    """
    for what, planned, actual in _differences(plan.target, target):
        raise StalePlan(
            f"the plan was made for {what} {planned}, not for {actual}",
            f"Apply it where it was made for, or plan for {what} {actual}.",
        )
    if lock is None:
        if plan.lineage:
            raise StalePlan(
                f"the plan was made from a lockfile at serial {plan.serial}, and there is no lockfile now",
                f"Bring {plan.route.lockfile} back, or plan again without it.",
            )
        _check_deletes(plan, lock)
        return
    for what, planned, actual in _differences(plan.target, lock):
        raise StalePlan(
            f"the plan was made for {what} {planned}, and {plan.route.lockfile} is of {what} {actual}",
            f"The lockfile was replaced since, or edited. Bring the right one back, or plan again for {what} {actual}.",
        )
    if lock.last_plan and lock.last_plan == plan_digest(plan):
        raise StalePlan("the plan was applied already", f"The lockfile is at serial {lock.serial} since. {_AGAIN}")
    if not plan.lineage:
        raise StalePlan("the plan was made before there was a lockfile, and now there is one", _AGAIN)
    if lock.lineage != plan.lineage:
        raise StalePlan(
            f"the plan was made from another lockfile (lineage {plan.lineage}, not {lock.lineage})",
            f"The lockfile was replaced, or it is the wrong one. {_AGAIN}",
        )
    if lock.serial > plan.serial:
        raise StalePlan(
            f"the lockfile has changed since the plan was made (serial {plan.serial} then, {lock.serial} now)",
            f"The plan was applied already and others after it, or another run came first. {_AGAIN}",
        )
    if lock.serial < plan.serial:
        raise StalePlan(
            f"the lockfile is an older one than the plan was made from (serial {plan.serial} then, {lock.serial} now)",
            f"It was taken from an earlier commit, perhaps. Bring the newer one back. {_AGAIN}",
        )
    _check_deletes(plan, lock)


def _differences(planned: Target, actual: Target | Lock) -> Iterator[tuple[str, str, str]]:
    """What of the place is not the same: its name, as planned, as it is."""
    for what in ("stack", "environment", "account", "region"):
        ours, theirs = getattr(planned, what), getattr(actual, what)
        if ours != theirs and (what in ("stack", "environment") or (ours and theirs)):
            yield what, ours, theirs


def _check_deletes(plan: Plan, lock: Lock | None) -> None:
    """Raise StalePlan for a plan that deletes what the lockfile does not hold, or holds as protected: it was forged.

    What a rename leaves behind is deleted by another plan, which trusts the lockfile then.
    """
    for still in still_granted(plan.changes, lock.resources if lock else {}):
        raise StalePlan(
            f"the plan deletes {still.address}: {still.summary}", f"No plan that reconciler made does that. {_AGAIN}"
        )
    for change in plan.changes:
        if change.action not in (Action.DELETE, Action.REPLACE):
            continue
        address = change.previous or change.address
        name = change.previous_name or change.name
        known = lock.resources.get(address) if lock else None
        if known is None or known.name != name:
            raise StalePlan(
                f"the plan deletes or renames {name}, which the lockfile does not hold as {address}",
                f"What is not in the lockfile is never touched. {_AGAIN}",
            )
        if known.protect:
            raise StalePlan(
                f"the plan deletes or renames {address}, which the lockfile holds as protected",
                f"No plan that reconciler made does that. {_AGAIN}",
            )
