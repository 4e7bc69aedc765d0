"""`reconciler lock show` and `lock status`: what the lockfile holds, and who holds the lockfile."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.lock_status import status_json, status_of, status_text
from reconciler.cli.options import Env, Manifest
from reconciler.cli.workspace import open_workspace
from reconciler.errors import ExitCode

AsJson = Annotated[bool, typer.Option("--json", help="One object on standard output.")]


def lock_show(console: Console, *, path: Manifest = None, env: Env = None, as_json: AsJson = False) -> ExitCode:
    """Show what the lockfile holds.

    Every managed resource with its ARN, attributes, and how it came to be ours.

    For example:
      reconciler lock show
      reconciler lock show --env prod --json | jq '.resources | keys'

    Exit codes: 0 done (also where there is no lockfile yet), 1 error
    """
    from reconciler.render import clean, lock_text
    from reconciler.state import dump_lock, open_state

    workspace = open_workspace(path, env)
    with open_state(workspace.environment, workspace.lockfile) as state:
        lock = state.read()
    if as_json:
        console.show(dump_lock(lock) if lock else "null")
    elif lock is None:
        console.show(f"{clean(workspace.lockfile)}: no lockfile yet; nothing is managed.")
    else:
        console.show(lock_text(lock, colour=console.colour_out, file=workspace.lockfile))
    return ExitCode.OK


def lock_status(console: Console, *, path: Manifest = None, env: Env = None, as_json: AsJson = False) -> ExitCode:
    """Show the state of the lockfile.

    Lineage, serial, how much it holds, who writes to it now, and what did not finish.

    For example:
      reconciler lock status
      reconciler lock status --env prod --json

    Exit codes: 0 done, whatever the status is, 1 error
    """
    from reconciler.state import open_state

    workspace = open_workspace(path, env)
    with open_state(workspace.environment, workspace.lockfile) as state:
        status = status_of(state)
    console.show(status_json(status) if as_json else status_text(status))
    return ExitCode.OK
