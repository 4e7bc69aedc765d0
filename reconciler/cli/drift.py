"""`reconciler drift`: what changed outside, since when, and by whom."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.aftermath import Aftermath
from reconciler.cli.age import seconds_of
from reconciler.cli.console import Console
from reconciler.cli.drifted import DriftTerms, Pending, run_several
from reconciler.cli.metric_files import MetricFiles, read_metric_files
from reconciler.cli.options import Every, Format, Manifest, Outputs, RateWords, SeveralEnv, Verbose
from reconciler.cli.output import check_replaceable
from reconciler.cli.plan_files import save
from reconciler.cli.rates import read_rates
from reconciler.cli.report_files import ReportFiles, read_report_files, repository_prefix
from reconciler.cli.reported import tell_report
from reconciler.errors import ExitCode, ReconcilerError, StateLocked, UsageError
from reconciler.model.drift import Against
from reconciler.model.report_formats import ReportFormat

if TYPE_CHECKING:
    from reconciler.cli.fleet.choice import Choice, Wanted
    from reconciler.drifting.verdict import Verdict
    from reconciler.model.rates import Rates
    from reconciler.notifying import Recipient

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
    watch: Annotated[
        str | None,
        typer.Option(
            "--watch",
            metavar="INTERVAL",
            help="Look again every INTERVAL, as in 5m or 1h, until a signal ends it: a line for each run on standard error, "
            "and the report where it has news. Goes on after a run that failed, later and later.",
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
      reconciler drift --env prod --watch 15m --notify sns=arn:aws:sns:us-east-1:222222222222:drift

    Exit codes: 0 none, 1 error, something could not be read or somebody not be told, 2 drift, 5 another run is at work.
    With several targets 1 and 2 win over 5: with 5, no target drifted that could be looked at.
    """
    from reconciler.cli.fleet.choice import Wanted
    from reconciler.cli.repeating import Ended, Rhythm, repeat
    from reconciler.drifting.report import run_words
    from reconciler.manifest import find
    from reconciler.notifying.recipients import read_recipients

    files = read_report_files(outputs, manifest=find(path) if outputs else None)
    measures = read_metric_files(metrics, files, manifest=path)
    told = read_recipients(notify or ())
    if without_trail and existence is Existence.TRAIL:
        raise UsageError(
            "--existence trail needs the audit trail", "Leave --without-trail away, or list: --existence listing."
        )
    if out is not None:
        check_replaceable(out, find(path), option="--plan")
    terms = DriftTerms(
        every=seconds_of(full_every, option="--full-every"),
        full=full,
        against=against,
        listing=existence is Existence.LISTING,
        trail=not without_trail,
    )
    asked = _Asked(
        path=path, wanted=Wanted(env=env, every=every), terms=terms, rates=read_rates(rate), told=told,
        measures=measures, files=files, form=form, out=out, new_only=new_only or watch is not None,
        quiet=watch is not None, verbose=verbose,
    )  # fmt: skip
    if watch is None:
        return _run(console, asked).exit_code
    if out is not None:
        raise UsageError("--plan FILE is of one run, and --watch makes many", "Leave one of the two away.")

    def once(console: Console) -> Ended:
        verdict = _run(console, asked)
        said = run_words(verdict.runs, verdict.failures)
        return Ended(replace(verdict, only_new=new_only).exit_code, said)  # told only once, but it may stand

    return repeat(console, once, Rhythm(every=seconds_of(watch, option="--watch")))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the command line asks for. `told`: who is. `out`: where the plan is saved. `quiet`: no news, no text."""

    path: Path | None
    wanted: Wanted
    terms: DriftTerms
    rates: Rates
    told: Sequence[Recipient]
    measures: MetricFiles
    files: ReportFiles
    form: Format
    out: Path | None
    new_only: bool
    quiet: bool
    verbose: bool


def _run(console: Console, asked: _Asked) -> Verdict:
    """One run over all targets, told to everybody who is to be. Reads manifest and lockfile, whatever an earlier one read."""
    from reconciler.cli.fleet.choice import choose
    from reconciler.drifting.verdict import Verdict

    after = Aftermath(
        console,
        recipients=asked.told,
        metrics=asked.measures,
        against=asked.terms.against,
        about=" ".join(str(one) for one in (asked.path or "the manifest", asked.wanted.env) if one),
    )
    with after, Pending() as pending:
        choice = after.chosen(choose(asked.path, asked.wanted), asked.rates)
        if choice.several and asked.out is not None:
            raise UsageError("--plan FILE saves one plan, and several targets are meant", "Choose one with --env NAME.")
        try:
            outcomes = run_several(console, choice, replace(asked.terms, owed=after.owed), asked.rates, pending)
        except StateLocked:
            raise  # the run that is at work writes its own
        except ReconcilerError as error:
            _tell_failure(console, choice, error, asked)
            raise
        after.found(outcomes)
        if asked.out is not None:
            for run in outcomes.runs:
                save(console, run.plan, asked.out, refused=run.plan.errored, sign_with=None, option="--plan")
        verdict = Verdict(stack=outcomes.stack, runs=outcomes.runs, failures=outcomes.failures, only_new=asked.new_only)
        _tell(console, verdict, asked)
        pending.remember()
    return verdict


def _tell_failure(console: Console, choice: Choice, error: ReconcilerError, asked: _Asked) -> None:
    """Into the files, so that nobody takes what an earlier run left there for the report of this one."""
    from reconciler.cli.fleet.island import failure_of
    from reconciler.drifting.verdict import Verdict

    failed = Verdict(stack=choice.manifest.stack, runs=(), failures=((choice.names[0], failure_of(error)),))
    with contextlib.suppress(ReconcilerError):  # the run's own error is what is said
        _tell(console, failed, asked, silent=True)


def _tell(console: Console, verdict: Verdict, asked: _Asked, *, silent: bool = False) -> None:
    from reconciler.drifting.report import report_of_runs
    from reconciler.render.reports.drift_json import drift_json

    report = replace(report_of_runs(verdict), prefix=repository_prefix())
    tell_report(
        console,
        report,
        asked.files,
        asked.form,
        verbose=asked.verbose,
        own={ReportFormat.JSON: lambda: drift_json(verdict)},
        silent=silent or asked.measures.on_stdout or (asked.quiet and not verdict.is_news),
    )
