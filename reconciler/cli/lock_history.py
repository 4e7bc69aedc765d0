"""`reconciler lock history` and `lock restore`: what a lockfile in S3 said before, and taking an earlier one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.executing import Consent, agreed
from reconciler.cli.lock import AsJson
from reconciler.cli.options import Env, LockTimeout, Manifest, Yes
from reconciler.cli.workspace import Workspace, offline_target, open_workspace
from reconciler.errors import ExitCode, StateError, StateMoved, UsageError
from reconciler.model.resources import Lock
from reconciler.model.values import canonical_json

if TYPE_CHECKING:
    from reconciler.aws.objects import Version
    from reconciler.state import State
    from reconciler.state.bucket import BucketState
    from reconciler.state.history import Past


def lock_history(
    console: Console,
    *,
    path: Manifest = None,
    env: Env = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="How many versions.")] = 20,
    as_json: AsJson = False,
) -> ExitCode:
    """List earlier versions of the lockfile.

    Of one that is kept in a versioned bucket (`state: s3://…`), newest first. The history of a lockfile beside the
    manifest is git's: git log -- FILE.

    For example:
      reconciler lock history --env prod
      reconciler lock history --env prod --json | jq '.versions[0]'

    Exit codes: 0 done, 1 error
    """
    from reconciler.state import open_state
    from reconciler.state.history import history

    workspace = open_workspace(path, env)
    with open_state(workspace.environment, workspace.lockfile) as state:
        found = history(_in_bucket(state, workspace), limit)
    console.show(_json(workspace.lockfile, found) if as_json else _text(workspace.lockfile, found))
    return ExitCode.OK


def lock_restore(
    console: Console,
    *,
    path: Manifest = None,
    env: Env = None,
    serial: Annotated[
        int | None, typer.Option("--serial", metavar="N", min=1, help="The newest version with that serial.")
    ] = None,
    version: Annotated[str, typer.Option("--version-id", metavar="ID", help="The version with that id.")] = "",
    auto_approve: Yes = False,
    lock_timeout: LockTimeout = 0.0,
) -> ExitCode:
    """Take back an earlier version of the lockfile.

    Of one that is kept in a versioned bucket. Only the lockfile changes; plan then shows where the directory is
    not what that version says. It gets a serial of its own, so that no plan fits that was saved before; only where
    the lockfile is damaged or gone while a run is unfinished, it comes back as it was, for that run to be settled.

    For example:
      reconciler lock history --env prod
      reconciler lock restore --serial 41 --env prod

    Exit codes: 0 done, 1 error, 5 state is locked
    """
    from reconciler.state import check_belongs, open_state
    from reconciler.state.history import find, restored

    if (serial is None) == (not version):
        raise UsageError("give --serial N or --version-id ID", "`reconciler lock history` lists both.")
    workspace = open_workspace(path, env)
    with open_state(workspace.environment, workspace.lockfile) as opened:
        state = _in_bucket(opened, workspace)
        with state.exclusive("lock restore", lock_timeout, blind=True) as writer:
            one, past = find(state, serial=serial, version=version)
            stands = _stands(console, state)
            back = restored(state, past, stands=stands, unfinished=writer.pending is not None)
            target = offline_target(workspace.stack.name, workspace.environment, back)
            check_belongs(back, target, file=state.place)
            console.show(_difference(one, past, stands))
            if not agreed(console, _consent(workspace, auto_approve)):
                console.note("Restore cancelled. Nothing was changed.")
                return ExitCode.ERROR
            writer.replace(back)
    console.note(f"Restored: the lockfile is at serial {back.serial}. `reconciler plan` shows what it means.")
    return ExitCode.OK


def _in_bucket(state: State, workspace: Workspace) -> BucketState:
    from reconciler.state.bucket import BucketState

    if not isinstance(state, BucketState):
        raise UsageError(
            f"{workspace.lockfile} is a file, whose history is git's",
            f"List it: git log -- {workspace.lockfile}. Take one back: git checkout COMMIT -- {workspace.lockfile}.",
        )
    return state


def _stands(console: Console, state: BucketState) -> Lock | None:
    """The lockfile that stands, None where it says nothing: damaged, or missing."""
    try:
        return state.read()
    except StateMoved:
        raise
    except StateError as error:
        console.note(f"What stands cannot be read, and is replaced: {error.summary}.")
        return None


def _consent(workspace: Workspace, given: bool) -> Consent:
    return Consent(
        noun="Restore", question=f"Put that in the place of {workspace.lockfile}?", answer="yes", given=given
    )


def _difference(version: Version, past: Lock, stands: Lock | None) -> str:
    from reconciler.render import clean

    then, now = past.resources, stands.resources if stands else {}
    lines = [f"Version {version.id} of {version.modified}, serial {past.serial}"]
    for mark, addresses in (
        ("+", then.keys() - now.keys()),
        ("-", now.keys() - then.keys()),
        ("~", {one for one in then.keys() & now.keys() if then[one] != now[one]}),
    ):
        lines += [f"  {mark} {clean(str(address))}" for address in sorted(addresses)]
    if len(lines) == 1:
        lines.append("  the same resources as now")
    return "\n".join(lines)


def _text(place: str, found: list[Past]) -> str:
    from reconciler.render import clean

    if not found:
        return f"{clean(place)}: no versions; there is no lockfile yet."
    rows = [("", "serial", "written", "resources", "version")]
    for one in found:
        lock = one.lock
        serial, held = (str(lock.serial), str(len(lock.resources))) if lock else ("-", one.trouble)
        rows.append(("*" if one.version.latest else "", serial, one.version.modified, held, one.version.id))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
    ]
    if len(found) == 1 and found[0].version.id == "null":
        lines.append("The bucket keeps no earlier versions: turn on its versioning.")
    return "\n".join(clean(line.rstrip()) for line in [f"Versions of {place}; * stands now", *lines])


def _json(place: str, found: list[Past]) -> str:
    versions = [
        {
            "version_id": one.version.id,
            "written": one.version.modified,
            "latest": one.version.latest,
            "lineage": one.lock.lineage if one.lock else None,
            "serial": one.lock.serial if one.lock else None,
            "resources": len(one.lock.resources) if one.lock else None,
            "trouble": one.trouble,
        }
        for one in found
    ]
    return canonical_json({"format_version": "1.0", "lockfile": place, "versions": versions}, indent=2)
