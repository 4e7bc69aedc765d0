"""`verify` on the command line: over HTTP with the real client, and in the embedded directory; exit codes, forms, options."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.schema_files import schema

ROOT = Path(__file__).parents[2]
HEAD = "environments: {prod: {account: '123456789012', region: us-east-1}}"
PROVIDERS = """\
oauth2CredentialProviders:
  github:
    credentialProviderVendor: GithubOauth2
    config: {clientId: c}
    clientSecret: {secretId: prod/github, jsonKey: clientSecret}
apiKeyCredentialProviders:
  stripe: {apiKey: {secretId: prod/stripe, jsonKey: key}}
"""
IDENTITIES = """\
workloadIdentities:
  batch-agent:
    access: [{apiKey: stripe}]
  user-agent:
    inbound: userId
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/cb"]
    access: [{oauth2: github, scopes: [repo], flows: [M2M, USER_FEDERATION]}]
"""
JWT_AGENT = """\
  jwt-agent:
    inbound: jwt
    access: [{apiKey: stripe}]
"""
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkcCIsInN1YiI6ImFsaWNlIn0.c2ln"


def declare(project: Any, extra: str = "", head: str = HEAD) -> None:
    project.write(f"version: 1\nstack: payments\n{head}\n{PROVIDERS}{IDENTITIES}{extra}")


@pytest.fixture
def applied(project: Any, aws: Any) -> Any:
    """A stack that stands on the emulated directory over HTTP."""
    declare(project)
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 0, ran
    aws.misbehaviour.calls.clear()
    return project


def report(project: Any, *arguments: str, code: int = 0) -> dict[str, Any]:
    ran = project.run("verify", *arguments, "--format", "json")
    assert ran.code == code, ran
    said: dict[str, Any] = json.loads(ran.out)
    assert list(Draft202012Validator(schema("verify")).iter_errors(said)) == []
    return said


# What is proven, and with which exit code


def test_all_that_is_declared_is_proven(applied: Any, aws: Any) -> None:
    ran = applied.run("verify", "--user-id", "alice", "--strict")
    assert ran.code == 0, ran
    assert ran.out.startswith("Verified in stack payments, environment prod (account 123456789012, us-east-1)\n")
    assert ran.out.endswith("\nUsable as declared: 6 checks passed.\n")
    assert sorted(one.operation for one in aws.misbehaviour.calls) == [
        "GetResourceApiKey",
        *["GetResourceOauth2Token"] * 3,
        "GetWorkloadAccessToken",
        "GetWorkloadAccessTokenForUserId",
    ]


def test_it_writes_nothing_and_needs_no_lock(applied: Any) -> None:
    from reconciler.state import LocalState

    before = {path.name: path.read_bytes() for path in applied.folder.iterdir() if path.is_file()}
    with LocalState(applied.folder / "reconciler.prod.lock.json").exclusive("apply"):
        assert applied.run("verify", "--user-id", "alice").code == 0
    (applied.folder / "reconciler.prod.lock.json").unlink()
    assert applied.run("verify", "--user-id", "alice").code == 0, "not even a lockfile"
    left = {path.name for path in applied.folder.iterdir() if path.is_file()}
    assert left <= {*before, "reconciler.prod.lock.json.guard"}
    assert (applied.folder / "reconciler.yaml").read_bytes() == before["reconciler.yaml"]


def test_one_that_is_named(applied: Any) -> None:
    said = report(applied, "workload_identity.batch-agent")
    assert {one["address"] for one in said["checks"]} == {"workload_identity.batch-agent"}
    assert (said["verdict"], said["calls"]) == ("pass", 2)
    assert report(applied, "reconciler.yaml", "workload_identity.batch-agent")["summary"]["pass"] == 2


def test_what_cannot_be_told_is_no_failure_unless_that_is_asked_for(applied: Any) -> None:
    ran = applied.run("verify")
    assert ran.code == 0, ran
    assert "Nothing failed, but not all is proven: 2 checks passed, 4 cannot be told." in ran.out
    assert "4 of 6 cannot be told; with --strict that is exit code 1." in ran.err
    assert "--user-id ID" in ran.out
    strict = applied.run("verify", "--strict")
    assert (strict.code, strict.out) == (1, ran.out)


def test_before_apply_it_fails_and_says_so(project: Any, aws: Any) -> None:
    declare(project)
    ran = project.run("verify", "--user-id", "alice")
    assert ran.code == 1
    assert "GetWorkloadAccessToken batch-agent: not found" in ran.out
    assert "`reconciler apply` makes it" in ran.out
    assert "Not usable as declared" in ran.out


def test_a_service_that_cannot_be_asked_is_an_error_without_strict(applied: Any, aws: Any) -> None:
    aws.misbehaviour.fail("GetResourceApiKey", "InternalServerException", times=None)
    said = report(applied, "--user-id", "alice", code=1)
    assert (said["verdict"], said["unanswered"]) == ("unknown", True)


def test_a_denial_shows_action_and_policy(applied: Any, aws: Any) -> None:
    aws.misbehaviour.deny("GetResourceOauth2Token")
    ran = applied.run("verify", "--user-id", "alice")
    words = " ".join(ran.out.split())
    assert ran.code == 1
    assert "Allow the IAM action bedrock-agentcore:GetResourceOauth2Token on github" in words
    assert "`reconciler access policy workload_identity.user-agent` prints what its role needs" in words


def test_a_foreign_return_url_that_is_accepted_fails(applied: Any, aws: Any) -> None:
    aws.misbehaviour.terms = replace(aws.misbehaviour.terms, any_return_url=True)
    ran = applied.run("verify", "--user-id", "alice")
    assert (ran.code, "a foreign return URL was accepted" in ran.out) == (1, True)


def test_a_return_url_that_went_outside_fails(applied: Any) -> None:
    import boto3

    client = boto3.client("bedrock-agentcore-control")
    client.update_workload_identity(name="user-agent", allowedResourceOauth2ReturnUrls=["https://other.example/cb"])
    client.close()
    ran = applied.run("verify", "--user-id", "alice")
    assert (ran.code, "does not allow this return URL" in ran.out) == (1, True)


def test_what_a_runtime_holds_is_told_by_its_name(project: Any, aws: Any) -> None:
    import boto3

    client = boto3.client("bedrock-agentcore-control")
    made = client.create_agent_runtime(
        agentRuntimeName="invoices",
        agentRuntimeArtifact={
            "containerConfiguration": {"containerUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"}
        },
        roleArn="arn:aws:iam::123456789012:role/agents",
        networkConfiguration={"networkMode": "PUBLIC"},
    )
    client.close()
    name = made["workloadIdentityDetails"]["workloadIdentityArn"].rpartition("/")[2]
    project.write(
        f"version: 1\nstack: payments\n{HEAD}\nworkloadIdentities:\n  invoices:\n    name: {name}\n"
        "    lifecycle: {updateOnly: true}\n"
    )
    ran = project.run("verify")
    assert ran.code == 1, ran
    assert "Nothing is proven: 0 of 1 check could be made." in ran.out
    assert f"linked to runtime {made['agentRuntimeId']}: only that gets tokens for it" in ran.out


def test_nothing_proven_is_no_success(applied: Any) -> None:
    ran = applied.run("verify", "workload_identity.user-agent")
    assert ran.code == 1, ran
    assert ran.out.endswith("\nNothing is proven: 0 of 4 checks could be made.\n")
    assert report(applied, "workload_identity.user-agent", code=1)["verdict"] == "unknown"


def test_a_users_token_that_is_refused_fails(applied: Any, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(applied, JWT_AGENT)
    assert applied.run("apply", "--auto-approve").code == 0
    aws.misbehaviour.fail("GetWorkloadAccessTokenForJWT", "UnauthorizedException", message="JWT expired", times=None)
    monkeypatch.setenv("USER_JWT", JWT)
    said = report(applied, "--user-id", "alice", "--user-token-env", "USER_JWT", code=1)
    (failed,) = [one for one in said["checks"] if one["verdict"] == "fail"]
    assert failed["address"] == "workload_identity.jwt-agent"
    assert "the user's token is not accepted" in failed["why"]


def test_nothing_declared_is_nothing_to_verify(project: Any, aws: Any) -> None:
    project.declare(head=HEAD)
    ran = project.run("verify")
    assert (ran.code, "Nothing to verify" in ran.out) == (0, True)


# For whom


def test_a_users_token_comes_from_the_environment(applied: Any, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(applied, JWT_AGENT)
    assert applied.run("apply", "--auto-approve").code == 0
    seen: list[dict[str, Any]] = []
    aws.misbehaviour.before("GetWorkloadAccessTokenForJWT", seen.append, times=None)
    monkeypatch.setenv("USER_JWT", f"{JWT}\n")
    said = report(applied, "workload_identity.jwt-agent", "--user-token-env", "USER_JWT")
    assert said["verdict"] == "pass"
    assert seen == [{"workloadName": "jwt-agent", "userToken": JWT}]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--user-token-env", "NO_SUCH_VARIABLE"), "is not set, or empty"),
        (("--user-token-env", "BLANK"), "is not set, or empty"),
        (("--user-token-env", "AWS_SECRET_ACCESS_KEY"), "is never sent"),
        (("--user-token-env", "RECONCILER_PLAN_KEY"), "is never sent"),
        (("--user-token-env", "WORDS"), "holds no JWT; nothing was sent"),
        (("--user-token-env", "LONG"), "holds no JWT; nothing was sent"),
        (("--user-id", ""), "1 to 128 characters"),
        (("--user-id", "x" * 129), "1 to 128 characters"),
        (("workload_identity.nobody",), "not declared in environment prod"),
        (("api_key_credential_provider.stripe",), "is no workload identity"),
        (("nowhere.yaml",), "neither an address nor a manifest"),
    ],
)
def test_what_is_asked_wrongly_is_said_before_anything_is_sent(
    applied: Any, aws: Any, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...], said: str
) -> None:
    for name, value in {"BLANK": "  \n", "WORDS": "Bearer C4N4RY.a.b", "LONG": f"C4N4RY.a.{'b' * 131_072}"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RECONCILER_PLAN_KEY", "k" * 64)
    ran = applied.run("verify", *option)
    assert (ran.code, ran.out) == (1, "")
    assert (said in ran.err, "C4N4RY" in ran.err) == (True, False)
    assert aws.misbehaviour.count() == 0


# Where


def test_another_account_is_refused_before_anything_is_asked(applied: Any, aws: Any, monkeypatch: Any) -> None:
    declare(applied, head=HEAD.replace("123456789012", "222222222222"))
    monkeypatch.delenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE")
    monkeypatch.delenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL")
    ran = applied.run("verify", "--user-id", "alice")
    assert (ran.code, "222222222222" in ran.err) == (3, True)
    assert aws.misbehaviour.count() == 0


def test_one_endpoint_alone_on_this_machine_is_refused(applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE")
    ran = applied.run("verify", "--user-id", "alice")
    assert (ran.code, "Set AWS_ENDPOINT_URL_BEDROCK_AGENTCORE and" in ran.err) == (3, True)


def test_expired_credentials_end_it(applied: Any, aws: Any) -> None:
    aws.misbehaviour.expire()
    ran = applied.run("verify", "--user-id", "alice")
    assert (ran.code, ran.out, "have expired" in ran.err) == (1, "", True)


def test_the_rate_is_kept(applied: Any) -> None:
    import time

    begun = time.monotonic()
    assert applied.run("verify", "--user-id", "alice", "--rate", "GetResourceOauth2Token=2").code == 0
    assert time.monotonic() - begun >= 0.5


# While it runs


def test_a_terminal_shows_how_far_it_is(applied: Any, aws: Any, terminal: Any) -> None:
    aws.misbehaviour.latency = 0.3
    shown = terminal("verify", "--user-id", "alice")
    shown.expect("Verifying")
    shown.expect("Usable as declared: 6 checks passed.")
    assert shown.close() == 0


def test_an_interrupt_ends_it_with_a_word(applied: Any, aws: Any) -> None:
    arrived, let_go = threading.Event(), threading.Event()

    def hold(_: dict[str, Any]) -> None:
        arrived.set()
        let_go.wait(60)

    aws.misbehaviour.before("GetResourceApiKey", hold, times=None)
    process = applied.spawn("verify", "--user-id", "alice")
    assert arrived.wait(60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    let_go.set()
    assert (process.returncode, out) == (1, "")
    assert "Interrupted; nothing was written to the directory." in err
    assert "Traceback" not in err


# The example


def test_the_example_does_what_it_says(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write((ROOT / "manifests" / "verify.yaml").read_text(encoding="utf-8"), "verify.yaml")
    assert project.run("apply", "verify.yaml", "--auto-approve").code == 0
    some = report(project, "verify.yaml", "--user-id", "somebody")
    assert (some["verdict"], some["summary"]) == ("unknown", {"fail": 0, "pass": 7, "unknown": 4})
    monkeypatch.setenv("USER_JWT", JWT)
    every = report(project, "verify.yaml", "--user-id", "somebody", "--user-token-env", "USER_JWT", "--strict")
    assert (every["verdict"], every["summary"]) == ("pass", {"fail": 0, "pass": 11, "unknown": 0})
    markdown = project.run("verify", "verify.yaml", "--user-id", "somebody", "--format", "markdown")
    assert (markdown.code, markdown.out.startswith("### Verified in stack `verify`")) == (0, True)


def test_the_embedded_directory_needs_no_endpoint_and_no_port(project: Any) -> None:
    declare(project, head="environments: {local: {directory: embedded}}")
    assert project.run("apply", "--auto-approve").code == 0
    ran = project.other(
        "verify", "--user-id", "alice", env={"AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": "http://127.0.0.1:9"}
    )
    assert ran.code == 0, ran
    assert (project.folder / ".reconciler" / "directory.sqlite").exists()
