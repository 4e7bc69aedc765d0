"""A role's permissions policies as IAM holds them: inline and attached ones, and whether a boundary limits it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from reconciler.aws.asked import Asked
from reconciler.aws.calls import Calls, member
from reconciler.aws.clients import make_client
from reconciler.aws.pacing import Pacing
from reconciler.aws.sessions import check_account, is_loopback, open_session
from reconciler.errors import DirectoryError, UsageError
from reconciler.model.environments import Environment

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:[^\s]*/)?([\w+=,.@-]{1,64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """The policies of a role, each with its name (`inline NAME`, or the ARN) and its document; `boundary`: an ARN, or ""."""

    arn: str
    policies: tuple[tuple[str, dict[str, Any]], ...]
    boundary: str


def read_role(environment: Environment, arn: str) -> Role:
    """The role, read with the environment's credentials.

    Raises UsageError for what is no role's ARN, Refused on another account than the environment declares, DirectoryError.
    """
    parts = _ROLE.fullmatch(arn)
    if parts is None:
        raise UsageError(
            f"{arn!r} is not the ARN of a role", "It looks like arn:aws:iam::222222222222:role/invoice-agent."
        )
    account, name = parts.groups()
    session = open_session(environment)
    with contextlib.closing(make_client(session, "iam", environment, 1, attempts=3)) as client:
        if not is_loopback(str(client.meta.endpoint_url)):
            own = check_account(session, environment)
            if own != account:
                raise UsageError(
                    f"{arn} is of account {account}, but the credentials are of {own}",
                    "Choose the environment of that account with --env, or sign in there.",
                )
        calls = Calls(client, Pacing())
        role = member(calls.send(_asked("GetRole", arn), RoleName=name), "Role", _asked("GetRole", arn))
        policies = (*_inline(calls, name, arn), *_attached(calls, name, arn))
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
        return Role(arn=arn, policies=policies, boundary=str(boundary))


def _inline(calls: Calls, name: str, arn: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for policy in _listed(calls, _asked("ListRolePolicies", arn), "PolicyNames", RoleName=name):
        asked = _asked("GetRolePolicy", f"{policy} of {arn}")
        answer = calls.send(asked, RoleName=name, PolicyName=policy)
        yield f"inline {policy}", _document(member(answer, "PolicyDocument", asked), asked)


def _attached(calls: Calls, name: str, arn: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in _listed(calls, _asked("ListAttachedRolePolicies", arn), "AttachedPolicies", RoleName=name):
        policy = str(one["PolicyArn"])
        asked = _asked("GetPolicy", policy)
        version = member(calls.send(asked, PolicyArn=policy), "Policy", asked)["DefaultVersionId"]
        asked = _asked("GetPolicyVersion", policy)
        answer = calls.send(asked, PolicyArn=policy, VersionId=version)
        yield policy, _document(member(answer, "PolicyVersion", asked)["Document"], asked)


def _listed(calls: Calls, asked: Asked, items: str, **params: Any) -> Iterator[Any]:
    """IAM pages by markers."""
    marker: dict[str, str] = {}
    while True:
        answer = calls.send(asked, **params, **marker)
        yield from member(answer, items, asked)
        if not answer.get("IsTruncated"):
            return
        marker = {"Marker": str(member(answer, "Marker", asked))}


def _document(raw: Any, asked: Asked) -> dict[str, Any]:
    """The SDK has decoded it, unless it found no JSON."""
    if isinstance(raw, str):
        try:
            raw = json.loads(unquote(raw))
        except ValueError as error:
            raise DirectoryError(f"{asked}: the document is not JSON", "Look at it in the IAM console.") from error
    if not isinstance(raw, dict):
        raise DirectoryError(f"{asked}: the document is no object", "Look at it in the IAM console.")
    return raw


def _asked(operation: str, subject: str) -> Asked:
    return Asked(operation=operation, subject=subject, service="iam")
