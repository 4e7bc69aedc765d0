"""`reconciler plan` and `reconciler show`: the difference, printed and saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.options import (
    Every,
    Excludes,
    FinishRenames,
    Format,
    HowMuch,
    Manifest,
    RateWords,
    Scheduler,
    SeveralEnv,
    ShardWords,
    Targets,
    Verbose,
    VerifyWith,
)
from reconciler.cli.output import check_replaceable
from reconciler.cli.plan_files import read_plan, save, tell
from reconciler.cli.planned import make
from reconciler.cli.rates import read_rates
from reconciler.cli.signing import check_keys, check_signature
from reconciler.cli.workspace import workspace_in
from reconciler.diagnostics import Diagnostic
from reconciler.errors import ExitCode, UsageError
from reconciler.model.plan import Plan

if TYPE_CHECKING:
    from reconciler.planning import Selection


def plan(
    console: Console,
    *,
    path: Manifest = None,
    env: SeveralEnv = None,
    every: Every = False,
    shard: ShardWords = None,
    scheduler: Scheduler = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE|DIR",
            help="Save the plan, for `show FILE` and `apply --plan FILE`; of several targets, one each in a folder.",
        ),
    ] = None,
    sign_with: Annotated[
        str | None,
        typer.Option(
            "--sign-with",
            metavar="KMS_KEY",
            help="Sign what --out saves with this HMAC key of AWS KMS: an ARN, id or alias. RECONCILER_PLAN_KEY signs too.",
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", case_sensitive=False, help="How it is printed.")] = Format.TEXT,
    detailed: Annotated[bool, typer.Option("--detailed-exitcode", help="Exit 2 when there are changes.")] = False,
    refresh: HowMuch = None,
    target: Targets = None,
    exclude: Excludes = None,
    finish_renames: FinishRenames = False,
    rate: RateWords = None,
    verbose: Verbose = False,
) -> ExitCode:
    """Show what apply would change.

    Compares manifest, lockfile and directory. Writes nothing.

    Symbols: + create   ~ update   - delete   -/+ replace   <= adopt   . forget

    For example:
      reconciler plan
      reconciler plan --env prod --out prod.plan
      reconciler plan --detailed-exitcode --refresh changed
      reconciler plan --format json | jq '.resource_changes[].address'
      reconciler plan --target 'workload_identity.invoice-*'
      reconciler plan --all --out plans/
      reconciler plan --env 'prod@*' --shard 2/5 --format json
      reconciler plan --all --scheduler tcp://10.0.0.5:8786

    Of several targets, one that cannot be read stops no other. An error wins over a refusal, a refusal over changes.

    Exit codes: 0 done, 1 error or something could not be read,
    2 changes (with --detailed-exitcode), 3 something in it is refused
    """
    from reconciler.cli.fleet.choice import Wanted, choose
    from reconciler.cli.fleet.island import PlanTerms
    from reconciler.cli.fleet.planning import Saving, plan_several
    from reconciler.manifest import find
    from reconciler.planning import Allowances, guard

    selection, rates = selection_of(target, exclude, finish_renames=finish_renames), read_rates(rate)
    if out is not None:
        check_keys(sign_with, option="--sign-with")
        check_replaceable(out, find(path))
    elif sign_with is not None:
        raise UsageError("--sign-with signs a saved plan, and nothing is saved", "Give --out FILE too.")
    choice = choose(path, Wanted(env=env, every=every, shard=shard, scheduler=scheduler))
    if choice.several:
        terms = PlanTerms(refresh=refresh, selection=selection, allowances=Allowances(), detailed=detailed)
        saving = Saving(folder=out, sign_with=sign_with) if out is not None else None
        return plan_several(console, choice, terms, rates=rates, form=form, verbose=verbose, saving=saving)
    workspace = workspace_in(choice.manifest, choice.found, choice.names[0], rates)
    made = make(console, workspace, refresh=refresh, selection=selection)
    guards = guard(made, Allowances())
    print_plan(console, made, form, verbose=verbose, guards=guards)
    if out is not None:
        save(console, made, out, refused=bool(guards), sign_with=sign_with)
    return exit_code_of(made, detailed=detailed)


def show(
    console: Console,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan that `plan --out FILE` saved.")],
    form: Annotated[Format, typer.Option("--format", case_sensitive=False, help="How it is printed.")] = Format.TEXT,
    verify_with: VerifyWith = None,
    verbose: Verbose = False,
) -> ExitCode:
    """Show a saved plan again.

    In any format. Needs neither the manifest nor the directory. Says when it was made and whether it is signed; with a
    key given, the signature is checked first.

    For example:
      reconciler show prod.plan
      reconciler show prod.plan --format markdown >> "$GITHUB_STEP_SUMMARY"

    Exit codes: 0 done, 1 no such file or no plan, 3 not signed by the key that is given,
    4 the file was edited since it was saved
    """
    from reconciler.planning import Allowances, guard

    saved = read_plan(file)
    checked = check_signature(saved, file=str(file), verify_with=verify_with)
    tell(console, saved, file=file, checked=checked)
    print_plan(console, saved.plan, form, verbose=verbose, guards=guard(saved.plan, Allowances()))
    return ExitCode.OK


def selection_of(target: list[str] | None, exclude: list[str] | None, *, finish_renames: bool = False) -> Selection:
    """What --target, --exclude and --finish-renames ask for. Raises UsageError for both at once."""
    from reconciler.planning import Selection

    if target and exclude:
        raise UsageError("--target and --exclude exclude each other", "Give one of them, as often as you like.")
    return Selection(targets=tuple(target or ()), excludes=tuple(exclude or ()), finish_renames=finish_renames)


def print_plan(
    console: Console, made: Plan, form: Format, *, verbose: bool = False, guards: Sequence[Diagnostic] = ()
) -> None:
    """Write the plan to standard output. `guards`: what would make apply refuse it."""
    from reconciler import render

    match form:
        case Format.TEXT:
            text = render.plan_text(
                made, colour=console.colour_out, width=console.width, verbose=verbose, guards=guards
            )
            console.show(text)
        case Format.MARKDOWN:
            console.show(render.plan_markdown(made, guards))
        case Format.JSON:
            from reconciler.planning import dump_plan

            console.show(dump_plan(made))


def exit_code_of(made: Plan, *, detailed: bool) -> ExitCode:
    """What the plan says to a script; an error wins over a refusal, a refusal over changes."""
    if not made.complete:
        return ExitCode.ERROR
    if made.errored:
        return ExitCode.REFUSED
    return ExitCode.CHANGES if detailed and not made.empty else ExitCode.OK
