"""A plan made for a verb: workspace, lockfile, directory and snapshot brought together, nothing written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.cli.age import today
from reconciler.cli.console import Console
from reconciler.cli.reading import Wanted, nothing_more, take_snapshot, unread
from reconciler.cli.unfinished import settled_in_memory
from reconciler.cli.workspace import Workspace, offline_target, open_directory
from reconciler.errors import StateError, StateMoved
from reconciler.model.environments import Target
from reconciler.model.plan import Plan, Route
from reconciler.model.resources import Lock, Refresh, Snapshot

if TYPE_CHECKING:
    from reconciler.directory.agentcore import AgentCore
    from reconciler.directory.sharing import Sharing
    from reconciler.planning import Selection
    from reconciler.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A workspace whose directory is connected and whose lockfile belongs to it."""

    workspace: Workspace
    lock: Lock | None
    directory: AgentCore
    target: Target

    @property
    def route(self) -> Route:
        """The way back for an apply that has no manifest, at the rates that were found to hold."""
        return replace(self.workspace.route, rates=self.directory.rates)


def opened(console: Console, workspace: Workspace, lock: Lock | None, directory: AgentCore) -> Opened:
    """The three together. Raises StateError, Refused for a lockfile of another stack, account or region."""
    for note in directory.notes:
        console.note(note)
    target = Target(
        stack=workspace.stack.name,
        environment=workspace.environment.name,
        account=directory.account,
        region=directory.region,
    )
    _check_belongs(lock, target, workspace.lockfile)
    check_not_left_behind(console, workspace, lock)
    return Opened(workspace=workspace, lock=lock, directory=directory, target=target)


def check_not_left_behind(console: Console, workspace: Workspace, lock: Lock | None) -> None:
    """Say so where the state is in a bucket and a lockfile stands beside the manifest, too.

    Raises StateError where the bucket holds none: then the state was not moved there yet.
    """
    from reconciler.state import LocalState, lockfile_path

    if workspace.environment.state is None:
        return
    beside = LocalState(lockfile_path(workspace.manifest, workspace.environment.name))
    try:
        if beside.read() is None:
            return
    except StateMoved:
        return  # it says itself where it went
    except StateError:
        pass  # whatever it holds, it stands
    if lock is None:
        raise StateError(
            f"there is no lockfile at {workspace.lockfile}, but {beside.place} stands beside the manifest",
            "Move it there: reconciler lock migrate. If it has nothing to do with this environment, move it away.",
        )
    console.note(
        f"{beside.place} stands beside the manifest and is not looked at: the state is kept at {workspace.lockfile}. "
        "If it is an old copy, remove it. If somebody still applies with it, two states part: let all use this manifest."
    )


def make(
    console: Console,
    workspace: Workspace,
    *,
    refresh: Refresh | None,
    selection: Selection,
    sharing: Sharing | None = None,
) -> Plan:
    """The plan of `reconciler plan`: an unfinished apply is settled in memory only, nothing is written.

    `sharing`: with others that are made at the same time.
    """
    from reconciler.state import open_state

    with open_state(workspace.environment, workspace.lockfile) as state:
        return _make(console, workspace, state, refresh=refresh, selection=selection, sharing=sharing)


def _make(
    console: Console,
    workspace: Workspace,
    state: State,
    *,
    refresh: Refresh | None,
    selection: Selection,
    sharing: Sharing | None,
) -> Plan:
    from reconciler.planning import make_plan

    lock = state.read()
    if refresh is not Refresh.NONE:
        with open_directory(workspace.environment, workspace.folder, sharing) as directory:
            one = opened(console, workspace, lock, directory)
            lock = settled_in_memory(console, state, lock, directory, one.target)
            return plan_opened(console, replace(one, lock=lock), refresh=refresh, selection=selection)
    if state.unfinished() is not None:
        console.note(
            "An earlier run did not finish, and with --refresh none nobody looks at what it did: this plan may show "
            "changes that are done already. Any other --refresh settles it."
        )
    target = offline_target(workspace.stack.name, workspace.environment, lock)
    _check_belongs(lock, target, workspace.lockfile)
    check_not_left_behind(console, workspace, lock)
    return make_plan(
        stack=workspace.stack,
        lock=lock,
        snapshot=unread(),
        target=target,
        route=workspace.route,
        selection=selection,
        checked=workspace.findings,
        today=today(),
    )


def plan_opened(
    console: Console, one: Opened, *, refresh: Refresh | None, selection: Selection, destroy: bool = False
) -> Plan:
    """The plan against a directory that is open."""
    from reconciler.planning import make_plan

    return make_plan(
        stack=one.workspace.stack,
        lock=one.lock,
        snapshot=snapshot_opened(console, one, refresh=Refresh.FULL if destroy and refresh is None else refresh),
        target=one.target,
        route=one.route,
        selection=selection,
        destroy=destroy,
        checked=() if destroy else one.workspace.findings,
        today=today(),
    )


def snapshot_opened(
    console: Console, one: Opened, *, refresh: Refresh | None, wanted: Wanted = nothing_more
) -> Snapshot:
    """What stands in the directory that is open; nothing is asked with `Refresh.NONE`.

    None: everything, but what the listing dates as the lockfile does.
    """
    if refresh is Refresh.NONE:
        return unread()
    return take_snapshot(
        console,
        one.directory,
        stack=one.workspace.stack,
        lock=one.lock,
        refresh=refresh or Refresh.FULL,
        wanted=wanted,
        trusting=refresh is None,
        threads=one.directory.threads,
    )


def _check_belongs(lock: Lock | None, target: Target, lockfile: str) -> None:
    from reconciler.state import check_belongs

    if lock is not None:
        check_belongs(lock, target, file=lockfile)
