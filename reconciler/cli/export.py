"""`reconciler export`: the live directory as a manifest."""

from __future__ import annotations

import enum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.options import Env, Manifest, RateWords
from reconciler.cli.output import check_replaceable, write_whole
from reconciler.cli.planned import opened
from reconciler.cli.rates import read_rates
from reconciler.cli.reading import take_snapshot
from reconciler.cli.workspace import open_directory, open_workspace
from reconciler.errors import ExitCode, ReconcilerError
from reconciler.model.addresses import Remote
from reconciler.model.kinds import KINDS
from reconciler.model.resources import Refresh, Snapshot


class ExportFormat(enum.Enum):
    """As what the directory is written."""

    MANIFEST = "manifest"
    TERRAFORM = "terraform"


def export(
    console: Console,
    *,
    path: Manifest = None,
    env: Env = None,
    matching: Annotated[
        str | None,
        typer.Option(
            "--matching", metavar="GLOB", help="Only addresses that match, as in 'workload_identity.invoice-*'."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there. Default: standard output.")
    ] = None,
    form: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            case_sensitive=False,
            help="manifest: YAML of ours. terraform: HCL with import and resource blocks, secrets as variables.",
        ),
    ] = ExportFormat.MANIFEST,
    rate: RateWords = None,
) -> ExitCode:
    """Print the live directory as a manifest.

    Service-linked entries say so in a comment. After `adopt` of its entries it plans to nothing. The manifest at
    PATH says which directory, which stack, and whose tags are left out. Never a secret: one that the service keeps
    becomes a reference to a variable that has to be set.

    For example:
      reconciler export --env prod > all.yaml
      reconciler export --matching 'workload_identity.invoice-*' --out invoice.yaml
      reconciler export --format terraform --out agents.tf

    Exit codes: 0 done, 1 error or something could not be read
    """
    from reconciler.render import export_terraform, export_yaml, exported
    from reconciler.state import open_state

    def wanted(remote: Remote) -> bool:
        return matching is None or fnmatchcase(f"{remote.type}.{remote.name}", matching)

    workspace = open_workspace(path, env, read_rates(rate))
    if out is not None:
        check_replaceable(out, workspace.manifest)
    with open_state(workspace.environment, workspace.lockfile) as state:
        lock = state.read()
    with open_directory(workspace.environment, workspace.folder) as directory:
        one = opened(console, workspace, lock, directory)
        snapshot = take_snapshot(
            console,
            directory,
            stack=workspace.stack,
            lock=lock,
            refresh=Refresh.FULL,
            wanted=wanted,
            kinds=[kind for kind in KINDS if matching is None or fnmatchcase(kind.type, matching.partition(".")[0])],
        )
    live = [live for remote, live in snapshot.live.items() if wanted(remote)]
    ignored = workspace.stack.settings.ignore_tags
    entries = exported(live, target=one.target, linked=snapshot.linked, ignored=ignored, lock=lock)
    if form is ExportFormat.TERRAFORM:
        text = export_terraform(entries, target=one.target)
    else:
        where, group = workspace.environment.where, workspace.environment.group
        text = export_yaml(entries, target=one.target, where=where, ignored=ignored, group=group)
    if out is None:
        console.show(text)
    else:
        _write(out, text)
        console.note(f"Wrote {out}.")
    return _said_what_is_missing(console, snapshot)


def _write(out: Path, text: str) -> None:
    try:
        write_whole(out, text, through_link=False)
    except OSError as error:
        raise ReconcilerError(
            f"cannot write {out}: {error.strerror or error}", "Choose another --out FILE, or leave it out."
        ) from error


def _said_what_is_missing(console: Console, snapshot: Snapshot) -> ExitCode:
    if snapshot.listing_failed:
        console.note(f"Incomplete: the listing could not be read in full: {snapshot.listing_failed}")
    for remote, reason in sorted(snapshot.unknown.items()):
        console.note(f"Left out, could not be read: {remote.type}.{remote.name}: {reason}")
    if snapshot.linkage_failed:
        console.note(f"Service-linked identities cannot be told apart: {snapshot.linkage_failed}")
    return ExitCode.ERROR if snapshot.listing_failed or snapshot.unknown else ExitCode.OK
