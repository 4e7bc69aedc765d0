"""Publishes one message on an SNS topic, or puts one event on an EventBridge bus."""

from __future__ import annotations

import json
from typing import Any

from botocore.client import BaseClient

from reconciler.aws.asked import Asked, Verb
from reconciler.aws.clients import make_client
from reconciler.aws.faults import FAILURES, translate
from reconciler.aws.sessions import open_session
from reconciler.errors import DirectoryError
from reconciler.model.environments import Environment

SOURCE, DETAIL_TYPE = "reconciler", "Drift Notification"
"""What a rule of EventBridge matches on."""

_ATTEMPTS = 3
_SUBJECT = 100  # characters, printable ASCII
_SHORT = 140  # characters of a text message


def publish(environment: Environment, topic: str, *, subject: str, text: str, json_text: str, key: str) -> None:
    """Publish on the topic of that ARN: text for people's mailboxes and phones, JSON for programs.

    Raises DirectoryError where it was not taken.
    """
    forms = {"default": json_text, "email": text, "sms": subject[:_SHORT]}
    params: dict[str, Any] = {
        "TopicArn": topic,
        "Subject": _ascii(subject),
        "Message": json.dumps(forms),
        "MessageStructure": "json",
        "MessageAttributes": {"key": {"DataType": "String", "StringValue": key}},
    }
    if topic.endswith(".fifo"):
        params |= {"MessageGroupId": "reconciler", "MessageDeduplicationId": key}
    asked = Asked(operation="Publish", verb=Verb.TAG, subject=topic, service="sns")
    client = _client(environment, "sns", topic)
    try:
        client.publish(**params)
    except client.exceptions.NotFoundException as error:
        raise DirectoryError(f"there is no topic {topic}", "Is it the right account and Region?") from error
    except (*FAILURES, ValueError) as error:
        raise translate(error, asked) from error
    finally:
        client.close()


def put_event(environment: Environment, bus: str, *, detail: str) -> None:
    """Put an event on the bus of that name or ARN. Raises DirectoryError where it was not taken."""
    entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail, "EventBusName": bus}
    asked = Asked(operation="PutEvents", verb=Verb.TAG, subject=bus, service="events")
    client = _client(environment, "events", bus)
    try:
        answer = client.put_events(Entries=[entry])
    except (*FAILURES, ValueError) as error:
        raise translate(error, asked) from error
    finally:
        client.close()
    if answer.get("FailedEntryCount"):
        refused = (answer.get("Entries") or [{}])[0]
        code = str(refused.get("ErrorCode", "no reason given"))
        raise DirectoryError(f"PutEvents {bus}: the event was not taken ({code})", code=code)


def _client(environment: Environment, service: str, place: str) -> BaseClient:
    """A client with the environment's credentials, in the Region that an ARN names."""
    region = place.split(":")[3] if place.startswith("arn:") else ""
    options = {"region_name": region} if region else {}
    return make_client(open_session(environment), service, environment, 1, attempts=_ATTEMPTS, client_options=options)


def _ascii(subject: str) -> str:
    """What SNS takes for a subject."""
    plain = "".join(one if " " <= one <= "~" else "?" for one in subject)
    return plain if len(plain) <= _SUBJECT else f"{plain[: _SUBJECT - 3]}..."
