"""What an answer of the data plane, or its refusal, says of the check that asked: pass, fail or cannot be told. Pure."""

from __future__ import annotations

from dataclasses import replace

from reconciler.access import Inbound, Reach
from reconciler.directory.handing_out import Answered
from reconciler.errors import AccessDenied, DirectoryError, NotFound, ServiceLinked, TokenRefused
from reconciler.model.kinds import kind_of
from reconciler.model.verification import Check, Verdict, What
from reconciler.verifying.subjects import User

LINKED = "linked to a service: only its runtime, gateway or payment manager gets tokens for it"
_AGAIN = "Nothing is known of this yet: run it again once that is over."
_FOR_A_USER = (What.USER_FEDERATION, What.FOREIGN_URL, What.ON_BEHALF)


def missing(subject: Reach, user: User) -> tuple[str, str]:
    """What is needed for a token of that identity and was not given, and the option that gives it; "" where nothing."""
    match subject.inbound:
        case Inbound.JWT if user.token is None:
            return "inbound is jwt, and no user's token was given", "Give one: --user-token-env VARIABLE."
        case Inbound.USER_ID if not user.id:
            return "inbound is userId, and no user's id was given", "Give one: --user-id ID."
    return "", ""


def unasked(check: Check, subject: Reach) -> Check | None:
    """The check where it is settled without asking; else None."""
    if check.what is What.USER_FEDERATION and not check.return_url:
        why = "the identity allows no return URL, and this flow needs one"
        return _fail(check, why, "Give it allowedResourceOauth2ReturnUrls in the manifest, and apply.")
    if check.what is What.ON_BEHALF and subject.inbound is not Inbound.JWT:
        why = f"inbound is {subject.inbound.value}: there is no user's token that could be exchanged"
        return _unknown(
            check, why, "This flow is for agents whose callers bring a JWT: inbound: jwt, --user-token-env."
        )
    return None


def without_token(check: Check) -> Check:
    """The check of an identity for which no workload access token was had."""
    return _unknown(check, "no workload access token was had", "")


def answered(check: Check, answer: Answered) -> Check:
    """The check of an OAuth2 flow, with what came back."""
    match check.what, answer:
        case What.FOREIGN_URL, Answered.AUTHORIZATION_URL:
            return _fail(
                check,
                "a foreign return URL was accepted: an authorization URL came back for it",
                "The service should refuse what the identity does not allow. Look for it on the live identity "
                "(`reconciler plan` shows it as drift) and take it away; if it is not there, tell AWS Support.",
            )
        case What.FOREIGN_URL, _:
            why = "the user has agreed already, so that a token came back and nobody looked at the return URL"
            return _unknown(check, why, "Try it for a user who never agreed (--user-id, --user-token-env).")
        case What.USER_FEDERATION, Answered.TOKEN:
            return replace(check, why="the user has agreed already: a token came back")
        case ((What.M2M | What.ON_BEHALF), Answered.AUTHORIZATION_URL):
            why = "an authorization URL came back in place of a token"
            return _fail(check, why, f"See whether {check.provider} is set up for this flow at its vendor.")
    return check


def refused(check: Check, subject: Reach, error: DirectoryError) -> Check:
    """The check whose call ended in that error."""
    said = _said(error)
    if check.what is What.FOREIGN_URL:
        return _foreign_refused(check, error, said)
    found = replace(check, verdict=Verdict.UNKNOWN, why=said, hint=_AGAIN, unanswered=True)
    match error:
        case ServiceLinked():
            found = _unknown(check, LINKED, "Call the agent through what it is linked to.")
        case TokenRefused() if check.what is What.WORKLOAD:
            hint = (
                "Put a fresh token of a user into the variable of --user-token-env; they are good for minutes, often."
            )
            found = _fail(check, f"the user's token is not accepted. {said}", hint)
        case TokenRefused():
            found = _fail(check, said, "It was given out a moment ago: run it again; if it stays so, tell AWS Support.")
        case AccessDenied():
            found = _fail(check, said, _allow(subject, said))
        case NotFound():
            found = _fail(check, said, _make(check, subject))
        case DirectoryError(code="ValidationException"):
            found = _invalid(check, subject, error, said)
    return found


def _foreign_refused(check: Check, error: DirectoryError, said: str) -> Check:
    """A refusal is what is hoped for, if it is for the URL."""
    if _about_return_url(error):
        return check
    asked = isinstance(error, AccessDenied | NotFound | TokenRefused) or error.code == "ValidationException"
    why = f"it was refused, but for another reason. {said}" if asked else said
    hint = "Mend that first: nobody knows yet whether the URL would be refused." if asked else _AGAIN
    return replace(check, verdict=Verdict.UNKNOWN, why=why, hint=hint, unanswered=not asked)


def _invalid(check: Check, subject: Reach, error: DirectoryError, said: str) -> Check:
    """The service will not do this, in words that only it knows."""
    if _about_return_url(error):
        why = "the live identity does not allow this return URL, or it has none"
        hint = f"The manifest does: `reconciler plan` shows the difference, apply mends it. The service said: {error.detail}"
        return _fail(check, why, hint)
    if "not READY" in error.detail:
        hint = (
            "Wait for CREATING and UPDATING. After a failure, `reconciler plan` shows the reason; correct it and apply."
        )
        return _fail(check, said, hint)
    if check.what in _FOR_A_USER and subject.inbound is Inbound.IAM:
        hint = "inbound is iam, so that the token stands for no user. Flows for a user want inbound: jwt or userId."
        return _fail(check, said, hint)
    if check.provider:
        hint = (
            f"See that {check.provider} is right at its vendor: client, secret, scopes and the callback URL that "
            "`reconciler lock show` has; and that its secret can be read."
        )
        return _fail(check, said, hint)
    return _fail(check, said, "Compare the identity with the manifest: `reconciler plan`.")


def _about_return_url(error: DirectoryError) -> bool:
    """As in "register and use at least one ResourceOauth2ReturnUrl" (seen, awslabs/agentcore-samples#528)."""
    words = error.detail.lower().replace(" ", "")
    return error.code == "ValidationException" and "returnurl" in words


def _allow(subject: Reach, said: str) -> str:
    secrets = " --with-secrets" if "secretsmanager" in said.lower() else ""
    return (
        f"`reconciler access policy {subject.identity}{secrets}` prints what its role needs. Whoever runs verify is who is "
        "verified: use the agent's own role."
    )


def _make(check: Check, subject: Reach) -> str:
    if check.what is What.WORKLOAD:
        return "It does not stand in the directory: `reconciler apply` makes it, `reconciler plan` says what happened to it."
    what = kind_of(check.provider.partition(".")[0]).singular
    return f"There is no such {what}: apply the stack that declares it, or correct its name in {subject.identity}."


def _said(error: DirectoryError) -> str:
    """The error on one line."""
    return " ".join(f"{error.summary}. {error.detail}".split()) if error.detail else error.summary


def _fail(check: Check, why: str, hint: str) -> Check:
    return replace(check, verdict=Verdict.FAILED, why=why, hint=hint)


def _unknown(check: Check, why: str, hint: str) -> Check:
    return replace(check, verdict=Verdict.UNKNOWN, why=why, hint=hint)
