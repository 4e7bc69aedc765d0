"""`reconciler lock rebuild`: a lost lockfile, made again from the ownership tags and the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.executing import Consent, Terms, run_locked
from reconciler.cli.options import Env, Incomplete, LockTimeout, Manifest, Yes
from reconciler.cli.planned import Opened
from reconciler.cli.reading import take_snapshot
from reconciler.cli.workspace import Workspace, open_workspace
from reconciler.directory.protocol import THREADS
from reconciler.errors import ExitCode, Refused, StateError
from reconciler.model.kinds import KINDS
from reconciler.model.resources import Lock, Refresh

if TYPE_CHECKING:
    from reconciler.model.plan import Plan
    from reconciler.state import Journal, State

_COMMAND = "lock rebuild"

Readers = Annotated[
    int, typer.Option("--threads", metavar="N", min=1, max=256, help="How many resources are read at the same time.")
]


def lock_rebuild(
    console: Console,
    *,
    path: Manifest = None,
    env: Env = None,
    auto_approve: Yes = False,
    allow_incomplete: Incomplete = False,
    lock_timeout: LockTimeout = 0.0,
    threads: Readers = THREADS,
) -> ExitCode:
    """Make a lost lockfile again.

    Only where there is none: git has the last good one, and that knows more. Reads the whole directory, shows
    everything that carries this stack's ownership tag, asks, and writes a new lockfile. Nothing in the directory is
    touched. What is no longer declared enters it too, and the next plan deletes that: look at it before you apply.

    For example:
      git checkout -- payments.prod.lock.json     # first of all
      reconciler lock rebuild
      reconciler lock rebuild manifests/payments.yaml --env prod --auto-approve
      reconciler lock rebuild --allow-incomplete  # leave out what cannot be read

    Exit codes: 0 done, or nothing carries our tag, 1 error, 3 refused: a lockfile or journal stands, or something could
    not be read, 5 state is locked, 6 done in part
    """
    from reconciler.planning import Allowances, make_rebuild
    from reconciler.state import open_state

    workspace = open_workspace(path, env)
    with open_state(workspace.environment, workspace.lockfile) as state:
        _check_lost(state, workspace)

    def make(one: Opened) -> Plan:
        if one.lock is not None:  # it came while we waited for its writer
            raise _stands(one.lock, workspace)
        snapshot = take_snapshot(
            console,
            one.directory,
            stack=workspace.stack,
            lock=None,
            refresh=Refresh.FULL,
            wanted=lambda _: True,  # only its tags say whose a resource is
            kinds=KINDS,
            threads=threads,
        )
        return make_rebuild(stack=workspace.stack, snapshot=snapshot, target=one.target, route=workspace.route)

    consent = Consent(
        noun="Rebuild",
        question=f"Write these into a new lockfile, {workspace.lockfile}? Nothing else is written.",
        answer="yes",
        given=auto_approve,
    )
    terms = Terms(
        lock_timeout=lock_timeout, allowances=Allowances(empty=True, incomplete=allow_incomplete), threads=threads
    )
    return run_locked(console, workspace, _COMMAND, make, consent=consent, terms=terms)


def _check_lost(state: State, workspace: Workspace) -> None:
    """Raise Refused unless there is neither a lockfile nor a journal. A run that is under way is left to the lock."""
    if state.holder() is not None:
        return
    try:
        lock = state.read()
    except StateError as error:
        raise Refused(
            f"the lockfile cannot be read, which does not mean that it is lost: {error.summary}",
            f"{error.detail}\nOnly if it is damaged, and no good version is left anywhere: move it away, then rebuild.",
        ) from error
    if lock is not None:
        raise _stands(lock, workspace)
    try:
        journal = state.unfinished()
    except StateError as error:
        raise Refused(
            f"the lockfile is gone, but the journal of a run that did not finish stands: {error.summary}",
            "Put back the lockfile that the run was begun on, from git for example: the next apply then looks at what the "
            "run did and settles it. Only if that lockfile is lost for good: move the journal away, then rebuild.",
        ) from error
    if journal is not None:
        raise _unfinished(journal, workspace)


def _stands(lock: Lock, workspace: Workspace) -> Refused:
    held = len(lock.resources)
    return Refused(
        f"{workspace.lockfile} stands and can be read: stack {lock.stack}, environment {lock.environment}, "
        f"serial {lock.serial}, {held} resource{'' if held == 1 else 's'}",
        "It is not lost, so it is not rebuilt: `reconciler lock show` lists what it holds, `reconciler plan` compares that "
        "with the directory. To have it rebuilt nevertheless: move it away, then run this again.",
    )


def _unfinished(journal: Journal, workspace: Workspace) -> Refused:
    """The run began without a lockfile, so its journal fits."""
    header = journal.header
    return Refused(
        f"{workspace.lockfile}.journal stands: {header.command} by {header.who} at {header.when} did not finish",
        "When it began there was no lockfile, so none is lost: `reconciler apply` looks at what that run did, and writes it "
        "into one. Only if one was lost before that: move the journal away, then rebuild.",
    )
