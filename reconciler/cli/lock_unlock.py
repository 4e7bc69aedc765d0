"""`reconciler lock unlock`: let others in though a run that is gone holds the state."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.executing import Consent, agreed
from reconciler.cli.options import Env, Manifest, Yes
from reconciler.cli.workspace import open_workspace
from reconciler.errors import ExitCode


def lock_unlock(
    console: Console,
    *,
    holder_id: Annotated[
        str, typer.Argument(metavar="ID", help="The holder's id, as `lock status` and the refusal name it.")
    ],
    path: Manifest = None,
    env: Env = None,
    auto_approve: Yes = False,
) -> ExitCode:
    """Let others in though a run holds the state.

    For a run that is gone, as when its CI job was cancelled: a lease in S3 runs out by itself in 70 seconds, and
    this ends it now. A run that still lives starts nothing more once it notices, at its next renewal. With the
    lockfile beside the manifest, a process that lives is never robbed of its lock: end it instead.

    For example:
      reconciler lock status --env prod
      reconciler lock unlock 7f0c1d1e-6f7e-4c39-9b76-0a4c5f2f8a11 --env prod

    Exit codes: 0 unlocked, 1 error (another id, nobody holds it), 5 held by a living process, beside the manifest
    """
    from reconciler.state import open_state

    workspace = open_workspace(path, env)
    consent = Consent(
        noun="Unlock",
        question=f"Is the run that holds {workspace.lockfile} really gone?",
        answer="yes",
        given=auto_approve,
    )
    if not agreed(console, consent):
        console.note("Unlock cancelled. Nothing was changed.")
        return ExitCode.ERROR
    with open_state(workspace.environment, workspace.lockfile) as state:
        gone = state.unlock(holder_id)
    console.note(f"Unlocked {workspace.lockfile}: it was held by {gone}.")
    console.note(
        "What it left is settled by the next command that writes. If it still lives, it stops within 15 seconds."
    )
    return ExitCode.OK
