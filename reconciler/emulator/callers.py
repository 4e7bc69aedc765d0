"""Who calls, as an audit trail tells it: what a request says of its sender, and the identity behind an access key."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reconciler.emulator.things import Scope

_CREDENTIAL = re.compile(r"\bCredential=([^/,\s]+)/")
_ISSUED = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")
_SSO = re.compile(r"AWSReservedSSO_.+_[0-9a-f]{16}")
_LONGEST_AGENT = 1024
TARGET = "X-Amz-Target"
"""The header in which some protocols name the operation."""
HERE = "127.0.0.1"
"""From where everything is called: no door is open to another machine."""


class Sender(NamedTuple):
    """What a request says of who sent it. `access_key` "" for one that is not signed; `known`: to the door that it came by."""

    access_key: str = ""
    agent: str = ""
    address: str = HERE
    known: Caller | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who calls. `kind` is the `type` of CloudTrail's userIdentity; `session` belongs to AssumedRole.

    `access_key`, `agent`, `address`: in place of what the request says. `console`: the session was begun in the console.
    `more`: members of userIdentity that replace or add.
    """

    kind: str
    name: str = ""
    session: str = ""
    access_key: str = ""
    agent: str = ""
    address: str = ""
    console: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def username(self) -> str:
        """What LookupEvents calls them; of a role, the session, as the console shows it."""
        return {"Root": "root", "AssumedRole": self.session, "AWSService": ""}.get(self.kind, self.name)

    def identity(self, scope: Scope, access_key: str, now: str) -> dict[str, Any]:
        """CloudTrail's userIdentity, by the user guide's page of that name; `now` stands for when the session began."""
        return {**self._identity(scope, self.access_key or access_key, now), **self.more}

    def _identity(self, scope: Scope, access_key: str, now: str) -> dict[str, Any]:
        iam, sts = (f"arn:{scope.partition}:{service}::{scope.account}" for service in ("iam", "sts"))
        whose = {"accountId": scope.account, "accessKeyId": access_key}
        match self.kind:
            case "AWSService":
                return {"type": self.kind, "invokedBy": self.name}
            case "Root":
                return {"type": self.kind, "principalId": scope.account, "arn": f"{iam}:root", **whose}
            case "AssumedRole":
                role = _made_up("AROA", scope, self.name)
                folder = "aws-reserved/sso.amazonaws.com/" if _SSO.fullmatch(self.name) else ""
                issuer = {"type": "Role", "principalId": role, "arn": f"{iam}:role/{folder}{self.name}"}
                return {
                    "type": self.kind,
                    "principalId": f"{role}:{self.session}",
                    "arn": f"{sts}:assumed-role/{self.name}/{self.session}",
                    **whose,
                    "sessionContext": {
                        "sessionIssuer": {**issuer, "accountId": scope.account, "userName": self.name},
                        "attributes": {"creationDate": now, "mfaAuthenticated": "false"},
                    },
                }
            case "FederatedUser":
                federated = {"principalId": f"{scope.account}:{self.name}", "arn": f"{sts}:federated-user/{self.name}"}
                return {"type": self.kind, **federated, **whose}
        user = {"principalId": _made_up("AIDA", scope, self.name), "arn": f"{iam}:user/{self.name}"}
        return {"type": self.kind, **user, **whose, "userName": self.name}


ROOT = Caller(kind="Root")


def iam_user(name: str, **more: Any) -> Caller:
    """An IAM user."""
    return Caller(kind="IAMUser", name=name, **more)


def role(name: str, session: str, **more: Any) -> Caller:
    """A session of a role."""
    return Caller(kind="AssumedRole", name=name, session=session, **more)


def sso_user(permission_set: str, user: str, **more: Any) -> Caller:
    """Somebody who came by IAM Identity Center, which makes a role of each permission set."""
    suffix = hashlib.sha256(permission_set.encode()).hexdigest()[:16]
    return role(f"AWSReservedSSO_{permission_set}_{suffix}", user, **more)


def aws_service(principal: str, **more: Any) -> Caller:
    """A service of AWS, as `cloudformation.amazonaws.com`."""
    return Caller(kind="AWSService", name=principal, **{"agent": principal, "address": principal, **more})


def stranger(access_key: str) -> Caller:
    """Whom to take the holder of a key for that nobody told of: a key that is a word names an IAM user by it."""
    return iam_user("emulated" if not access_key or _ISSUED.fullmatch(access_key) else access_key)


def sent_by(headers: Mapping[str, Any]) -> Sender:
    """What the headers of a request say."""
    key = _CREDENTIAL.search(header(headers, "Authorization"))
    return Sender(key[1] if key else "", header(headers, "User-Agent")[:_LONGEST_AGENT])


def caller_of(arn: str) -> Caller | None:
    """The user or role session of an ARN, as STS answers it; None for what is neither."""
    service, _, resource = arn.partition(":")[2].partition(":")[2].partition(":")
    kind, _, name = resource.rpartition(":")[2].partition("/")
    if kind == "assumed-role" and "/" in name:
        return role(*name.split("/", 1))
    return iam_user(name.rpartition("/")[2]) if (service, kind) == ("iam", "user") else None


def header(headers: Mapping[str, Any], name: str) -> str:
    """The header's value, "" where there is none. botocore holds some as bytes."""
    value = headers.get(name) or ""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _made_up(prefix: str, scope: Scope, name: str) -> str:
    """An id like those of IAM, of one name always the same."""
    digest = hashlib.sha256("/".join((scope.account, prefix, name)).encode()).hexdigest()
    return f"{prefix}{digest[:17].upper()}"
