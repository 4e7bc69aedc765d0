"""Who called, and with what, from what CloudTrail tells of a call: its userIdentity and its user agent. Pure.

By the page "CloudTrail userIdentity element" of the CloudTrail user guide. Whatever a caller may choose, a session's name or
an agent, is data: bounded, never trusted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reconciler.aws.words import bounded
from reconciler.model.trail import Principal

_SSO = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f]{16}")
_ASSUMED = re.compile(r"arn:[^:]*:sts::\d*:assumed-role/([^/]+)(?:/(.*))?", re.DOTALL)
_LONGEST_ARN, _LONGEST_NAME = 2048, 256
_SERVICE = ".amazonaws.com"
_AGENTS = (
    # The most telling first: Terraform names the SDK that it is made with, and so do we.
    (r"(?:^|\s)reconciler/", "reconciler"),
    (r"\bOpenTofu\b", "OpenTofu"),
    (r"\bTerraform/|\bterraform-provider-", "Terraform"),
    (r"\bPulumi\b", "Pulumi"),
    (r"\baws-?cdk\b", "CDK"),
    (r"^cloudformation\.amazonaws\.com", "CloudFormation"),
    (r"^cloudcontrolapi\.amazonaws\.com", "Cloud Control API"),
    (r"^aws-cli/", "AWS CLI"),
    (r"\b(?:console|signin)\.(?:aws\.)?amazonaws\.com|\bAWSConsole\b|^\[?\w*Console/", "console"),
)
_SDKS = (
    (r"\bBoto3/", "Boto3"),
    (r"\bBotocore/", "Botocore"),
    (r"\baws-sdk-([a-z0-9-]{1,20})/", "AWS SDK"),
)


def principal_of(identity: Any, username: str = "") -> Principal:
    """The caller. `username`: what LookupEvents calls them, for an identity that says nothing."""
    told = identity if isinstance(identity, Mapping) else {}
    kind = bounded(told.get("type"), 64)
    arn = bounded(told.get("arn"), _LONGEST_ARN)
    return Principal(kind=kind, arn=arn, name=_name(kind, arn, told) or username or arn or "somebody unknown")


def tool_of(agent: str, address: str = "", *, console: bool = False) -> str:
    """What the user agent says that it is, "" for one that says nothing known. `console`: the session was begun there.

    Anybody can send any agent: this tells tools apart, it proves nothing.
    """
    for text in (agent, address):
        for pattern, name in _AGENTS:
            if re.search(pattern, text):
                return name
    if agent.endswith(_SERVICE):
        return agent.removesuffix(_SERVICE)
    if console or agent.startswith("Mozilla/"):
        return "console"
    for pattern, name in _SDKS:
        found = re.search(pattern, agent)
        if found:
            return f"{name} for {found[1]}" if found.groups() else name
    return ""


def _name(kind: str, arn: str, told: Mapping[str, Any]) -> str:
    """What people know them by; "" where nothing is told."""
    user = bounded(told.get("userName"), _LONGEST_NAME) or _last(arn)
    account = bounded(told.get("accountId"), 64)
    name = ""
    match kind:
        case "AssumedRole":
            name = _session(arn, told)
        case "IAMUser":
            name = _called("user", user)
        case "Root":
            name = _called("root of", account) or "root"
        case "AWSService":
            name = _called("service", bounded(told.get("invokedBy"), _LONGEST_NAME).removesuffix(_SERVICE))
        case "FederatedUser":
            name = _called("federated user", user)
        case "SAMLUser" | "WebIdentityUser":
            provider = _called(" of", bounded(told.get("identityProvider"), _LONGEST_NAME))
            name = _called("user", user) + provider if user else ""
        case "IdentityCenterUser":
            behalf = told.get("onBehalfOf")
            known = bounded(behalf.get("userId"), _LONGEST_NAME) if isinstance(behalf, Mapping) else ""
            name = _called("Identity Center user", known)
        case "AWSAccount":
            name = _called("account", account)
    return name


def _called(word: str, name: str) -> str:
    return f"{word} {name}" if name else ""


def _session(arn: str, told: Mapping[str, Any]) -> str:
    """The role and its session. Roles of Identity Center carry a permission set's name, their sessions the user's."""
    found = _ASSUMED.fullmatch(arn)
    role, session = (found[1], found[2] or "") if found else (_issuer(told), "")
    if not role:
        return ""
    sso = _SSO.fullmatch(role)
    if sso:
        return f"SSO {sso[1]}, {session}" if session else f"SSO {sso[1]}"
    return f"role {role}, session {session}" if session else f"role {role}"


def _issuer(told: Mapping[str, Any]) -> str:
    context = told.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, Mapping) else None
    return bounded(issuer.get("userName"), _LONGEST_NAME) if isinstance(issuer, Mapping) else ""


def _last(arn: str) -> str:
    return arn.rpartition("/")[2] if "/" in arn else ""
