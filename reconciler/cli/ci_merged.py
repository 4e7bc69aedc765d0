"""`reconciler ci merged`: which saved plan belongs to a commit that was just merged."""

from __future__ import annotations

import os
import re
from typing import Annotated

import typer

from reconciler.cli.ci import Repository
from reconciler.cli.console import Console
from reconciler.errors import ExitCode, UsageError


def ci_merged(
    console: Console,
    *,
    artifact: Annotated[
        str,
        typer.Option(
            "--artifact",
            metavar="PREFIX",
            help="What the plan's artifact is called but for the commit at its end, as in reconciler-plan-prod-.",
            show_default=False,
        ),
    ],
    commit: Annotated[
        str | None, typer.Option("--commit", metavar="SHA", help="The merged commit. Default: GITHUB_SHA.")
    ] = None,
    run: Annotated[
        int | None,
        typer.Option(
            "--run",
            metavar="ID",
            min=1,
            help="Only that of this run: the one which was shown before.",
            show_default=False,
        ),
    ] = None,
    repository: Repository = None,
) -> ExitCode:
    """Find the plan that was seen before a merge.

    Of the pull request on GitHub that was merged as this commit: its number, its last commit, and the run that keeps the
    artifact of the plan made for that commit. Runs of forks do not count. Without --run, the newest: what is applied has to
    be the one that was shown, so name its run then. Prints lines for GITHUB_OUTPUT.

    For example:
      reconciler ci merged --artifact reconciler-plan-prod- >> "$GITHUB_OUTPUT"

    Exit codes: 0 found, 1 error, 4 no pull request, or no plan of its last commit: nobody saw one
    """
    from reconciler.forge import Forge, find_merged, repository_in, token_in
    from reconciler.forge.calling import Caller

    sha = commit or os.environ.get("GITHUB_SHA", "")
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha):
        raise UsageError(
            f"{sha!r} is no commit", "Give --commit with all of its 40 digits, or run this where GITHUB_SHA is."
        )
    if not re.fullmatch(r"[\w.@-]+", artifact, re.ASCII):
        raise UsageError(
            f"{artifact!r} is no beginning of an artifact's name", "Letters, digits and -_.@ may be in it."
        )
    place = repository_in(os.environ, Forge.GITHUB, repository)
    with Caller(place, token_in(os.environ, place.forge), os.environ) as caller:
        found = find_merged(caller, sha, artifact, run)
    console.show(f"number={found.number}\nhead={found.head}\nartifact={found.artifact}\nrun={found.run}")
    return ExitCode.OK
