"""What the service does with workload identities: one function for each operation.

Each takes a validated `Call`, and returns the members of the answer or raises `Fault`. Facts from the service model
(`bedrock-agentcore-control` 2023-06-05) and from what people saw the live service do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.emulator import tags
from reconciler.emulator.arns import arn_of
from reconciler.emulator.calls import Call, Operation, listed, release, take
from reconciler.emulator.faults import Fault
from reconciler.emulator.things import IDENTITY, Identity

_PAGE = 20


def create(call: Call) -> dict[str, Any]:
    """CreateWorkloadIdentity."""
    now = call.store.clock()
    identity = Identity(
        name=call.params["name"],
        urls=tuple(call.params.get("allowedResourceOauth2ReturnUrls") or ()),
        tags=tags.checked(call.params.get("tags")),
        created=now,
        updated=now,
    )
    code = "ConflictException" if call.terms.conflict_on_exists else "ValidationException"
    take(call, identity, limit=call.terms.max_identities, code=code)
    return _described(call, identity)


def get(call: Call) -> dict[str, Any]:
    """GetWorkloadIdentity."""
    return _described(call, call.seen(IDENTITY, call.params["name"]))


def list_(call: Call) -> dict[str, Any]:
    """ListWorkloadIdentities: in the order of names, 20 a page at most and by default."""
    names, token = listed(call, IDENTITY, _PAGE)
    return {
        "workloadIdentities": [
            {"name": name, "workloadIdentityArn": arn_of(call.scope, IDENTITY, name)} for name in names
        ],
        "nextToken": token,
    }


def update(call: Call) -> dict[str, Any]:
    """UpdateWorkloadIdentity: the list given replaces the whole list.

    Undocumented, and so decided here: an absent list changes nothing but lastUpdatedTime; an empty one clears, unless the
    terms say that it is kept.
    """
    urls = call.params.get("allowedResourceOauth2ReturnUrls")
    with call.store.transaction():
        identity = call.stored(IDENTITY, call.params["name"])
        ignored = urls is None or (not urls and call.terms.keeps_cleared)
        kept = identity.urls if ignored else tuple(urls or ())
        identity = replace(identity, urls=kept, updated=call.store.clock())
        call.store.put(call.scope, identity)
    return _described(call, identity)


def delete(call: Call) -> dict[str, Any]:
    """DeleteWorkloadIdentity: refused while (and after) a Runtime, Gateway or PaymentManager holds it."""
    with call.store.transaction():
        if call.stored(IDENTITY, call.params["name"]).linked:
            raise Fault(
                "ValidationException", "WorkloadIdentity is linked to a service and cannot be deleted by the caller"
            )
        release(call, IDENTITY, call.params["name"])
    return {}


def _described(call: Call, identity: Identity) -> dict[str, Any]:
    return {
        "name": identity.name,
        "workloadIdentityArn": arn_of(call.scope, IDENTITY, identity.name),
        "allowedResourceOauth2ReturnUrls": list(identity.urls),
        "createdTime": identity.created,
        "lastUpdatedTime": identity.updated,
    }


OPERATIONS: dict[str, Operation] = {
    "CreateWorkloadIdentity": create,
    "GetWorkloadIdentity": get,
    "ListWorkloadIdentities": list_,
    "UpdateWorkloadIdentity": update,
    "DeleteWorkloadIdentity": delete,
}
