"""Events of an audit trail: what a call of the control plane leaves behind, in CloudTrail's form.

By the CloudTrail user guide (record contents, userIdentity) and the examples in AgentCore's developer guide, which show that
the source is `bedrock-agentcore.amazonaws.com` for this plane too, and responseElements that list headers. Nobody has shown
an event of an identity or provider: that they look like those of runtimes and registries, which resources they name, and
what of a request is hidden (what the model calls sensitive) is inferred.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from reconciler.emulator.arns import arn_of, named_in
from reconciler.emulator.callers import Sender
from reconciler.emulator.faults import Fault
from reconciler.emulator.parents import KINDS as PARENTS
from reconciler.emulator.recording import Recording
from reconciler.emulator.store import Store
from reconciler.emulator.things import (
    API_KEY_PROVIDER,
    BY_NOUN,
    IDENTITY,
    OAUTH2_PROVIDER,
    TOKEN_VAULT,
    Kept,
    Scope,
    Vault,
)
from reconciler.emulator.wire import Request

SOURCE = "bedrock-agentcore.amazonaws.com"
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_VERSION = "1.11"
_LARGEST = 100 * 1024  # characters of requestParameters and of responseElements; the user guide says 100 KB
_OMITTED = {"omitted": True, "reason": "larger than 100 KB"}
_HEADERS = ("RequestId", "ErrorType", "Trace-id", "Apigw-id", "ErrorMessage")
_ANSWERED = {"Access-Control-Expose-Headers": ",".join((*(f"x-amzn-{one}" for one in _HEADERS), "Date"))}
_TYPES = {
    IDENTITY.name: "AWS::BedrockAgentCore::WorkloadIdentity",
    OAUTH2_PROVIDER.name: "AWS::BedrockAgentCore::OAuth2CredentialProvider",
    API_KEY_PROVIDER.name: "AWS::BedrockAgentCore::ApiKeyCredentialProvider",
    TOKEN_VAULT.name: "AWS::BedrockAgentCore::TokenVault",
}
_ABOUT = {
    "SetTokenVaultCMK": TOKEN_VAULT,
    **{f"{verb}{noun}": kind for verb in ("Create", "Get", "Update", "Delete") for noun, kind in BY_NOUN.items()},
}
_PARENTS = {operation: kind for kind in PARENTS for operation in (kind.get, kind.delete)}


class Entry:
    """The event of one call that is under way; written when it is known how it ended, once."""

    def __init__(self, store: Store, recording: Recording, scope: Scope, sender: Sender, request: Request) -> None:
        self._store = store
        self._recording = recording
        self.scope = scope
        self._sender = sender
        self.operation, self.params = request
        self.written = False

    def write(self, shape: Shape | None, outcome: Mapping[str, Any] | Fault) -> None:
        """Keep it, as the recording says. `shape` of the parameters; `outcome`: the members of the answer, or the refusal."""
        if self.written:
            return
        self.written = True
        named = self._named()
        copies, seconds = self._recording.fate(self.operation, named[1] if named else "")
        if copies:
            event = self._event(shape, outcome, seconds)
            for _ in range(copies):
                self._store.keep(self.scope, event)

    def _event(self, shape: Shape | None, outcome: Mapping[str, Any] | Fault, seconds: float) -> Kept:
        clock = self._store.clock()
        at = _utc(int(clock))
        caller, sender = self._recording.caller(self._sender), self._sender
        reads, resources = self.operation.startswith(("Get", "List")), self._resources()
        record = {
            "eventVersion": _VERSION,
            "userIdentity": caller.identity(self.scope, sender.access_key, at),
            "eventTime": at,
            "eventSource": SOURCE,
            "eventName": self.operation,
            "awsRegion": self.scope.region,
            "sourceIPAddress": caller.address or sender.address,
            "userAgent": caller.agent or sender.agent,
            **_ending(outcome, reads),
            "requestParameters": _bounded(hidden(shape, self.params) or None),
            "requestID": str(uuid.uuid4()),
            "eventID": str(uuid.uuid4()),
            "readOnly": reads,
            **({"resources": resources} if resources else {}),
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self.scope.account,
            "eventCategory": "Management",
            **({"sessionCredentialFromConsole": "true"} if caller.console else {}),
        }
        return Kept(
            time=int(clock),
            shown=clock + seconds,
            id=record["eventID"],
            name=self.operation,
            read_only=str(reads).lower(),
            username=caller.username,
            access_key=caller.access_key or sender.access_key,
            resources=json.dumps([{"ResourceType": one["type"], "ResourceName": one["ARN"]} for one in resources]),
            record=json.dumps(record, separators=(",", ":")),
        )

    def _named(self) -> tuple[str, str, str] | None:
        """Of the thing that the call is about: type, name and ARN."""
        kind = _ABOUT.get(self.operation)
        if kind is not None:
            name = self.params.get("tokenVaultId", Vault().name) if kind is TOKEN_VAULT else self.params.get("name")
            return (_TYPES[kind.name], name, arn_of(self.scope, kind, name)) if isinstance(name, str) else None
        arn = self.params.get("resourceArn")
        if isinstance(arn, str):
            found = named_in(arn)
            return (_TYPES[found[0].name], found[1], arn) if found else None
        parent = _PARENTS.get(self.operation)
        id_ = self.params.get(parent.asked) if parent else None
        if parent is None or not isinstance(id_, str):
            return None
        word = {"runtime": "Runtime", "gateway": "Gateway"}.get(parent.kind, "PaymentManager")
        return f"AWS::BedrockAgentCore::{word}", id_, self.scope.arn(parent.resource.format(id=id_))

    def _resources(self) -> list[dict[str, str]]:
        named = self._named()
        return [{"accountId": self.scope.account, "type": named[0], "ARN": named[2]}] if named else []


def hidden(shape: Shape | None, value: Any) -> Any:
    """The value as a trail shows it: what the model calls sensitive is hidden, and so is all that does not fit the model."""
    match shape:
        case None:
            return None
        case Shape() if shape.metadata.get("sensitive"):
            return HIDDEN
        case StructureShape():
            members = value.items() if isinstance(value, dict) else ()
            shown = {name: hidden(shape.members[name], one) for name, one in members if name in shape.members}
            return shown if isinstance(value, dict) else HIDDEN
        case ListShape():
            return [hidden(shape.member, one) for one in value] if isinstance(value, list) else HIDDEN
        case MapShape():
            return {key: hidden(shape.value, one) for key, one in value.items()} if isinstance(value, dict) else HIDDEN
    return HIDDEN if isinstance(value, dict | list) else value


def _ending(outcome: Mapping[str, Any] | Fault, reads: bool) -> dict[str, Any]:
    """How the call ended. What reads show is never kept."""
    if isinstance(outcome, Fault):
        return {"errorCode": outcome.code, "errorMessage": outcome.message[:1024], "responseElements": None}
    return {"responseElements": None if reads or not outcome else _bounded({**_ANSWERED, **outcome})}


def _bounded(members: Any) -> Any:
    size = len(json.dumps(members))
    return members if size <= _LARGEST else {**_OMITTED, "originalSize": size}


def _utc(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
