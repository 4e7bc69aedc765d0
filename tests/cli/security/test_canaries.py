"""No secret ever comes out: not in a plan, lockfile, journal, log, error or traceback, whatever goes wrong."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

HEAD = "environments: {prod: {account: '123456789012', region: us-east-1}}"
LEVELS = ("warning", "debug")
CONTROL, STS = "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", "AWS_ENDPOINT_URL_STS"
LIFE = (
    ("validate",),
    ("validate", "--format", "json"),
    ("schema", "plan"),
    ("plan",),
    ("plan", "--format", "json"),
    ("plan", "--format", "markdown"),
    ("plan", "--out", "saved.plan"),
    ("show", "saved.plan"),
    ("show", "saved.plan", "--format", "json"),
    ("apply", "--plan", "saved.plan"),
    ("lock", "show"),
    ("lock", "show", "--json"),
    ("lock", "status"),
    ("lock", "status", "--json"),
    ("export",),
    ("export", "--out", "exported.yaml"),
    ("forget", "workload_identity.agent-a", "--auto-approve"),
    ("adopt", "workload_identity.agent-a", "--auto-approve"),
    ("plan", "--refresh", "changed", "-v"),
    ("apply", "--auto-approve"),
    ("destroy", "--auto-approve"),
)


@pytest.fixture
def stack(project: Any, canaries: Any) -> Any:
    project.declare("agent-a", "agent-b", head=HEAD)
    return project


@pytest.fixture
def guarded(stack: Any, aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stack on an emulated directory whose address holds a password."""
    for name in (CONTROL, STS):
        monkeypatch.setenv(name, aws.url.replace("//", "//robot:C4N4RY-password@"))
    return stack


@pytest.mark.parametrize("level", LEVELS)
def test_the_whole_life_of_a_stack(guarded: Any, aws: Any, canaries: Any, level: str) -> None:
    aws.misbehaviour.before("*", canaries.look, times=None)
    said = []
    for command in LIFE:
        ran = guarded.run(*command, "--log-level", level)
        assert ran.code == 0, (command, ran)
        said += [ran.out, ran.err]
        canaries.look()
    assert canaries.kinds_of_files() >= {".json", ".journal", ".holder", ".guard", ".plan", ".yaml"}
    assert canaries.came_out(*said) == []


def test_the_whole_life_of_an_embedded_stack(project: Any, canaries: Any) -> None:
    project.declare("agent-a", "agent-b")
    said = [project.run(*command, "--log-level", "debug") for command in LIFE]
    assert {ran.code for ran in said} == {0}
    assert canaries.came_out(*(ran.out + ran.err for ran in said)) == []
    assert ".sqlite" in canaries.kinds_of_files()


@pytest.mark.parametrize("level", LEVELS)
def test_the_whole_life_of_a_stack_whose_state_is_in_a_bucket(
    guarded: Any, canaries: Any, buckets: Any, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    bucket, client = buckets.make(), buckets.client()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", buckets.url.replace("//", "//robot:C4N4RY-password@"))
    guarded.declare("agent-a", "agent-b", head=HEAD.replace("us-east-1", f"us-east-1, state: 's3://{bucket}/team'"))
    said = []
    for command in (*LIFE, ("lock", "history"), ("lock", "restore", "--serial", "1", "--auto-approve")):
        ran = guarded.run(*command, "--log-level", level)
        assert ran.code == 0, (command, ran)
        said += [ran.out, ran.err]
    buckets.deny("PUT")
    denied = guarded.run("apply", "--auto-approve", "--log-level", level)
    assert denied.code == 1
    # Every version of every object that ever stood there, leases and journals among them.
    versions = client.list_object_versions(Bucket=bucket)["Versions"]
    bodies = [
        client.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read() for one in versions
    ]
    client.close()
    assert {one["Key"].rpartition(".")[2] for one in versions} == {"json", "lease", "head", "rows"}
    said += [denied.out, denied.err, *(one.decode("utf-8", "replace") for one in bodies)]
    assert canaries.came_out(*said) == []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("code", "status", "ends"),
    [
        ("AccessDeniedException", 403, 1),
        ("ExpiredTokenException", 403, 1),
        ("InvalidSignatureException", 403, 1),
        ("IncompleteSignatureException", 400, 1),
        ("ValidationException", 400, 1),
        ("NobodyKnowsThisException", 418, 1),
        ("InternalServerException", 500, 1),
    ],
)
def test_a_service_that_repeats_what_signs_the_call(
    stack: Any, canaries: Any, echo: Any, monkeypatch: pytest.MonkeyPatch, code: str, status: int, ends: int, level: str
) -> None:
    echo.code, echo.status = code, status
    for name in (CONTROL, STS):
        monkeypatch.setenv(name, echo.url)
    ran = stack.run("plan", "--out", "saved.plan", "--log-level", level)
    assert (ran.code, echo.requests > 0) == (ends, True)
    assert "could not be read" in ran.out or "credentials" in ran.err or "signature" in ran.err
    assert canaries.came_out(ran.out, ran.err) == []


@pytest.mark.parametrize("verb", ["plan", "apply", "destroy", "export"])
@pytest.mark.parametrize("operation", ["GetWorkloadIdentity", "ListWorkloadIdentities", "ListTagsForResource"])
def test_a_denial_that_repeats_a_bare_token(guarded: Any, aws: Any, canaries: Any, verb: str, operation: str) -> None:
    assert guarded.run("apply", "--auto-approve").code == 0
    text = f"You may not. Sent: {canaries.token}"
    aws.misbehaviour.fail(operation, "AccessDeniedException", times=None, message=text)
    arguments = {"plan": ("--out", "saved.plan"), "export": ()}.get(verb, ("--auto-approve", "--allow-incomplete"))
    ran = guarded.run(verb, *arguments, "--log-level", "debug")
    assert "You may not. Sent: …" in " ".join((ran.out + ran.err).split())
    assert canaries.came_out(ran.out, ran.err) == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "InternalServerException", "ExpiredTokenException"])
def test_writes_that_fail_with_the_token_in_the_answer(guarded: Any, aws: Any, canaries: Any, code: str) -> None:
    aws.misbehaviour.before("*", canaries.look, times=None)
    for operation in ("CreateWorkloadIdentity", "TagResource"):
        aws.misbehaviour.fail(
            operation, code, times=None, name="agent-a", message=f"X-Amz-Security-Token: {canaries.token}"
        )
    ran = guarded.run("apply", "--auto-approve", "--log-level", "debug")
    assert ran.code == 6, ran
    after = guarded.run("lock", "status", "--json")
    assert canaries.came_out(ran.out, ran.err, after.out) == []


def test_throttling_and_dropped_connections(guarded: Any, aws: Any, canaries: Any) -> None:
    aws.misbehaviour.fail("CreateWorkloadIdentity", "ThrottlingException", times=2, message=canaries.token)
    aws.misbehaviour.drop("CreateWorkloadIdentity", committed=True)
    ran = guarded.run("apply", "--auto-approve", "--log-level", "debug")
    assert ran.code == 0, ran
    assert canaries.came_out(ran.out, ran.err) == []


@pytest.mark.parametrize("level", LEVELS)
def test_another_account_a_broken_manifest_and_a_proxy_that_is_not_there(
    guarded: Any, canaries: Any, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    monkeypatch.setenv(CONTROL, f"https://robot:{canaries.password}@directory.invalid")
    guarded.declare("agent-a", head=HEAD.replace("123456789012", "222222222222"))
    other = guarded.run("plan", "--log-level", level)
    assert other.code == 3
    guarded.declare("agent-a", head=HEAD)
    monkeypatch.delenv("NO_PROXY")
    unreached = guarded.run("plan", "--log-level", level)
    assert unreached.code == 1
    monkeypatch.setenv(CONTROL, f"http://robot:{canaries.mark}/with@slash@directory.invalid")
    odd = guarded.run("plan", "--log-level", level)
    assert odd.code == 1
    guarded.write("version: 1\nstack: [\n")
    broken = guarded.run("plan", "--log-level", level)
    assert broken.code == 1
    assert canaries.came_out(*(ran.out + ran.err for ran in (other, unreached, odd, broken))) == []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("verb", ["plan", "apply", "export"])
def test_a_bug_with_a_secret_in_its_words_and_in_its_variables(
    guarded: Any, canaries: Any, monkeypatch: pytest.MonkeyPatch, level: str, verb: str
) -> None:
    from reconciler.directory.agentcore import AgentCore

    def bug(_: object, *__: object) -> None:
        credentials = {"secret": canaries.secret_key, "token": canaries.token}
        try:
            raise KeyError(credentials["secret"])
        except KeyError as error:
            raise RuntimeError(f"cannot use {credentials}") from error

    monkeypatch.setattr(AgentCore, "pages", bug)
    ran = guarded.run(verb, *(("--auto-approve",) if verb == "apply" else ()), "--log-level", level)
    assert ran.code == 1
    assert "internal error" in ran.err
    assert "RuntimeError" in ran.err
    assert ("Traceback" in ran.err) == (level == "debug")
    assert canaries.came_out(ran.out, ran.err) == []


def test_a_bug_in_one_step_of_an_apply(guarded: Any, canaries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from reconciler.directory.agentcore import AgentCore

    def bug(*_: object, **__: object) -> str:
        raise ValueError(canaries.token)

    monkeypatch.setattr(AgentCore, "create", bug)
    ran = guarded.run("apply", "--auto-approve", "--log-level", "debug")
    assert ran.code == 6
    assert "internal error: ValueError in " in ran.out
    assert canaries.came_out(ran.out, ran.err, guarded.run("lock", "status").out) == []


def test_a_run_that_was_killed_leaves_no_secret_behind(guarded: Any, aws: Any, canaries: Any) -> None:
    started: list[Any] = []
    aws.misbehaviour.before(
        "CreateWorkloadIdentity", lambda _: (canaries.look(), os.kill(started[0].pid, signal.SIGKILL))
    )
    started.append(guarded.spawn("apply", "--auto-approve", "--log-level", "debug"))
    out, err = started[0].communicate(timeout=60)
    assert started[0].returncode == -signal.SIGKILL
    canaries.look()
    assert ".journal" in canaries.kinds_of_files()
    after = [
        guarded.other(*command, env={"RECONCILER_LOG": "debug"})
        for command in (("lock", "status"), ("plan",), ("apply", "--auto-approve"))
    ]
    assert {ran.code for ran in after} == {0}
    assert canaries.came_out(out, err, *(ran.out + ran.err for ran in after)) == []


# Where credentials come from


@pytest.fixture
def bare(stack: Any, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The stack, no credentials in the environment, and a home of its own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    return stack


def configure(text: str, of: str = "AWS_CONFIG_FILE") -> None:
    Path(os.environ[of]).write_text(text, encoding="utf-8")


def keys(canaries: Any) -> str:
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "SecretAccessKey": canaries.secret_key,
            "SessionToken": canaries.token,
        }
    )


def test_a_profile_with_its_keys_in_the_credentials_file(bare: Any, canaries: Any, aws: Any) -> None:
    entry = f"aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {canaries.secret_key}\n"
    configure(f"[default]\n{entry}aws_session_token = {canaries.token}\n", "AWS_SHARED_CREDENTIALS_FILE")
    good = bare.run("plan", "--log-level", "debug")
    assert good.code == 0, good
    configure(entry, "AWS_SHARED_CREDENTIALS_FILE")  # the first line is missing: the parser quotes the next
    broken = bare.run("plan", "--log-level", "debug")
    assert (broken.code, "Traceback" in broken.err) == (1, True)
    assert canaries.came_out(good.out + good.err, broken.out + broken.err) == []


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("cat {keys}", 0),
        ("cat {keys} {keys}", 1),
        ('sh -c "cat {keys} >&2; exit 1"', 1),
        ("echo {mark}", 1),
        ('echo \'{{"Version": 1, "{mark}": 1}}\'', 1),
        ("/no/such/{mark}", 1),
    ],
)
def test_a_credential_process(
    bare: Any, canaries: Any, aws: Any, tmp_path_factory: pytest.TempPathFactory, program: str, code: int
) -> None:
    place = tmp_path_factory.mktemp("process") / "keys.json"
    place.write_text(keys(canaries))
    line = program.format(keys=place, mark=canaries.mark)
    configure(f"[default]\ncredential_process = {line}\n")
    for level in LEVELS:
        ran = bare.run("plan", "--log-level", level)
        assert ran.code == code, ran
        assert canaries.came_out(ran.out, ran.err) == []


@pytest.mark.parametrize("denied", [False, True])
def test_a_web_identity_token(
    bare: Any, canaries: Any, aws: Any, echo: Any, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any, denied: bool
) -> None:
    place = tmp_path_factory.mktemp("token") / "token"
    place.write_text(canaries.token)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(place))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/agents")
    if denied:
        monkeypatch.setenv(STS, echo.url)
    ran = bare.run("plan", "--log-level", "debug")
    assert ran.code == int(denied), ran
    assert canaries.came_out(ran.out, ran.err) == []


def test_a_sign_in_that_is_cached(bare: Any, canaries: Any, echo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(
        "[default]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = agents\n"
    )
    cache = Path(os.environ["HOME"]) / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    name = hashlib.sha1(b"https://example.awsapps.com/start", usedforsecurity=False).hexdigest()
    token = {"accessToken": canaries.token, "expiresAt": "2999-01-01T00:00:00Z"}
    (cache / f"{name}.json").write_text(json.dumps(token))
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", echo.url)
    monkeypatch.setenv(CONTROL, "http://127.0.0.1:9")
    ran = bare.other("plan", "--log-level", "debug")  # the SDK looks for its cache when it is imported
    assert (ran.code, echo.requests > 0) == (1, True)
    assert canaries.came_out(ran.out, ran.err) == []


def test_the_metadata_service_of_a_container(
    bare: Any, canaries: Any, echo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{echo.url}/keys")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", canaries.token)
    monkeypatch.setenv(CONTROL, "http://127.0.0.1:9")
    ran = bare.run("plan", "--log-level", "debug")
    assert (ran.code, echo.requests > 0) == (1, True)
    assert canaries.came_out(ran.out, ran.err) == []


@pytest.mark.parametrize("denied", [False, True])
def test_an_external_id_stands_in_the_plan_and_nowhere_else(
    stack: Any, canaries: Any, aws: Any, echo: Any, monkeypatch: pytest.MonkeyPatch, denied: bool
) -> None:
    """AWS holds it for no secret, the manifest has it in clear, and apply needs it: so the saved plan keeps it."""
    role = f"roleArn: arn:aws:iam::123456789012:role/agents, externalId: {canaries.mark}-external-id"
    stack.declare("agent-a", head=f"environments: {{prod: {{region: us-east-1, {role}}}}}")
    if denied:
        monkeypatch.setenv(STS, echo.url)
    said = [
        stack.run("plan", "--out", "saved.plan", *form, "--log-level", "debug")
        for form in ((), ("--format", "markdown"))
    ]
    assert {ran.code for ran in said} == {int(denied)}
    kept = ("reconciler.yaml", "saved.plan")
    assert canaries.came_out(*(ran.out + ran.err for ran in said), apart_from=kept) == []
    if not denied:
        assert canaries.mark in json.loads(Path("saved.plan").read_text())["route"]["external_id"]
        last = [stack.run("apply", "--plan", "saved.plan", "--log-level", "debug"), stack.run("lock", "show")]
        assert {ran.code for ran in last} == {0}
        assert canaries.came_out(*(ran.out + ran.err for ran in last), apart_from=kept) == []


def test_the_canaries_are_found_where_they_come_out(stack: Any, canaries: Any) -> None:
    """The search itself: in clear, in another case, in base64 at every alignment, in a file."""
    import base64

    said = [canaries.secret_key, canaries.mark.lower(), "nothing"]
    said += [base64.b64encode(b"x" * before + canaries.mark.encode() + b"yz").decode() for before in range(3)]
    assert len(canaries.came_out(*said)) == len(said) - 1
    (stack.folder / "left").write_text(canaries.token)
    assert canaries.came_out() == ["left"]
