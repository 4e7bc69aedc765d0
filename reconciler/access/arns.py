"""ARNs of the directory: the parts of those that the API returned, and how the others are spelled.

The service's own patterns say `acps` for providers where its documentation says `bedrock-agentcore`: one and the same here.
"""

from __future__ import annotations

from reconciler.model.environments import Target
from reconciler.model.kinds import kind_of

_SERVICES = ("bedrock-agentcore", "acps")
_SPLIT = ("/workload-identity/", "/oauth2credentialprovider/", "/apikeycredentialprovider/")
_PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-iso-", "aws-iso"), ("us-isob-", "aws-iso-b"))


def partition_of(region: str) -> str:
    """The partition that the region lies in."""
    return next((name for begin, name in _PARTITIONS if region.startswith(begin)), "aws")


def planned_arn(type_: str, name: str, target: Target) -> str:
    """The ARN as the developer guide's tagging page spells it, for what the API has not told yet."""
    return f"{place(target)}:{kind_of(type_).api.resource.format(name=name)}"


def place(target: Target, service: str = "bedrock-agentcore") -> str:
    """What every ARN of that service begins with, in the target's account and region; no colon at the end."""
    return f"arn:{partition_of(target.region)}:{service}:{target.region}:{target.account}"


def container(arn: str) -> str:
    """The directory or vault that an identity or provider is in: the beginning of its ARN."""
    for split in _SPLIT:
        before, found, _ = arn.partition(split)
        if found:
            return before
    return arn.rpartition("/")[0].rpartition("/")[0]


def spellings(arn: str) -> tuple[str, ...]:
    """The ARN as it is, and with the other name of the service."""
    parts = arn.split(":", 3)
    if len(parts) < 4 or parts[2] not in _SERVICES:
        return (arn,)
    other = _SERVICES[1 - _SERVICES.index(parts[2])]
    return arn, ":".join((parts[0], parts[1], other, parts[3]))


def leaf(arn: str) -> str:
    """The name at the end of an ARN."""
    return arn.rpartition("/")[2]
