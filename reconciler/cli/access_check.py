"""`reconciler access check`: a real policy, or all policies of a role, beside what is granted."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.adopt import Words, read_words
from reconciler.cli.console import Console
from reconciler.cli.granted import Planned, completed, grants_applied, grants_planned, reach_of
from reconciler.cli.options import Env
from reconciler.cli.workspace import Workspace, open_workspace
from reconciler.errors import ExitCode, InvalidInput, UsageError

if TYPE_CHECKING:
    from reconciler.access import Grants, Policy, Reach, Report
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.addresses import Address


class CheckFormat(enum.Enum):
    """How the findings are shown."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def access_check(
    console: Console,
    *,
    words: Words = None,
    env: Env = None,
    policy: Annotated[
        list[Path] | None,
        typer.Option("--policy", metavar="FILE", help="A policy in JSON or YAML; several are one role's. Repeatable."),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", metavar="ARN", help="Read the inline and attached policies of that role from IAM."),
    ] = None,
    form: Annotated[
        CheckFormat, typer.Option("--format", case_sensitive=False, help="How it is printed.")
    ] = CheckFormat.TEXT,
    planned: Planned = False,
) -> ExitCode:
    """Compare a real IAM policy with the grants.

    Names every excess (wildcards, other identities, the whole vault, token operations of another inbound), every lack, and
    what hangs on the moment of the call. Without an address, the policy is compared with the grants of the identities that
    it names.

    For example:
      reconciler access check workload_identity.invoice-agent --policy role.json
      reconciler access check --env prod --role arn:aws:iam::222222222222:role/invoice-agent
      reconciler access check --policy trust.yaml --policy base.json --format markdown

    Exit codes: 0 it allows exactly what is granted, 1 error, 2 it differs, or cannot be told
    """
    from reconciler.access import check

    path, addresses = read_words(words, needed=False)
    if (role is None) == (not policy):
        raise UsageError(
            "give --policy FILE or --role ARN", "Files and a role are not mixed: compare one role at a time."
        )
    workspace = open_workspace(path, env)
    grants = grants_applied(workspace)
    policies, notes = _of_role(workspace, role) if role is not None else (_of_files(policy or []), ())
    spelled = grants_planned(workspace, grants) if planned else grants
    named = [reach_of(grants, one.identity) for one in _reaches(spelled, policies, addresses)]
    reaches = completed(console, workspace, grants, named, planned=planned)
    report = check(policies, spelled, reaches, notes=notes, role=role or "")
    _show(console, report, form)
    return ExitCode.OK if report.matches else ExitCode.CHANGES


def _of_files(files: Sequence[Path]) -> tuple[Policy, ...]:
    """What the files hold. Raises UsageError for one that cannot be read, InvalidInput with every mistake."""
    from reconciler.access import read_policies

    found: list[Diagnostic] = []
    policies: list[Policy] = []
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise UsageError(
                f"cannot read {file}: {error.strerror or error}", "Give a policy in JSON or YAML."
            ) from error
        several, wrong = read_policies(str(file), content)
        policies += several
        found += wrong
    if found:
        names = ", ".join(map(str, files))
        raise InvalidInput(f"{names}: not compared, for it could not be read as a policy", found)
    return tuple(policies)


def _of_role(workspace: Workspace, arn: str) -> tuple[tuple[Policy, ...], tuple[str, ...]]:
    """The role's policies, and what else limits it."""
    from reconciler.access.documents import policy_of
    from reconciler.aws.roles import read_role

    role = read_role(workspace.environment, arn)
    policies: list[Policy] = []
    for name, document in role.policies:
        policy, wrong = policy_of(name, document)
        if policy is None:
            raise InvalidInput(f"{name} of {arn} could not be read as a policy", wrong)
        policies.append(policy)
    notes = []
    if role.boundary:
        notes.append(
            f"The permissions boundary {role.boundary} limits the role as well and was not compared; it can only take away."
        )
    return tuple(policies), tuple(notes)


def _reaches(grants: Grants, policies: Sequence[Policy], addresses: Sequence[Address]) -> tuple[Reach, ...]:
    """Those that were asked for, or that the policies name. Raises UsageError where they name none."""
    from reconciler.access.check import named_by

    if addresses:
        return tuple(reach_of(grants, one) for one in dict.fromkeys(addresses))
    named = named_by(policies, grants)
    if not named:
        raise UsageError(
            "the policy names no identity of this stack, so that nobody knows whose grants to compare it with",
            "Give the address of the identity that the role is for, as in workload_identity.invoice-agent.",
        )
    return named


def _show(console: Console, report: Report, form: CheckFormat) -> None:
    from reconciler.render.check_text import check_json, check_markdown, check_text

    match form:
        case CheckFormat.TEXT:
            console.show(check_text(report, colour=console.colour_out, width=console.width))
        case CheckFormat.JSON:
            console.show(check_json(report))
        case CheckFormat.MARKDOWN:
            console.show(check_markdown(report))
