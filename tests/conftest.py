"""Fixtures for every test: an environment without AWS in it, and the emulated directory behind its three doors.

The names that tests import from here, they get through fixtures: pytest runs with `--import-mode=importlib`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from reconciler.emulator import ACCOUNT, Identity, Misbehaviour, Scope, Store, attach
from tests.buckets import Buckets
from tests.repositories import Git

REGION = "us-east-1"
MOTO_ACCOUNT = "123456789012"
SERVICE = "bedrock-agentcore-control"
DATA_PLANE = "bedrock-agentcore"
_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/agent:1"
_FAKE = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_FOREIGN = ("AWS_", "MOTO_", "BEDROCK_", "RECONCILER_")
_CONSOLE = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "COLUMNS", "PY_COLORS", "TERM")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of the developer's own set-up reaches a test, and no test can reach a real account."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN) or name in _CONSOLE:
            monkeypatch.delenv(name)
    for name, value in _FAKE.items():
        monkeypatch.setenv(name, value)
    home = tmp_path_factory.mktemp("aws")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        (home / name.lower()).touch()
        monkeypatch.setenv(name, str(home / name.lower()))


class Clock:
    """Seconds since 1970 that pass only when told to. `sleep` passes them."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    """An empty directory in memory, on the test's clock."""
    store = Store(clock=clock)
    yield store
    store.close()


@pytest.fixture
def misbehaviour(clock: Clock) -> Misbehaviour:
    """What every client of this test's store will suffer, on the test's clock; at first, nothing."""
    return Misbehaviour(clock=clock, sleep=clock.sleep)


@pytest.fixture
def embedded_client(store: Store, misbehaviour: Misbehaviour) -> Iterator[Any]:
    """A boto3 client answered in process from `store`, with `misbehaviour` in between; the account is 000000000000."""
    client = boto3.client(SERVICE, region_name=REGION)
    attach(client, store, misbehaviour=misbehaviour)
    yield client
    client.close()


@pytest.fixture
def http_emulator(store: Store, misbehaviour: Misbehaviour) -> Iterator[Any]:
    """A server for `store` and `misbehaviour` on a free port: `.url`, `.store`, `.misbehaviour`; account 123456789012."""
    from reconciler.emulator.server import serve

    with serve(store=store, misbehaviour=misbehaviour) as server:
        yield server


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[Buckets]:
    """One server of buckets for all tests of a worker; see `tests/buckets.py`."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _FAKE.items():
            patch.setenv(name, value)
        server = Buckets()
        yield server
        server.stop()


@pytest.fixture
def buckets(bucket_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3 on this machine, behaving: `.make()` gives a new bucket, `.deny()`, `.trouble()` disturb, `.seen` tells."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket_server.url)
    yield bucket_server
    bucket_server.calm()


@dataclass(frozen=True, kw_only=True)
class Control:
    """One door of the emulated directory, with a client of each service before it and hands on what is behind it."""

    door: str
    client: Any
    data: Any
    store: Store
    misbehaviour: Misbehaviour
    clock: Clock
    scope: Scope

    def put_all(self, *things: Any) -> None:
        """Things of any kind put there behind the client's back, as they are given."""
        self.store.put_all(self.scope, things)

    def put(self, name: str, *urls: str, **tags: str) -> Identity:
        """An identity put there behind the client's back."""
        identity = Identity(name=name, urls=urls, tags=tags, created=self.clock(), updated=self.clock())
        self.store.put(self.scope, identity)
        return identity

    def stored(self, name: str) -> Identity | None:
        return self.store.get(self.scope, name)

    def listed(self, **page: Any) -> list[str]:
        """The names that the whole listing shows."""
        pages = self.client.get_paginator("list_workload_identities").paginate(PaginationConfig=page)
        return [one["name"] for found in pages for one in found["workloadIdentities"]]

    @property
    def role(self) -> str:
        return f"arn:aws:iam::{self.scope.account}:role/agents"

    def make_runtime(self, name: str) -> tuple[str, str]:
        """A runtime made through the API: its id, and the ARN of the identity that came with it."""
        made = self.client.create_agent_runtime(
            agentRuntimeName=name,
            agentRuntimeArtifact={"containerConfiguration": {"containerUri": _IMAGE}},
            roleArn=self.role,
            networkConfiguration={"networkMode": "PUBLIC"},
        )
        return made["agentRuntimeId"], made["workloadIdentityDetails"]["workloadIdentityArn"]

    def make_gateway(self, name: str) -> tuple[str, str]:
        """A gateway made through the API: its id, and the ARN of the identity that came with it."""
        made = self.client.create_gateway(name=name, roleArn=self.role, protocolType="MCP", authorizerType="AWS_IAM")
        return made["gatewayId"], made["workloadIdentityDetails"]["workloadIdentityArn"]

    def make_payment_manager(self, name: str) -> tuple[str, str]:
        """A payment manager made through the API: its id, and the ARN of the identity that came with it."""
        made = self.client.create_payment_manager(name=name, roleArn=self.role, authorizerType="AWS_IAM")
        return made["paymentManagerId"], made["workloadIdentityDetails"]["workloadIdentityArn"]

    def make(self, kind: str, name: str) -> tuple[str, str]:
        """A parent of the kind "runtime", "gateway" or "payment-manager"."""
        makers = {
            "runtime": self.make_runtime,
            "gateway": self.make_gateway,
            "payment-manager": self.make_payment_manager,
        }
        return makers[kind](name)

    def remove(self, kind: str, parent_id: str) -> None:
        """Delete a parent through the API."""
        match kind:
            case "runtime":
                self.client.delete_agent_runtime(agentRuntimeId=parent_id)
            case "gateway":
                self.client.delete_gateway(gatewayIdentifier=parent_id)
            case _:
                self.client.delete_payment_manager(paymentManagerId=parent_id)


@pytest.fixture(params=["embedded", "moto", "http"])
def door(request: pytest.FixtureRequest, store: Store, misbehaviour: Misbehaviour, clock: Clock) -> Iterator[Control]:
    """The same directory behind each door in turn. The clients do not retry: one call, one answer."""
    parts = {"door": request.param, "store": store, "misbehaviour": misbehaviour, "clock": clock}
    if request.param == "embedded":
        with _clients() as (client, data):
            for one in (client, data):
                attach(one, store, misbehaviour=misbehaviour)
            yield Control(client=client, data=data, scope=Scope(ACCOUNT, REGION), **parts)
        return
    scope = Scope(MOTO_ACCOUNT, REGION)
    if request.param == "http":
        server = request.getfixturevalue("http_emulator")
        with _clients(endpoint_url=server.url) as (client, data):
            yield Control(client=client, data=data, scope=scope, **parts)
        return
    from moto import mock_aws

    from reconciler.emulator import moto_extension

    moto_extension.install(store, misbehaviour)
    with mock_aws(), _clients() as (client, data):
        yield Control(client=client, data=data, scope=scope, **parts)
    moto_extension.uninstall()


@contextlib.contextmanager
def _clients(**where: Any) -> Iterator[list[Any]]:
    """A client of the control plane and one of the data plane."""
    once = Config(retries={"total_max_attempts": 1})
    clients = [boto3.client(one, region_name=REGION, config=once, **where) for one in (SERVICE, DATA_PLANE)]
    yield clients
    for client in clients:
        client.close()


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """An empty repository on `main`, the folder that the test works in."""
    for name in [one for one in os.environ if one.startswith(("GIT_", "GITHUB_", "CI_", "CHANGE_"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name, value in {
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.com",
    }.items():
        monkeypatch.setenv(name, value)
    root = tmp_path / "work"
    root.mkdir()
    made = Git(root)
    made("init", "--quiet", "--initial-branch", "main")
    monkeypatch.chdir(root)
    return made
