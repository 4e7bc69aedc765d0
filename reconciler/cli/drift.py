"""`reconciler drift`: what changed outside, since when, and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.age import seconds_of, stamp
from reconciler.cli.console import Console
from reconciler.cli.options import Env, Format, Manifest, Outputs, RateWords, Verbose
from reconciler.cli.plan_files import save
from reconciler.cli.planned import opened
from reconciler.cli.rates import read_rates
from reconciler.cli.reading import counted
from reconciler.cli.report_files import read_report_files
from reconciler.cli.reported import tell_report
from reconciler.cli.unfinished import settled_in_memory
from reconciler.cli.workspace import Workspace, open_directory, open_workspace
from reconciler.errors import ExitCode, StateError, StateLocked
from reconciler.model.drift import Status

if TYPE_CHECKING:
    from reconciler.model.drift import DriftRun
    from reconciler.state import Remembered, State

_EVERY = "24h"


def drift(
    console: Console,
    *,
    path: Manifest = None,
    env: Env = None,
    form: Annotated[Format, typer.Option("--format", case_sensitive=False, help="How it is printed.")] = Format.TEXT,
    outputs: Outputs = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything one by one, whatever the last runs saw.")
    ] = False,
    full_every: Annotated[
        str,
        typer.Option(
            "--full-every", metavar="AGE", help="How old a reading may be that is believed, as in 30m, 24h, 7d."
        ),
    ] = _EVERY,
    new_only: Annotated[bool, typer.Option("--new-only", help="Only what earlier runs have not told.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Save the plan that brings it back, for `apply --plan FILE`."),
    ] = None,
    rate: RateWords = None,
    verbose: Verbose = False,
) -> ExitCode:
    """Find what changed outside.

    Compares the directory with the lockfile. Reads what the last runs cannot vouch for, and the listing. Writes nothing there;
    what it saw is remembered beside the lockfile, so that the next run reads less and tells what is new.

    For example:
      reconciler drift
      reconciler drift --env prod --new-only
      reconciler drift --env prod --full --plan back.plan

    Exit codes: 0 none, 1 error or something could not be read, 2 drift, 5 another run is at work
    """
    from reconciler.drifting.report import report_of_drift
    from reconciler.state import open_state

    every = seconds_of(full_every, option="--full-every")
    files = read_report_files(outputs, manifest=path)
    workspace = open_workspace(path, env, read_rates(rate))
    with (
        open_state(workspace.environment, workspace.lockfile) as state,
        state.remembering("drift") as remembered,
    ):
        run = _run(console, workspace, state, remembered, full=full, every=every)
    if out is not None:
        save(console, run.plan, out, refused=False, sign_with=None)
    tell_report(console, report_of_drift(run, only_new=new_only), files, form, verbose=verbose)
    return _exit_code(run, new_only=new_only)


def _run(
    console: Console, workspace: Workspace, state: State, remembered: Remembered, *, full: bool, every: float
) -> DriftRun:
    from reconciler.drifting.run import conclude
    from reconciler.watching import Subject, Terms, look

    lock = state.read()
    if lock is None:
        raise StateError(
            f"there is no lockfile at {workspace.lockfile}, so nobody knows what should stand",
            "Is it the right environment, and is its state where it was? `reconciler apply` makes one.",
        )
    holder = state.holder()
    if holder is not None:
        raise StateLocked(f"{workspace.lockfile} is being written by {holder}", "Run this again when that is done.")
    with open_directory(workspace.environment, workspace.folder) as directory:
        one = opened(console, workspace, lock, directory)
        lock = settled_in_memory(console, state, lock, directory, one.target) or lock
        subject = Subject(stack=workspace.stack, lock=lock, target=one.target, route=one.route)
        with counted(console, "Reading the directory") as progress:
            terms = Terms(every=every, full=full, threads=directory.threads, progress=progress)
            seen = look(directory, subject, remembered, terms, at=stamp())
    run, memory = conclude(seen, ())
    remembered.write(memory)
    return run


def _exit_code(run: DriftRun, *, new_only: bool) -> ExitCode:
    """An error wins over drift; text and code come from one object."""
    if not run.complete:
        return ExitCode.ERROR
    alarming = [one for one in run.alarming if one.status is Status.NEW or not new_only]
    return ExitCode.CHANGES if alarming else ExitCode.OK
