"""`reconciler ci comment` and `ci labels`: a report written on the pull request or merge request that the job is about."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.console import Console
from reconciler.errors import ExitCode, ForgeError, UsageError

if TYPE_CHECKING:
    from reconciler.forge import Place, Put, Request


class Host(enum.Enum):
    """Where the request is."""

    GITHUB = "github"
    GITLAB = "gitlab"


On = Annotated[
    Host | None,
    typer.Option(
        "--on", case_sensitive=False, help="The host. Default: the one whose CI runs this.", show_default=False
    ),
]
Repository = Annotated[
    str | None,
    typer.Option(
        "--repository", metavar="OWNER/NAME", help="Default: GITHUB_REPOSITORY, or the merge request's project."
    ),
]
Number = Annotated[
    int | None,
    typer.Option(
        "--number",
        metavar="N",
        min=1,
        help="Of the request. Default: of the event, the ref, CI_MERGE_REQUEST_IID, or CHANGE_ID with --on.",
    ),
]
Result = Annotated[
    int,
    typer.Option(
        "--result",
        metavar="CODE",
        min=0,
        max=255,
        help="The exit code of what made the report: this command ends with it, posted or not.",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit 1 where it could not be posted, unless --result is worse already.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Look at what stands there, say what would be done, write nothing.")
]


def ci_comment(
    console: Console,
    *,
    file: Annotated[
        Path, typer.Option("--file", metavar="FILE", help="What `--output markdown=FILE` wrote.", show_default=False)
    ],
    on: On = None,
    repository: Repository = None,
    number: Number = None,
    result: Result = 0,
    strict: Strict = False,
    dry_run: DryRun = False,
) -> ExitCode:
    """Write a report as a comment on the pull request, once.

    Finds the comment of the same stack and environment that the same account wrote, and updates it; leaves it alone where
    nothing changed. The token comes from GITHUB_TOKEN, or GITLAB_TOKEN (CI_JOB_TOKEN where GitLab allows it), and goes to
    GITHUB_API_URL or CI_API_V4_URL and no other host.

    A comment is a view of the result and not the result: one that cannot be posted is told on standard error, and the exit
    code is that of --result, 0 by default. Give --result "$code" where this is the last step, --strict where the comment
    itself is needed.

    For example:
      reconciler plan --env prod --output markdown=plan.md --detailed-exitcode || code=$?
      reconciler ci comment --file plan.md --result "${code:-0}"
      reconciler ci comment --file plan.md --on github --repository acme/identities --number 12 --dry-run

    Exit codes: 0 or that of --result, posted or not; 1 in place of 0 and 2 for a mistake in the call or in FILE,
    and with --strict for what could not be posted
    """
    from reconciler.forge import check_marked, put_comment

    def post() -> None:
        text = _text_of(file)
        check_marked(text, file=str(file))
        with _opened(on, repository, number) as request:
            put = put_comment(request, text, dry_run=dry_run)
            _tell_put(console, request.place, put, dry_run=dry_run)

    return _ending(console, post, what="comment", result=result, strict=strict)


def ci_labels(
    console: Console,
    *,
    file: Annotated[
        Path, typer.Option("--file", metavar="FILE", help="What `--output labels=FILE` wrote.", show_default=False)
    ],
    on: On = None,
    repository: Repository = None,
    number: Number = None,
    result: Result = 0,
    strict: Strict = False,
    dry_run: DryRun = False,
) -> ExitCode:
    """Give the pull request the labels of a report.

    Adds those that FILE names and takes away those of ours that it does not, as in reconciler/risk-critical. Touches no
    other label. Token, request and exit codes as with `ci comment`.

    For example:
      reconciler review --output labels=labels.txt
      reconciler ci labels --file labels.txt

    Exit codes: 0 or that of --result, set or not; 1 in place of 0 and 2 for a mistake in the call or in FILE,
    and with --strict for what could not be set
    """
    from reconciler.forge import put_labels, read_labels

    def post() -> None:
        wanted = read_labels(_text_of(file), file=str(file))
        with _opened(on, repository, number) as request:
            done = put_labels(request, wanted, dry_run=dry_run)
            words = [f"+{name}" for name in done.added] + [f"-{name}" for name in done.removed]
            would = "would be " if dry_run else ""
            console.show(
                f"{request.place}: labels {would}{'changed: ' + ' '.join(words) if words else 'left as they are'}"
            )

    return _ending(console, post, what="labels", result=result, strict=strict)


def _opened(on: Host | None, repository: str | None, number: int | None) -> AbstractContextManager[Request]:
    from reconciler.forge import Forge, open_request, place_in, token_in

    place = place_in(os.environ, on=Forge(on.value) if on else None, repository=repository, number=number)
    return open_request(place, token_in(os.environ, place.forge), os.environ)


def _ending(console: Console, post: Callable[[], None], *, what: str, result: int, strict: bool) -> ExitCode:
    """Post, and end with `result` whatever came of it; a mistake of the caller's is an error all the same."""
    try:
        post()
    except (UsageError, ForgeError) as error:
        console.error(error)
        failed = strict or isinstance(error, UsageError)
        code = _worst(result) if failed else _known(result)
        why = "" if failed else " That says nothing of the result, which decides."
        console.note(f"The {what} of the request could not be written.{why} This ends with exit code {int(code)}.")
        return code
    return _known(result)


def _known(result: int) -> ExitCode:
    """The exit code that somebody else ended with; what is none of ours (a shell's 127, a signal's 143) is an error."""
    return ExitCode(result) if result in list(ExitCode) else ExitCode.ERROR


def _worst(result: int) -> ExitCode:
    """An error wins over "done" and "changes"; a refusal, a stale plan and the like say more than a comment's fate."""
    known = _known(result)
    return ExitCode.ERROR if known in (ExitCode.OK, ExitCode.CHANGES) else known


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} is not UTF-8 text", "Make it with --output of review, plan, show or check."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"cannot read {file}: {reason}", "It is there once --output of review, plan, show or check has written it."
        ) from error


def _tell_put(console: Console, place: Place, put: Put, *, dry_run: bool) -> None:
    """One line on standard output; of a text that was cut, a word on standard error."""
    where = f"{place} {put.url}".strip()
    console.show(f"{where}: comment {'would be ' if dry_run else ''}{put.outcome.value}")
    if put.cut:
        console.note(
            f"The text has {put.cut:,} characters more than a comment on {place.forge.title} has room for; they were cut, and "
            "the comment says so."
        )
