"""Every verdict, every reason, and the next step for each; against the emulated data plane."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.emulator import Identity, Provider
from reconciler.model.addresses import Address
from reconciler.model.verification import Check, Verdict, What
from reconciler.verifying import User
from reconciler.verifying.run import foreign, tries

TOKEN_OF = {
    "iam": "GetWorkloadAccessToken",
    "jwt": "GetWorkloadAccessTokenForJWT",
    "userId": "GetWorkloadAccessTokenForUserId",
}


def verdicts(checks: list[Check]) -> list[tuple[str, str]]:
    return [(one.what.name, one.verdict.value) for one in checks]


def only(checks: list[Check], what: What) -> Check:
    (found,) = [one for one in checks if one.what is what]
    return found


# What passes


@pytest.mark.parametrize("inbound", TOKEN_OF)
def test_a_token_is_asked_for_as_the_agent_does(world: Any, inbound: str) -> None:
    (check,) = world.checks(inbound=inbound)
    assert (check.what, check.verdict, check.why, check.hint) == (What.WORKLOAD, Verdict.PASSED, "", "")
    assert world.sent() == [TOKEN_OF[inbound]]


def test_everything_that_is_granted_is_tried(world: Any) -> None:
    urls = (world.back, "https://app.example.com/other")
    world.put(Identity(name="agent", urls=urls))
    flows = ("M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE", "USER_FEDERATION")
    checks = world.checks(world.api_key(), world.oauth2(*flows, name="idp"), inbound="jwt", urls=urls)
    assert [(one.what.name, one.provider.partition(".")[2], one.return_url) for one in checks] == [
        ("WORKLOAD", "", ""),
        ("API_KEY", "stripe", ""),
        ("M2M", "idp", ""),
        ("ON_BEHALF", "idp", ""),
        ("USER_FEDERATION", "idp", urls[0]),
        ("USER_FEDERATION", "idp", urls[1]),
        ("FOREIGN_URL", "idp", "https://reconciler-verify.invalid/never-allowed"),
    ]
    assert {one.verdict for one in checks} == {Verdict.PASSED}
    assert {one.why + one.hint for one in checks} == {""}
    assert world.sent() == [TOKEN_OF["jwt"], "GetResourceApiKey", *["GetResourceOauth2Token"] * 5]


def test_scopes_flow_and_url_reach_the_service(world: Any) -> None:
    seen: list[dict[str, Any]] = []
    world.misbehaviour.before("GetResourceOauth2Token", seen.append, times=None)
    world.checks(world.oauth2("USER_FEDERATION"))
    assert [(one["oauth2Flow"], one["scopes"], one["resourceOauth2ReturnUrl"]) for one in seen] == [
        ("USER_FEDERATION", ["repo"], world.back),
        ("USER_FEDERATION", ["repo"], foreign(())),
    ]
    assert all(one["resourceCredentialProviderName"] == "github" for one in seen)
    assert not any("forceAuthentication" in one for one in seen), "nobody is made to agree again"


def test_the_foreign_url_is_none_that_is_allowed(world: Any) -> None:
    urls = (foreign(()), foreign(()) + "-")
    assert foreign(urls) not in urls
    (last,) = [one.check for one in tries(world.subject(world.oauth2("USER_FEDERATION"), urls=urls))][-1:]
    assert (last.what, last.return_url) == (What.FOREIGN_URL, foreign(urls))


def test_a_user_who_agreed_already_is_a_pass_that_says_so(world: Any) -> None:
    world.terms(consented=True)
    checks = world.checks(world.oauth2("USER_FEDERATION"))
    agreed, strange = checks[1:]
    assert (agreed.verdict, agreed.why) == (Verdict.PASSED, "the user has agreed already: a token came back")
    assert strange.verdict is Verdict.UNKNOWN
    assert "nobody looked at the return URL" in strange.why
    assert "who never agreed" in strange.hint


# What is needed and not given


@pytest.mark.parametrize(("inbound", "option"), [("jwt", "--user-token-env VARIABLE"), ("userId", "--user-id ID")])
def test_without_a_user_it_cannot_be_told(world: Any, inbound: str, option: str) -> None:
    checks = world.checks(world.api_key(), world.oauth2("USER_FEDERATION"), inbound=inbound, user=User())
    assert {one.verdict for one in checks} == {Verdict.UNKNOWN}
    assert not any(one.unanswered for one in checks)
    assert (f"inbound is {inbound}" in checks[0].why, option in checks[0].hint) == (True, True)
    assert {one.why for one in checks[1:]} == {"no workload access token was had"}
    assert world.sent() == []


@pytest.mark.parametrize("inbound", ["iam", "userId"])
def test_a_token_exchange_without_a_users_token_cannot_be_told(world: Any, inbound: str) -> None:
    check = world.checks(world.oauth2("ON_BEHALF_OF_TOKEN_EXCHANGE", name="idp"), inbound=inbound)[1]
    assert check.verdict is Verdict.UNKNOWN
    assert (f"inbound is {inbound}" in check.why, "--user-token-env" in check.hint) == (True, True)
    assert "GetResourceOauth2Token" not in world.sent()


@pytest.mark.parametrize("claims", [{"iss": "i"}, {"iss": "i", "sub": "s", "exp": 1}])
def test_a_users_token_that_is_not_accepted_fails(world: Any, claims: dict[str, Any]) -> None:
    user = User(token=world.jwt(**claims))
    checks = world.checks(world.api_key(), inbound="jwt", user=user)
    assert verdicts(checks) == [("WORKLOAD", "fail"), ("API_KEY", "unknown")]
    assert "the user's token is not accepted" in checks[0].why
    assert "fresh token" in checks[0].hint
    assert "IAM" not in checks[0].why + checks[0].hint
    assert not checks[0].unanswered


def test_what_a_service_holds_cannot_be_told(world: Any) -> None:
    world.put(Identity(name="held", parent_kind="runtime", parent_id="held"))
    subject = world.subject(world.api_key(), name="held")
    arn = world.scope.arn("workload-identity-directory/default/workload-identity/held")
    first, second = world.report(subject, holders=lambda: {arn: "runtime held-AbCdEfGhIj"}).checks
    assert (first.verdict, first.why) == (
        Verdict.UNKNOWN, "linked to runtime held-AbCdEfGhIj: only that gets tokens for it"
    )  # fmt: skip
    assert (second.verdict, second.why) == (Verdict.UNKNOWN, "no workload access token was had")
    assert not first.unanswered


def test_what_holds_it_is_asked_once_only_where_it_matters_and_may_fail(world: Any) -> None:
    from reconciler.errors import AccessDenied

    asked: list[int] = []

    def holders() -> dict[str, str]:
        asked.append(1)
        raise AccessDenied("ListGateways: access denied")

    world.report(world.subject(world.api_key()), holders=holders)
    assert asked == []
    for name in ("one", "two"):
        world.put(Identity(name=name, parent_kind="runtime", parent_id="x"))
    found = world.report(world.subject(name="one"), world.subject(name="two"), holders=holders)
    assert asked == [1]
    assert {one.why for one in found.checks} == {
        "linked to a service: only its runtime, gateway or payment manager gets tokens for it"
    }


# What fails


def test_an_identity_that_does_not_stand(world: Any) -> None:
    checks = world.checks(world.api_key(), name="nobody")
    assert verdicts(checks) == [("WORKLOAD", "fail"), ("API_KEY", "unknown")]
    assert "GetWorkloadAccessTokenForUserId nobody: not found" in checks[0].why
    assert "`reconciler apply` makes it" in checks[0].hint


@pytest.mark.parametrize(
    ("flows", "what"), [((), "API-key credential provider"), (("M2M",), "OAuth2 credential provider")]
)
def test_a_provider_that_does_not_stand(world: Any, flows: tuple[str, ...], what: str) -> None:
    check = world.checks(world.oauth2(*flows, name="none") if flows else world.api_key("none"))[1]
    assert check.verdict is Verdict.FAILED
    assert "none: not found" in check.why
    assert f"There is no such {what}" in check.hint


@pytest.mark.parametrize("name", ["failed", "new"])
@pytest.mark.parametrize("flow", ["M2M", "USER_FEDERATION"])
def test_a_provider_that_is_not_ready(world: Any, name: str, flow: str) -> None:
    failed = Provider(name="failed", vendor="XOauth2", status="CREATE_FAILED", failure="no")
    world.put(failed, replace(failed, name="new", status="READY", settles="CREATING", unsettled_reads=9))
    checks = world.checks(world.oauth2(flow, name=name))
    assert checks[1].verdict is Verdict.FAILED
    assert "is not READY but CREAT" in checks[1].why
    assert "`reconciler plan` shows the reason" in checks[1].hint
    for strange in checks[2:]:
        assert strange.verdict is Verdict.UNKNOWN
        assert "refused, but for another reason" in strange.why
        assert "Mend that first" in strange.hint
        assert not strange.unanswered


def test_a_secret_that_is_lost(world: Any) -> None:
    world.put(Provider(name="lost", lost=True), Provider(name="lost", vendor="XOauth2", lost=True))
    checks = world.checks(world.api_key("lost"), world.oauth2("M2M", name="lost"))
    assert verdicts(checks)[1:] == [("API_KEY", "fail"), ("M2M", "fail")]
    assert "There is no API key" in checks[1].why
    assert "Error parsing ClientCredentials response" in checks[2].why
    assert all("secret can be read" in one.hint for one in checks[1:])


def test_a_return_url_that_the_live_identity_lacks_is_told_in_our_words(world: Any) -> None:
    world.put(Identity(name="agent", urls=(world.back,)))
    checks = world.checks(world.oauth2("USER_FEDERATION"), urls=(world.back, "https://app.example.com/gone"))
    assert [one.verdict.value for one in checks] == ["pass", "pass", "fail", "pass"]
    assert checks[2].why == "the live identity does not allow this return URL, or it has none"
    assert "`reconciler plan` shows the difference" in checks[2].hint
    assert "register and use at least one ResourceOauth2ReturnUrl" in checks[2].hint


def test_an_identity_without_return_urls_cannot_send_anybody_back(world: Any) -> None:
    world.put(Identity(name="agent"))
    checks = world.checks(world.oauth2("USER_FEDERATION"), urls=())
    assert verdicts(checks) == [("WORKLOAD", "pass"), ("USER_FEDERATION", "fail"), ("FOREIGN_URL", "pass")]
    assert checks[1].why == "the identity allows no return URL, and this flow needs one"
    assert "allowedResourceOauth2ReturnUrls" in checks[1].hint


def test_a_foreign_return_url_that_is_accepted(world: Any) -> None:
    world.terms(any_return_url=True)
    check = only(world.checks(world.oauth2("USER_FEDERATION")), What.FOREIGN_URL)
    assert check.verdict is Verdict.FAILED
    assert check.why.startswith("a foreign return URL was accepted")
    assert "take it away" in check.hint


def test_a_foreign_return_url_that_somebody_allowed(world: Any) -> None:
    world.put(Identity(name="agent", urls=(world.back, foreign(()))))
    assert only(world.checks(world.oauth2("USER_FEDERATION")), What.FOREIGN_URL).verdict is Verdict.FAILED


def test_a_flow_for_a_user_where_no_user_is(world: Any) -> None:
    checks = world.checks(world.oauth2("USER_FEDERATION"), inbound="iam")
    assert verdicts(checks) == [("WORKLOAD", "pass"), ("USER_FEDERATION", "fail"), ("FOREIGN_URL", "unknown")]
    assert "made for a user" in checks[1].why
    assert "inbound: jwt or userId" in checks[1].hint


def test_a_provider_that_knows_no_exchange(world: Any) -> None:
    check = world.checks(world.oauth2("ON_BEHALF_OF_TOKEN_EXCHANGE"), inbound="jwt")[1]
    assert (check.verdict, "onBehalfOfTokenExchangeConfig" in check.why) == (Verdict.FAILED, True)


def test_an_identity_that_is_refused_in_words_nobody_foresaw(world: Any) -> None:
    world.misbehaviour.fail("*", "ValidationException", message="Not on Tuesdays")
    (check,) = world.checks()
    assert (check.verdict, "Not on Tuesdays" in check.why) == (Verdict.FAILED, True)
    assert "Compare the identity with the manifest" in check.hint


@pytest.mark.parametrize("what", [What.M2M, What.ON_BEHALF])
def test_an_authorization_url_in_place_of_a_token(what: What) -> None:
    """The emulator does not, so the judgement alone is asked."""
    from reconciler.directory.handing_out import Answered
    from reconciler.verifying.judging import answered

    check = Check(address=Address("workload_identity", "a"), what=what, verdict=Verdict.PASSED, provider="p.q")
    found = answered(check, Answered.AUTHORIZATION_URL)
    assert (found.verdict, "in place of a token" in found.why, "p.q" in found.hint) == (Verdict.FAILED, True, True)


# What the credentials may not do


@pytest.mark.parametrize(
    ("operation", "at"),
    [("GetWorkloadAccessTokenForUserId", 0), ("GetResourceApiKey", 1), ("GetResourceOauth2Token", 2)],
)
def test_a_denial_names_the_action_and_the_policy_that_allows_it(world: Any, operation: str, at: int) -> None:
    world.misbehaviour.deny(operation)
    check = world.checks(world.api_key(), world.oauth2("M2M"))[at]
    assert check.verdict is Verdict.FAILED
    assert f"Allow the IAM action bedrock-agentcore:{operation}" in check.why
    assert "`reconciler access policy workload_identity.agent` prints" in check.hint
    assert not check.unanswered


def test_a_denial_of_the_secret_says_so(world: Any) -> None:
    said = "not authorized to perform: secretsmanager:GetSecretValue"
    world.misbehaviour.fail("GetResourceApiKey", "AccessDeniedException", message=said)
    assert "--with-secrets" in world.checks(world.api_key())[1].hint


def test_a_denied_foreign_url_is_no_proof(world: Any) -> None:
    world.misbehaviour.deny("GetResourceOauth2Token")
    check = only(world.checks(world.oauth2("USER_FEDERATION")), What.FOREIGN_URL)
    assert (check.verdict, "for another reason" in check.why) == (Verdict.UNKNOWN, True)


def test_a_workload_token_that_is_not_accepted(world: Any) -> None:
    world.misbehaviour.before("GetResourceApiKey", lambda _: world.clock.sleep(900))
    check = world.checks(world.api_key())[1]
    assert (check.verdict, "the token that it carries is not accepted" in check.why) == (Verdict.FAILED, True)
    assert "run it again" in check.hint


# What the service could not be asked


def test_what_is_throttled_for_too_long_cannot_be_told(world: Any) -> None:
    world.misbehaviour.fail("GetResourceApiKey", "ThrottlingException", times=None)
    check = world.checks(world.api_key())[1]
    assert (check.verdict, check.unanswered) == (Verdict.UNKNOWN, True)
    assert "throttle" in check.why
    assert "200 GetResourceApiKey a second, by default" in check.why


def test_what_is_throttled_for_a_moment_is_tried_again(world: Any) -> None:
    world.misbehaviour.fail("GetResourceApiKey", "ThrottlingException", times=2)
    assert world.checks(world.api_key())[1].verdict is Verdict.PASSED


@pytest.mark.parametrize("committed", [False, True])
def test_an_answer_that_is_lost_is_asked_for_again(world: Any, committed: bool) -> None:
    for operation in ("GetWorkloadAccessTokenForUserId", "GetResourceApiKey", "GetResourceOauth2Token"):
        world.misbehaviour.drop(operation, committed=committed, times=2)
    checks = world.checks(world.api_key(), world.oauth2("USER_FEDERATION"))
    assert {one.verdict for one in checks} == {Verdict.PASSED}
    assert len(world.sent()) == 4 + 3 * 2


@pytest.mark.parametrize("trouble", ["dropped", "500"])
def test_answers_that_stay_away_cannot_be_told(world: Any, trouble: str) -> None:
    if trouble == "dropped":
        world.misbehaviour.drop("GetResourceOauth2Token", committed=False, times=None)
    else:
        world.misbehaviour.fail("GetResourceOauth2Token", "InternalServerException", times=None)
    checks = world.checks(world.oauth2("USER_FEDERATION"))
    assert verdicts(checks)[1:] == [("USER_FEDERATION", "unknown"), ("FOREIGN_URL", "unknown")]
    assert all(one.unanswered and "run it again" in one.hint for one in checks[1:])


def test_an_answer_that_makes_no_sense_cannot_be_told(world: Any) -> None:
    def emptied(parsed: dict[str, Any], **_: Any) -> None:
        parsed.pop("apiKey", None)
        parsed.pop("accessToken", None)

    world.client.meta.events.register("after-call", emptied)
    checks = world.checks(world.api_key(), world.oauth2("M2M"))
    assert verdicts(checks)[1:] == [("API_KEY", "unknown"), ("M2M", "unknown")]
    assert all("makes no sense" in one.why and one.unanswered for one in checks[1:])
