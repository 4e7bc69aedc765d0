"""`reconciler import cloudformation`: what a template declares, or a deployed stack made, becomes a stack of ours."""

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
from reconciler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from reconciler.foreign import Deployed, Found

_SUFFIXES = (".json", ".template", ".yaml", ".yml")


def import_cloudformation(
    console: Console,
    *,
    source: Annotated[
        str, typer.Argument(metavar="FILE|STACK", help="A template, or the name of a stack that is deployed.")
    ],
    stack: StackName = None,
    out: Out = Path("reconciler.yaml"),
    env: EnvName = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            metavar="KEY=VALUE",
            help="A parameter's value, or that of AWS::Region and the like. Repeatable; goes before its default.",
        ),
    ] = None,
    account: Account = None,
    region: Region = None,
    profile: Profile = None,
    role_arn: RoleArn = None,
    offline: Offline = False,
    auto_approve: Yes = False,
    lock_timeout: LockTimeout = 0.0,
    threads: Threads = 32,
    rate: RateWords = None,
) -> ExitCode:
    """Take over what a CloudFormation template or stack holds.

    Workload identities and credential providers. Reads them in the directory, writes a manifest, shows what it adopts
    and asks, and says how CloudFormation lets go of them without deleting anything. A deployed stack tells the names
    and parameters that a template alone may hide. Secrets in a template are neither kept nor shown.

    For example:
      reconciler import cloudformation agents-prod --env prod
      reconciler import cloudformation template.yaml --stack agents --parameter Stage=prod
      reconciler import cloudformation template.yaml --stack agents --offline --out agents.yaml

    Exit codes: 0 done, 1 error, 3 refused by a guard, 5 state is locked, 6 applied in part
    """
    from reconciler.foreign import read_cloudformation
    from reconciler.render import cloudformation_farewell

    parameters = _parameters(parameter or [])
    environment = environment_for(env, account, region, profile, role_arn)
    deployed: Deployed | None = None
    if _is_file(source):
        content = read_record(source)
    else:
        from reconciler.aws.stacks import read_stack
        from reconciler.cli.log import quiet_log

        quiet_log()
        deployed, content = read_stack(environment, source)
    if stack is None and deployed is None:
        raise UsageError("the stack has no name", "Give it with --stack NAME: resources are tagged as its own.")
    reading = read_cloudformation(content, source, parameters=parameters, deployed=deployed)
    as_json = content.lstrip().startswith(b"{")

    def farewell(taken: Sequence[Found]) -> str:
        return cloudformation_farewell(taken, stack=deployed.name if deployed else "", as_json=as_json)

    wish = Wish(
        stack=stack or (deployed.name if deployed else ""),
        environment=environment,
        out=out,
        offline=offline,
        auto_approve=auto_approve,
        lock_timeout=lock_timeout,
        threads=threads,
        rate=rate,
    )
    name = f"the stack {deployed.name}" if deployed else source
    return take_over(console, Record(tool="CloudFormation", name=name, reading=reading, farewell=farewell), wish)


def _is_file(source: str) -> bool:
    """Whether it is a template's path. Raises UsageError for a path to nothing."""
    if Path(source).exists():
        return True
    if "/" in source or source.endswith(_SUFFIXES):
        raise UsageError(f"There is no {source}", "Give the path of a template, or the name of a deployed stack.")
    return False


def _parameters(words: Sequence[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    wrong = [word for word, (name, equals, _) in zip(words, pairs, strict=True) if not name or not equals]
    if wrong:
        raise UsageError(f"--parameter {wrong[0]!r} is no KEY=VALUE", "As in --parameter Stage=prod.")
    return {name: value for name, _, value in pairs}
