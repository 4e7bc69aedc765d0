"""`reconciler output`: names, ARNs and callback URLs for pipelines and other tools."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Annotated

import typer

from reconciler.cli.adopt import Words, read_words
from reconciler.cli.console import Console
from reconciler.cli.options import Env
from reconciler.cli.workspace import open_workspace
from reconciler.errors import ExitCode, ReconcilerError, UsageError
from reconciler.model.addresses import Address
from reconciler.model.resources import Lock


class OutputFormat(enum.Enum):
    """How outputs are written."""

    TEXT = "text"
    JSON = "json"
    DOTENV = "dotenv"
    TFVARS = "tfvars"


def output(
    console: Console,
    *,
    words: Words = None,
    env: Env = None,
    form: Annotated[
        OutputFormat,
        typer.Option(
            "--format",
            case_sensitive=False,
            help="text: a table. json: one object (reconciler schema output). dotenv: NAME=value, for sh and Docker. "
            "tfvars: the Terraform variable `reconciler`.",
        ),
    ] = OutputFormat.TEXT,
) -> ExitCode:
    """Print names, ARNs and callback URLs of what is managed.

    For pipelines and other tools. Offline: from the lockfile, of all that it holds or of the addresses given. Never a
    secret; the ARN of one is none.

    For example:
      reconciler output
      reconciler output oauth2_credential_provider.github --format json | jq -r '.resources[].callbackUrl'
      reconciler output --env prod --format dotenv > agents.env
      reconciler output --format tfvars > reconciler.auto.tfvars

    Exit codes: 0 done, 1 error or nothing is managed yet
    """
    from reconciler.render.outputs import outputs_dotenv, outputs_json, outputs_of, outputs_text, outputs_tfvars
    from reconciler.state import open_state

    path, addresses = read_words(words, needed=False)
    workspace = open_workspace(path, env)
    with open_state(workspace.environment, workspace.lockfile) as state:
        lock = state.read()
    if lock is None:
        raise ReconcilerError(
            f"{workspace.lockfile}: no lockfile yet; nothing is managed", "`reconciler apply` or `adopt` makes it."
        )
    found = outputs_of(lock, _held(lock, addresses, workspace.lockfile) or lock.resources)
    match form:
        case OutputFormat.TEXT:
            console.show(outputs_text(found))
        case OutputFormat.JSON:
            console.show(outputs_json(lock, found))
        case OutputFormat.DOTENV:
            console.show(outputs_dotenv(found))
        case OutputFormat.TFVARS:
            console.show(outputs_tfvars(found))
    return ExitCode.OK


def _held(lock: Lock, addresses: Iterable[Address], lockfile: str) -> tuple[Address, ...]:
    """The addresses. Raises UsageError for those that the lockfile does not hold."""
    asked = tuple(addresses)
    missing = sorted(str(one) for one in asked if one not in lock.resources)
    if missing:
        raise UsageError(
            f"{lockfile} does not hold {', '.join(missing)}", "`reconciler lock show` lists what is managed."
        )
    return asked
