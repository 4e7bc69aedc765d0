"""`reconciler access policy` and `access matrix`: what a role needs, and who reaches what."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.adopt import Words, read_words
from reconciler.cli.console import Console
from reconciler.cli.granted import (
    From,
    Planned,
    Whose,
    completed,
    grants_applied,
    grants_from,
    grants_planned,
    reach_of,
    read_lock,
)
from reconciler.cli.options import Env, Manifest
from reconciler.cli.workspace import Workspace, open_workspace
from reconciler.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from reconciler.access import AgentPolicy, Claims, Form, Reach


class PolicyFor(enum.Enum):
    """What reconciler's own role is to do."""

    PLAN = "plan"
    APPLY = "apply"
    DRIFT = "drift"


class MatrixFormat(enum.Enum):
    """How the matrix is shown."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


Repeated = list[str] | None


def access_policy(
    console: Console,
    *,
    words: Words = None,
    env: Env = None,
    purpose: Annotated[
        PolicyFor | None,
        typer.Option("--for", case_sensitive=False, help="The policy that reconciler itself needs to do that."),
    ] = None,
    inline: Annotated[
        bool,
        typer.Option("--inline", help="One document, for an inline policy of a role: up to 10,240 characters."),
    ] = False,
    jwt_issuer: Annotated[
        Repeated, typer.Option("--jwt-issuer", metavar="URL", help="Only for JWTs of that issuer. Repeatable.")
    ] = None,
    jwt_audience: Annotated[
        Repeated, typer.Option("--jwt-audience", metavar="TEXT", help="Only for JWTs meant for it. Repeatable.")
    ] = None,
    jwt_client: Annotated[
        Repeated, typer.Option("--jwt-client", metavar="ID", help="Only for JWTs of that client_id. Repeatable.")
    ] = None,
    user_id: Annotated[
        Repeated,
        typer.Option("--user-id", metavar="GLOB", help="Only for users with that id, as in 'acme/*'. Repeatable."),
    ] = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Also to read the secrets that the granted providers keep.")
    ] = False,
    planned: Planned = False,
) -> ExitCode:
    """Print the least IAM policy for an agent's role.

    Names the directory, the identity, the vault and the granted providers, by the ARNs that the API returned. The token
    operation follows from `inbound` of the identity. With --for, the policy that reconciler's own role needs.

    For example:
      reconciler access policy workload_identity.invoice-agent
      reconciler access policy workload_identity.invoice-agent --env prod --jwt-issuer https://idp.example.com
      reconciler access policy --for plan --env prod

    Exit codes: 0 done, 1 error (also where something is not applied yet)
    """
    from reconciler.access import Claims

    path, addresses = read_words(words, needed=purpose is None)
    claims = Claims(
        issuers=tuple(jwt_issuer or ()),
        audiences=tuple(jwt_audience or ()),
        clients=tuple(jwt_client or ()),
        users=tuple(user_id or ()),
    )
    if purpose is not None and (addresses or claims != Claims() or inline or with_secrets or planned):
        raise UsageError("--for is about reconciler's own role, and takes no address and no option of an agent's")
    if len(addresses) > 1:
        raise UsageError(
            "one address at a time: one role, one identity", "A role that two share reaches what each may."
        )
    workspace = open_workspace(path, env)
    if purpose is not None:
        _show_own(console, workspace, purpose)
        return ExitCode.OK
    grants = grants_applied(workspace)
    (reach,) = completed(console, workspace, grants, [reach_of(grants, addresses[0])], planned=planned)
    _check_claims(reach, claims)
    _show_agents(console, reach, claims, inline=inline, with_secrets=with_secrets)
    return ExitCode.OK


def access_matrix(
    console: Console,
    *,
    path: Manifest = None,
    env: Env = None,
    whose: Whose = From.MANIFEST,
    form: Annotated[
        MatrixFormat, typer.Option("--format", case_sensitive=False, help="How it is printed.")
    ] = MatrixFormat.TEXT,
) -> ExitCode:
    """Show who reaches what.

    Every identity with the providers that it is granted, in which flows and scopes. Asks nobody.

    For example:
      reconciler access matrix --env prod
      reconciler access matrix --from lock --format csv > access.csv
      reconciler access matrix --format json | jq '.identities[] | select(.grants == []).address'

    Exit codes: 0 done, 1 error
    """
    from reconciler.render.matrix_forms import matrix_csv, matrix_json, matrix_markdown
    from reconciler.render.matrix_text import matrix_text

    grants = grants_from(console, open_workspace(path, env), whose)
    match form:
        case MatrixFormat.TEXT:
            console.show(matrix_text(grants, colour=console.colour_out, width=console.width))
        case MatrixFormat.JSON:
            console.show(matrix_json(grants, source=whose.value))
        case MatrixFormat.CSV:
            console.show(matrix_csv(grants))
        case MatrixFormat.MARKDOWN:
            console.show(matrix_markdown(grants))
    return ExitCode.OK


def _check_claims(reach: Reach, claims: Claims) -> None:
    """Raise UsageError for a condition that no call of this identity could meet."""
    from reconciler.access import Inbound

    if claims.of_jwt and reach.inbound is not Inbound.JWT:
        raise UsageError(
            f"{reach.identity} has inbound: {reach.inbound.value}, so no JWT is there to look at",
            "Leave the --jwt options out, or say inbound: jwt in the manifest.",
        )
    if claims.users and reach.inbound is not Inbound.USER_ID:
        raise UsageError(
            f"{reach.identity} has inbound: {reach.inbound.value}, so no user id is there to look at",
            "Leave --user-id out, or say inbound: userId in the manifest.",
        )


def _show_agents(console: Console, reach: Reach, claims: Claims, *, inline: bool, with_secrets: bool) -> None:
    from reconciler.access import Form, agent_policy
    from reconciler.render.policy_json import policy_json

    form = Form.INLINE if inline else Form.MANAGED
    made = agent_policy(reach, claims=claims, form=form, with_secrets=with_secrets)
    console.show(policy_json(made.documents))
    for note in _notes(made, form):
        console.note(note)


def _notes(made: AgentPolicy, form: Form) -> Iterator[str]:
    """What has to be known of the policy that stands on standard output."""
    from reconciler.access.policy import size

    if any(":acps:" in one.provider.arn for one in made.reach.grants):
        yield "The API spells ARNs of providers with acps. Where IAM denies a call, try bedrock-agentcore in its place."
    if len(made.documents) > 1:
        yield (
            f"{len(made.documents)} policies, in a list: one would be larger than the {form.limit:,} characters of a managed "
            "policy. Attach all of them."
        )
    largest = max(map(size, made.documents))
    if largest > form.limit:
        yield f"Too large for IAM: {largest:,} characters, more than {form.limit:,}. Grant or name less."


def _show_own(console: Console, workspace: Workspace, purpose: PolicyFor) -> None:
    from reconciler.access import Purpose, own_policy
    from reconciler.access.own_policy import means_of
    from reconciler.render.policy_json import policy_json

    grants = grants_applied(workspace)
    target = grants_planned(workspace, grants).target
    console.show(
        policy_json([own_policy(Purpose(purpose.value), target, means_of(workspace.stack, read_lock(workspace)))])
    )
