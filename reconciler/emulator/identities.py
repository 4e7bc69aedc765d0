"""What the service does with workload identities and their tags: one function for each operation.

Each takes a validated `Call`, and returns the members of the answer or raises `Fault`. Facts from the service model
(`bedrock-agentcore-control` 2023-06-05) and from what people saw the live service do.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from reconciler.emulator.faults import Fault
from reconciler.emulator.store import Identity, Scope, Store
from reconciler.emulator.terms import Terms

_RESOURCE = "workload-identity-directory/default/workload-identity/"
_ARN = re.compile(r"arn:[^:]+:bedrock-agentcore:([^:]*):([^:]*):" + _RESOURCE + r"([^/]+)")
_TAGS_LIMIT = 50


class Reads(Protocol):
    """What Get and List look at: the store itself, or the store as it was a while ago."""

    def get(self, scope: Scope, name: str) -> Identity | None:
        """The identity of that name, or None."""

    def names(self, scope: Scope, after: str, limit: int) -> list[str]:
        """Up to `limit` names that come after `after`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: whose it is, what it asks for, and what it is answered from."""

    store: Store
    scope: Scope
    params: dict[str, Any]
    terms: Terms
    reads: Reads


Operation = Callable[[Call], dict[str, Any]]


def arn_of(scope: Scope, name: str) -> str:
    """The ARN of a workload identity."""
    return scope.arn(_RESOURCE + name)


def name_in(arn: str) -> str | None:
    """The name in the ARN of a workload identity; None if it is something else's ARN."""
    match = _ARN.fullmatch(arn)
    return match[3] if match else None


def encode_token(after: str) -> str:
    """The nextToken for the page behind `after`: opaque to the caller, and checked when it comes back."""
    raw = after.encode()
    return base64.urlsafe_b64encode(zlib.crc32(raw).to_bytes(4, "big") + raw).decode()


def decode_token(token: str | None) -> str:
    """What the token was made from, "" for none. Raises ValidationException for one that was not made here."""
    if token is None:
        return ""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        if zlib.crc32(raw[4:]).to_bytes(4, "big") == raw[:4]:
            return raw[4:].decode()
    except (binascii.Error, ValueError):
        pass
    raise Fault("ValidationException", "The nextToken is not valid; start again without one")


def page(found: list[str], limit: int) -> tuple[list[str], str | None]:
    """The first `limit` of what was found (one more was asked for), and the token if there is more."""
    if len(found) <= limit:
        return found, None
    return found[:limit], encode_token(found[limit - 1])


def create(call: Call) -> dict[str, Any]:
    """CreateWorkloadIdentity."""
    name = call.params["name"]
    now = call.store.clock()
    identity = Identity(
        name=name,
        urls=tuple(call.params.get("allowedResourceOauth2ReturnUrls") or ()),
        tags=_checked_tags(call.params.get("tags") or {}),
        created=now,
        updated=now,
    )
    with call.store.transaction():
        exists = call.store.get(call.scope, name) is not None
        if not exists and not call.store.disturb(call.scope, name):
            if call.store.count(call.scope) >= call.terms.max_identities:
                raise Fault(
                    "ServiceQuotaExceededException",
                    f"The limit of {call.terms.max_identities} workload identities in this account and Region is reached",
                )
            call.store.put(call.scope, identity)
            return _described(call, identity)
    # Raised outside the transaction: an attempt at a tombstone counts.
    code = "ConflictException" if call.terms.conflict_on_exists else "ValidationException"
    raise Fault(code, f"WorkloadIdentity with name '{name}' already exists")


def get(call: Call) -> dict[str, Any]:
    """GetWorkloadIdentity."""
    return _described(call, _found(call.reads.get(call.scope, call.params["name"]), call.params["name"]))


def list_(call: Call) -> dict[str, Any]:
    """ListWorkloadIdentities: in the order of names, 20 a page at most and by default."""
    limit = call.params.get("maxResults") or 20
    after = decode_token(call.params.get("nextToken"))
    names, token = page(call.reads.names(call.scope, after, limit + 1), limit)
    return {
        "workloadIdentities": [{"name": name, "workloadIdentityArn": arn_of(call.scope, name)} for name in names],
        "nextToken": token,
    }


def update(call: Call) -> dict[str, Any]:
    """UpdateWorkloadIdentity: the list given replaces the whole list.

    Undocumented, and so decided here: an absent list changes nothing but lastUpdatedTime; an empty one clears, unless the
    terms say that it is kept.
    """
    name = call.params["name"]
    urls = call.params.get("allowedResourceOauth2ReturnUrls")
    with call.store.transaction():
        identity = _found(call.store.get(call.scope, name), name)
        ignored = urls is None or (not urls and call.terms.keeps_cleared)
        kept = identity.urls if ignored else tuple(urls or ())
        identity = replace(identity, urls=kept, updated=call.store.clock())
        call.store.put(call.scope, identity)
    return _described(call, identity)


def delete(call: Call) -> dict[str, Any]:
    """DeleteWorkloadIdentity: refused while (and after) a Runtime, Gateway or PaymentManager holds it."""
    name = call.params["name"]
    with call.store.transaction():
        if _found(call.store.get(call.scope, name), name).linked:
            raise Fault(
                "ValidationException", "WorkloadIdentity is linked to a service and cannot be deleted by the caller"
            )
        call.store.drop(call.scope, name)
        if call.terms.tombstone_seconds or call.terms.tombstone_attempts:
            call.store.bury(
                call.scope, name, seconds=call.terms.tombstone_seconds, attempts=call.terms.tombstone_attempts
            )
    return {}


def list_tags(call: Call) -> dict[str, Any]:
    """ListTagsForResource, of a workload identity."""
    return {"tags": dict(_tagged(call).tags)}


def tag(call: Call) -> dict[str, Any]:
    """TagResource: adds and overwrites; more than 50 in all are refused, and then none is written."""
    with call.store.transaction():
        identity = _tagged(call)
        tags = {**identity.tags, **_checked_tags(call.params["tags"])}
        if len(tags) > _TAGS_LIMIT:
            raise Fault("ServiceQuotaExceededException", f"A resource can have at most {_TAGS_LIMIT} tags")
        call.store.put(call.scope, replace(identity, tags=tags))
    return {}


def untag(call: Call) -> dict[str, Any]:
    """UntagResource: keys that are not there are no error."""
    gone = set(call.params["tagKeys"])
    with call.store.transaction():
        identity = _tagged(call)
        tags = {key: value for key, value in identity.tags.items() if key not in gone}
        call.store.put(call.scope, replace(identity, tags=tags))
    return {}


def _found(identity: Identity | None, name: str) -> Identity:
    if identity is None:
        raise Fault("ResourceNotFoundException", f"WorkloadIdentity with name '{name}' does not exist")
    return identity


def _tagged(call: Call) -> Identity:
    arn = call.params["resourceArn"]
    name = name_in(arn)
    if name is None or arn != arn_of(call.scope, name):
        raise Fault("ResourceNotFoundException", f"No workload identity of this account and Region has the ARN {arn}")
    return _found(call.store.get(call.scope, name), name)


def _checked_tags(tags: dict[str, str]) -> dict[str, str]:
    if any(key.lower().startswith("aws:") for key in tags):
        raise Fault("ValidationException", "Tag keys that begin with aws: are reserved")
    return tags


def _described(call: Call, identity: Identity) -> dict[str, Any]:
    return {
        "name": identity.name,
        "workloadIdentityArn": arn_of(call.scope, identity.name),
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
    "ListTagsForResource": list_tags,
    "TagResource": tag,
    "UntagResource": untag,
}
