"""`reconciler schema`: the published contracts, for editors and policy tools."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from reconciler.cli.console import Console
from reconciler.errors import ExitCode
from reconciler.schema_files import schema_text


class Contract(enum.Enum):
    """A format that others may rely on."""

    MANIFEST = "manifest"
    LOCKFILE = "lockfile"
    PLAN = "plan"
    OUTPUT = "output"
    TARGETS = "targets"
    VERIFY = "verify"
    REVIEW = "review"
    DRIFT = "drift"
    DRIFT_NOTIFICATION = "drift-notification"
    POLICY = "policy"
    CHECK = "check"
    ACKNOWLEDGEMENTS = "acknowledgements"


def schema(console: Console, contract: Annotated[Contract, typer.Argument(help="Which file's schema.")]) -> ExitCode:
    """Print the JSON Schema of a file format.

    Of the manifest, the lockfile, the saved plan, acknowledgements of drift, the rules of a policy; of the JSON of `output`,
    `verify`, `review`, `drift` or `check`, of what `drift --notify` sends, or of the report of a run over several targets.

    For example:
      reconciler schema manifest > manifest.schema.json
      and as the manifest's first line, for completion in editors:
      # yaml-language-server: $schema=./manifest.schema.json

    Exit codes: 0 done, 1 no such schema
    """
    console.show(schema_text(contract.value))
    return ExitCode.OK
