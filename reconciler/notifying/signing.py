"""Signs what is sent to a webhook as Standard Webhooks (standardwebhooks.com) has it: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from reconciler.errors import NotTold

_PREFIX = "whsec_"
_SHORTEST = 24


def signed_headers(body: bytes, *, number: str, at: int, key: str) -> dict[str, str]:
    """The headers by which a receiver knows who sent it and when.

    `number`: the message's own; `at`: seconds since 1970; `key`: as `key_bytes` takes it.
    """
    to_sign = b".".join((number.encode(), str(at).encode(), body))
    signature = base64.b64encode(hmac.new(key_bytes(key), to_sign, hashlib.sha256).digest()).decode()
    return {"webhook-id": number, "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}


def key_bytes(key: str) -> bytes:
    """The key itself, given as base64 with or without `whsec_` before it. Raises NotTold for one that is none."""
    try:
        raw = base64.b64decode(key.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _unfit("it is not base64") from error
    if len(raw) < _SHORTEST:
        raise _unfit(f"it has {len(raw)} bytes, and {_SHORTEST} are needed")
    return raw


def _unfit(why: str) -> NotTold:
    return NotTold(f"the key that is to sign the message cannot be used: {why}", "Make one: openssl rand -base64 32")
