"""`reconciler verify`: proof, after apply, that identities can be used as declared."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.adopt import Words, read_words
from reconciler.cli.age import today
from reconciler.cli.console import Console
from reconciler.cli.options import Env, Format, RateWords
from reconciler.cli.rates import read_rates
from reconciler.cli.reading import counted
from reconciler.cli.workspace import Workspace, open_directory, open_workspace
from reconciler.errors import ExitCode, UsageError
from reconciler.model.environments import Target
from reconciler.model.secrets import is_own
from reconciler.model.verification import Verdict, Verification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.access import Reach
    from reconciler.verifying import User

_JWT = re.compile(r"[\w=-]+\.[\w=-]+\.[\w=-]+", re.ASCII)
_LONGEST_TOKEN, _LONGEST_ID = 131_072, 128  # botocore's model


def verify(
    console: Console,
    *,
    words: Words = None,
    env: Env = None,
    user_token_env: Annotated[
        str | None,
        typer.Option(
            "--user-token-env",
            metavar="VARIABLE",
            help="Environment variable with a user's JWT, for identities with inbound: jwt. It is sent, and shown nowhere.",
        ),
    ] = None,
    user_id: Annotated[
        str | None,
        typer.Option("--user-id", metavar="ID", help="A user's id, for identities with inbound: userId."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 also where something cannot be told.")] = False,
    form: Annotated[Format, typer.Option("--format", case_sensitive=False, help="How it is printed.")] = Format.TEXT,
    rate: RateWords = None,
) -> ExitCode:
    """Prove after apply that identities are usable.

    Gets a workload access token for each declared identity, or those named, and with it what the identity is granted: API
    keys, tokens, authorization URLs for every allowed return URL; a foreign return URL has to be refused. What comes back
    is let go of at once and shown nowhere. Writes nothing, and needs no lock. It tells of the role that runs it: use the
    agent's.

    For example:
      reconciler verify --env prod
      reconciler verify workload_identity.invoice-agent --user-token-env USER_JWT
      reconciler verify manifests/payments.yaml --user-id somebody --strict --format json

    Exit codes: 0 something is proven and nothing failed, or there is nothing to verify; 1 something failed, could not be
    asked, or (--strict) cannot be told; nothing is proven; or an error
    """
    from reconciler.state import open_state
    from reconciler.verifying import subjects_of

    path, addresses = read_words(words, needed=False)
    user = _user(user_token_env, user_id)
    workspace = open_workspace(path, env, read_rates(rate))
    with open_state(workspace.environment, workspace.lockfile) as state:
        lock = state.read()
    subjects = subjects_of(workspace.stack, addresses, today=today(), lock=lock)
    found = _verified(console, workspace, subjects, user)
    _show(console, workspace, found, form)
    return _ending(console, found, strict=strict)


def _user(variable: str | None, user_id: str | None) -> User:
    """For whom. Raises UsageError where what was named is not there."""
    from reconciler.directory.handing_out import Token
    from reconciler.verifying import User

    token = None
    if variable is not None:
        if is_own(variable):
            raise UsageError(
                f"--user-token-env {variable}: that variable is AWS's or reconciler's own, and is never sent",
                "Put the user's token into a variable of another name.",
            )
        text = os.environ.get(variable, "").strip()
        if not text:
            raise UsageError(
                f"--user-token-env {variable}: that variable is not set, or empty",
                "Put the token of a user into it: a JWT.",
            )
        if not _JWT.fullmatch(text) or len(text) > _LONGEST_TOKEN:
            raise UsageError(
                f"--user-token-env {variable}: that variable holds no JWT; nothing was sent",
                "Put the token of a user into it: three parts with dots between them, without a word before it.",
            )
        token = Token(text)
    if user_id is not None and not 1 <= len(user_id) <= _LONGEST_ID:
        raise UsageError(
            f"--user-id has to be 1 to {_LONGEST_ID} characters", "Give the id that the agent would use for a user."
        )
    return User(token=token, id=user_id or "")


def _verified(console: Console, workspace: Workspace, subjects: Sequence[Reach], user: User) -> Verification:
    from reconciler.verifying import THREADS, verify

    with open_directory(workspace.environment, workspace.folder) as directory:
        for note in directory.notes:
            console.note(note)
        target = Target(
            stack=workspace.stack.name,
            environment=workspace.environment.name,
            account=directory.account,
            region=directory.region,
        )
        with (
            contextlib.closing(directory.data_plane(THREADS)) as plane,
            counted(console, "Verifying") as progress,
        ):
            return verify(
                plane,
                subjects,
                user=user,
                target=target,
                holders=lambda: {arn: str(one) for arn, one in directory.linked().items()},
                threads=THREADS,
                progress=progress,
            )


def _show(console: Console, workspace: Workspace, found: Verification, form: Format) -> None:
    from reconciler.render.verification import verification_json, verification_markdown, verification_text

    where = workspace.environment.where
    match form:
        case Format.TEXT:
            console.show(verification_text(found, colour=console.colour_out, width=console.width, where=where))
        case Format.JSON:
            console.show(verification_json(found))
        case Format.MARKDOWN:
            console.show(verification_markdown(found, where=where))


def _ending(console: Console, found: Verification, *, strict: bool) -> ExitCode:
    if found.verdict is Verdict.FAILED or found.unanswered or found.nothing_proven:
        return ExitCode.ERROR
    unknown = found.counts[Verdict.UNKNOWN]
    if unknown and not strict:
        console.note(f"{unknown} of {len(found.checks)} cannot be told; with --strict that is exit code 1.")
    return ExitCode.ERROR if unknown and strict else ExitCode.OK
