"""What CloudTrail does with the events that are kept: LookupEvents, by its API reference. Newest first.

Here it validates by itself: its errors are not those that the service of identities has.
"""

from __future__ import annotations

import json
from typing import Any

from reconciler.emulator import statements
from reconciler.emulator.calls import Call, Operation, decode_token, encode_token
from reconciler.emulator.events import SOURCE
from reconciler.emulator.faults import Fault
from reconciler.emulator.things import Kept

_PAGE = 50
_LONGEST_VALUE = 2000


def look_up(call: Call) -> dict[str, Any]:
    """LookupEvents."""
    params = call.params
    limit = params.get("MaxResults", _PAGE)
    if not isinstance(limit, int) or not 1 <= limit <= _PAGE:
        raise Fault(
            "InvalidMaxResultsException", f"A max results value of {limit} is invalid. Specify max results of 1-50."
        )
    now = call.store.clock()
    since, until = _time(params, "StartTime", 0.0), _time(params, "EndTime", now)
    if since > until:
        raise Fault("InvalidTimeRangeException", "The end time must be after the start time")
    key, value = _attribute(params)
    asked = json.dumps([since, params.get("EndTime"), key, value])
    last = _position(params.get("NextToken"), asked)
    if _nothing(params, key, value):
        return {"Events": []}
    found = call.store.kept(call.scope, (since, until), (key, value), last, limit + 1)
    answer: dict[str, Any] = {"Events": [_shown(event) for _, event in found[:limit]]}
    if len(found) > limit:
        number, event = found[limit - 1]
        answer["NextToken"] = encode_token(json.dumps([event.time, number, asked]))
    return answer


def _nothing(params: dict[str, Any], key: str, value: str) -> bool:
    """Insights are kept by nobody here, and one source is all that there is."""
    category = params.get("EventCategory")
    if category not in (None, "insight"):
        raise Fault("InvalidEventCategoryException", f"The event category {category} is not valid")
    return category is not None or (key == "EventSource" and value != SOURCE)


def _time(params: dict[str, Any], member: str, default: float) -> float:
    """Seconds since 1970, as the JSON protocol writes them."""
    value = params.get(member, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Fault("InvalidTimeRangeException", f"{member} is no timestamp")
    return float(value)


def _attribute(params: dict[str, Any]) -> tuple[str, str]:
    """What events are chosen by; ("", "") for all of them."""
    given = params.get("LookupAttributes") or []
    if not given:
        return "", ""
    if not isinstance(given, list) or len(given) > 1 or not isinstance(given[0], dict):
        raise Fault("InvalidLookupAttributesException", "You can specify only one lookup attribute")
    key, value = given[0].get("AttributeKey"), given[0].get("AttributeValue")
    if key not in (*statements.KEPT_BY, "EventSource") or not isinstance(value, str) or not value:
        raise Fault("InvalidLookupAttributesException", f"The lookup attribute {key} is not valid")
    if len(value) > _LONGEST_VALUE:
        raise Fault("InvalidLookupAttributesException", f"The value of the lookup attribute {key} is too long")
    return key, value


def _position(token: Any, asked: str) -> tuple[int, int] | None:
    """Behind which event the page begins. A token is good for the question that it came from."""
    if token is None:
        return None
    try:
        time, number, before = json.loads(decode_token(str(token)))
    except (Fault, ValueError) as error:
        raise Fault("InvalidNextTokenException", "The token is not valid") from error
    if before != asked:
        raise Fault("InvalidNextTokenException", "The token was used in a request with different parameters")
    return int(time), int(number)


def _shown(event: Kept) -> dict[str, Any]:
    return {
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": event.read_only,
        "AccessKeyId": event.access_key or None,
        "EventTime": event.time,
        "EventSource": SOURCE,
        "Username": event.username or None,
        "Resources": json.loads(event.resources),
        "CloudTrailEvent": event.record,
    }


OPERATIONS: dict[str, Operation] = {"LookupEvents": look_up}
