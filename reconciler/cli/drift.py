"""`reconciler drift`: what changed outside, since when, and by whom."""

from __future__ import annotations

import enum
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.aftermath import Aftermath
from reconciler.cli.age import seconds_of
from reconciler.cli.console import Console
from reconciler.cli.drifted import DriftTerms, Outcomes, run_several
from reconciler.cli.metric_files import read_metric_files
from reconciler.cli.options import Every, Format, Manifest, Outputs, RateWords, SeveralEnv, Verbose
from reconciler.cli.output import check_replaceable
from reconciler.cli.plan_files import save
from reconciler.cli.rates import read_rates
from reconciler.cli.report_files import ReportFiles, read_report_files, repository_prefix
from reconciler.cli.reported import tell_report
from reconciler.errors import ExitCode, UsageError
from reconciler.model.drift import Against, Status
from reconciler.model.fleet import worst
from reconciler.model.report_formats import ReportFormat

_EVERY = "24h"


class Existence(enum.Enum):
    """What tells which resources exist."""

    LISTING = "listing"
    TRAIL = "trail"


def drift(
    console: Console,
    *,
    path: Manifest = None,
    env: SeveralEnv = None,
    every: Every = False,
    form: Annotated[Format, typer.Option("--format", case_sensitive=False, help="How it is printed.")] = Format.TEXT,
    outputs: Outputs = None,
    against: Annotated[
        Against,
        typer.Option(
            "--against", case_sensitive=False, help="What live is compared with: what was applied, or is declared."
        ),
    ] = Against.LOCKFILE,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything one by one, whatever the last runs saw.")
    ] = False,
    full_every: Annotated[
        str,
        typer.Option(
            "--full-every", metavar="AGE", help="How old a reading may be that is believed, as in 30m, 24h, 7d."
        ),
    ] = _EVERY,
    existence: Annotated[
        Existence,
        typer.Option(
            "--existence",
            case_sensitive=False,
            help="What tells which resources exist. trail: no listing is read, what no event names is not missed.",
        ),
    ] = Existence.LISTING,
    without_trail: Annotated[
        bool, typer.Option("--without-trail", help="Do not ask CloudTrail: everything is read, and nobody is named.")
    ] = False,
    new_only: Annotated[bool, typer.Option("--new-only", help="Only what earlier runs have not told.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Save the plan that brings it back, for `apply --plan FILE`."),
    ] = None,
    notify: Annotated[
        list[str] | None,
        typer.Option(
            "--notify",
            envvar="RECONCILER_NOTIFY",
            metavar="CHANNEL=PLACE",
            help="Tell somebody what is new, still stands after a while, or is over, and when the check itself fails. "
            "Repeatable. CHANNEL: webhook, slack, sns, eventbridge, email, github. Secrets are read from environment variables "
            "that are named there: webhook=URL,key=VARIABLE",
        ),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metrics",
            metavar="[FORMAT=]FILE",
            help="Write measures, also where the run fails. Repeatable. openmetrics (default): a file for the textfile "
            "collector of node_exporter, replaced as a whole; emf: lines for CloudWatch, added. FILE - is standard output.",
        ),
    ] = None,
    rate: RateWords = None,
    verbose: Verbose = False,
) -> ExitCode:
    """Find what changed outside.

    Compares the directory with the lockfile. Reads the listing, and one by one what the last runs and the audit trail cannot
    vouch for; everything at least every --full-every. Writes nothing there. What it saw is remembered beside the lockfile, so
    that the next run reads less and tells what is new.

    For example:
      reconciler drift
      reconciler drift --env prod --new-only
      reconciler drift --all --output json=drift.json --output markdown=drift.md
      reconciler drift --env prod --full --plan back.plan
      reconciler drift --env prod --notify slack=env:SLACK_WEBHOOK_URL --metrics /var/lib/node_exporter/drift.prom

    Exit codes: 0 none, 1 error, something could not be read or somebody not be told, 2 drift, 5 another run is at work
    """
    from reconciler.cli.fleet.choice import Wanted, choose
    from reconciler.manifest import find
    from reconciler.notifying.recipients import read_recipients

    files = read_report_files(outputs, manifest=find(path) if outputs else None)
    measures = read_metric_files(metrics, files)
    after = Aftermath(
        console,
        recipients=read_recipients(notify or ()),
        metrics=measures,
        against=against,
        about=" ".join(str(one) for one in (path or "the manifest", env) if one),
    )
    terms = DriftTerms(
        every=seconds_of(full_every, option="--full-every"),
        full=full,
        against=against,
        listing=existence is Existence.LISTING,
        trail=not without_trail,
        owed=after.owed,
    )
    if without_trail and not terms.listing:
        raise UsageError(
            "--existence trail needs the audit trail", "Leave --without-trail away, or list: --existence listing."
        )
    rates = read_rates(rate)
    if out is not None:
        check_replaceable(out, find(path), option="--plan")
    with after:
        choice = after.chosen(choose(path, Wanted(env=env, every=every)), rates)
        if choice.several and out is not None:
            raise UsageError("--plan FILE saves one plan, and several targets are meant", "Choose one with --env NAME.")
        outcomes = after.found(run_several(console, choice, terms, rates))
        if out is not None:
            for run in outcomes.runs:
                save(console, run.plan, out, refused=run.plan.errored, sign_with=None)
        _tell(console, outcomes, files, form, new_only=new_only, verbose=verbose, silent=measures.on_stdout)
    return _exit_code(outcomes, new_only=new_only)


def _tell(
    console: Console,
    outcomes: Outcomes,
    files: ReportFiles,
    form: Format,
    *,
    new_only: bool,
    verbose: bool,
    silent: bool,
) -> None:
    from reconciler.drifting.report import report_of_runs
    from reconciler.render.reports.drift_json import drift_json

    report = report_of_runs(outcomes.stack, outcomes.runs, outcomes.failures, only_new=new_only)
    report = replace(report, prefix=repository_prefix())

    def as_json() -> str:
        return drift_json(outcomes.stack, outcomes.runs, outcomes.failures, only_new=new_only)

    tell_report(console, report, files, form, verbose=verbose, own={ReportFormat.JSON: as_json}, silent=silent)


def _exit_code(outcomes: Outcomes, *, new_only: bool) -> ExitCode:
    """An error wins over drift; text and code come from one object."""
    codes = [failure.exit_code for _, failure in outcomes.failures]
    for run in outcomes.runs:
        alarming = [one for one in run.alarming if one.status is Status.NEW or not new_only]
        codes.append(ExitCode.ERROR if not run.complete else ExitCode.CHANGES if alarming else ExitCode.OK)
    return worst(codes)
