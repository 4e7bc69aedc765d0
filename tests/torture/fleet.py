"""The fleet that is tortured: what stands, what is wanted of it, and what must hold after anything that happened to a run."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from reconciler.emulator import Identity, Scope
from reconciler.emulator.server import Server
from reconciler.model.environments import OWNER_TAG
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.resources import Lock
from reconciler.model.values import canonical
from reconciler.state import Journal

SCOPE = Scope("123456789012", "us-east-1")
OURS, THEIRS = "fleet/prod", "billing/prod"
OLD, NEW = "https://old.example.com/cb", "https://new.example.com/cb"

BEFORE = f"""\
workloadIdentities:
  down-1: {{allowedResourceOauth2ReturnUrls: ["{OLD}"]}}
  down-2: {{tags: {{team: a}}}}
  down-3: {{allowedResourceOauth2ReturnUrls: ["{OLD}"]}}
  gone-1: {{tags: {{team: a}}}}
  cleared-1: {{allowedResourceOauth2ReturnUrls: ["{OLD}"]}}
  old-1: {{allowedResourceOauth2ReturnUrls: ["{OLD}"], tags: {{team: a}}}}
  old-2: {{allowedResourceOauth2ReturnUrls: ["{OLD}"]}}
  same-1: {{allowedResourceOauth2ReturnUrls: ["{OLD}"], tags: {{team: a}}}}
  tags-1: {{allowedResourceOauth2ReturnUrls: ["{OLD}"], tags: {{team: a, gone: x}}}}
  up-1: {{allowedResourceOauth2ReturnUrls: ["{OLD}"], tags: {{team: a}}}}
  up-2: {{allowedResourceOauth2ReturnUrls: ["{OLD}"]}}
"""
FIRST = f"""\
workloadIdentities:
  made-1: {{allowedResourceOauth2ReturnUrls: ["{NEW}"]}}
  made-2: {{allowedResourceOauth2ReturnUrls: ["{NEW}"], tags: {{team: b}}}}
  made-3: {{}}
"""
AFTER = f"""\
workloadIdentities:
  cleared-1: {{}}
  made-1: {{allowedResourceOauth2ReturnUrls: ["{NEW}"]}}
  made-2: {{allowedResourceOauth2ReturnUrls: ["{NEW}"], tags: {{team: b}}}}
  made-3: {{}}
  mine-1: {{allowedResourceOauth2ReturnUrls: ["{OLD}"]}}
  new-1: {{previously: old-1, allowedResourceOauth2ReturnUrls: ["{OLD}"], tags: {{team: a}}}}
  new-2: {{previously: old-2, allowedResourceOauth2ReturnUrls: ["{NEW}"], tags: {{team: b}}}}
  same-1: {{allowedResourceOauth2ReturnUrls: ["{OLD}"], tags: {{team: a}}}}
  tags-1: {{allowedResourceOauth2ReturnUrls: ["{OLD}"], tags: {{team: b, fresh: x}}}}
  up-1: {{allowedResourceOauth2ReturnUrls: ["{NEW}"], tags: {{team: b}}}}
  up-2: {{allowedResourceOauth2ReturnUrls: ["{NEW}", "{OLD}"]}}
"""
WANTED = frozenset(
    {"cleared-1", "made-1", "made-2", "made-3", "mine-1", "new-1", "new-2", "same-1", "tags-1", "up-1", "up-2"}
    | {"old-1", "old-2"}
)
"""Names that are ours when the manifest with AFTER is applied; what was renamed is kept until the rename is finished."""


def manifest(environment: str, resources: str) -> str:
    """The manifest's text; `environment` is the place's own line."""
    return f"version: 1\nstack: fleet\nenvironments:\n  {environment}\n{resources}"


def identity(name: str, *urls: str, owner: str = "", **tags: str) -> Identity:
    """An identity as somebody else would have made it."""
    owned = {OWNER_TAG: owner} if owner else {}
    return Identity(name=name, urls=urls, tags=tags | owned, created=1.0, updated=1.0)


NOBODYS = identity("nobodys-1", OLD, team="x")
OTHERS = (NOBODYS, identity("theirs-1", OLD, owner=THEIRS))
"""What stands and is not ours: never touched, in no case."""
UNKNOWN = identity("mine-1", OLD, owner=OURS)
"""Ours by its tag alone, as after a lost lockfile."""


class Truth:
    """What the emulated directory holds in truth."""

    def __init__(self, found: Iterable[Identity]) -> None:
        self.identities = {one.name: one for one in found}

    @property
    def names(self) -> frozenset[str]:
        """Of all."""
        return frozenset(self.identities)

    @property
    def ours(self) -> frozenset[str]:
        """Names of those that bear our tag."""
        return frozenset(name for name, one in self.identities.items() if one.tags.get(OWNER_TAG) == OURS)

    def attributes(self, name: str) -> dict[str, Any]:
        """As a lock entry holds them."""
        found = self.identities[name]
        tags = {key: text for key, text in found.tags.items() if key != OWNER_TAG}
        return canonical(WORKLOAD_IDENTITY, {"allowedResourceOauth2ReturnUrls": found.urls, "tags": tags})


def truth(server: Server) -> Truth:
    """What stands when everything that the server was asked for is done, though nobody waits for the answers any more."""
    address = urlsplit(server.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as asking:
        asking.sendall(b"GET /moto-api/ HTTP/1.0\r\n\r\n")  # answered after all that came before it is being served
        while asking.recv(65536):
            pass
    until = time.monotonic() + 30
    while any("process_request_thread" in one.name for one in threading.enumerate()):
        assert time.monotonic() < until, "the emulator still serves somebody"
        time.sleep(0.001)
    return Truth(server.store.identities(SCOPE))


def strangers_touched(now: Truth, others: Iterable[Identity]) -> list[str]:
    """What is wrong with what never was ours."""
    return [f"{one.name}, not ours, was touched" for one in others if now.identities.get(one.name) != one]


def forgotten(now: Truth, lock: Lock | None, journal: Journal | None, known_before: Iterable[str] = ()) -> list[str]:
    """Names that bear our tag, while neither the lockfile nor the journal knows of them."""
    known = {one.name for one in lock.resources.values()} if lock else set()
    if journal is not None:
        known |= {name for one in journal.intents for name in (one.name, one.previous_name)}
        known |= {one.name for step in journal.edits for one in step.put}
    return [f"{name} is ours and nobody knows" for name in sorted(now.ours - known - set(known_before))]


def unequal(now: Truth, lock: Lock | None) -> list[str]:
    """Where the lockfile and the directory do not say the same."""
    known = {one.name: one for one in lock.resources.values()} if lock else {}
    wrong = [f"{name} is ours and not in the lockfile" for name in sorted(now.ours - known.keys())]
    for name, one in known.items():
        if name not in now.names:
            wrong.append(f"{name} is in the lockfile and does not stand")
        elif one.attributes != now.attributes(name) or one.arn != arn(name):
            wrong.append(f"{name} is {now.attributes(name)} and the lockfile says {one.attributes}")
    return wrong


def arn(name: str) -> str:
    """The identity's ARN."""
    return SCOPE.arn(f"workload-identity-directory/default/workload-identity/{name}")


def endpoints(server: Server) -> Mapping[str, str]:
    """The environment variables that send a run's calls to the server."""
    return {f"AWS_ENDPOINT_URL_{service}": server.url for service in ("BEDROCK_AGENTCORE_CONTROL", "STS")}
