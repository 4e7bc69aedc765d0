"""Events as LookupEvents answers them, made ours: what they are about, who did it, with what. Pure, and surprised by nothing.

An event of another shape is lost alone. Texts are kept as they come, bounded: whoever shows them escapes them.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from reconciler.aws.principals import principal_of, tool_of
from reconciler.aws.words import bounded
from reconciler.model.addresses import Remote
from reconciler.model.kinds import API_KEY_PROVIDER, KINDS, OAUTH2_PROVIDER, WORKLOAD_IDENTITY, Kind
from reconciler.model.moments import utc_moment, utc_text
from reconciler.model.trail import Event

SOURCE = "bedrock-agentcore.amazonaws.com"
"""The event source of both planes, as the developer guide's examples have it."""

_LARGEST = 512 * 1024  # characters of one record; CloudTrail's own limit is 256 KB
_LONGEST = {"id": 128, "operation": 128, "error": 128, "address": 256, "agent": 1024, "arn": 2048}
_NAME = 255
_TAGS = ("TagResource", "UntagResource")
_OURS: Mapping[str, Kind] = {
    operation: kind for kind in KINDS for operation in (kind.api.create, kind.api.update, kind.api.delete) if operation
}
_PARENTS: Mapping[str, str] = {
    "CreateAgentRuntime": "",
    "CreateGateway": "",
    "CreatePaymentManager": "",
    "DeleteAgentRuntime": "agentRuntimeId",
    "DeleteGateway": "gatewayIdentifier",
    "DeletePaymentManager": "paymentManagerId",
}
"""What makes service-linked identities come and go, with the member of a request that holds the parent's id."""

OPERATIONS: tuple[str, ...] = (*_OURS, *_TAGS, *_PARENTS)
"""Every operation whose events are told."""


def operations_on(types: Container[str] | None) -> tuple[str, ...]:
    """Those that change resources of these types; all of them for None."""
    if types is None:
        return OPERATIONS
    return (*(operation for operation, kind in _OURS.items() if kind.type in types), *_TAGS)


_IN_ARN: Mapping[str, str] = {
    "workload-identity": WORKLOAD_IDENTITY.type,
    "oauth2credentialprovider": OAUTH2_PROVIDER.type,
    "apikeycredentialprovider": API_KEY_PROVIDER.type,
    # … as the guide's scope-down page spells them, against its page on tagging and the API's own patterns.
    "oauth2-credential-provider": OAUTH2_PROVIDER.type,
    "api-key": API_KEY_PROVIDER.type,
}
_ARN = re.compile(
    r"arn:[^:]*:(?:bedrock-agentcore|acps):(?P<region>[^:]*):(?P<account>[^:]*):"
    r"(?:workload-identity-directory|token-vault)/[^/]+/(?P<kind>[^/]+)/(?P<name>[^/]+)"
)


def event_of(found: Any, *, account: str = "", region: str = "") -> Event | None:
    """One entry of LookupEvents; None for what changes nothing of ours, and for what cannot be understood.

    `account`, `region`: the directory's; ARNs of others are not ours.
    """
    outer = _mapping(found)
    record = _record(outer.get("CloudTrailEvent"))
    operation = _text(record, "eventName", "operation") or _text(outer, "EventName", "operation")
    source = record.get("eventSource") or outer.get("EventSource")
    id_ = _text(record, "eventID", "id") or _text(outer, "EventId", "id")
    time = _time(record.get("eventTime")) or _time(outer.get("EventTime"))
    if operation not in OPERATIONS or source != SOURCE or not id_ or not time:
        return None
    error, remotes = _text(record, "errorCode", "error"), _remotes(operation, record, outer, (account, region))
    agent, address = _text(record, "userAgent", "agent"), _text(record, "sourceIPAddress", "address")
    console = str(record.get("sessionCredentialFromConsole", "")).lower() == "true"
    return Event(
        id=id_,
        time=time,
        operation=operation,
        principal=principal_of(record.get("userIdentity"), bounded(outer.get("Username"), _NAME)),
        remotes=remotes,
        address=address,
        agent=agent,
        tool=tool_of(agent, address, console=console),
        error=error,
        vague=not (error or remotes or _names_something(operation, record, outer)),
    )


def remote_of(arn: str, *, account: str = "", region: str = "") -> Remote | None:
    """What the ARN names, in whichever spelling; None for what is elsewhere, or neither an identity nor a provider."""
    found = _ARN.fullmatch(unquote(arn) if "%3" in arn[:16] else arn)
    if found is None or found["kind"] not in _IN_ARN or len(found["name"]) > _NAME:
        return None
    elsewhere = (account and found["account"] != account) or (region and found["region"] != region)
    return None if elsewhere else Remote(_IN_ARN[found["kind"]], found["name"])


def _remotes(
    operation: str, record: Mapping[str, Any], outer: Mapping[str, Any], place: tuple[str, str]
) -> tuple[Remote, ...]:
    """By the request; where that does not say it, by what the answer and the lists of resources name."""
    asked = _mapping(record.get("requestParameters"))
    kind = _OURS.get(operation)
    if kind is not None:
        name = asked.get(kind.api.name, kind.singleton or None)
        if isinstance(name, str) and 0 < len(name) <= _NAME:
            return (Remote(kind.type, bounded(name, _NAME)),)
    held = asked.get(_PARENTS.get(operation, ""))
    if isinstance(held, str) and 0 < len(held) <= _NAME:
        # Nothing names the identity when its parent goes. It is named like the parent's id, as far as anybody saw.
        return (Remote(WORKLOAD_IDENTITY.type, bounded(held, _NAME)),)
    named = (
        remote_of(bounded(arn, _LONGEST["arn"]), account=place[0], region=place[1]) for arn in _arns(record, outer)
    )
    return tuple(sorted({one for one in named if one is not None}))


def _names_something(operation: str, record: Mapping[str, Any], outer: Mapping[str, Any]) -> bool:
    """Whether it says what it was about, which then is not ours; or is of a parent, that need not have an identity."""
    return operation in _PARENTS or any(isinstance(arn, str) and arn for arn in _arns(record, outer))


def _arns(record: Mapping[str, Any], outer: Mapping[str, Any]) -> Iterator[Any]:
    """Wherever an event may name what it is about."""
    yield _mapping(record.get("requestParameters")).get("resourceArn")
    answered = _mapping(record.get("responseElements"))
    yield from (answered.get(kind.api.arn) for kind in KINDS if kind.api.arn)
    yield _mapping(answered.get("workloadIdentityDetails")).get("workloadIdentityArn")
    for listed, member in ((record.get("resources"), "ARN"), (outer.get("Resources"), "ResourceName")):
        yield from (_mapping(one).get(member) for one in (listed if isinstance(listed, list) else [])[:20])


def _record(text: Any) -> Mapping[str, Any]:
    """The event's own JSON; nothing for what is none, or too large or deep to be one."""
    if not isinstance(text, str) or len(text) > _LARGEST:
        return {}
    try:
        return _mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(members: Mapping[str, Any], name: str, longest: str) -> str:
    return bounded(members.get(name), _LONGEST[longest])


def _time(value: Any) -> str:
    """The moment as events have it; "" for what is none."""
    try:
        return utc_text(value if isinstance(value, datetime.datetime) else utc_moment(value))
    except (TypeError, ValueError, OverflowError):
        return ""
