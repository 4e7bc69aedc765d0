"""The door of moto: what installing changes in moto, and that it can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.bedrockagentcore.models import BedrockAgentCoreBackend, bedrockagentcore_backends
from moto.bedrockagentcorecontrol.models import BedrockAgentCoreControlBackend, bedrockagentcorecontrol_backends

from reconciler.emulator import Identity, Misbehaviour, Scope, Store, moto_extension

HERE = Scope("123456789012", "us-east-1")


def data_plane() -> Any:
    return boto3.client("bedrock-agentcore", region_name="us-east-1")


@pytest.fixture(autouse=True)
def uninstalled() -> Iterator[None]:
    yield
    moto_extension.uninstall()


def client() -> Any:
    return boto3.client("bedrock-agentcore-control", region_name="us-east-1")


def test_installing_twice_changes_nothing() -> None:
    door = moto_extension.install()
    assert moto_extension.install() is door
    with mock_aws():
        client().create_workload_identity(name="agent")
        assert door.store.count(HERE) == 1


def test_installing_with_a_store_replaces_it(store: Store, misbehaviour: Misbehaviour) -> None:
    moto_extension.install()
    moto_extension.install(store, misbehaviour)
    with mock_aws():
        client().create_workload_identity(name="agent")
        assert [one.name for one in store.identities(HERE)] == ["agent"]
        assert misbehaviour.count("CreateWorkloadIdentity") == 1


def test_uninstalling_gives_moto_its_own_back() -> None:
    moto_extension.install()
    with mock_aws():
        client().list_workload_identities()
    moto_extension.uninstall()
    moto_extension.uninstall()

    assert bedrockagentcorecontrol_backends.backend is BedrockAgentCoreControlBackend
    assert bedrockagentcore_backends.backend is BedrockAgentCoreBackend
    with mock_aws(), pytest.raises(NotImplementedError):
        client().list_workload_identities()
    with mock_aws(), pytest.raises(NotImplementedError):
        data_plane().get_workload_access_token(workloadName="agent")


def test_a_store_in_memory_is_forgotten_with_the_mock_and_a_file_is_not(store: Store, tmp_path: Path) -> None:
    file = Store(tmp_path / "directory.sqlite")
    for one in (store, file):
        moto_extension.install(one)
        with mock_aws():
            client().create_workload_identity(name="agent")
            client().create_gateway(
                name="g", roleArn="arn:aws:iam::123456789012:role/x", authorizerType="AWS_IAM", protocolType="MCP"
            )
        with mock_aws():
            client().list_gateways()
    assert store.count(HERE) == 0
    assert file.count(HERE) == 2
    file.close()


def test_what_moto_emulates_besides_goes_on_working() -> None:
    moto_extension.install()
    with mock_aws():
        made = client().create_memory(name="memory", eventExpiryDuration=30)["memory"]
        client().tag_resource(resourceArn=made["arn"], tags={"team": "pay"})
        assert client().list_tags_for_resource(resourceArn=made["arn"])["tags"] == {"team": "pay"}
        event = {
            "memoryId": made["id"],
            "actorId": "a",
            "sessionId": "s",
            "eventTimestamp": 1.0,
            "payload": [{"blob": "x"}],
        }
        assert data_plane().create_event(**event)["event"]["memoryId"] == made["id"]
        assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_identities_put_in_the_store_are_seen_through_moto(store: Store) -> None:
    moto_extension.install(store)
    with mock_aws():
        client().list_workload_identities()
        store.put(HERE, Identity(name="agent"))
        assert client().get_workload_identity(name="agent")["name"] == "agent"
