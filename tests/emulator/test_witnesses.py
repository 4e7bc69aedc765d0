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
PROVIDERS_CLIENT = """
import asyncio, json
from bedrock_agentcore.services.identity import IdentityClient

client = IdentityClient("us-east-1")
config = {"clientId": "c", "clientSecret": "s"}
oauth2 = {"name": "github", "credentialProviderVendor": "GithubOauth2"}
client.create_oauth2_credential_provider({**oauth2, "oauth2ProviderConfigInput": {"githubOauth2ProviderConfig": config}})
client.create_api_key_credential_provider({"name": "stripe", "apiKey": "k"})
changed = {"githubOauth2ProviderConfig": {**config, "clientId": "d"}}
client.update_oauth2_credential_provider(**oauth2, oauth2_provider_config_input=changed)
shown = client.get_oauth2_credential_provider(name="github")["oauth2ProviderConfigOutput"]
client.create_workload_identity("agent", ["https://a.example/cb"])
tokens = [
    client.get_workload_access_token("agent", **user)["workloadAccessToken"]
    for user in ({}, {"user_id": "alice"}, {"user_token": "e30.eyJpc3MiOiAiaSIsICJzdWIiOiAicyJ9.c2ln"})
]


class Poller:
    async def poll_for_token(self):
        return "polled"


async def credentials():
    urls = []
    machine = await client.get_token(provider_name="github", scopes=["a"], agent_identity_token=tokens[0], auth_flow="M2M")
    await client.get_token(
        provider_name="github", scopes=["a"], agent_identity_token=tokens[1], auth_flow="USER_FEDERATION",
        callback_url="https://a.example/cb", on_auth_url=urls.append, token_poller=Poller(),
    )
    key = await client.get_api_key(provider_name="stripe", agent_identity_token=tokens[2])
    return machine, urls, key


had = asyncio.run(credentials())
listed = [
    [one["name"] for one in answer["credentialProviders"]]
    for answer in (client.list_oauth2_credential_providers(), client.list_api_key_credential_providers())
]
client.delete_oauth2_credential_provider(name="github")
client.delete_api_key_credential_provider(name="stripe")
print(json.dumps([shown, had, listed]))
"""


class Cli:
    """`aws bedrock-agentcore-control` or, of the data plane, `aws bedrock-agentcore`, pointed at the emulator."""

    def __init__(self, url: str, service: str = "bedrock-agentcore-control", **environment: str) -> None:
        self._service = service
        self._env = {**os.environ, **environment, f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}": url}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(AWS), self._service, *arguments, "--output", "json"]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=60, check=False)

    def __call__(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.fixture
def aws(http_emulator: Any) -> Cli:
    return Cli(http_emulator.url)


@pytest.fixture
def aws_data(http_emulator: Any) -> Cli:
    return Cli(http_emulator.url, "bedrock-agentcore")


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


def test_the_aws_cli_manages_oauth2_providers(aws: Cli) -> None:
    name = ("--name", "github")
    vendor = ("--credential-provider-vendor", "GithubOauth2", "--oauth2-provider-config-input")
    outside = {"secretId": "prod/github", "jsonKey": "secret"}
    config = {"clientId": "one", "clientSecretSource": "EXTERNAL", "clientSecretConfig": outside}
    member = "githubOauth2ProviderConfig"

    made = aws("create-oauth2-credential-provider", *name, *vendor, json.dumps({member: config}), "--tags", "team=pay")
    assert made["credentialProviderArn"].endswith(":token-vault/default/oauth2credentialprovider/github")
    shown = aws("get-oauth2-credential-provider", *name)
    assert shown["clientSecretArn"]["secretArn"].startswith(
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/github-"
    )
    assert (shown["callbackUrl"], shown["status"]) == (made["callbackUrl"], "READY")
    (listed,) = aws("list-oauth2-credential-providers")["credentialProviders"]
    assert listed["lastUpdatedTime"] == shown["lastUpdatedTime"]

    changed = {member: {"clientId": "two", "clientSecret": "s", "clientSecretSource": "MANAGED"}}
    answer = aws("update-oauth2-credential-provider", *name, *vendor, json.dumps(changed))
    assert answer["clientSecretSource"] == "MANAGED"
    assert answer["oauth2ProviderConfigOutput"][member]["clientId"] == "two"

    arn = ("--resource-arn", made["credentialProviderArn"])
    aws("tag-resource", *arn, "--tags", "stage=prod")
    aws("untag-resource", *arn, "--tag-keys", "team")
    assert aws("list-tags-for-resource", *arn) == {"tags": {"stage": "prod"}}

    refused = aws.run("create-oauth2-credential-provider", *name, *vendor, json.dumps(changed))
    assert "(ConflictException)" in refused.stderr
    assert aws("delete-oauth2-credential-provider", *name) is None
    assert aws("list-oauth2-credential-providers")["credentialProviders"] == []


def test_the_aws_cli_manages_api_key_providers_and_the_vault(aws: Cli) -> None:
    name = ("--name", "stripe")
    made = aws("create-api-key-credential-provider", *name, "--api-key", "k", "--tags", "team=pay")
    outside = ("--api-key-secret-source", "EXTERNAL", "--api-key-secret-config", "secretId=prod/stripe,jsonKey=key")
    assert aws("update-api-key-credential-provider", *name, *outside)["apiKeySecretSource"] == "EXTERNAL"
    shown = aws("get-api-key-credential-provider", *name)
    assert (shown["apiKeySecretJsonKey"], shown["credentialProviderArn"]) == ("key", made["credentialProviderArn"])
    (listed,) = aws("list-api-key-credential-providers")["credentialProviders"]
    assert listed["name"] == "stripe"

    arn = ("--resource-arn", made["credentialProviderArn"])
    aws("tag-resource", *arn, "--tags", "stage=prod")
    assert aws("list-tags-for-resource", *arn) == {"tags": {"team": "pay", "stage": "prod"}}
    aws("untag-resource", *arn, "--tag-keys", "stage")
    assert aws("delete-api-key-credential-provider", *name) is None
    assert "(ResourceNotFoundException)" in aws.run("get-api-key-credential-provider", *name).stderr

    key = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
    assert aws("get-token-vault")["kmsConfiguration"] == {"keyType": "ServiceManagedKey"}
    chosen = aws("set-token-vault-cmk", "--kms-configuration", f"keyType=CustomerManagedKey,kmsKeyArn={key}")
    assert aws("get-token-vault") == chosen


def test_the_aws_cli_gets_tokens_and_credentials(aws_data: Cli, http_emulator: Any) -> None:
    from reconciler.emulator import Identity, Provider, Scope

    back = "myapp://callback"  # an address of the web, this version of the CLI would fetch
    http_emulator.store.put_all(
        Scope("123456789012", "us-east-1"),
        [Identity(name="agent", urls=(back,)), Provider(name="stripe"), Provider(name="github", vendor="GithubOauth2")],
    )
    name = ("--workload-name", "agent")
    machine = aws_data("get-workload-access-token", *name)["workloadAccessToken"]
    alice = aws_data("get-workload-access-token-for-user-id", *name, "--user-id", "alice")["workloadAccessToken"]
    user_token = "e30.eyJpc3MiOiAiaSIsICJzdWIiOiAicyJ9.c2ln"
    bob = aws_data("get-workload-access-token-for-jwt", *name, "--user-token", user_token)["workloadAccessToken"]

    key = aws_data(
        *("get-resource-api-key", "--workload-identity-token", bob, "--resource-credential-provider-name", "stripe")
    )
    assert key == {"apiKey": "emulated-key-of-stripe"}
    asked = ("get-resource-oauth2-token", "--resource-credential-provider-name", "github", "--scopes", "repo")
    got = aws_data(*asked, "--workload-identity-token", machine, "--oauth2-flow", "M2M")
    assert got == {"accessToken": "emulated-token-of-github"}
    federated = (*asked, "--workload-identity-token", alice, "--oauth2-flow", "USER_FEDERATION")
    assert aws_data(*federated, "--resource-oauth2-return-url", back)["authorizationUrl"].startswith("https://")
    refused = aws_data.run(*federated, "--resource-oauth2-return-url", "otherapp://callback")
    assert "(ValidationException)" in refused.stderr
    assert "register and use at least one ResourceOauth2ReturnUrl" in refused.stderr


def test_the_identity_client_of_bedrock_agentcore_reaches_providers(http_emulator: Any) -> None:
    endpoints = {f"BEDROCK_AGENTCORE_{plane}_ENDPOINT": http_emulator.url for plane in ("CP", "DP")}
    done = subprocess.run(
        [sys.executable, "-c", PROVIDERS_CLIENT],
        env={**os.environ, **endpoints},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown, (machine, urls, key), listed = json.loads(done.stdout)
    assert shown["githubOauth2ProviderConfig"]["clientId"] == "d"
    assert (machine, key) == ("emulated-token-of-github", "emulated-key-of-stripe")
    assert urls[0].startswith("https://bedrock-agentcore.us-east-1.amazonaws.com/")
    assert listed == [["github"], ["stripe"]]
    assert http_emulator.store.providers(("123456789012", "us-east-1")) == []


def test_the_aws_cli_looks_up_who_changed_what(aws: Cli, http_emulator: Any, clock: Any) -> None:
    from reconciler.emulator import Scope, iam_user
    from reconciler.emulator.things import Kept

    jane, trail = Cli(http_emulator.url, AWS_ACCESS_KEY_ID="jane"), Cli(http_emulator.url, "cloudtrail")
    jane("create-workload-identity", "--name", "of-jane")
    assert "(ValidationException)" in aws.run("create-workload-identity", "--name", "of-jane").stderr
    with http_emulator.misbehaviour.trail.acting(iam_user("joe")):
        aws("create-api-key-credential-provider", "--name", "stripe", "--api-key", "sesame")

    source = "AttributeKey=EventSource,AttributeValue=bedrock-agentcore.amazonaws.com"
    by_joe, refused, by_jane = trail("lookup-events", "--lookup-attributes", source)["Events"]
    assert [one["Username"] for one in (by_joe, refused, by_jane)] == ["joe", "emulated", "jane"]
    record = json.loads(by_joe["CloudTrailEvent"])
    assert record["userAgent"].startswith("aws-cli/")
    assert record["requestParameters"] == {"name": "stripe", "apiKey": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    assert json.loads(refused["CloudTrailEvent"])["errorCode"] == "ValidationException"
    chosen = trail("lookup-events", "--lookup-attributes", "AttributeKey=Username,AttributeValue=jane")["Events"]
    assert [one["EventId"] for one in chosen] == [by_jane["EventId"]]
    assert trail("lookup-events", "--end-time", "2027-01-15T07:59:59Z")["Events"] == []

    scope, second = Scope("123456789012", "us-east-1"), int(clock())
    for number in range(120):
        fields = {"name": "DeleteGateway", "read_only": "false", "username": "", "access_key": "", "resources": "[]"}
        http_emulator.store.keep(scope, Kept(time=second, shown=0.0, id=str(number), record="{}", **fields))
    before = http_emulator.misbehaviour.count("LookupEvents")
    assert len(trail("lookup-events")["Events"]) == 123
    assert http_emulator.misbehaviour.count("LookupEvents") - before == 3
    backwards = trail.run("lookup-events", "--start-time", "2027-01-02", "--end-time", "2027-01-01")
    assert "(InvalidTimeRangeException)" in backwards.stderr
