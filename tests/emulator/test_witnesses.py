"""Outside witnesses: AWS's own clients, which know nothing of us, work with the emulator over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AWS = Path(sys.executable).with_name("aws")
IDENTITY_CLIENT = """
import json
from bedrock_agentcore.services.identity import IdentityClient

client = IdentityClient("us-east-1")
made = client.create_workload_identity("sdk-agent", ["https://a.example/cb"])
client.update_workload_identity("sdk-agent", ["https://b.example/cb", "https://c.example/cb"])
shown = client.get_workload_identity("sdk-agent")
print(json.dumps([made["workloadIdentityArn"], shown["allowedResourceOauth2ReturnUrls"]]))
"""


class Cli:
    """`aws bedrock-agentcore-control`, pointed at the emulator."""

    def __init__(self, url: str) -> None:
        self._env = {**os.environ, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL": url}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(AWS), "bedrock-agentcore-control", *arguments, "--output", "json"]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=60, check=False)

    def __call__(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.fixture
def aws(http_emulator: Any) -> Cli:
    return Cli(http_emulator.url)


def test_the_aws_cli_creates_gets_updates_and_deletes(aws: Cli) -> None:
    urls = ["https://a.example/cb", "https://b.example/cb"]
    made = aws(
        *("create-workload-identity", "--name", "cli-agent", "--tags", "team=pay"),
        *("--allowed-resource-oauth2-return-urls", *urls),
    )
    assert made["workloadIdentityArn"].endswith("workload-identity/cli-agent")
    again = aws.run("create-workload-identity", "--name", "cli-agent")
    assert again.returncode != 0
    assert "(ValidationException)" in again.stderr
    assert "already exists" in again.stderr

    assert aws("get-workload-identity", "--name", "cli-agent")["allowedResourceOauth2ReturnUrls"] == urls
    aws(
        "update-workload-identity", "--name", "cli-agent", "--allowed-resource-oauth2-return-urls", json.dumps(urls[1:])
    )
    shown = aws("get-workload-identity", "--name", "cli-agent")
    assert shown["allowedResourceOauth2ReturnUrls"] == urls[1:]
    assert shown["lastUpdatedTime"] == shown["createdTime"]  # the test's clock stands still

    assert aws("delete-workload-identity", "--name", "cli-agent") is None
    gone = aws.run("get-workload-identity", "--name", "cli-agent")
    assert "(ResourceNotFoundException)" in gone.stderr


def test_the_aws_cli_lists_over_three_pages(aws: Cli, http_emulator: Any) -> None:
    from reconciler.emulator import Identity, Scope

    names = [f"agent-{number:02}" for number in range(45)]
    http_emulator.store.put_all(Scope("123456789012", "us-east-1"), [Identity(name=name) for name in names])

    assert [one["name"] for one in aws("list-workload-identities")["workloadIdentities"]] == names
    assert http_emulator.misbehaviour.count("ListWorkloadIdentities") == 3


def test_the_aws_cli_tags_lists_tags_and_untags(aws: Cli) -> None:
    arn = aws("create-workload-identity", "--name", "cli-agent")["workloadIdentityArn"]

    aws("tag-resource", "--resource-arn", arn, "--tags", "team=pay,stage=prod test")
    assert aws("list-tags-for-resource", "--resource-arn", arn) == {"tags": {"team": "pay", "stage": "prod test"}}
    aws("untag-resource", "--resource-arn", arn, "--tag-keys", "team", "missing")
    assert aws("list-tags-for-resource", "--resource-arn", arn) == {"tags": {"stage": "prod test"}}


def test_the_identity_client_of_bedrock_agentcore_creates_and_updates(http_emulator: Any) -> None:
    env = {**os.environ, "BEDROCK_AGENTCORE_CP_ENDPOINT": http_emulator.url}
    done = subprocess.run(
        [sys.executable, "-c", IDENTITY_CLIENT], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    arn, urls = json.loads(done.stdout)
    assert arn.endswith(":123456789012:workload-identity-directory/default/workload-identity/sdk-agent")
    assert urls == ["https://b.example/cb", "https://c.example/cb"]
