"""`reconciler plan` and `reconciler show`: the difference, printed and saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
    Outputs,
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
from reconciler.cli.report_files import ReportFiles, read_report_files, repository_prefix
from reconciler.cli.signing import check_keys, check_signature
from reconciler.cli.workspace import workspace_in
from reconciler.diagnostics import Diagnostic
from reconciler.errors import ExitCode, ReconcilerError, UsageError
from reconciler.model.plan import Plan
from reconciler.model.report_formats import ReportFormat

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
    outputs: Outputs = None,
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
      reconciler plan --output markdown=plan.md --output sarif=plan.sarif
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
    from reconciler.cli.fleet.planning import Saving, Showing, plan_several
    from reconciler.manifest import find
    from reconciler.planning import Allowances, guard

    selection, rates = selection_of(target, exclude, finish_renames=finish_renames), read_rates(rate)
    if out is not None:
        check_keys(sign_with, option="--sign-with")
        check_replaceable(out, find(path))
    elif sign_with is not None:
        raise UsageError("--sign-with signs a saved plan, and nothing is saved", "Give --out FILE too.")
    taken = {out: "where --out saves the plan"} if out is not None else {}
    reports = read_report_files(outputs, manifest=find(path) if outputs else None, taken=taken)
    choice = choose(path, Wanted(env=env, every=every, shard=shard, scheduler=scheduler))
    if choice.several:
        terms = PlanTerms(refresh=refresh, selection=selection, allowances=Allowances(), detailed=detailed)
        saving = Saving(folder=out, sign_with=sign_with) if out is not None else None
        showing = Showing(form=form, verbose=verbose, reports=reports)
        return plan_several(console, choice, terms, rates=rates, showing=showing, saving=saving)
    workspace = workspace_in(choice.manifest, choice.found, choice.names[0], rates)
    made = make(console, workspace, refresh=refresh, selection=selection)
    guards = guard(made, Allowances())
    failed = write_reports(console, reports, made, verbose=verbose, guards=guards)
    if not reports.on_stdout:
        print_plan(console, made, form, verbose=verbose, guards=guards)
    if out is not None:
        save(console, made, out, refused=bool(guards), sign_with=sign_with)
    if failed is not None:
        raise failed
    return exit_code_of(made, detailed=detailed)


def show(
    console: Console,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan that `plan --out FILE` saved.")],
    form: Annotated[Format, typer.Option("--format", case_sensitive=False, help="How it is printed.")] = Format.TEXT,
    outputs: Outputs = None,
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

    reports = read_report_files(outputs, taken={file: "the plan that is shown"})
    saved = read_plan(file)
    checked = check_signature(saved, file=str(file), verify_with=verify_with)
    tell(console, saved, file=file, checked=checked)
    guards = guard(saved.plan, Allowances())
    failed = write_reports(console, reports, saved.plan, verbose=verbose, guards=guards)
    if not reports.on_stdout:
        print_plan(console, saved.plan, form, verbose=verbose, guards=guards)
    if failed is not None:
        raise failed
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
    console.show(plan_in(form, made, console, verbose=verbose, guards=guards))


def plan_in(
    form: Format, made: Plan, console: Console | None = None, *, verbose: bool, guards: Sequence[Diagnostic]
) -> str:
    """The plan in that format; as text, as it looks on the console, or in a file where there is none."""
    from reconciler import render

    match form:
        case Format.TEXT:
            colour, width = (console.colour_out, console.width) if console else (False, 100)
            return render.plan_text(made, colour=colour, width=width, verbose=verbose, guards=guards)
        case Format.MARKDOWN:
            return render.plan_markdown(made, guards)
        case Format.JSON:
            from reconciler.planning import dump_plan

            return dump_plan(made)


def write_reports(
    console: Console, reports: ReportFiles, made: Plan, *, verbose: bool, guards: Sequence[Diagnostic]
) -> ReconcilerError | None:
    """Write what --output asks for; text, JSON and Markdown are what --format gives. What went wrong, to be raised later."""
    if not reports.files:
        return None
    from reconciler.render.reports import FORMATS
    from reconciler.reviewing.of_plan import report_of_plan

    report = replace(report_of_plan(made, guards), prefix=repository_prefix())

    def say(form: ReportFormat) -> str:
        if form.value in {one.value for one in Format}:
            return plan_in(Format(form.value), made, verbose=verbose, guards=guards)
        return FORMATS[form](report)

    return reports.write(console, say)


def exit_code_of(made: Plan, *, detailed: bool) -> ExitCode:
    """What the plan says to a script; an error wins over a refusal, a refusal over changes."""
    if not made.complete:
        return ExitCode.ERROR
    if made.errored:
        return ExitCode.REFUSED
    return ExitCode.CHANGES if detailed and not made.empty else ExitCode.OK
