"""What stands between a plan and its apply: how much it deletes, what it could not read, what it refuses.

Every message says the number, the limit and the flag that lets it through, if any.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.changes import Action, Reason
from reconciler.model.plan import Plan
from reconciler.planning.findings import some

_LETTING_GO = (Action.DELETE, Action.REPLACE)
"""What a rename leaves behind is on its way to be deleted: whose it is has to be clear from the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """What the command line lets through: `--allow-deletes N`, `--allow-empty`, `--allow-incomplete`, `--allow-untagged`."""

    deletes: int | None = None
    empty: bool = False
    incomplete: bool = False
    untagged: bool = False


def guard(plan: Plan, allow: Allowances) -> tuple[Diagnostic, ...]:
    """Everything for which apply refuses the plan as it is; empty: it may go."""
    return tuple(_found(plan, allow))


def _found(plan: Plan, allow: Allowances) -> Iterator[Diagnostic]:
    if plan.errored:
        refused = plan.refused
        yield _error(
            "guard-errored",
            f"the plan refuses {_count(len(refused), 'resource')}, so nothing of it is applied",
            f"Solve what the plan says of {some(refused)}, or plan without (--exclude).",
        )
    if not plan.complete and not allow.incomplete:
        what = some(sorted(plan.unknown)) if plan.unknown else "the directory"
        yield _error(
            "guard-incomplete",
            f"{what} could not be read, so the plan is incomplete",
            "Run it again when that can be read, or go on without it: --allow-incomplete. What is unknown is left alone.",
        )
    if _empties(plan) and not allow.empty:
        yield _error(
            "guard-empty",
            f"the manifest declares nothing, and the lockfile holds {_count(plan.managed, 'resource')}",
            "Is it the right manifest and environment? If everything is to go: --allow-empty.",
        )
    untagged = [str(one.address) for one in plan.changes if one.action in _LETTING_GO and not one.owner]
    if untagged and not allow.untagged:
        yield _error(
            "guard-untagged",
            f"the plan deletes or renames {_count(len(untagged), 'resource')} without ownership tag: {some(untagged)}",
            "That it is ours, the lockfile alone says; was that edited, or merged wrongly? If it is ours: --allow-untagged. "
            "If not, let go of it: reconciler forget ADDRESS.",
        )
    yield from _deletes(plan, allow)


def _empties(plan: Plan) -> bool:
    """Whether a manifest that declares nothing takes something out of the lockfile, be it deleted or gone already."""
    made_from_manifest = plan.manifest_digest != ""  # `forget` has none, and names what it lets go of
    lost = any(one.action in (Action.DELETE, Action.FORGET) and one.reason is not Reason.ASKED for one in plan.changes)
    return made_from_manifest and plan.declared == 0 and lost


def _deletes(plan: Plan, allow: Allowances) -> Iterator[Diagnostic]:
    deletes = plan.deletes
    if deletes == 0:
        return
    if allow.deletes is None:
        within, limit = plan.limit.allows(deletes, plan.managed), f"the limit is {plan.limit}"
    else:
        within, limit = deletes <= allow.deletes, f"--allow-deletes allows {allow.deletes}"
    if not within:
        yield _error(
            "guard-deletes",
            f"the plan deletes {deletes} of {_count(plan.managed, 'managed resource')}; {limit}",
            f"If that is what you mean: --allow-deletes {deletes}. "
            f"The limit is `limits.deletes` of environment {plan.target.environment}.",
        )


def _error(code: str, summary: str, detail: str) -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, code=code, summary=summary, detail=detail)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
