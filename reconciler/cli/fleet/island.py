"""One target's run as a function: whatever happens in it comes back as a value, and nothing of it reaches another target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.console import Console
from reconciler.cli.executing import Terms, check_secrets, only_writer
from reconciler.cli.planned import make
from reconciler.cli.saved import opened_as_planned
from reconciler.cli.unfinished import settled_first
from reconciler.cli.workspace import AS_DECLARED, Workspace, environment_of, open_directory
from reconciler.errors import ReconcilerError, unforeseen
from reconciler.model.fleet import Failure, TargetResult
from reconciler.model.outcomes import Report
from reconciler.model.plan import Plan
from reconciler.model.rates import Rates
from reconciler.model.resources import Refresh

if TYPE_CHECKING:
    from reconciler.applying import Event
    from reconciler.directory.sharing import Sharing
    from reconciler.planning import Allowances, Selection

_HERE = Path()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Console):
    """A console that keeps what is said to it: nobody is asked, nothing is drawn."""

    said: list[str] = field(default_factory=list)

    def show(self, text: str) -> None:
        """Keep it."""
        self.said.append(text.rstrip("\n"))

    def tell(self, text: str) -> None:
        """Keep it."""
        self.said.append(text.rstrip("\n"))


def recorded() -> Recorded:
    """An empty one, without colours."""
    return Recorded(colour_out=False, colour_err=False, asks=False, animates=False, width=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """How plans are made: what is read, of what, with which guards lifted. `for_apply`: to be applied at once."""

    refresh: Refresh | None
    selection: Selection
    allowances: Allowances
    detailed: bool = False
    for_apply: bool = False


def plan_target(workspace: Workspace, terms: PlanTerms, sharing: Sharing, base: Path = _HERE) -> TargetResult:
    """The plan of one target, or why there is none. Writes nothing. `base`: where relative paths begin."""
    name, console = workspace.environment.name, recorded()
    declared = workspace.environment
    try:
        plan = make(console, _at(workspace, base), refresh=terms.refresh, selection=terms.selection, sharing=sharing)
        plan = replace(plan, route=replace(plan.route, lockfile=workspace.lockfile))
        result = _planned(plan, terms, pending=terms.for_apply and plan.empty and _unfinished(workspace, base))
    except Exception as error:
        result = TargetResult(name=name, account=declared.account, region=declared.region, failure=failure_of(error))
    return replace(result, notes=tuple(console.said))


def _planned(plan: Plan, terms: PlanTerms, *, pending: bool) -> TargetResult:
    from reconciler.planning import guard

    guards = guard(plan, terms.allowances)
    return TargetResult(
        name=plan.target.environment,
        account=plan.target.account,
        region=plan.target.region,
        plan=plan,
        guards=guards,
        refused=terms.for_apply and bool(guards),
        pending=pending,
        detailed=terms.detailed,
    )


def _unfinished(workspace: Workspace, base: Path) -> bool:
    from reconciler.state import open_state

    with open_state(workspace.environment, _at(workspace, base).lockfile) as state:
        return state.unfinished() is not None


def _at(workspace: Workspace, base: Path) -> Workspace:
    """The workspace with the paths of its files as they are from here."""
    if workspace.environment.state is not None or base == _HERE:
        return replace(workspace, manifest=base / workspace.manifest)
    return replace(workspace, manifest=base / workspace.manifest, lockfile=str(base / workspace.lockfile))


def apply_target(
    planned: TargetResult,
    terms: Terms,
    sharing: Sharing,
    *,
    rates: Rates = AS_DECLARED,
    on_event: Callable[[Event], None] = lambda _: None,
    base: Path = _HERE,
) -> TargetResult:
    """Carry out the plan of one target under its own lock, exactly as it was shown; what came of it.

    A plan that no longer fits the lockfile is stale, as a saved one would be. What an earlier run left is settled first.
    """
    console = recorded()
    plan = planned.plan
    if plan is None:
        return planned
    try:
        result = _apply(console, planned, plan, terms, sharing, rates=rates, on_event=on_event, base=base)
    except _Broken as broken:
        result = replace(planned, report=broken.report, failure=failure_of(broken.error))
    except Exception as error:
        result = replace(planned, failure=failure_of(error))
    return replace(result, notes=(*planned.notes, *console.said))


class _Broken(Exception):
    """A run that broke off, with the report of what was done."""

    def __init__(self, error: Exception, report: Report) -> None:
        super().__init__(str(error))
        self.error, self.report = error, report


def _apply(
    console: Console,
    planned: TargetResult,
    plan: Plan,
    terms: Terms,
    sharing: Sharing,
    *,
    rates: Rates,
    on_event: Callable[[Event], None],
    base: Path,
) -> TargetResult:
    from reconciler.applying import RunBroken, RunUnheard, apply
    from reconciler.planning import check_fits, guard
    from reconciler.state import open_state

    environment = environment_of(plan, rates)
    lockfile = plan.route.lockfile if environment.state else str(base / plan.route.lockfile)
    with (
        opened_as_planned(open_state(environment, lockfile)) as state,
        only_writer(console, state, "apply", terms.lock_timeout) as writer,
    ):
        if writer.pending is None:  # a plan that is stale needs no credentials to be told so
            check_fits(plan, writer.lock, target=plan.target)
        with opened_as_planned(open_directory(environment, Path(lockfile).parent, sharing)) as directory:
            target = replace(plan.target, account=directory.account, region=directory.region)
            check_fits(plan, settled_first(console, writer, directory, target), target=target)
            if guards := guard(plan, terms.allowances):
                return replace(planned, guards=guards, refused=True)
            if plan.empty:
                return replace(planned, pending=False)
            check_secrets((plan,))
            try:
                report = apply(plan, directory, writer, threads=terms.threads, on_event=on_event, stop=directory.hurry)
            except RunBroken as broken:
                raise _Broken(broken, broken.report) from broken
            except RunUnheard as unheard:
                raise _Broken(unheard.reason, unheard.report) from unheard
    return replace(planned, report=report)


def failure_of(error: Exception) -> Failure:
    """Any error as a value; of one that nobody foresaw, its place and not its words."""
    if isinstance(error, ReconcilerError):
        return Failure.of(error)
    return Failure(
        summary=f"internal error: {unforeseen(error)}",
        detail="This is a mistake in reconciler, not in your input. Run the target alone with --log-level debug, and report.",
    )
