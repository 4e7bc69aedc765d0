"""A deployed CloudFormation stack: its template, its parameters, what it made. Read only."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.aws.asked import Asked
from reconciler.aws.calls import Calls, member
from reconciler.aws.clients import make_client
from reconciler.aws.pacing import Pacing
from reconciler.aws.sessions import open_session
from reconciler.errors import DirectoryError, NotFound, Refused
from reconciler.foreign import Deployed
from reconciler.model.environments import Environment

_SERVICE = "cloudformation"
_ABSENT = "ValidationError"  # what CloudFormation answers for a stack that is not there, and for little else


def read_stack(environment: Environment, name: str) -> tuple[Deployed, bytes]:
    """What the stack tells, and its template with macros and transforms worked out.

    Raises NotFound, Refused for a stack of another account than the environment's, DirectoryError.
    """
    session = open_session(environment)
    with contextlib.closing(make_client(session, _SERVICE, environment, 1)) as client:
        calls = Calls(client, Pacing())
        stack = _described(calls, name, str(client.meta.region_name))
        asked = Asked(operation="GetTemplate", subject=name, service=_SERVICE)
        body = member(calls.send(asked, StackName=name, TemplateStage="Processed"), "TemplateBody", asked)
        physical = {
            str(one["LogicalResourceId"]): str(one["PhysicalResourceId"])
            for one in _resources(calls, name)
            if one.get("PhysicalResourceId") and one.get("ResourceStatus") != "DELETE_COMPLETE"
        }
    _, _, _, region, account, _ = [*str(stack["StackId"]).split(":", 5), *[""] * 6][:6]
    if environment.account and environment.account != account:
        raise Refused(
            f"the stack {name} is of account {account}, not {environment.account}",
            "Give a --profile or --role-arn of that account, or leave out --account.",
        )
    parameters = {
        str(one["ParameterKey"]): str(one.get("ResolvedValue") or one.get("ParameterValue") or "")
        for one in stack.get("Parameters") or ()
    }
    deployed = Deployed(
        name=str(stack["StackName"]), account=account, region=region, physical=physical, parameters=parameters
    )
    return deployed, body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _described(calls: Calls, name: str, region: str) -> Mapping[str, Any]:
    asked = Asked(operation="DescribeStacks", subject=name, service=_SERVICE)
    try:
        stacks = member(calls.send(asked, StackName=name), "Stacks", asked)
    except DirectoryError as error:
        if error.code != _ABSENT:
            raise
        raise NotFound(
            f"there is no stack {name!r} in {region}, and no file of that name",
            "Give the path of a template, the name of a deployed stack, or another --region.",
            code=error.code,
        ) from error
    found: Mapping[str, Any] = stacks[0]
    return found


def _resources(calls: Calls, name: str) -> Iterator[Mapping[str, Any]]:
    asked = Asked(operation="ListStackResources", subject=name, service=_SERVICE)
    token: dict[str, str] = {}
    while True:
        answer = calls.send(asked, StackName=name, **token)
        yield from member(answer, "StackResourceSummaries", asked)
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}
