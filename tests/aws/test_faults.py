"""What the SDK raises, in our words: kind of error, reason, next step; and never a secret."""

from __future__ import annotations

import ssl

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from reconciler.aws.asked import Asked, Verb
from reconciler.aws.faults import judge, translate
from reconciler.aws.pacing import Verdict
from reconciler.errors import (
    AccessDenied,
    Ambiguous,
    CredentialsMissing,
    DirectoryError,
    ExitCode,
    ServiceLinked,
    Throttled,
    TokenRefused,
)

URL = "https://someone:hunter2@control.example.com:8443/identities"
READ = Asked(operation="GetWorkloadIdentity", subject="agent")
WRITE = Asked(operation="UpdateWorkloadIdentity", verb=Verb.UPDATE, subject="agent")


def answer(code: str, status: int, asked: Asked = READ) -> sdk.ClientError:
    return sdk.ClientError(
        {"Error": {"Code": code, "Message": "said"}, "ResponseMetadata": {"HTTPStatusCode": status}}, asked.operation
    )


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (answer("ThrottlingException", 429), Verdict.THROTTLED),
        (answer("TooManyRequestsException", 400), Verdict.THROTTLED),
        (answer("429", 429), Verdict.THROTTLED),
        (answer("SlowDown", 503), Verdict.THROTTLED),
        (answer("InternalServerException", 500), Verdict.UNCERTAIN),
        (answer("503", 503), Verdict.UNCERTAIN),
        (answer("ValidationException", 400), Verdict.FINAL),
        (answer("AccessDeniedException", 403), Verdict.FINAL),
        (sdk.EndpointConnectionError(endpoint_url=URL, error="refused"), Verdict.NOT_SENT),
        (sdk.ConnectTimeoutError(endpoint_url=URL), Verdict.NOT_SENT),
        (sdk.ProxyConnectionError(proxy_url="http://proxy"), Verdict.NOT_SENT),
        (sdk.ReadTimeoutError(endpoint_url=URL), Verdict.UNCERTAIN),
        (sdk.ConnectionClosedError(endpoint_url=URL), Verdict.UNCERTAIN),
        (sdk.HTTPClientError(error="broken pipe"), Verdict.UNCERTAIN),
        (sdk.ResponseStreamingError(error="cut"), Verdict.UNCERTAIN),
        (sdk.SSLError(endpoint_url=URL, error="UNEXPECTED_EOF"), Verdict.UNCERTAIN),
        (
            sdk.SSLError(endpoint_url=URL, error=ssl.SSLCertVerificationError("CERTIFICATE_VERIFY_FAILED")),
            Verdict.HOPELESS,
        ),
        (ResponseParserError("not JSON"), Verdict.UNCERTAIN),
        (sdk.NoCredentialsError(), Verdict.HOPELESS),
        (sdk.ParamValidationError(report="bad"), Verdict.HOPELESS),
        (RuntimeError("a bug"), Verdict.HOPELESS),
    ],
    ids=lambda one: str(one)[:50],
)
def test_what_may_be_sent_again(error: Exception, verdict: Verdict) -> None:
    assert judge(error) is verdict


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (
            answer("AccessDeniedException", 403),
            AccessDenied,
            "IAM action bedrock-agentcore:GetWorkloadIdentity on agent",
        ),
        (answer("UnauthorizedException", 401), AccessDenied, "bedrock-agentcore:GetWorkloadIdentity"),
        (answer("ThrottlingException", 429), Throttled, "Service Quotas"),
        (answer("ServiceQuotaExceededException", 402), DirectoryError, "Service Quotas"),
        (answer("UnknownOperationException", 404), DirectoryError, "Region"),
        (answer("404", 404), DirectoryError, "Region"),
        (answer("InternalServerException", 500), DirectoryError, "health.aws.amazon.com"),
        (answer("ExpiredToken", 400), CredentialsMissing, "aws sso login"),
        (answer("RequestExpired", 400), CredentialsMissing, "clock"),
        (answer("OptInRequired", 403), CredentialsMissing, "has not enabled this Region"),
        (sdk.NoCredentialsError(), CredentialsMissing, "directory: embedded"),
        (sdk.UnauthorizedSSOTokenError(), CredentialsMissing, "aws sso login"),
        (sdk.TokenRetrievalError(provider="sso", error_msg="expired"), CredentialsMissing, "aws sso login"),
        (sdk.LoginRefreshRequired(), CredentialsMissing, "aws login"),
        (EOFError(), CredentialsMissing, "in a terminal"),
        (sdk.NoRegionError(), DirectoryError, "AWS_DEFAULT_REGION"),
        (sdk.EndpointConnectionError(endpoint_url=URL, error="x"), DirectoryError, "Region"),
        (sdk.ReadTimeoutError(endpoint_url=URL), DirectoryError, "network"),
        (sdk.SSLError(endpoint_url=URL, error="CERTIFICATE_VERIFY_FAILED"), DirectoryError, "AWS_CA_BUNDLE"),
        (sdk.ParamValidationError(report="bad"), DirectoryError, "ParamValidationError"),
    ],
    ids=lambda one: str(one)[:50],
)
def test_each_error_says_what_to_do_next(error: Exception, kind: type[DirectoryError], word: str) -> None:
    ours = translate(error, READ)
    assert type(ours) is kind
    assert word in ours.detail
    assert "\n" not in ours.summary
    assert "hunter2" not in ours.summary + ours.detail
    assert ours.code
    assert ours.exit_code is ExitCode.ERROR


@pytest.mark.parametrize(
    "error",
    [
        answer("InternalServerException", 500, WRITE),
        sdk.ReadTimeoutError(endpoint_url=URL),
        sdk.ConnectionClosedError(endpoint_url=URL),
        ResponseParserError("not JSON"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_write_that_perhaps_happened_is_ambiguous_and_only_that(error: Exception) -> None:
    ours = translate(error, WRITE)
    assert type(ours) is Ambiguous
    assert "hunter2" not in ours.detail
    assert not isinstance(translate(error, READ), Ambiguous)
    assert not isinstance(translate(sdk.EndpointConnectionError(endpoint_url=URL, error="x"), WRITE), Ambiguous)


def test_a_place_is_named_without_its_user_info() -> None:
    ours = translate(sdk.EndpointConnectionError(endpoint_url=URL, error="x"), READ)
    assert ours.summary == "GetWorkloadIdentity agent: control.example.com:8443 cannot be reached"


def test_a_token_that_a_call_carries_is_another_matter_than_the_credentials() -> None:
    asked = Asked(operation="GetResourceApiKey", subject="stripe", bearer=True)
    told = translate(answer("UnauthorizedException", 401, asked), asked)
    assert isinstance(told, TokenRefused)
    assert (told.summary, told.detail) == (
        "GetResourceApiKey stripe: the token that it carries is not accepted", "said"
    )  # fmt: skip
    assert isinstance(translate(answer("AccessDeniedException", 403, asked), asked), AccessDenied)


@pytest.mark.parametrize("verb", [Verb.READ, Verb.DELETE])
def test_what_a_service_holds_is_told_for_tokens_as_for_deletes(verb: Verb) -> None:
    asked = Asked(operation="GetWorkloadAccessToken", subject="agent", verb=verb)
    words = "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller"
    error = sdk.ClientError({"Error": {"Code": "ValidationException", "Message": words}}, asked.operation)
    assert isinstance(translate(error, asked), ServiceLinked)


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("GetWorkloadIdentity", "Region (20 GetWorkloadIdentity a second, by default),"),
        ("GetResourceApiKey", "Region (200 GetResourceApiKey a second, by default),"),
        ("GetSecretValue", "Region, or it is smaller"),
    ],
)
def test_throttling_names_the_quota_of_that_operation(operation: str, said: str) -> None:
    asked = Asked(operation=operation)
    assert said in translate(answer("ThrottlingException", 429, asked), asked).detail
