"""What a signature of a saved plan says, and the HMAC that a shared key makes of it. Leaves out where keys come from."""

from __future__ import annotations

import enum
import hmac
from dataclasses import dataclass


class Method(enum.Enum):
    """How a plan is signed; also what the file calls it."""

    SHARED_KEY = "hmac-sha256"  # a key that signer and verifier both hold
    KMS = "aws-kms"  # an HMAC key that never leaves AWS KMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who vouches for a saved plan. `key` names the key and is never trusted; `mac` is the proof, in hexadecimal."""

    method: Method
    key: str
    mac: str


def signed_message(digest: str, method: Method, key: str) -> bytes:
    """What the MAC is made over. The digest stands for the whole file, the rest for what the signature says of itself."""
    return "\n".join(("reconciler saved plan", method.value, key, digest)).encode("utf-8", "surrogatepass")


def shared_key_mac(secret: bytes, message: bytes) -> str:
    """The HMAC-SHA256, in hexadecimal."""
    return hmac.new(secret, message, "sha256").hexdigest()


def same_mac(one: str, other: str) -> bool:
    """Whether they are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
