"""`reconciler apply` and `reconciler destroy`: run a plan, made now or saved earlier."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.age import DEFAULT_MAX_AGE
from reconciler.cli.age import max_age as limit_of
from reconciler.cli.console import Console
from reconciler.cli.executing import Consent, Terms, run_locked
from reconciler.cli.options import (
    Deletes,
    Empty,
    Env,
    Every,
    Excludes,
    FinishRenames,
    Format,
    HowMuch,
    Incomplete,
    LockTimeout,
    Manifest,
    MaxAge,
    RateWords,
    Scheduler,
    SeveralEnv,
    ShardWords,
    Targets,
    Threads,
    Untagged,
    VerifyWith,
    Yes,
)
from reconciler.cli.plan import selection_of
from reconciler.cli.planned import Opened, plan_opened
from reconciler.cli.rates import read_rates
from reconciler.cli.saved import Trust, apply_saved
from reconciler.cli.workspace import Workspace, open_manifest, open_workspace, workspace_in
from reconciler.errors import ExitCode, UsageError
from reconciler.model.resources import Refresh

if TYPE_CHECKING:
    from reconciler.cli.fleet.choice import Wanted
    from reconciler.model.plan import Plan
    from reconciler.model.rates import Rates
    from reconciler.planning import Selection


def apply(
    console: Console,
    *,
    path: Manifest = None,
    env: SeveralEnv = None,
    every: Every = False,
    shard: ShardWords = None,
    scheduler: Scheduler = None,
    saved: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE|DIR",
            help="Apply exactly this saved plan, or those in this folder, without asking. Needs no manifest.",
        ),
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", case_sensitive=False, help="How the report of several targets is printed.")
    ] = Format.TEXT,
    max_age: MaxAge = None,
    verify_with: VerifyWith = None,
    auto_approve: Yes = False,
    allow_deletes: Deletes = None,
    allow_empty: Empty = False,
    allow_incomplete: Incomplete = False,
    allow_untagged: Untagged = False,
    refresh: HowMuch = None,
    target: Targets = None,
    exclude: Excludes = None,
    finish_renames: FinishRenames = False,
    lock_timeout: LockTimeout = 0.0,
    threads: Threads = 32,
    rate: RateWords = None,
) -> ExitCode:
    """Make the directory equal to the manifest.

    Shows the plan, asks, runs it, reports. Right before each update and delete the resource is read once more; one
    that changed since the plan is refused, the others go on. Ctrl-C finishes what is under way and says what is
    left.

    For example:
      reconciler apply
      reconciler apply --env prod --auto-approve
      reconciler plan --out prod.plan && reconciler apply --plan prod.plan
      reconciler apply --plan prod.plan --max-age 2h --verify-with alias/reconciler-plans
      reconciler apply --plan prod.plan identities.yaml
      reconciler apply --allow-deletes 40
      reconciler apply --all
      reconciler plan --all --out plans/ && reconciler apply --plan plans/

    Over several targets, all plans are shown, one question is asked, and each is applied under its own lock and guards: one
    that is locked, refused or out of reach stops no other.

    A saved plan is run once, where and from what it was made for, while it is young enough, and as it was saved;
    anything else is refused. With RECONCILER_PLAN_KEY or --verify-with it has to be signed with that key too, and with
    PATH, that manifest has to say what the plan was made from: a merge may have brought other changes along.

    Exit codes: 0 done or nothing to do, 1 error, 3 refused by a guard or not signed, 4 stale plan, 5 state is locked,
    6 applied in part
    """
    from reconciler.cli.fleet.choice import Wanted
    from reconciler.planning import Allowances

    allowances = Allowances(
        deletes=allow_deletes, empty=allow_empty, incomplete=allow_incomplete, untagged=allow_untagged
    )
    terms = Terms(lock_timeout=lock_timeout, allowances=allowances, threads=threads)
    selection, rates = selection_of(target, exclude, finish_renames=finish_renames), read_rates(rate)
    if saved is not None:
        if selection != selection_of(None, None) or refresh is not None or every or shard or scheduler:
            raise UsageError(
                "--plan says everything: no --target, --exclude, --finish-renames, --refresh, --all, --shard or "
                "--scheduler goes with it",
                "Plan again with those, save that plan, and apply it.",
            )
        manifest = open_manifest(path)[0] if path is not None else None
        trust = Trust(max_age=limit_of(max_age or DEFAULT_MAX_AGE), verify_with=verify_with, manifest=manifest)
        return _saved(console, saved, env, terms, trust=trust, rates=rates, form=form)
    if max_age is not None or verify_with is not None:
        raise UsageError(
            "--max-age and --verify-with are about a saved plan", "Give --plan FILE too, or leave them out."
        )
    wanted = Wanted(env=env, every=every, shard=shard, scheduler=scheduler)
    how = Making(refresh=refresh, selection=selection, rates=rates, given=auto_approve)
    return _now(console, path, wanted, terms, how=how, form=form)


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How the plan of an apply is made, at which rates, and whether it was agreed to beforehand."""

    refresh: Refresh | None
    selection: Selection
    rates: Rates
    given: bool


def _saved(
    console: Console, saved: Path, env: str | None, terms: Terms, *, trust: Trust, rates: Rates, form: Format
) -> ExitCode:
    """Apply one saved plan, or those of a folder."""
    if saved.is_dir():
        from reconciler.cli.fleet.applying import apply_folder

        return apply_folder(console, saved, env=env, terms=terms, trust=trust, rates=rates, form=form)
    _check_text(form)
    return apply_saved(console, saved, env=env, terms=terms, trust=trust, rates=rates)


def _now(console: Console, path: Path | None, wanted: Wanted, terms: Terms, *, how: Making, form: Format) -> ExitCode:
    """Plan and apply one target, or several."""
    from reconciler.cli.fleet.choice import choose

    choice = choose(path, wanted)
    if choice.several:
        from reconciler.cli.fleet.applying import apply_several
        from reconciler.cli.fleet.island import PlanTerms

        plans = PlanTerms(refresh=how.refresh, selection=how.selection, allowances=terms.allowances, for_apply=True)
        return apply_several(console, choice, plans, terms, rates=how.rates, given=how.given, form=form)
    _check_text(form)
    workspace = workspace_in(choice.manifest, choice.found, choice.names[0], how.rates)
    consent = Consent(
        noun="Apply",
        question=f"Apply this plan to {_where(workspace)}?",
        answer="yes",
        given=how.given,
        elsewhere="Save and review a plan, then apply exactly that: reconciler plan --out FILE, reconciler apply --plan FILE.",
    )
    return _plan_and_run(console, workspace, "apply", consent, terms, refresh=how.refresh, selection=how.selection)


def _check_text(form: Format) -> None:
    """Raise UsageError for another format where one target is meant: its report is text."""
    if form is not Format.TEXT:
        raise UsageError(
            "--format is for the report of several targets, and one is meant", "Leave it out, or add --all."
        )


def destroy(
    console: Console,
    *,
    path: Manifest = None,
    env: Env = None,
    auto_approve: Yes = False,
    allow_deletes: Deletes = None,
    allow_incomplete: Incomplete = False,
    allow_untagged: Untagged = False,
    target: Targets = None,
    exclude: Excludes = None,
    lock_timeout: LockTimeout = 0.0,
    threads: Threads = 32,
    rate: RateWords = None,
) -> ExitCode:
    """Delete everything that a stack manages.

    In one environment; asks for the stack's name. The same path and the same guards as apply: protected resources
    and environments refuse, and so does the limit on deletes. What is not managed is never touched.

    For example:
      reconciler destroy --env staging
      reconciler destroy --auto-approve --allow-deletes 200

    Exit codes: 0 done or nothing to do, 1 error, 3 refused by a guard, 5 state is locked, 6 applied in part
    """
    from reconciler.planning import Allowances

    allowances = Allowances(deletes=allow_deletes, empty=True, incomplete=allow_incomplete, untagged=allow_untagged)
    terms = Terms(lock_timeout=lock_timeout, allowances=allowances, threads=threads)
    selection, rates = selection_of(target, exclude), read_rates(rate)
    workspace = open_workspace(path, env, rates)
    consent = Consent(
        noun="Destroy",
        question=f"Delete all of this in {_where(workspace)}? Type the stack's name.",
        answer=workspace.stack.name,
        given=auto_approve,
    )
    return _plan_and_run(console, workspace, "destroy", consent, terms, refresh=None, selection=selection)


def _plan_and_run(
    console: Console,
    workspace: Workspace,
    command: str,
    consent: Consent,
    terms: Terms,
    *,
    refresh: Refresh | None,
    selection: Selection,
) -> ExitCode:
    def make(one: Opened) -> Plan:
        return plan_opened(console, one, refresh=refresh, selection=selection, destroy=command == "destroy")

    return run_locked(console, workspace, command, make, consent=consent, terms=terms)


def _where(workspace: Workspace) -> str:
    return f"stack {workspace.stack.name}, environment {workspace.environment.name}"
