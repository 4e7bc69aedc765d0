"""What the AWS SDK raises, in our words: one error each that names the call, the resource, the reason and the next step.

Two questions are answered here and nowhere else: may the call be sent again (`judge`), and which of our errors is it
(`translate`). The service's text is quoted, but never where credentials are at fault: it may then repeat signed headers.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from reconciler.aws.asked import Asked, Verb
from reconciler.aws.pacing import Verdict
from reconciler.aws.words import quotable
from reconciler.errors import (
    AccessDenied,
    AlreadyExists,
    Ambiguous,
    CredentialsMissing,
    DirectoryError,
    NotFound,
    ServiceLinked,
    Stopped,
    Throttled,
    TokenRefused,
)
from reconciler.model.rates import DEFAULT_RATES

FAILURES = (sdk.BotoCoreError, sdk.ClientError, ResponseParserError, EOFError)
"""What a call of a botocore client raises on purpose, and what its question for an MFA code ends in without a terminal."""

_THROTTLED = frozenset(
    {
        "EC2ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedException", "UnauthorizedOperation"})
_ABSENT = frozenset({"NoSuchEntity", "NoSuchEntityException", "ResourceNotFoundException"})  # the first two are IAM's
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
_SKEWED = frozenset({"InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch"})
_UNACCEPTED = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "OptInRequired",
        "UnrecognizedClientException",
    }
)
_FULL = frozenset({"LimitExceededException", "ResourceLimitExceededException", "ServiceQuotaExceededException"})
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_UNREACHED = (sdk.ConnectTimeoutError, sdk.EndpointConnectionError, sdk.ProxyConnectionError)
_SIGN_IN_AGAIN = (
    sdk.LoginError,
    sdk.SSOError,
    sdk.TokenRetrievalError,
    sdk.UnknownTokenProviderError,
    sdk.NoAuthTokenError,
)
_NO_CREDENTIALS = (
    sdk.ConfigNotFound,
    sdk.ConfigParseError,
    sdk.CredentialRetrievalError,
    sdk.InvalidConfigError,
    sdk.MetadataRetrievalError,
    sdk.MissingDependencyException,
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.ProfileNotFound,
    sdk.RefreshWithMFAUnsupportedError,
    sdk.UnknownCredentialError,
    EOFError,
)
_LINKAGE_STOPS = (Verb.DELETE, Verb.READ)  # reading: a token for the identity
_SIGN_IN = "Sign in again (aws sso login, aws login, or new keys), then check with: aws sts get-caller-identity"

_SPENT = (
    "Others use the same quota of this account and Region{by_default}, or it is smaller than the rate asked for: try again "
    "later, or ask for more in Service Quotas."
)


def judge(error: Exception) -> Verdict:
    """Whether the failed call may be sent again. A failure that nobody foresaw is hopeless."""
    match error:
        case sdk.ClientError():
            if _code(error) in _THROTTLED or _status(error) == 429:
                return Verdict.THROTTLED
            return Verdict.UNCERTAIN if _status(error) >= 500 else Verdict.FINAL
        case _ if isinstance(error, _UNREACHED):
            return Verdict.NOT_SENT
        case sdk.SSLError():
            return Verdict.HOPELESS if _certificate(error) else Verdict.UNCERTAIN
        case sdk.HTTPClientError() | sdk.ConnectionError() | sdk.IncompleteReadError() | ResponseParserError():
            return Verdict.UNCERTAIN
        case _:
            return Verdict.HOPELESS


def translate(error: Exception, asked: Asked) -> DirectoryError:
    """Our error for what the SDK raised in that call; to be raised `from` it."""
    if isinstance(error, sdk.ClientError):
        fetched_for_it = error.operation_name not in (asked.operation, "")
        return _not_fetched(error, asked) if fetched_for_it else _answered(error, asked)
    if isinstance(error, (*_SIGN_IN_AGAIN, *_NO_CREDENTIALS)):
        return CredentialsMissing(*_credentials(error, asked), code=_name(error))
    if not asked.verb.repeatable and judge(error) is Verdict.UNCERTAIN:
        return _lost(asked, _text(error), code=_name(error))
    return _transport(error, asked)


def unexpected_answer(asked: Asked, member: str) -> DirectoryError:
    """The endpoint answered 200 without a member that the API always sends: it is something else, a proxy perhaps."""
    detail = f"The answer has no {member!r}. Is the endpoint really AgentCore's? Check proxies and AWS_ENDPOINT_URL*."
    if asked.verb.repeatable:
        return DirectoryError(f"{asked}: the endpoint's answer makes no sense", detail, code="UnexpectedAnswer")
    return _lost(asked, detail, code="UnexpectedAnswer")


def overloaded(asked: Asked, seconds: float) -> Throttled:
    """It was not sent: no call of the operation got through for so many seconds."""
    summary = f"{asked}: not sent: the service has throttled every {asked.operation} for {seconds:g} s"
    return Throttled(summary, _spent(asked), code="ThrottlingException")


def _spent(asked: Asked) -> str:
    """What may be done about a quota that is used up."""
    rate = DEFAULT_RATES.get(asked.operation)
    return _SPENT.format(by_default=f" ({rate:g} {asked.operation} a second, by default)" if rate else "")


def not_sent(asked: Asked) -> Stopped:
    """It waited for its turn when the run was asked to end."""
    return Stopped(f"{asked}: not sent: the run was stopped", "Run it again: it goes on where this one ended.")


def _answered(error: sdk.ClientError, asked: Asked) -> DirectoryError:
    """The service itself said no."""
    code, said = _code(error), _message(error)
    match judge(error):
        case Verdict.THROTTLED:
            return Throttled(f"{asked}: the service still throttles ({code})", _spent(asked), code=code)
        case Verdict.UNCERTAIN if not asked.verb.repeatable:
            return _lost(asked, f"{code}: {said}", code=code)
        case Verdict.UNCERTAIN:
            hint = "Try again later; https://health.aws.amazon.com says whether it is known."
            return DirectoryError(f"{asked}: the service answered {code}", f"{said}\n{hint}", code=code)
    if code in _EXPIRED | _SKEWED | _UNACCEPTED:
        return _unaccepted(asked, code)
    kind, summary, detail = _refusal(asked, code, said, _status(error))
    return kind(f"{asked}: {summary}", detail, code=code)


def _refusal(asked: Asked, code: str, said: str, status: int) -> tuple[type[DirectoryError], str, str]:
    """Which error it is that the service will not do this, and its words."""
    found: tuple[type[DirectoryError], str, str] = (DirectoryError, f"the service answered {code}", said)
    if code == "UnauthorizedException" and asked.bearer:
        found = TokenRefused, "the token that it carries is not accepted", said
    elif code in _DENIED:
        where = f" on {asked.subject}" if asked.subject else ""
        detail = f"Allow the IAM action {asked.action}{where} to these credentials. The service said: {said}"
        found = AccessDenied, "access denied", detail
    elif code in _ABSENT:
        found = NotFound, "not found", said
    elif asked.verb is Verb.CREATE and _exists(code, said):
        found = AlreadyExists, "it exists already", said
    elif asked.verb in _LINKAGE_STOPS and code == "ValidationException" and "linked to a service" in said.lower():
        found = ServiceLinked, "a service holds it", said
    elif code in _FULL:
        detail = f"{said}\nAsk for more in Service Quotas, or remove what is not needed."
        found = DirectoryError, "a quota of this account and Region is used up", detail
    elif code == "UnknownOperationException" or status == 404:
        detail = "The Region, or the endpoint that is set, may not offer it."
        found = DirectoryError, "the endpoint does not know this operation", detail
    return found


def _exists(code: str, said: str) -> bool:
    """Both forms in which Create says that the name is taken: by the model, and as the live service was seen to."""
    return code == "ConflictException" or (code == "ValidationException" and "already exists" in said.lower())


def _unaccepted(asked: Asked, code: str) -> CredentialsMissing:
    if code in _EXPIRED:
        return CredentialsMissing(f"{asked}: the credentials have expired", _SIGN_IN, code=code)
    if code in _SKEWED:
        detail = f"The secret key is wrong, or this machine's clock is. {_SIGN_IN}"
        return CredentialsMissing(f"{asked}: the signature is not accepted ({code})", detail, code=code)
    detail = f"The access key is unknown, or its account has not enabled this Region. {_SIGN_IN}"
    return CredentialsMissing(f"{asked}: the credentials are not accepted ({code})", detail, code=code)


def _not_fetched(error: sdk.ClientError, asked: Asked) -> DirectoryError:
    """The call was never sent: another one, made to get credentials for it, failed."""
    code, operation = _code(error), error.operation_name
    if code in _DENIED:
        detail = (
            f"{operation} was denied: the role's trust policy must allow the source credentials (and the externalId, if it "
            f"asks for one), and they need the IAM action. {_SIGN_IN}"
        )
    else:
        detail = f"{operation} answered {code}. {_SIGN_IN}"
    return CredentialsMissing(f"{asked}: the credentials could not be fetched", detail, code=code)


def _lost(asked: Asked, why: str, *, code: str) -> Ambiguous:
    return Ambiguous(f"{asked}: the answer was lost; it may or may not have happened", why, code=code)


def _credentials(error: Exception, asked: Asked) -> tuple[str, str]:
    """Summary and detail for credentials that are not there, by what the SDK says."""
    match error:
        case _ if isinstance(error, _SIGN_IN_AGAIN):
            return f"{asked}: the sign-in has expired", f"{_text(error)}\n{_SIGN_IN}"
        case sdk.CredentialRetrievalError() | sdk.MetadataRetrievalError():
            # What the credential process printed, or the metadata service answered, stays out: it may be a secret.
            provider = error.kwargs.get("provider", "container-role")
            detail = f"The provider {provider} of the AWS configuration failed. {_SIGN_IN}"
            return f"{asked}: the credentials could not be fetched", detail
        case EOFError():
            return (
                f"{asked}: the AWS profile asks for an MFA code, and nobody is there to give it",
                f"Run it in a terminal, or sign in first and pass on the session's credentials. {_SIGN_IN}",
            )
        case sdk.ProfileNotFound():
            detail = (
                "Correct the name, or add the profile with: aws configure. All of them: aws configure list-profiles"
            )
            return f"{asked}: the AWS profile {error.kwargs.get('profile')!r} does not exist", detail
        case sdk.NoCredentialsError():
            detail = (
                "Sign in (aws sso login, aws login), or give a profile: in the manifest's environment, or as AWS_PROFILE.\n"
                "To try without an account, use an environment with directory: embedded."
            )
            return f"{asked}: there are no AWS credentials", detail
        case _:
            detail = f"{_text(error)}\nCorrect the AWS configuration, then check with: aws sts get-caller-identity"
            return f"{asked}: there are no usable AWS credentials", detail


def _transport(error: Exception, asked: Asked) -> DirectoryError:
    """No answer, or none that could be read."""
    code = _name(error)
    if isinstance(error, sdk.NoRegionError):
        return no_region()
    if isinstance(error, sdk.ConnectTimeoutError | sdk.EndpointConnectionError):
        detail = "Check the network, the Region's name (does it offer AgentCore?), proxies and AWS_ENDPOINT_URL*."
        return DirectoryError(f"{asked}: {_endpoint(error)} cannot be reached", detail, code=code)
    if isinstance(error, sdk.SSLError):
        detail = f"{_text(error)}\nBehind a proxy that opens TLS, give its certificate in AWS_CA_BUNDLE."
        return DirectoryError(f"{asked}: {_endpoint(error)} does not speak trusted TLS", detail, code=code)
    if isinstance(error, sdk.HTTPClientError | sdk.ConnectionError | sdk.IncompleteReadError):
        return DirectoryError(f"{asked}: no answer", f"{_text(error)}\nCheck the network, then try again.", code=code)
    return DirectoryError(f"{asked}: the AWS SDK failed", f"{code}: {_text(error)}", code=code)


def no_region() -> DirectoryError:
    """Nobody said which Region."""
    return DirectoryError(
        "no AWS Region is set",
        "Give region: in the manifest's environment, or AWS_DEFAULT_REGION, or region in the AWS profile.",
        code="NoRegionError",
    )


def _endpoint(error: sdk.BotoCoreError) -> str:
    """Host and port of the endpoint."""
    return urlsplit(quotable(str(error.kwargs.get("endpoint_url", "")))).netloc or "the endpoint"


def _text(error: Exception) -> str:
    """What the SDK says, as far as it may be quoted."""
    return quotable(str(error))


def _certificate(error: Exception) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _name(error: Exception) -> str:
    return type(error).__name__


def _code(error: sdk.ClientError) -> str:
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code if _CODE.fullmatch(code) else "an error without a code"


def _message(error: sdk.ClientError) -> str:
    return quotable(str(error.response.get("Error", {}).get("Message", "")))


def _status(error: sdk.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
