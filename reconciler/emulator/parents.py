"""Runtimes, gateways and payment managers, as far as identities need them: made, shown, listed and removed.

Each brings a workload identity into the directory and takes it along when it goes. Nothing else about them is emulated;
where moto is at hand, its own runtimes and gateways stand in for these (see `moto_extension`).
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.emulator.arns import arn_of
from reconciler.emulator.calls import Call, Operation, decode_token, page
from reconciler.emulator.faults import Fault
from reconciler.emulator.things import IDENTITY, Parent, Scope

_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentKind:
    """How the API spells one kind of parent. `always` are members of an answer that we do not vary."""

    kind: str
    create: str
    get: str
    list: str
    delete: str
    items: str
    asked: str  # the member of a request that holds the id
    id: str
    name: str
    arn: str
    resource: str
    updated: str
    always: Mapping[str, Any] = field(default_factory=dict)


RUNTIME = ParentKind(
    kind="runtime",
    create="CreateAgentRuntime",
    get="GetAgentRuntime",
    list="ListAgentRuntimes",
    delete="DeleteAgentRuntime",
    items="agentRuntimes",
    asked="agentRuntimeId",
    id="agentRuntimeId",
    name="agentRuntimeName",
    arn="agentRuntimeArn",
    resource="runtime/{id}",
    updated="lastUpdatedAt",
    always={
        "agentRuntimeVersion": "1",
        "description": "made by the emulator",
        "lifecycleConfiguration": {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800},
    },
)
GATEWAY = ParentKind(
    kind="gateway",
    create="CreateGateway",
    get="GetGateway",
    list="ListGateways",
    delete="DeleteGateway",
    items="items",
    asked="gatewayIdentifier",
    id="gatewayId",
    name="name",
    arn="gatewayArn",
    resource="gateway/{id}",
    updated="updatedAt",
    always={"authorizerType": "AWS_IAM", "protocolType": "MCP"},
)
PAYMENT_MANAGER = ParentKind(
    kind="payment-manager",
    create="CreatePaymentManager",
    get="GetPaymentManager",
    list="ListPaymentManagers",
    delete="DeletePaymentManager",
    items="paymentManagers",
    asked="paymentManagerId",
    id="paymentManagerId",
    name="name",
    arn="paymentManagerArn",
    resource="payment-manager/{id}",
    updated="lastUpdatedAt",
    always={"authorizerType": "AWS_IAM"},
)
KINDS = (RUNTIME, GATEWAY, PAYMENT_MANAGER)


def _create(kind: ParentKind, call: Call) -> dict[str, Any]:
    name = call.params[kind.name]
    stem = name if kind is RUNTIME else name.lower().rstrip("-")
    parent = call.store.link(call.scope, kind.kind, f"{stem}-{secrets.token_hex(5)}", name=name)
    return {**_described(kind, call.scope, parent), **_echoed(call.params), "status": "CREATING"}


def _get(kind: ParentKind, call: Call) -> dict[str, Any]:
    wanted = call.params[kind.asked]
    parent = call.store.parent(call.scope, kind.kind, wanted)
    if parent is None:
        raise _not_found(kind, wanted)
    return _described(kind, call.scope, parent)


def _list(kind: ParentKind, call: Call) -> dict[str, Any]:
    limit = call.params.get("maxResults") or _PAGE
    after = decode_token(call.params.get("nextToken"))
    found = {one.id: one for one in call.store.parents(call.scope, kind.kind, after, limit + 1)}
    ids, token = page(list(found), limit)
    return {kind.items: [_described(kind, call.scope, found[one]) for one in ids], "nextToken": token}


def _delete(kind: ParentKind, call: Call) -> dict[str, Any]:
    wanted = call.params[kind.asked]
    if call.store.unlink(call.scope, kind.kind, wanted, linger=call.terms.linger) is None:
        raise _not_found(kind, wanted)
    return {kind.id: wanted, "status": "DELETING"}


def _described(kind: ParentKind, scope: Scope, parent: Parent) -> dict[str, Any]:
    """Everything that any answer shows of it; each answer keeps what its shape in the model has."""
    return {
        **kind.always,
        kind.id: parent.id,
        kind.name: parent.name,
        kind.arn: scope.arn(kind.resource.format(id=parent.id)),
        "roleArn": f"arn:{scope.partition}:iam::{scope.account}:role/emulated",
        "createdAt": parent.created,
        kind.updated: parent.created,
        "status": "READY",
        "workloadIdentityDetails": {"workloadIdentityArn": arn_of(scope, IDENTITY, parent.identity)},
    }


def _echoed(params: dict[str, Any]) -> dict[str, Any]:
    return {member: params[member] for member in ("authorizerType", "protocolType", "roleArn") if member in params}


def _not_found(kind: ParentKind, wanted: str) -> Fault:
    return Fault("ResourceNotFoundException", f"There is no {kind.kind.replace('-', ' ')} with the id '{wanted}'")


OPERATIONS: dict[str, Operation] = {
    operation: functools.partial(function, kind)
    for kind in KINDS
    for operation, function in ((kind.create, _create), (kind.get, _get), (kind.list, _list), (kind.delete, _delete))
}
