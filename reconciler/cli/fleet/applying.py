"""`apply` over several targets: all plans first, one question, then each under its own lock, told as one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.console import Console
from reconciler.cli.executing import Consent, Terms, agreed, check_secrets
from reconciler.cli.fleet.choice import Choice
from reconciler.cli.fleet.island import PlanTerms, apply_target, failure_of
from reconciler.cli.fleet.planning import SUFFIX, planned
from reconciler.cli.fleet.pool import OnEnd, Work, shown, side_by_side, threads_for
from reconciler.cli.fleet.telling import gathered, notes, show, text_of
from reconciler.cli.interrupts import stoppable
from reconciler.cli.options import Format
from reconciler.cli.saved import Trust, lockfile_of, trusted
from reconciler.cli.workspace import AS_DECLARED, environment_of
from reconciler.errors import ExitCode, UsageError
from reconciler.model.fleet import FleetResult, TargetResult
from reconciler.model.rates import Rates

if TYPE_CHECKING:
    from reconciler.applying import Event


def apply_several(
    console: Console,
    choice: Choice,
    plan_terms: PlanTerms,
    terms: Terms,
    *,
    rates: Rates,
    given: bool,
    form: Format,
) -> ExitCode:
    """Plan each, show all, ask once, apply what is not refused; the one exit code.

    Between the plan and its apply no lock is held: a target whose lockfile moves meanwhile is stale, and nothing is written.
    """
    result = replace(planned(console, choice, plan_terms, rates), command="apply")
    notes(console, result)
    before = text_of(console, result)
    if form is Format.TEXT:
        console.show(before)
    else:
        console.tell(before)
    todo = [one for one in result.targets if _to_do(one)]
    if not todo or any(one.left for one in result.targets):
        return _ended(console, result, form)
    if choice.scheduler is None:  # else it is the workers' environment that counts
        check_secrets(one.plan for one in todo if one.plan)
    number = f"{len(todo)} {'target' if len(todo) == 1 else 'targets'}"
    consent = Consent(
        noun="Apply",
        question=f"Apply these plans of stack {result.stack} to {number}?",
        answer="yes",
        given=given,
        elsewhere="Save and review the plans, then apply exactly those: plan --all --out DIR, apply --plan DIR.",
    )
    if not agreed(console, consent):
        console.note("Apply cancelled. Nothing was changed.")
        return ExitCode.ERROR
    return _run(console, result, todo, terms, rates=rates, form=form, scheduler=choice.scheduler)


def apply_folder(
    console: Console, folder: Path, *, env: str | None, terms: Terms, trust: Trust, rates: Rates, form: Format
) -> ExitCode:
    """Apply exactly the plans in a folder, none before each of them was found to be fit: one that is not stops all."""
    if env is not None:
        raise UsageError("--plan DIR says where it goes; --env (or RECONCILER_ENV) cannot", "Leave out --env.")
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if not files:
        raise UsageError(f"{folder} holds no saved plan (*{SUFFIX})", "Make some with `plan --all --out DIR`.")
    results = [_checked(console, file, trust, rates) for file in files]
    stack = next((one.plan.target.stack for one in results if one.plan), "")
    results = _each_once(results)
    result = gathered(
        tuple(one.name for one in results), {one.name: one for one in results}, command="apply", stack=stack
    )
    if any(one.failure for one in results):
        result = replace(result, targets=tuple(one if one.failure else replace(one, left=True) for one in results))
        show(console, result, form)
        console.note("Not every plan is fit to be applied, so none was begun. Nothing was written.")
        return result.exit_code
    todo = [one for one in results if _to_do(one)]
    check_secrets(one.plan for one in todo if one.plan)
    return _run(console, result, todo, terms, rates=rates, form=form)


def _checked(console: Console, file: Path, trust: Trust, rates: Rates) -> TargetResult:
    """The target of a saved plan, with a failure where the plan is not to be trusted or no longer fits its lockfile."""
    from reconciler.planning import check_fits
    from reconciler.state import open_state

    result = TargetResult(name=file.name.removesuffix(SUFFIX))
    try:
        plan = trusted(console, file, trust)
        target = plan.target
        result = TargetResult(name=target.environment, account=target.account, region=target.region, plan=plan)
        lockfile = lockfile_of(plan, file)
        with open_state(environment_of(plan, rates), lockfile) as state:
            pending = state.unfinished() is not None
            if not pending:  # else the run settles it first, and looks then
                check_fits(plan, state.read(), target=plan.target)
        return replace(result, plan=replace(plan, route=replace(plan.route, lockfile=lockfile)), pending=pending)
    except Exception as error:
        return replace(result, failure=failure_of(error))


def _each_once(results: Sequence[TargetResult]) -> list[TargetResult]:
    """Sorted by name; of a target that has two plans, the second is a mistake."""
    seen: set[object] = set()
    stacks = {one.plan.target.stack for one in results if one.plan}
    checked = []
    for one in sorted(results, key=lambda one: one.name):
        twice = one.plan is not None and one.plan.target in seen
        if one.plan is not None:
            seen.add(one.plan.target)
        if twice or len(stacks) > 1:
            what = (
                f"two plans are for {one.name}"
                if twice
                else f"the plans are of several stacks: {', '.join(sorted(stacks))}"
            )
            error = UsageError(what, "Keep the plans of one `plan --all --out DIR` in a folder of their own.")
            checked.append(replace(one, failure=failure_of(error)))
        else:
            checked.append(one)
    return checked


def _to_do(one: TargetResult) -> bool:
    return one.plan is not None and not one.refused and (not one.plan.empty or one.pending) and one.failure is None


def _run(
    console: Console,
    result: FleetResult,
    todo: Sequence[TargetResult],
    terms: Terms,
    *,
    rates: Rates = AS_DECLARED,
    form: Format,
    scheduler: str | None = None,
) -> ExitCode:
    """Apply to those that have something to do, and tell of all."""
    stop = threading.Event()
    fresh = [replace(one, notes=()) for one in todo]
    with stoppable(console, stop), shown(console, "Applying", len(todo)) as progress:
        if scheduler is not None:
            done = _there(scheduler, fresh, terms, rates=rates, progress=progress, stop=stop)
        else:
            done = _here(console, fresh, terms, rates=rates, progress=progress, stop=stop)
        targets = []
        for one in result.targets:
            begun = any(one.name == other.name for other in todo)
            targets.append(done.get(one.name, replace(one, left=True)) if begun else replace(one, notes=()))
        whole = replace(result, targets=tuple(targets))
        notes(console, whole)
        return _ended(console, whole, form)


def _here(
    console: Console,
    todo: Sequence[TargetResult],
    terms: Terms,
    *,
    rates: Rates,
    progress: OnEnd,
    stop: threading.Event,
) -> dict[str, TargetResult]:
    """Applied by this process."""
    from reconciler.directory.sharing import Sharing

    sharing = Sharing(threads_for(len(todo)))
    each = replace(terms, threads=min(terms.threads, sharing.threads))
    work: dict[str, Work[TargetResult]] = {
        one.name: partial(apply_target, one, each, sharing, rates=rates, on_event=_teller(console, one.name))
        for one in todo
    }
    done, _ = side_by_side(work, sharing, stop=stop, progress=progress)
    return done


def _there(
    scheduler: str,
    todo: Sequence[TargetResult],
    terms: Terms,
    *,
    rates: Rates,
    progress: OnEnd,
    stop: threading.Event,
) -> dict[str, TargetResult]:
    """Applied by the workers of a cluster, which saw the state's folder when they planned, where one is needed."""
    from reconciler.cli.fleet.cluster import apply_on, connected

    with connected(scheduler) as cluster:
        done, _ = apply_on(cluster, todo, terms, rates=rates, progress=progress, stop=stop)
    return done


def _teller(console: Console, name: str) -> Callable[[Event], None]:
    """What says on standard error, where no line is drawn there, that a change of the target has started or ended."""
    from reconciler.render import clean, event_line

    def on_event(event: Event) -> None:
        about = event.outcome or event.change
        line = event_line(about, done=event.finished, total=event.total, colour=console.colour_err)
        console.tell(f"{clean(name)} {line}")

    return (lambda _: None) if console.animates else on_event


def _ended(console: Console, result: FleetResult, form: Format) -> ExitCode:
    """Show the report where there is anything new to say, and end with the code of all."""
    if form is not Format.TEXT or any(one.report or one.failure or one.left for one in result.targets):
        show(console, result, form)
    return result.exit_code
