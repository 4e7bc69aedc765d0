"""Secrets by reference: where one is kept (EXTERNAL, MANAGED), and where the value of a MANAGED one is read from at apply."""

from __future__ import annotations

import re
from dataclasses import dataclass

EXTERNAL, MANAGED = "EXTERNAL", "MANAGED"
"""Whose the secret in Secrets Manager is: the customer's own, which the service reads; or one that the service keeps."""

_ARN = re.compile(r"arn:[^:]+:secretsmanager:(?P<region>[^:]*):(?P<account>[^:]*):secret:(?P<name>.+)")
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """Where apply reads a MANAGED secret: the environment variable `env`, or Secrets Manager (all of it without `json_key`)."""

    env: str = ""
    secret_id: str = ""
    json_key: str = ""

    def __str__(self) -> str:
        if self.env:
            return f"environment variable {self.env}"
        return f"secret {self.secret_id}" + (f", key {self.json_key}" if self.json_key else "")


def is_reserved(env: str) -> bool:
    """Whether the variable is one of AWS's or ours: whoever writes a manifest must not have those sent anywhere."""
    return env.upper().startswith(("AWS_", "RECONCILER_"))


def same_secret(one: str, other: str, *, account: str, region: str) -> bool:
    """Whether two ids name one secret of Secrets Manager: a name, an ARN, or an ARN without its six random characters.

    A name is one of that account and region (AWS Secrets Manager User Guide, "What's in a Secrets Manager secret").
    """
    if one == other:
        return True
    (first_place, first), (second_place, second) = (_parts(text, account, region) for text in (one, other))
    return first_place == second_place and (_completes(first, second) or _completes(second, first))


def _parts(text: str, account: str, region: str) -> tuple[tuple[str, str], str]:
    found = _ARN.fullmatch(text)
    return ((found["account"], found["region"]), found["name"]) if found else ((account, region), text)


def _completes(short: str, long: str) -> bool:
    return long == short or (long.startswith(short) and _SUFFIX.fullmatch(long[len(short) :]) is not None)
