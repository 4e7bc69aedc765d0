"""What the service does with tags, of whichever kind of thing: one function for each operation.

Undocumented, and so decided by the terms: whether lastUpdatedTime moves with the tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.emulator.arns import arn_of, named_in
from reconciler.emulator.calls import Call, Operation
from reconciler.emulator.faults import Fault
from reconciler.emulator.things import Identity, Provider

_LIMIT = 50


def checked(tags: Mapping[str, str] | None) -> dict[str, str]:
    """The tags, as they may be given. Raises ValidationException for reserved keys."""
    if any(key.lower().startswith("aws:") for key in tags or {}):
        raise Fault("ValidationException", "Tag keys that begin with aws: are reserved")
    return dict(tags or {})


def list_tags(call: Call) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"tags": dict(_tagged(call).tags)}


def tag(call: Call) -> dict[str, Any]:
    """TagResource: adds and overwrites; more than 50 in all are refused, and then none is written."""
    with call.store.transaction():
        thing = _tagged(call)
        tags = {**thing.tags, **checked(call.params["tags"])}
        if len(tags) > _LIMIT:
            raise Fault("ServiceQuotaExceededException", f"A resource can have at most {_LIMIT} tags")
        _put(call, thing, tags)
    return {}


def untag(call: Call) -> dict[str, Any]:
    """UntagResource: keys that are not there are no error."""
    gone = set(call.params["tagKeys"])
    with call.store.transaction():
        thing = _tagged(call)
        _put(call, thing, {key: value for key, value in thing.tags.items() if key not in gone})
    return {}


def _tagged(call: Call) -> Identity | Provider:
    arn = call.params["resourceArn"]
    found = named_in(arn)
    services = ("bedrock-agentcore", call.terms.provider_arn_service)
    if found is None or arn not in {arn_of(call.scope, *found, service) for service in services}:
        raise Fault("ResourceNotFoundException", f"Nothing in this account and Region has the ARN {arn}")
    kind, name = found
    thing: Identity | Provider = call.stored(kind, name)
    return thing


def _put(call: Call, thing: Identity | Provider, tags: dict[str, str]) -> None:
    updated = call.store.clock() if call.terms.tags_touch else thing.updated
    call.store.put(call.scope, replace(thing, tags=tags, updated=updated))


OPERATIONS: dict[str, Operation] = {
    "ListTagsForResource": list_tags,
    "TagResource": tag,
    "UntagResource": untag,
}
