"""What `verify` is handed out, and the user's token that it sends, come out nowhere: no stream, log, traceback, or file."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.emulator import data_plane

CONTROL, DATA, STS = (
    "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL",
    "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE",
    "AWS_ENDPOINT_URL_STS",
)
LEVELS = ("warning", "debug")
FORMS = ("text", "json", "markdown")
MANIFEST = """\
version: 1
stack: payments
environments: {prod: {HEAD}}
oauth2CredentialProviders:
  idp:
    credentialProviderVendor: CustomOauth2
    config:
      clientId: c
      oauthDiscovery: {discoveryUrl: "https://idp.example.com/.well-known/openid-configuration"}
      onBehalfOfTokenExchangeConfig: {grantType: JWT_AUTHORIZATION_GRANT}
    clientSecret: {secretId: prod/idp, jsonKey: clientSecret}
apiKeyCredentialProviders:
  stripe: {apiKey: {secretId: prod/stripe, jsonKey: key}}
workloadIdentities:
  agent-a:
    inbound: jwt
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/cb"]
    access:
      - {oauth2: idp, flows: [M2M, USER_FEDERATION, ON_BEHALF_OF_TOKEN_EXCHANGE]}
      - {apiKey: stripe}
"""
AWS = "account: '123456789012', region: us-east-1"
VERIFY = ("verify", "--user-token-env", "USER_JWT")


def jwt(mark: str) -> str:
    """A user's token with the mark in its claims, and after its signature in clear."""
    claims = {"iss": "https://idp.example.com", "sub": f"{mark}-alice"}
    parts = (
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in ({"alg": "none"}, claims)
    )
    return ".".join((*parts, f"{mark}-signature"))


@pytest.fixture(autouse=True)
def _marked(canaries: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything that the emulator hands out bears the mark: keys, tokens, authorization URLs; workload tokens in clear."""
    mark = canaries.mark
    monkeypatch.setenv("USER_JWT", jwt(mark))
    members = {"apiKey": "emulated", "accessToken": "emulated", "authorizationUrl": "https://authorize.example/"}

    def marking(operation: Any) -> Any:
        def marked(call: Any) -> dict[str, Any]:
            answer = operation(call)
            return {key: f"{members[key]}{mark}" if key in members else value for key, value in answer.items()}

        return marked

    for name in ("GetResourceApiKey", "GetResourceOauth2Token"):
        from reconciler.emulator import rules

        monkeypatch.setitem(rules.OPERATIONS, name, marking(data_plane.OPERATIONS[name]))
    return


@pytest.fixture
def stack(project: Any) -> Any:
    project.write(MANIFEST.replace("HEAD", AWS))
    return project


@pytest.fixture
def guarded(stack: Any, aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in (CONTROL, DATA, STS):
        monkeypatch.setenv(name, aws.url.replace("//", "//robot:C4N4RY-password@"))
    assert stack.run("apply", "--auto-approve").code == 0
    return stack


@pytest.mark.parametrize("level", LEVELS)
def test_all_forms_with_everything_handed_out(guarded: Any, aws: Any, canaries: Any, level: str) -> None:
    aws.misbehaviour.before("*", canaries.look, times=None)
    said = []
    for form in FORMS:
        ran = guarded.run(*VERIFY, "--format", form, "--log-level", level)
        assert ran.code == 0, ran
        (guarded.folder / f"report.{form}").write_text(ran.out)
        said += [ran.out, ran.err]
    assert '"pass": 6' in said[2]
    assert canaries.came_out(*said) == []


def test_the_marks_are_really_handed_out(guarded: Any, aws: Any, canaries: Any) -> None:
    """The tests of this module could not fail otherwise."""
    import boto3

    client = boto3.client("bedrock-agentcore", endpoint_url=aws.url)
    token = client.get_workload_access_token(workloadName="agent-a")["workloadAccessToken"]
    asked = {"workloadIdentityToken": token, "resourceCredentialProviderName": "stripe"}
    assert canaries.mark in client.get_resource_api_key(**asked)["apiKey"]
    asked["resourceCredentialProviderName"] = "idp"
    got = client.get_resource_oauth2_token(**asked, scopes=[], oauth2Flow="M2M")
    assert canaries.mark in got["accessToken"]
    client.close()


def test_in_the_embedded_directory_and_its_file(project: Any, canaries: Any) -> None:
    project.write(MANIFEST.replace("HEAD", "directory: embedded"))
    said = [project.run("apply", "--auto-approve"), *(project.run(*VERIFY, "--format", form) for form in FORMS)]
    said.append(project.other(*VERIFY, env={"RECONCILER_LOG": "debug"}))
    assert {ran.code for ran in said} == {0}
    assert canaries.came_out(*(ran.out + ran.err for ran in said)) == []
    assert ".sqlite" in canaries.kinds_of_files()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDeniedException", 403),
        ("UnauthorizedException", 401),
        ("ValidationException", 400),
        ("ResourceNotFoundException", 404),
        ("InternalServerException", 500),
        ("IncompleteSignatureException", 400),
    ],
)
def test_a_service_that_repeats_the_users_token(
    stack: Any, canaries: Any, echo: Any, monkeypatch: pytest.MonkeyPatch, code: str, status: int, level: str
) -> None:
    echo.code, echo.status = code, status
    for name in (CONTROL, DATA):
        monkeypatch.setenv(name, echo.url)
    said = [stack.run(*VERIFY, "--format", form, "--log-level", level) for form in FORMS]
    assert (echo.requests > 0, "GetWorkloadAccessTokenForJWT" in said[0].out + said[0].err) == (True, True)
    assert canaries.came_out(*(ran.out + ran.err for ran in said)) == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "ResourceNotFoundException"])
@pytest.mark.parametrize("operation", ["GetWorkloadAccessTokenForJWT", "GetResourceApiKey", "GetResourceOauth2Token"])
def test_a_refusal_that_repeats_what_the_call_carries(
    guarded: Any, aws: Any, canaries: Any, code: str, operation: str
) -> None:
    """Short enough not to be taken for an opaque run of characters: what was sent is known, and kept back."""
    from reconciler.emulator.faults import Fault

    seen: list[str] = []

    def repeat(params: dict[str, Any]) -> None:
        seen.append(params.get("userToken") or params["workloadIdentityToken"])
        raise Fault(code, f"Odd: <{seen[-1]}>, is it not")

    aws.misbehaviour.before(operation, repeat, times=None)
    said = [guarded.run(*VERIFY, "--format", form, "--log-level", "debug") for form in FORMS]
    assert seen
    assert all("they repeat a secret that was sent" in " ".join((ran.out + ran.err).split()) for ran in said)
    assert canaries.came_out(*(ran.out + ran.err for ran in said)) == []
    assert not [one for one in seen if any(one in ran.out + ran.err for ran in said)]


def test_dropped_answers_and_throttling(guarded: Any, aws: Any, canaries: Any) -> None:
    for operation in ("GetWorkloadAccessTokenForJWT", "GetResourceApiKey", "GetResourceOauth2Token"):
        aws.misbehaviour.drop(operation, committed=True)
        aws.misbehaviour.fail(operation, "ThrottlingException", message=canaries.token)
    ran = guarded.run(*VERIFY, "--log-level", "debug")
    assert ran.code == 0, ran
    assert canaries.came_out(ran.out, ran.err) == []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("place", ["sending", "judging"])
def test_a_bug_while_a_key_is_at_hand(
    guarded: Any, canaries: Any, monkeypatch: pytest.MonkeyPatch, level: str, place: str
) -> None:
    def bug(*arguments: Any, **_: Any) -> None:
        raise RuntimeError(f"cannot use {arguments} {canaries.token}")

    target = {"sending": "reconciler.directory.data_plane.member", "judging": "reconciler.verifying.judging.answered"}
    monkeypatch.setattr(target[place], bug)
    ran = guarded.run(*VERIFY, "--log-level", level)
    assert ran.code == 1
    assert "internal error" in ran.err
    assert ("Traceback" in ran.err) == (level == "debug")
    assert canaries.came_out(ran.out, ran.err) == []


def test_a_wrong_word_in_the_variable_is_not_repeated(stack: Any, aws: Any, canaries: Any, monkeypatch: Any) -> None:
    said = []
    for text, where in ((f"{canaries.mark} no jwt at all", "err"), (f"{canaries.mark}.x.y", "out")):
        monkeypatch.setenv("USER_JWT", text)
        said.append(stack.run(*VERIFY, "--log-level", "debug"))
        assert ("holds no JWT" if where == "err" else "the user's token is not accepted") in getattr(said[-1], where)
    assert canaries.came_out(*(ran.out + ran.err for ran in said)) == []
