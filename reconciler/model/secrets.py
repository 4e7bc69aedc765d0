"""Secrets by reference: where one is kept (EXTERNAL, MANAGED), and where the value of a MANAGED one is read from at apply."""

from __future__ import annotations

import re
from dataclasses import dataclass

EXTERNAL, MANAGED = "EXTERNAL", "MANAGED"
"""Whose the secret in Secrets Manager is: the customer's own, which the service reads; or one that the service keeps."""

_ARN = re.compile(r"arn:[^:]+:secretsmanager:(?P<region>[^:]*):(?P<account>[^:]*):secret:(?P<name>.+)")
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}")

_OWN = ("AWS_", "RECONCILER_")
_PIPELINES = ("ACTIONS_", "BUILDKITE_", "CI_", "CIRCLE_", "IDENTITIES_", "JENKINS_", "RUNNER_", "SYSTEM_", "TRAVIS_")
_FORGES = ("BITBUCKET_", "GH_", "GIT_", "GITHUB_", "GITLAB_")
_PROVIDERS = re.compile(r".+_(?:SECRET|API_KEY)(?:_[0-9]+)?")  # what no pipeline sets, and `export` calls secrets


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


def is_own(env: str) -> bool:
    """Whether the variable is one of AWS's or ours."""
    return env.upper().startswith(_OWN)


def is_reserved(env: str) -> bool:
    """Whether the variable is AWS's, ours or the pipeline's: whoever writes a manifest must not have those sent anywhere.

    A forge is also what providers are made for: `GITHUB_CLIENT_SECRET` is a provider's, `GITHUB_TOKEN` is the pipeline's.
    """
    name = env.upper()
    return name.startswith((*_OWN, *_PIPELINES)) or (name.startswith(_FORGES) and not _PROVIDERS.fullmatch(name))


def names_secret(spelt: str, arn: str, *, account: str, region: str) -> bool:
    """Whether `spelt` is the secret with that ARN: its name, its ARN, or that without the six random characters at its end.

    A name is one of that account and region (AWS Secrets Manager User Guide, "What's in a Secrets Manager secret").
    """
    if spelt == arn:
        return True
    found, said = _ARN.fullmatch(arn), _ARN.fullmatch(spelt)
    if found is None:
        return False  # not known to be any other than the one that is spelt the same
    place, name = ((said["account"], said["region"]), said["name"]) if said else ((account, region), spelt)
    if place != (found["account"], found["region"]) or not found["name"].startswith(name):
        return False
    rest = found["name"][len(name) :]
    return _SUFFIX.fullmatch(rest) is not None or (said is not None and not rest)


def may_name_one(one: str, other: str, *, account: str, region: str) -> bool:
    """Whether the two may be one secret, however it is spelt: where nothing says in which account one is, it may be in any."""
    places = zip(_place(one, account, region), _place(other, account, region), strict=True)
    apart = any(left and right and left != right for left, right in places)
    return not apart and not _names(one).isdisjoint(_names(other))


def name_of(spelt: str) -> str:
    """The name of the secret, without account, region and random characters."""
    return min(_names(spelt), key=len)


def _place(spelt: str, account: str, region: str) -> tuple[str, str]:
    said = _ARN.fullmatch(spelt)
    return (said["account"], said["region"]) if said else (account, region)


def _names(spelt: str) -> set[str]:
    """What the secret may be called: nobody can tell from an ARN whether what looks like random characters is a part of it."""
    said = _ARN.fullmatch(spelt)
    if said is None:
        return {spelt}
    return {said["name"], re.sub(f"{_SUFFIX.pattern}$", "", said["name"])}
