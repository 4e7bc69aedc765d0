"""The door over HTTP: many callers at once, its options, its end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from reconciler.emulator import Identity, Misbehaviour, Scope, Store
from reconciler.emulator.server import serve
from reconciler.emulator.terms import STRICT
from reconciler.errors import UsageError

HERE = Scope("123456789012", "us-east-1")
FOREGROUND = """
from reconciler.emulator.server import serve
serve().wait(lambda url: print(f"listening on {url}", flush=True))
print("stopped")
"""


def client(server: Any, service: str = "bedrock-agentcore-control", **config: Any) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=server.url,
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def outcome(call: Any, **params: Any) -> str:
    try:
        call(**params)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


def test_sixteen_threads_get_the_answers_that_one_would_get() -> None:
    with serve(max_identities=150) as server:
        shared = client(server, max_pool_connections=16)
        arn = shared.create_workload_identity(name="shared")["workloadIdentityArn"]

        def hammer(thread: int) -> Counter[str]:
            seen: Counter[str] = Counter()
            seen["contended " + outcome(shared.create_workload_identity, name="contended")] += 1
            for number in range(10):
                seen["own " + outcome(shared.create_workload_identity, name=f"own-{thread:02}-{number}")] += 1
            for number in range(3):
                seen["tag " + outcome(shared.tag_resource, resourceArn=arn, tags={f"{thread}-{number}": "x"})] += 1
            return seen

        with ThreadPoolExecutor(16) as pool:
            total = sum(pool.map(hammer, range(16)), Counter())

        tags = server.store.get(HERE, "shared").tags
        assert total == {
            "contended done": 1,
            "contended ValidationException": 15,
            "own done": 148,  # the limit of 150, less the shared and the contended one
            "own ServiceQuotaExceededException": 12,
            "tag done": 48,
        }
        assert len(tags) == 48
        assert server.store.count(HERE) == len(server.store.identities(HERE)) == 150
        assert server.misbehaviour.count() == 1 + 16 * 14


def test_it_says_who_the_caller_is() -> None:
    with serve() as server:
        assert client(server, "sts").get_caller_identity()["Account"] == "123456789012"


def test_two_servers_hold_two_directories() -> None:
    with serve() as one, serve() as other:
        client(one).create_workload_identity(name="agent")
        client(other).create_gateway(
            name="g", roleArn="arn:aws:iam::123456789012:role/x", authorizerType="AWS_IAM", protocolType="MCP"
        )
        assert [found.name for found in one.store.identities(HERE)] == ["agent"]
        assert [found.linked for found in other.store.identities(HERE)] == [True]
        assert client(one).list_gateways()["items"] == []


def test_a_store_file_outlives_the_server_and_so_do_runtimes(tmp_path: Path) -> None:
    file = tmp_path / "directory.sqlite"
    with serve(store=file) as server:
        client(server).create_workload_identity(name="agent")
        gateway = client(server).create_gateway(
            name="g", roleArn="arn:aws:iam::123456789012:role/x", authorizerType="AWS_IAM", protocolType="MCP"
        )
        server.store.link(HERE, "runtime", "linked-0123456789")
    with serve(store=file) as server:
        names = [one["name"] for one in client(server).list_workload_identities()["workloadIdentities"]]
        assert names == sorted(["agent", "linked-0123456789", gateway["gatewayId"]])
        client(server).delete_agent_runtime(agentRuntimeId="linked-0123456789")
        assert server.store.count(HERE) == 2


def test_latency_is_added_to_each_call() -> None:
    slept: list[float] = []
    with serve(latency_ms=40, misbehaviour=Misbehaviour(sleep=slept.append)) as server:
        client(server).list_workload_identities()
        client(server).list_agent_runtimes()
    assert slept == [0.04, 0.04]


def test_strict_is_every_inconvenience_at_once() -> None:
    with serve(strict=True, max_identities=3) as server:
        assert (server.misbehaviour.terms.max_identities, STRICT.max_identities) == (3, 11_000)
        server.store.put(HERE, Identity(name="agent", urls=("https://a.example/cb",)))

        assert client(server).update_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=[])
        assert server.store.get(HERE, "agent").urls == ("https://a.example/cb",)
        client(server).create_workload_identity(name="unseen")
        assert outcome(client(server).get_workload_identity, name="unseen") == "ResourceNotFoundException"
        client(server).delete_workload_identity(name="agent")
        assert outcome(client(server).create_workload_identity, name="agent") == "ValidationException"


def test_strict_lets_providers_settle_and_names_their_arns_as_the_model_does() -> None:
    with serve(strict=True) as server:
        config = {"githubOauth2ProviderConfig": {"clientId": "c", "clientSecret": "s"}}
        made = client(server).create_oauth2_credential_provider(
            name="github", credentialProviderVendor="GithubOauth2", oauth2ProviderConfigInput=config
        )
        assert made["status"] == "CREATING"
        assert made["credentialProviderArn"].startswith("arn:aws:acps:")


def test_the_planes_share_one_address() -> None:
    with serve() as server:
        client(server).create_workload_identity(name="agent")
        client(server).create_api_key_credential_provider(name="stripe", apiKey="k")
        data = client(server, "bedrock-agentcore")
        token = data.get_workload_access_token(workloadName="agent")["workloadAccessToken"]
        asked = {"workloadIdentityToken": token, "resourceCredentialProviderName": "stripe"}
        assert data.get_resource_api_key(**asked)["apiKey"] == "emulated-key-of-stripe"


def test_a_taken_port_is_said_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match=str(taken.getsockname()[1])):
            serve(port=taken.getsockname()[1])


def test_stopping_frees_the_port_and_may_be_done_twice(store: Store) -> None:
    server = serve(store=store)
    port = int(server.url.rpartition(":")[2])
    server.stop()
    server.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    with serve(port=port) as again:
        assert again.url == server.url


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_the_foreground_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", FOREGROUND], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("listening on http://127.0.0.1:")
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "stopped\n", "")
    assert time.monotonic() - began < 10


def test_it_writes_no_line_for_each_request(capfd: pytest.CaptureFixture[str]) -> None:
    with serve() as server:
        client(server).list_workload_identities()
        server.misbehaviour.drop("ListWorkloadIdentities", committed=True)
        with pytest.raises(Exception, match="closed"):
            client(server).list_workload_identities()
    assert capfd.readouterr() == ("", "")
