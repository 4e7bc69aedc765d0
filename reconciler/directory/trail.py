"""The audit trail of a directory: a client of CloudTrail beside it, for the same place, and what keeps the two together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container
from typing import NamedTuple

from botocore.client import BaseClient

from reconciler.aws.calls import Calls
from reconciler.aws.pacing import Pacing
from reconciler.aws.sessions import is_loopback
from reconciler.aws.trail import SERVICE, read_trail
from reconciler.aws.words import quotable
from reconciler.errors import CredentialsMissing, DirectoryError
from reconciler.model.trail import Trail


class Place(NamedTuple):
    """Where a directory is."""

    account: str
    region: str
    endpoint: str


def trail_beside(
    make_client: Callable[[str, int], BaseClient],
    place: Place,
    pacing: Pacing,
    *,
    since: str,
    until: str,
    types: Container[str] | None = None,
) -> Trail:
    """What `read_trail` reads with a client of its own, closed again. Raises CredentialsMissing, and no other of our errors.

    A trail on this machine tells nothing of a directory that is not, nor the other way round: neither is then asked.
    """
    try:
        client = make_client(SERVICE, 1)
    except CredentialsMissing:
        raise
    except DirectoryError as error:
        return Trail(
            since=since, until=until, events=(), failed=". ".join(one for one in (error.summary, error.detail) if one)
        )
    with contextlib.closing(client):
        endpoint = str(client.meta.endpoint_url)
        if is_loopback(endpoint) != is_loopback(place.endpoint):
            return Trail(since=since, until=until, events=(), failed=_apart(endpoint, place.endpoint))
        calls = Calls(client, pacing)
        return read_trail(calls, since=since, until=until, account=place.account, region=place.region, types=types)


def _apart(trail: str, directory: str) -> str:
    return (
        f"the directory is at {quotable(directory)}, and its audit trail at {quotable(trail)}: one of them is on this machine, "
        "the other is not. The trail was not asked. Set AWS_ENDPOINT_URL_CLOUDTRAIL and "
        "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL to the same place (`reconciler emulator` serves both), or neither."
    )
