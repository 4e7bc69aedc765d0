"""`reconciler lock migrate`: move a state between the manifest's folder and S3."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.executing import Consent, agreed
from reconciler.cli.options import Env, LockTimeout, Manifest, Yes
from reconciler.cli.workspace import Workspace, open_workspace
from reconciler.errors import ExitCode, UsageError
from reconciler.model.environments import Environment

_LOCAL = "local"


def lock_migrate(
    console: Console,
    *,
    path: Manifest = None,
    env: Env = None,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="PLACE",
            help="Where the state is kept now: `local` (beside the manifest), or s3://bucket/prefix. "
            "Default: local, where the manifest names a bucket.",
        ),
    ] = "",
    auto_approve: Yes = False,
    lock_timeout: LockTimeout = 0.0,
) -> ExitCode:
    """Move the state to where the manifest says.

    First give the environment its new `state` in the manifest, then run this. Lineage and serial stay, so saved
    plans for it are the only thing that has to be made again. Refuses while a run is under way or unsettled on
    either side. A move that broke off is ended by the same command, unless one side was applied since.

    For example:
      reconciler lock migrate --env prod                         # `state: s3://…` was added
      reconciler lock migrate --env prod --from s3://bucket/old  # `state` was changed, or taken out

    Exit codes: 0 done, 1 error, 5 state is locked
    """
    from reconciler.state import open_state
    from reconciler.state.migrating import migrate, movable

    workspace = open_workspace(path, env)
    old, place = _source(workspace, source)
    with open_state(old, place) as before, open_state(workspace.environment, workspace.lockfile) as after:
        lock = movable(before, after)
        held = f"serial {lock.serial}, {len(lock.resources)} resource{'s' * (len(lock.resources) != 1)}"
        console.note(f"The state of stack {lock.stack}, environment {lock.environment} ({held})")
        console.note(f"  from {place}\n  to   {workspace.lockfile}")
        consent = Consent(noun="Move", question="Move it?", answer="yes", given=auto_approve)
        if not agreed(console, consent):
            console.note("Move cancelled. Nothing was changed.")
            return ExitCode.ERROR
        with (
            before.exclusive("lock migrate", lock_timeout) as source_writer,
            after.exclusive("lock migrate", lock_timeout, blind=True) as target_writer,
        ):
            moved = migrate(source_writer, target_writer, after)
    console.note(f"Moved: {workspace.lockfile} is at serial {moved.serial}.")
    where = "" if old.state else ": commit it together with the manifest"
    console.note(f"{place} says where it went, to whoever still has the old manifest{where}.")
    return ExitCode.OK


def _source(workspace: Workspace, asked: str) -> tuple[Environment, str]:
    """The environment as it was, and its lockfile there. Raises UsageError for a place that is none, or the same."""
    from reconciler.state import in_bucket, state_place

    stack, environment = workspace.stack.name, workspace.environment
    if not asked and environment.state is None:
        raise UsageError(
            f"environment {environment.name} keeps its state beside the manifest, which is the default",
            "Say where it is kept now: --from s3://bucket/prefix.",
        )
    state = None
    if asked not in ("", _LOCAL):
        state = in_bucket(f"{asked.rstrip('/')}/{stack}.{environment.name}.lock.json")
        if state is None:
            raise UsageError(f"--from {asked} is no place of a state", "Give `local`, or s3://bucket/prefix.")
    old = replace(environment, state=state)
    place = state_place(workspace.manifest, stack, old)
    if place == workspace.lockfile:
        raise UsageError(f"the state is to be kept at {place}, and --from says that it is there already")
    return old, place
