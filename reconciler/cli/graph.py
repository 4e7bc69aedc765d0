"""`reconciler graph`: the grants of a stack as a picture."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.granted import From, Whose, grants_from
from reconciler.cli.options import Env, Manifest
from reconciler.cli.output import check_replaceable, write_whole
from reconciler.cli.workspace import open_workspace
from reconciler.errors import ExitCode, ReconcilerError

_MERMAID_EDGES = 500


class GraphFormat(enum.Enum):
    """What the graph is written as."""

    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"


def graph(
    console: Console,
    *,
    path: Manifest = None,
    env: Env = None,
    whose: Whose = From.MANIFEST,
    form: Annotated[
        GraphFormat,
        typer.Option("--format", case_sensitive=False, help="mermaid for Markdown, dot for Graphviz, svg to look at."),
    ] = GraphFormat.MERMAID,
    hosts: Annotated[bool, typer.Option("--hosts", help="Also the hosts that users are sent back to.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there. Default: standard output.")
    ] = None,
) -> ExitCode:
    """Draw which identity reaches which provider.

    Needs no Graphviz for SVG, which follows the reader's light or dark screen. Asks nobody.

    For example:
      reconciler graph --env prod --format svg --out access.svg
      reconciler graph --hosts >> "$GITHUB_STEP_SUMMARY"
      reconciler graph --format dot | dot -Tpdf > access.pdf

    Exit codes: 0 done, 1 error
    """
    from reconciler.render.graph_model import graph_of
    from reconciler.render.graph_svg import graph_svg
    from reconciler.render.graph_text import graph_dot, graph_mermaid

    workspace = open_workspace(path, env)
    if out is not None:
        check_replaceable(out, workspace.manifest)
    made = graph_of(grants_from(console, workspace, whose), with_hosts=hosts)
    write = {GraphFormat.MERMAID: graph_mermaid, GraphFormat.DOT: graph_dot, GraphFormat.SVG: graph_svg}[form]
    text = write(made)
    if form is GraphFormat.MERMAID and len(made.links) > _MERMAID_EDGES:
        console.note(
            f"{len(made.links)} lines: Mermaid draws {_MERMAID_EDGES} unless it is told more. Take svg or dot."
        )
    if out is None:
        console.show(text)
        return ExitCode.OK
    try:
        write_whole(out, text, through_link=False)
    except OSError as error:
        raise ReconcilerError(
            f"cannot write {out}: {error.strerror or error}", "Choose another --out FILE, or leave it out."
        ) from error
    console.note(f"Wrote {out}.")
    return ExitCode.OK
