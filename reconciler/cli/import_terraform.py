"""`reconciler import terraform`: what a Terraform or OpenTofu state holds becomes a stack of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.console import Console
from reconciler.cli.importing import (
    Account,
    EnvName,
    Offline,
    Out,
    Profile,
    Record,
    Region,
    RoleArn,
    StackName,
    Wish,
    environment_for,
    read_record,
    take_over,
)
from reconciler.cli.options import LockTimeout, RateWords, Threads, Yes
from reconciler.cli.output import check_new, write_new
from reconciler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from reconciler.foreign import Found


def import_terraform(
    console: Console,
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A state, format version 4; - reads standard input.")],
    stack: StackName = None,
    out: Out = Path("reconciler.yaml"),
    env: EnvName = None,
    account: Account = None,
    region: Region = None,
    profile: Profile = None,
    role_arn: RoleArn = None,
    removed: Annotated[
        Path | None,
        typer.Option("--removed", metavar="FILE", help="Write Terraform's `removed` blocks there, as in removed.tf."),
    ] = None,
    offline: Offline = False,
    auto_approve: Yes = False,
    lock_timeout: LockTimeout = 0.0,
    threads: Threads = 32,
    rate: RateWords = None,
) -> ExitCode:
    """Take over what a Terraform or OpenTofu state holds.

    Workload identities, credential providers and the token vault of the AWS provider, in modules and under indexes.
    Reads them in the directory, writes a manifest, shows what it adopts and asks, and says how Terraform lets go of
    them without deleting anything. Secrets in the state are neither kept nor shown.

    For example:
      terraform state pull > state.json
      reconciler import terraform state.json --stack payments --env prod
      terraform state pull | reconciler import terraform - --stack payments --auto-approve --removed removed.tf
      reconciler import terraform state.json --stack payments --offline --out payments.yaml

    Exit codes: 0 done, 1 error, 3 refused by a guard, 5 state is locked, 6 applied in part
    """
    from reconciler.foreign import read_terraform_state
    from reconciler.render import removed_blocks, terraform_farewell

    if stack is None:
        raise UsageError("the stack has no name", "Give it with --stack NAME: resources are tagged as its own.")
    if file == "-" and not auto_approve and not offline:
        raise UsageError("the state comes from standard input, so nobody can be asked there", "Add --auto-approve.")
    if removed is not None:
        check_new(removed, absent=True)
    name = "standard input" if file == "-" else file
    reading = read_terraform_state(read_record(file), name)

    def farewell(taken: Sequence[Found]) -> str:
        blocks = removed_blocks(reading, taken)
        if removed is None or not blocks:
            return terraform_farewell(reading, taken)
        write_new(removed, blocks)
        return terraform_farewell(reading, taken, removed_file=str(removed))

    wish = Wish(
        stack=stack,
        environment=environment_for(env, account, region, profile, role_arn),
        out=out,
        offline=offline,
        auto_approve=auto_approve,
        lock_timeout=lock_timeout,
        threads=threads,
        rate=rate,
    )
    return take_over(console, Record(tool="Terraform", name=name, reading=reading, farewell=farewell), wish)
