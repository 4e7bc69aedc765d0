"""A data plane that the emulator answers in process, on the test's clock, and identities to verify there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from reconciler.access import Granted, Inbound, Reach
from reconciler.access import Provider as Reached
from reconciler.aws.pacing import Pacing
from reconciler.directory.data_plane import AgentCoreDataPlane
from reconciler.directory.handing_out import Token
from reconciler.emulator import ACCOUNT, Identity, Misbehaviour, Provider, Scope, Store, attach
from reconciler.model.addresses import Address
from reconciler.model.environments import Target
from reconciler.model.verification import Check, Verification
from reconciler.verifying import User, verify

REGION = "us-east-1"
BACK = "https://app.example.com/cb"
ON_BEHALF = {"grantType": "JWT_AUTHORIZATION_GRANT"}
TARGET = Target(stack="payments", environment="prod", account=ACCOUNT, region=REGION)


class World:
    """A data plane, what is behind it, and verifying one identity there."""

    back, target = BACK, TARGET

    def __init__(self, store: Store, misbehaviour: Misbehaviour, clock: Any) -> None:
        self.store, self.misbehaviour, self.clock = store, misbehaviour, clock
        self.scope = Scope(ACCOUNT, REGION)
        once = Config(retries={"total_max_attempts": 1})
        self.client = boto3.client("bedrock-agentcore", region_name=REGION, config=once)
        attach(self.client, store, misbehaviour=misbehaviour)
        self.plane = AgentCoreDataPlane(self.client, pacing=Pacing(clock=clock, sleep=clock.sleep))
        self.everybody = User(id="alice", token=self.jwt())

    def jwt(self, **claims: Any) -> Token:
        """A user's token."""
        parts = ({"alg": "RS256"}, claims or {"iss": "https://idp.example", "sub": "alice"})
        coded = (base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts)
        return Token(".".join((*coded, "c2lnbmF0dXJl")))

    def furnish(self) -> None:
        """An identity and providers of every sort."""
        secret = {"clientId": "c"}
        self.put(
            Identity(name="agent", urls=(BACK,)),
            Provider(name="stripe"),
            Provider(name="github", vendor="GithubOauth2", config=secret),
            Provider(name="idp", vendor="CustomOauth2", config={**secret, "onBehalfOfTokenExchangeConfig": ON_BEHALF}),
        )

    def put(self, *things: Any) -> None:
        self.store.put_all(self.scope, things)

    def terms(self, **terms: Any) -> None:
        self.misbehaviour.terms = replace(self.misbehaviour.terms, **terms)

    def api_key(self, name: str = "stripe") -> Granted:
        return Granted(provider=Reached(address=Address("api_key_credential_provider", name), name=name))

    def oauth2(self, *flows: str, name: str = "github") -> Granted:
        provider = Reached(address=Address("oauth2_credential_provider", name), name=name)
        return Granted(provider=provider, flows=flows, scopes=("repo",))

    def subject(self, *grants: Granted, name: str = "agent", inbound: str = "userId", urls: Any = (BACK,)) -> Reach:
        return Reach(
            identity=Address("workload_identity", name),
            name=name,
            inbound=Inbound(inbound),
            return_urls=tuple(urls),
            grants=grants,
        )

    def report(self, *subjects: Reach, user: User | None = None, **options: Any) -> Verification:
        return verify(self.plane, subjects, user=user or self.everybody, target=TARGET, **options)

    def checks(self, *grants: Granted, user: User | None = None, **subject: Any) -> list[Check]:
        """The checks of one identity that is granted these."""
        return list(self.report(self.subject(*grants, **subject), user=user).checks)

    def sent(self) -> list[str]:
        """The operations that arrived, in their order."""
        return [one.operation for one in self.misbehaviour.calls]


@pytest.fixture
def world(store: Store, misbehaviour: Misbehaviour, clock: Any) -> Iterator[World]:
    world = World(store, misbehaviour, clock)
    world.furnish()
    yield world
    world.plane.close()
