"""`reconciler compare`: how two environments or targets differ in what they declare and in what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.options import Format, Manifest, RateWords, Verbose, environment_names
from reconciler.cli.planned import opened
from reconciler.cli.rates import read_rates
from reconciler.cli.reading import take_snapshot
from reconciler.cli.workspace import Workspace, choose_environment, open_directory, open_manifest, workspace_in
from reconciler.errors import ExitCode
from reconciler.model.addresses import Address
from reconciler.model.resources import Lock, Refresh, Snapshot

if TYPE_CHECKING:
    from reconciler.planning.comparing import Comparison, Side, View

First = Annotated[
    str, typer.Argument(metavar="ENV", help="An environment or a target of one.", autocompletion=environment_names)
]
Second = Annotated[
    str, typer.Argument(metavar="ENV", help="The one to compare it with.", autocompletion=environment_names)
]


def compare(
    console: Console,
    *,
    first: First,
    second: Second,
    path: Manifest = None,
    live: Annotated[
        bool, typer.Option("--live", help="Also what stands in both directories; reads them, writes nothing.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", case_sensitive=False, help="How it is printed.")] = Format.TEXT,
    detailed: Annotated[bool, typer.Option("--detailed-exitcode", help="Exit 2 when they differ.")] = False,
    rate: RateWords = None,
    verbose: Verbose = False,
) -> ExitCode:
    """Show how two environments differ.

    In what the manifest declares there, variables in place, and in what their lockfiles hold. Resources are paired by
    address, so that names which differ through variables belong together; a name alone is no difference.

    For example:
      reconciler compare staging prod
      reconciler compare prod@us-east-1 prod@eu-west-1 --live
      reconciler compare staging prod --format markdown --detailed-exitcode

    Exit codes: 0 done, 1 error or something could not be read, 2 they differ (with --detailed-exitcode)
    """
    manifest, found = open_manifest(path)
    rates = read_rates(rate)
    sides = [workspace_in(manifest, found, choose_environment(manifest, name), rates) for name in (first, second)]
    comparison = _compared(console, sides[0], sides[1], live=live)
    console.show(_as(comparison, form, colour=console.colour_out, verbose=verbose))
    if not comparison.complete:
        return ExitCode.ERROR
    return ExitCode.CHANGES if detailed and not comparison.same else ExitCode.OK


def _as(found: Comparison, form: Format, *, colour: bool, verbose: bool) -> str:
    from reconciler.render.comparison import comparison_json, comparison_markdown, comparison_text

    match form:
        case Format.TEXT:
            return comparison_text(found, colour=colour, verbose=verbose)
        case Format.MARKDOWN:
            return comparison_markdown(found)
        case Format.JSON:
            return comparison_json(found)


def _compared(console: Console, one: Workspace, other: Workspace, *, live: bool) -> Comparison:
    from reconciler.planning.comparing import Comparison, compare_sides, declared_side, held_side

    locks = (_lock_of(one), _lock_of(other))
    views = [
        compare_sides("declared", declared_side(one.stack), declared_side(other.stack)),
        compare_sides("held", held_side(locks[0]), held_side(locks[1])),
    ]
    if live:
        views.append(_live(console, (one, locks[0]), (other, locks[1])))
    names = (one.environment.name, other.environment.name)
    return Comparison(stack=one.stack.name, first=names[0], second=names[1], views=tuple(views))


def _lock_of(workspace: Workspace) -> Lock | None:
    from reconciler.state import open_state

    with open_state(workspace.environment, workspace.lockfile) as state:
        return state.read()


def _live(console: Console, first: tuple[Workspace, Lock | None], second: tuple[Workspace, Lock | None]) -> View:
    from reconciler.planning.comparing import compare_sides, live_side

    sides: list[Side] = []
    unknown: dict[str, str] = {}
    unread: set[Address] = set()
    for workspace, lock in (first, second):
        snapshot = _snapshot(console, workspace, lock)
        side, failed = live_side(workspace.stack, lock, snapshot)
        sides.append(side)
        unread |= failed.keys()
        name = workspace.environment.name
        unknown |= {f"{name}, {address}": why for address, why in failed.items()}
        if snapshot.listing_failed:
            unknown[f"{name}, the listing"] = snapshot.listing_failed
    known = [{address: one for address, one in side.items() if address not in unread} for side in sides]
    return compare_sides("live", known[0], known[1], unknown)


def _snapshot(console: Console, workspace: Workspace, lock: Lock | None) -> Snapshot:
    with open_directory(workspace.environment, workspace.folder) as directory:
        one = opened(console, workspace, lock, directory)
        return take_snapshot(
            console, directory, stack=one.workspace.stack, lock=lock, refresh=Refresh.FULL, threads=directory.threads
        )
