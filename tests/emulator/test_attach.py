"""The door in process: nothing of an attached client reaches a network."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from reconciler.emulator import ACCOUNT, Identity, Misbehaviour, Provider, Scope, Store, attach


def test_no_socket_is_opened_whatever_is_asked(embedded_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a socket was asked for")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    embedded_client.create_workload_identity(name="agent")
    with pytest.raises(ClientError, match=r"UnknownOperationException.*does not know GET .*/harnesses"):
        embedded_client.list_harnesses()


def test_a_client_of_another_service_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="bedrock-agentcore-control, bedrock-agentcore, cloudtrail, not sts"):
        attach(boto3.client("sts"), store)


def test_a_client_of_the_data_plane_is_answered_too_and_opens_no_socket(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_all(Scope(ACCOUNT, "us-east-1"), [Identity(name="agent"), Provider(name="stripe")])
    client = boto3.client("bedrock-agentcore", region_name="us-east-1")
    attach(client, store)
    monkeypatch.setattr(socket, "socket", None)

    token = client.get_workload_access_token(workloadName="agent")["workloadAccessToken"]
    key = client.get_resource_api_key(workloadIdentityToken=token, resourceCredentialProviderName="stripe")
    assert key["apiKey"] == "emulated-key-of-stripe"
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.list_ab_tests()


def test_a_token_is_good_in_its_own_account_and_region_only(store: Store) -> None:
    scopes = [Scope(ACCOUNT, "us-east-1"), Scope(ACCOUNT, "eu-west-1"), Scope("999999999999", "us-east-1")]
    clients = []
    for scope in scopes:
        store.put_all(scope, [Identity(name="agent"), Provider(name="stripe")])
        clients.append(boto3.client("bedrock-agentcore", region_name=scope.region))
        attach(clients[-1], store, account=scope.account)
    token = clients[0].get_workload_access_token(workloadName="agent")["workloadAccessToken"]
    asked = {"workloadIdentityToken": token, "resourceCredentialProviderName": "stripe"}
    clients[0].get_resource_api_key(**asked)
    for client in clients[1:]:
        with pytest.raises(ClientError, match="UnauthorizedException"):
            client.get_resource_api_key(**asked)


def test_account_and_region_decide_which_directory_answers(store: Store) -> None:
    clients = {}
    for account, region in ((ACCOUNT, "us-east-1"), (ACCOUNT, "cn-north-1"), ("999999999999", "us-east-1")):
        client = clients[account, region] = boto3.client("bedrock-agentcore-control", region_name=region)
        attach(client, store, account=account)
        client.create_workload_identity(name="agent")

    arns = {client.get_workload_identity(name="agent")["workloadIdentityArn"] for client in clients.values()}
    resource = "workload-identity-directory/default/workload-identity/agent"
    assert arns == {
        f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:{resource}",
        f"arn:aws-cn:bedrock-agentcore:cn-north-1:{ACCOUNT}:{resource}",
        f"arn:aws:bedrock-agentcore:us-east-1:999999999999:{resource}",
    }


def test_a_dropped_connection_is_retried_by_botocore_as_a_real_one_would_be(store: Store) -> None:
    misbehaviour = Misbehaviour()
    client = boto3.client("bedrock-agentcore-control", region_name="us-east-1")
    attach(client, store, misbehaviour=misbehaviour)

    misbehaviour.drop("ListWorkloadIdentities", committed=False)
    client.list_workload_identities()
    assert misbehaviour.count("ListWorkloadIdentities") == 2

    misbehaviour.drop("ListWorkloadIdentities", committed=False, times=None)
    with pytest.raises(ConnectionClosedError):
        client.list_workload_identities()


def test_two_clients_on_one_file_see_each_others_writes(tmp_path: Path) -> None:
    clients, stores = [], []
    for _ in range(2):
        stores.append(Store(tmp_path / "directory.sqlite"))
        clients.append(boto3.client("bedrock-agentcore-control", region_name="us-east-1"))
        attach(clients[-1], stores[-1])

    clients[0].create_workload_identity(name="agent")
    clients[1].update_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=["https://a.example/cb"])

    assert clients[0].get_workload_identity(name="agent")["allowedResourceOauth2ReturnUrls"] == ["https://a.example/cb"]
    assert stores[0].count(Scope(ACCOUNT, "us-east-1")) == 1
    for store in stores:
        store.close()
