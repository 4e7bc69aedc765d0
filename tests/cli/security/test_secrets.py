"""Secrets of credential providers: their values reach the service in the calls that carry them, and nobody and nothing else."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

HEAD = "environments: {prod: {account: '123456789012', region: us-east-1}}"
LEVELS = ("warning", "debug")
CONTROL = "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL"
CLIENT_SECRET, API_KEY = "C4N4RY client-secret \"quoted\" \\ with a backslash, and 'more'", "C4N4RYsk0123456789abcdef"
ENTRIES = """\
oauth2CredentialProviders:
  github:
    credentialProviderVendor: GithubOauth2
    config: {{clientId: Iv1.abc}}
    clientSecret: {{fromEnv: GITHUB_SECRET, version: {version}}}
apiKeyCredentialProviders:
  stripe:
    apiKey: {{fromSecretsManager: {{secretId: prod/stripe, jsonKey: key}}, version: {version}}}
"""
LIFE = (
    ("validate",),
    ("validate", "--format", "json"),
    ("plan",),
    ("plan", "--format", "json"),
    ("plan", "--format", "markdown"),
    ("plan", "--out", "saved.plan"),
    ("show", "saved.plan"),
    ("apply", "--plan", "saved.plan"),
    ("lock", "show", "--json"),
    ("export", "--out", "exported.yaml"),
    ("output",),
    ("forget", "oauth2_credential_provider.github", "--auto-approve"),
    ("adopt", "oauth2_credential_provider.github", "--auto-approve"),
)


@pytest.fixture
def arrived(aws: Any) -> list[str]:
    """The secrets that the service was sent, in their order."""
    found: list[str] = []
    for operation in ("CreateOauth2CredentialProvider", "UpdateOauth2CredentialProvider"):
        aws.misbehaviour.before(
            operation,
            lambda params: found.extend(one["clientSecret"] for one in params["oauth2ProviderConfigInput"].values()),
            times=None,
        )
    for operation in ("CreateApiKeyCredentialProvider", "UpdateApiKeyCredentialProvider"):
        aws.misbehaviour.before(operation, lambda params: found.append(params["apiKey"]), times=None)
    return found


@pytest.fixture
def secrets_manager(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Secrets Manager of moto, at the same address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", aws.url)
    with contextlib.closing(boto3.client("secretsmanager", region_name="us-east-1", endpoint_url=aws.url)) as client:
        made = client.create_secret(Name="prod/stripe", SecretString=json.dumps({"key": API_KEY}))
        yield client
        client.delete_secret(SecretId=made["ARN"], ForceDeleteWithoutRecovery=True)


def declare(project: Any, version: int = 1, entries: str = ENTRIES, head: str = HEAD) -> None:
    project.write(f"version: 1\nstack: payments\n{head}\n" + entries.format(version=version))


@pytest.fixture
def stack(project: Any, canaries: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GITHUB_SECRET", CLIENT_SECRET)
    declare(project)
    return project


@pytest.mark.parametrize("level", LEVELS)
def test_the_whole_life_of_two_secrets(
    stack: Any, aws: Any, canaries: Any, arrived: list[str], secrets_manager: Any, level: str
) -> None:
    aws.misbehaviour.before("*", canaries.look, times=None)
    said = []
    for command in LIFE:
        ran = stack.run(*command, "--log-level", level)
        assert ran.code == 0, (command, ran)
        said += [ran.out, ran.err]
        canaries.look()
    assert sorted(arrived) == sorted([CLIENT_SECRET, API_KEY])
    declare(stack, 2)
    for command in (("apply", "--auto-approve"), ("destroy", "--auto-approve")):
        ran = stack.run(*command, "--log-level", level)
        assert ran.code == 0, (command, ran)
        said += [ran.out, ran.err]
    assert sorted(arrived) == sorted([CLIENT_SECRET, API_KEY] * 2)
    assert canaries.kinds_of_files() >= {".json", ".journal", ".plan", ".yaml"}
    assert canaries.came_out(*said) == []


def test_the_whole_life_in_an_embedded_directory(stack: Any, canaries: Any) -> None:
    declare(
        stack,
        entries=ENTRIES.replace(
            "{{fromSecretsManager: {{secretId: prod/stripe, jsonKey: key}},", "{{fromEnv: GITHUB_SECRET,"
        ),
        head="environments: {local: {directory: embedded}}",
    )
    said = [stack.run(*command, "--log-level", "debug") for command in LIFE]
    assert {ran.code for ran in said} == {0}, said
    assert ".sqlite" in canaries.kinds_of_files() or canaries.came_out() == []
    assert canaries.came_out(*(ran.out + ran.err for ran in said)) == []


# What stands in the manifest

LITERALS = {
    "in the place of the reference": (
        "clientSecret: {{fromEnv: GITHUB_SECRET, version: {version}}}",
        "clientSecret: {0}",
    ),
    "in quotes": ("clientSecret: {{fromEnv: GITHUB_SECRET, version: {version}}}", 'clientSecret: "{0}"'),
    "in the configuration": ("config: {{clientId: Iv1.abc}}", "config: {{clientId: Iv1.abc, clientSecret: {0}}}"),
    "as a value": ("{{fromEnv: GITHUB_SECRET, version: {version}}}", "{{value: {0}}}"),
    "as a key": ("{{fromEnv: GITHUB_SECRET, version: {version}}}", "{{{0}: 1}}"),
    "as the variable's name": ("fromEnv: GITHUB_SECRET", 'fromEnv: "{0} x"'),
    "as the version": ("version: {version}", "version: {0}"),
    "as a list": ("{{fromEnv: GITHUB_SECRET, version: {version}}}", "[{0}]"),
    "as an API key": (
        "apiKey: {{fromSecretsManager: {{secretId: prod/stripe, jsonKey: key}}, version: {version}}}",
        "apiKey: {0}",
    ),
    "beside the reference": ("secretId: prod/stripe", "secretId: prod/stripe, secretString: {0}"),
    "as a broken flow": ("{{fromEnv: GITHUB_SECRET, version: {version}}}", '"{0}'),
}


@pytest.mark.parametrize("env", ["", "GITHUB_ACTIONS"])
@pytest.mark.parametrize("where", list(LITERALS))
def test_a_secret_in_a_manifest_is_refused_and_not_repeated(
    stack: Any, canaries: Any, monkeypatch: pytest.MonkeyPatch, where: str, env: str
) -> None:
    if env:
        monkeypatch.setenv(env, "true")
        monkeypatch.setenv("CI", "true")
    old, new = LITERALS[where]
    assert old in ENTRIES
    declare(stack, entries=ENTRIES.replace(old, new.replace("{0}", API_KEY)))
    for command in (("validate",), ("validate", "--format", "json"), ("plan",), ("apply", "--auto-approve")):
        ran = stack.run(*command, "--log-level", "debug")
        assert ran.code == 1, ran
        assert "reconciler.yaml" in ran.out + ran.err
        assert canaries.came_out(ran.out, ran.err, apart_from=("reconciler.yaml",)) == []


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "aws_session_token", "RECONCILER_PLAN_KEY", "GITHUB_TOKEN"])
def test_a_variable_of_aws_the_pipelines_or_ours_is_refused_wherever_it_is_named(
    stack: Any,
    aws: Any,
    canaries: Any,
    arrived: list[str],
    secrets_manager: Any,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv("aws_session_token", canaries.token)
    monkeypatch.setenv("GITHUB_TOKEN", canaries.token)
    declare(stack, entries=ENTRIES.replace("GITHUB_SECRET", name))
    ran = stack.run("validate")
    code = "secret-form" if name.islower() else "reserved-variable"  # small letters are taken for a key that was pasted
    assert (ran.code, code in ran.out + ran.err) == (1, True)

    monkeypatch.delenv("RECONCILER_PLAN_KEY")  # a forger has none, and where nobody signs, nobody asks
    if name == "RECONCILER_PLAN_KEY":
        name = "RECONCILER_SECRET"
        monkeypatch.setenv(name, canaries.secret_key)
    declare(stack)
    assert stack.run("plan", "--out", "saved.plan").code == 0
    changes = json.loads((stack.folder / "saved.plan").read_text())["resource_changes"]
    for change in changes:
        if change["secrets"]:
            change["secrets"] = {
                key: {**one, "env": name, "secret_id": "", "json_key": ""} for key, one in change["secrets"].items()
            }
    stack.reseal(resource_changes=changes)
    ran = stack.run("apply", "--plan", "saved.plan", "--log-level", "debug")
    assert ran.code != 0, ran
    assert arrived == []
    assert canaries.came_out(ran.out, ran.err) == []


# What the service says


@pytest.mark.parametrize("level", LEVELS)
def test_a_service_that_repeats_the_secret_that_it_was_sent(
    stack: Any, aws: Any, canaries: Any, secrets_manager: Any, level: str
) -> None:
    """As it came, as JSON has it, and cut in the middle."""
    for operation, value in (
        ("CreateOauth2CredentialProvider", CLIENT_SECRET),
        ("CreateApiKeyCredentialProvider", API_KEY),
    ):
        for said in (value, json.dumps({"clientSecret": value}), value[:14] + "…", f"'{value.upper()}'"):
            aws.misbehaviour.fail(operation, "ValidationException", message=f"The value {said} is not allowed")
    for _ in range(4):
        ran = stack.run("apply", "--auto-approve", "--log-level", level)
        assert ran.code == 6, ran
        assert "ValidationException" in ran.out
        assert canaries.came_out(ran.out, ran.err) == []


def test_a_secret_that_is_too_long_is_refused_by_the_service_and_not_repeated(
    stack: Any, aws: Any, canaries: Any, secrets_manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SECRET", "C4N4RY-" * 2000)
    ran = stack.run("apply", "--auto-approve", "--log-level", "debug")
    assert ran.code == 6
    assert "ValidationException" in ran.out
    assert canaries.came_out(ran.out, ran.err) == []


@pytest.mark.parametrize(
    "text", [f'{{"other": "{API_KEY}"}}', f'{{"key": ["{API_KEY}"]}}', API_KEY, f'{{"key": "{API_KEY}']
)
def test_a_secret_of_another_form_than_declared_is_not_repeated(
    stack: Any, canaries: Any, arrived: list[str], secrets_manager: Any, text: str
) -> None:
    secrets_manager.put_secret_value(SecretId="prod/stripe", SecretString=text)
    ran = stack.run("apply", "--auto-approve", "--log-level", "debug")
    assert ran.code == 6
    assert "has no text under that key" in ran.out
    assert arrived == [CLIENT_SECRET]
    assert canaries.came_out(ran.out, ran.err) == []


def test_secrets_manager_that_repeats_what_signs_the_call(
    stack: Any, aws: Any, canaries: Any, echo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", echo.url)
    ran = stack.run("apply", "--auto-approve", "--log-level", "debug")
    assert (ran.code, echo.requests > 0) == (6, True)
    assert canaries.came_out(ran.out, ran.err) == []


def test_a_run_that_is_killed_leaves_no_secret_behind(
    stack: Any, aws: Any, canaries: Any, arrived: list[str], secrets_manager: Any
) -> None:
    aws.misbehaviour.delay("CreateOauth2CredentialProvider", 1.0, committed=False)
    process = stack.spawn("apply", "--auto-approve", "--log-level", "debug")
    until = time.monotonic() + 60
    while not any(one.operation == "CreateOauth2CredentialProvider" for one in list(aws.misbehaviour.calls)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        canaries.look()
    process.send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=30)
    assert (stack.folder / "reconciler.prod.lock.json.journal").exists()
    assert canaries.came_out(out, err) == []
    until = time.monotonic() + 30
    while CLIENT_SECRET not in arrived:  # what was under way still arrives
        assert time.monotonic() < until
        time.sleep(0.02)
    ran = stack.run("apply", "--auto-approve", "--log-level", "debug")
    assert ran.code == 0, ran
    assert canaries.came_out(ran.out, ran.err) == []


# Before anything is sent


def test_all_missing_variables_are_told_before_anything_is_sent(
    stack: Any, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_SECRET")
    monkeypatch.setenv("STRIPE_KEY", "")
    old = "{{fromSecretsManager: {{secretId: prod/stripe, jsonKey: key}},"
    declare(stack, entries=ENTRIES.replace(old, "{{fromEnv: STRIPE_KEY,"))
    assert stack.run("plan", "--out", "saved.plan").code == 0  # who plans needs no secret
    for command in (("apply", "--auto-approve"), ("apply", "--plan", "saved.plan"), ("apply",)):
        ran = stack.run(*command)
        assert ran.code == 1, ran
        assert "not set, or empty: GITHUB_SECRET, STRIPE_KEY; nothing was written" in ran.err
        assert "GITHUB_SECRET is read for clientSecret of oauth2_credential_provider.github" in ran.err
    assert not [one for one in aws.misbehaviour.calls if one.operation.startswith("Create")]
    assert not (stack.folder / "reconciler.prod.lock.json").exists()


def test_without_a_terminal_nobody_agrees_and_no_secret_is_read(
    stack: Any, aws: Any, canaries: Any, arrived: list[str]
) -> None:
    ran = stack.run("apply")
    assert ran.code == 1
    assert "nobody is here to agree" in ran.err
    assert (arrived, canaries.came_out(ran.out, ran.err)) == ([], [])


def test_an_interrupt_while_a_secret_is_under_way_lets_it_end_and_shows_nothing(
    stack: Any, aws: Any, canaries: Any, arrived: list[str], secrets_manager: Any
) -> None:
    aws.misbehaviour.delay("CreateOauth2CredentialProvider", 1.0, committed=False)
    process = stack.spawn("apply", "--auto-approve", "--threads", "1", "--log-level", "debug")
    until = time.monotonic() + 60
    while not any(one.operation == "CreateOauth2CredentialProvider" for one in list(aws.misbehaviour.calls)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 6), err
    assert CLIENT_SECRET in arrived
    lock = json.loads((stack.folder / "reconciler.prod.lock.json").read_text())
    assert lock["resources"]["oauth2_credential_provider.github"]["attributes"]["clientSecret"]["version"] == 1
    assert canaries.came_out(out, err) == []
