"""Message authentication codes by an HMAC key of AWS KMS, which never leaves it: made and checked there."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from reconciler.aws.asked import Asked
from reconciler.aws.calls import Calls, member
from reconciler.aws.clients import make_client
from reconciler.aws.pacing import Pacing
from reconciler.aws.sessions import open_session
from reconciler.errors import DirectoryError
from reconciler.model.environments import Environment

_ALGORITHM = "HMAC_SHA_256"
_WRONG = "KMSInvalidMacException"


def generate_mac(environment: Environment, key: str, message: bytes) -> bytes:
    """The MAC of up to 4,096 bytes, by a key that is given as its ARN, id or alias.

    Asked with the environment's credentials, in the key's region where its ARN names one. Raises DirectoryError.
    """
    asked = Asked(operation="GenerateMac", service="kms", subject=key)
    answer = _send(asked, environment, Message=message)
    return bytes(member(answer, "Mac", asked))


def verify_mac(environment: Environment, key: str, message: bytes, mac: bytes) -> bool:
    """Whether the MAC is that key's for the message. Raises DirectoryError where KMS does not say."""
    asked = Asked(operation="VerifyMac", service="kms", subject=key)
    try:
        answer = _send(asked, environment, Message=message, Mac=mac)
    except DirectoryError as error:
        if error.code == _WRONG:
            return False
        raise
    return member(answer, "MacValid", asked) is True


def _send(asked: Asked, environment: Environment, **params: Any) -> dict[str, Any]:
    placed = replace(environment, region=_region(asked.subject) or environment.region)
    with contextlib.closing(make_client(open_session(placed), "kms", placed, 1)) as client:
        return Calls(client, Pacing()).send(asked, KeyId=asked.subject, MacAlgorithm=_ALGORITHM, **params)


def _region(key: str) -> str:
    """The region that an ARN names; "" for a key's id or alias."""
    parts = key.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 5 else ""
