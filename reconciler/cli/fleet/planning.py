"""`plan` over several targets: made side by side, told as one, saved one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.console import Console
from reconciler.cli.fleet.choice import Choice
from reconciler.cli.fleet.island import PlanTerms, failure_of, plan_target, recorded
from reconciler.cli.fleet.pool import Work, shown, side_by_side, threads_for
from reconciler.cli.fleet.telling import fleet_in, gathered, notes, show
from reconciler.cli.options import Format
from reconciler.cli.plan_files import save
from reconciler.cli.report_files import ReportFiles, repository_prefix
from reconciler.cli.workspace import workspace_in
from reconciler.errors import ExitCode, ReconcilerError, UsageError
from reconciler.model.fleet import FleetResult, TargetResult
from reconciler.model.rates import Rates
from reconciler.model.report_formats import ReportFormat

if TYPE_CHECKING:
    from reconciler.directory.sharing import Sharing

SUFFIX = ".plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """How the run is told on standard output, and in which files besides."""

    form: Format
    verbose: bool
    reports: ReportFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Where plans are saved, and what signs them."""

    folder: Path
    sign_with: str | None


def plan_several(
    console: Console,
    choice: Choice,
    terms: PlanTerms,
    *,
    rates: Rates,
    showing: Showing,
    saving: Saving | None,
) -> ExitCode:
    """Plan each, show all, save those that there are; the one exit code. An interrupt still shows what was done by then."""
    if saving is not None:
        check_folder(saving.folder)
    result = planned(console, choice, terms, rates)
    notes(console, result)
    failed = _write_reports(console, result, showing)
    if not showing.reports.on_stdout:
        show(console, result, showing.form, verbose=showing.verbose)
    if saving is not None:
        _save(console, result, saving)
    if failed is not None:
        raise failed
    return result.exit_code


def _write_reports(console: Console, result: FleetResult, showing: Showing) -> ReconcilerError | None:
    """One report of all targets in each format that --output asks for; text, JSON and Markdown are what --format gives."""
    if not showing.reports.files:
        return None
    from reconciler.render.reports import FORMATS
    from reconciler.reviewing.of_fleet import report_of_fleet

    report = replace(report_of_fleet(result), prefix=repository_prefix())

    def say(form: ReportFormat) -> str:
        if form.value in {one.value for one in Format}:
            return fleet_in(Format(form.value), result, verbose=showing.verbose)
        return FORMATS[form](report)

    return showing.reports.write(console, say)


def planned(console: Console, choice: Choice, terms: PlanTerms, rates: Rates) -> FleetResult:
    """The plan of each target, made at the same time."""
    from reconciler.directory.sharing import Sharing

    if choice.scheduler is not None:
        return _planned_there(console, choice, terms, rates, choice.scheduler)
    sharing = Sharing(threads_for(len(choice.names)))
    work: dict[str, Work[TargetResult]] = {}
    for name in choice.names:
        work[name] = partial(_plan_one, choice, name, rates, terms, sharing)
    with shown(console, "Planning", len(work)) as progress:
        results, whole = side_by_side(work, sharing, progress=progress)
    return _gathered(console, choice, results, whole=whole)


def _planned_there(console: Console, choice: Choice, terms: PlanTerms, rates: Rates, scheduler: str) -> FleetResult:
    """The same by the workers of a cluster."""
    from reconciler.cli.fleet.cluster import connected, plan_on

    with connected(scheduler) as cluster, shown(console, "Planning", len(choice.names)) as progress:
        results, whole = plan_on(cluster, choice, terms, rates, progress)
    return _gathered(console, choice, results, whole=whole)


def _gathered(console: Console, choice: Choice, results: Mapping[str, TargetResult], *, whole: bool) -> FleetResult:
    if not whole:
        console.note("Interrupted; nothing was written to any directory.")
    return gathered(choice.names, results, command="plan", stack=choice.manifest.stack, choice=choice)


def _plan_one(choice: Choice, name: str, rates: Rates, terms: PlanTerms, sharing: Sharing) -> TargetResult:
    declared = choice.manifest.environments[name]
    try:
        workspace = workspace_in(choice.manifest, choice.found, name, rates)
    except ReconcilerError as error:
        return TargetResult(name=name, account=declared.account, region=declared.region, failure=failure_of(error))
    return plan_target(workspace, terms, sharing)


def check_folder(folder: Path) -> None:
    """Raise UsageError unless the folder is, or can be, one of this run's plans alone."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file, and several plans go into a folder", "Give the path of a folder.")
    old = sorted(one.name for one in folder.glob(f"*{SUFFIX}")) if folder.exists() else []
    if old:
        raise UsageError(
            f"{folder} holds plans already ({old[0]}{' and others' if len(old) > 1 else ''})",
            "A plan of an earlier run among those of this one would be applied with them. Remove them, or give another folder.",
        )


def _save(console: Console, result: FleetResult, saving: Saving) -> None:
    try:
        saving.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReconcilerError(
            f"cannot make the folder {saving.folder}: {error.strerror}", "Choose another --out."
        ) from error
    count = 0
    for one in result.targets:
        if one.plan is not None:
            save(
                recorded(),
                one.plan,
                saving.folder / f"{one.name}{SUFFIX}",
                refused=bool(one.guards),
                sign_with=saving.sign_with,
            )
            count += 1
    without = len(result.targets) - count
    missing = f" {without} targets have none: see above." if without else ""
    console.note(
        f"Saved {count} plans in {saving.folder}.{missing} To apply exactly these: reconciler apply --plan {saving.folder}"
    )
