"""ARNs of what stands in the directory, from their parts and back."""

from __future__ import annotations

import re
from typing import Any

from reconciler.emulator.things import API_KEY_PROVIDER, IDENTITY, OAUTH2_PROVIDER, Kind, Scope

_ARNS = {
    kind.name: (kind, re.compile(r"arn:[^:]+:(?:bedrock-agentcore|acps):[^:]*:[^:]*:" + kind.resource + r"([^/]+)"))
    for kind in (IDENTITY, OAUTH2_PROVIDER, API_KEY_PROVIDER)
}


def arn_of(scope: Scope, kind: Kind[Any], name: str, service: str = "bedrock-agentcore") -> str:
    """The ARN of a thing."""
    return scope.arn(kind.resource + name, service)


def named_in(arn: str) -> tuple[Kind[Any], str] | None:
    """The kind and name in an ARN; None if it is the ARN of something that the emulator does not keep."""
    for kind, pattern in _ARNS.values():
        match = pattern.fullmatch(arn)
        if match:
            return kind, match[1]
    return None


def name_in(arn: str) -> str:
    """The name in an ARN of whichever kind; "" for none."""
    found = named_in(arn)
    return found[1] if found else ""
