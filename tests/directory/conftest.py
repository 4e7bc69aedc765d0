"""The directory under test: our code over a boto3 client that the emulator answers, on the test's clock."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from reconciler.aws.pacing import Pacing
from reconciler.directory.agentcore import AgentCore
from reconciler.emulator import ACCOUNT, Identity, Misbehaviour, Scope, Store, attach

REGION = "us-east-1"
SCOPE = Scope(ACCOUNT, REGION)


class World:
    """A directory and what is behind it."""

    def __init__(self, store: Store, misbehaviour: Misbehaviour, clock: Any) -> None:
        self.store, self.misbehaviour, self.clock = store, misbehaviour, clock
        self.client = boto3.client(
            "bedrock-agentcore-control", region_name=REGION, config=Config(retries={"total_max_attempts": 1})
        )
        attach(self.client, store, misbehaviour=misbehaviour)
        self.pacing = Pacing(clock=clock, sleep=clock.sleep)
        self.directory = AgentCore(self.client, account=ACCOUNT, pacing=self.pacing)

    def put(self, name: str, *urls: str, **tags: str) -> str:
        """An identity that stands; its ARN."""
        self.store.put(SCOPE, Identity(name=name, urls=urls, tags=tags, created=self.clock(), updated=self.clock()))
        return self.arn(name)

    def arn(self, name: str) -> str:
        return SCOPE.arn(f"workload-identity-directory/default/workload-identity/{name}")

    def stored(self, name: str) -> Identity | None:
        return self.store.get(SCOPE, name)

    def drop(self, name: str) -> None:
        self.store.drop(SCOPE, name)

    def sent(self) -> list[str]:
        """The operations that arrived, in their order."""
        return [one.operation for one in self.misbehaviour.calls]


@pytest.fixture
def world(store: Store, misbehaviour: Misbehaviour, clock: Any) -> Iterator[World]:
    world = World(store, misbehaviour, clock)
    yield world
    world.directory.close()


@pytest.fixture
def closed_port() -> str:
    """The URL of a port of this machine where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
