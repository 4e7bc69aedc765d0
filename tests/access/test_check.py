"""A real policy beside the grants: every excess and every lack is named, and what cannot be told is said to be so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.access import Claims, Reach, Report, Verdict, agent_policy, check, read_policies
from reconciler.access.check import named_by
from reconciler.access.operations import DATA_PLANE
from tests.access.stack import (
    DIRECTORY,
    GITHUB,
    GRANTS,
    IDLE,
    INVOICE,
    LEDGER,
    PLACE,
    VAULT,
    provider,
    reach,
)

Compare = Callable[..., Report]
ALL = [f"bedrock-agentcore:{one}" for one in DATA_PLANE]
MINE = [statement for document in agent_policy(INVOICE).documents for statement in document["Statement"]]
JWT = "bedrock-agentcore:GetWorkloadAccessTokenForJWT"


def allow(actions: Any, resources: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: Any, resources: Any, **more: Any) -> dict[str, Any]:
    return {**allow(actions, resources, **more), "Effect": "Deny"}


def codes(report: Report, verdict: Verdict = Verdict.EXCESS) -> set[str]:
    return {one.code for one in report.findings if one.verdict is verdict}


@pytest.mark.parametrize("one", [INVOICE, LEDGER, IDLE], ids=lambda one: one.name)
def test_the_policy_that_we_print_matches(one: Reach) -> None:
    text = json.dumps(agent_policy(one).documents)
    policies, found = read_policies("own.json", text.encode())
    assert found == ()
    assert check(policies, GRANTS, [one]).findings == ()


def test_a_policy_narrowed_by_claims_matches(compare: Compare) -> None:
    claims = Claims(issuers=("https://idp.example.com",), audiences=("agents",), clients=("app",))
    assert compare(*agent_policy(INVOICE, claims=claims).documents[0]["Statement"]).matches


def test_an_empty_policy_lacks_everything(compare: Compare) -> None:
    report = compare(allow("s3:GetObject", "*"))
    assert codes(report) == set()
    assert {one.actions for one in report.findings} == {
        (JWT,),
        ("bedrock-agentcore:GetResourceApiKey",),
        ("bedrock-agentcore:GetResourceOauth2Token",),
    }


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (allow("*", "*"), {"wildcard-action", "everything"}),
        (allow("bedrock-agentcore:GetResource*", MINE[2]["Resource"]), {"wildcard-action"}),
        (allow("BEDROCK-AGENTCORE:getworkloadaccesstokenforjw?", MINE[0]["Resource"]), {"wildcard-action"}),
        (allow(JWT, f"{DIRECTORY}/workload-identity/*"), {"every-identity"}),
        (allow(JWT, f"{DIRECTORY}/workload-identity/invoice-*"), {"wildcard-resource"}),
        (allow(JWT, f"{DIRECTORY}/workload-identity/${{aws:PrincipalTag/agent}}-agent"), {"policy-variable"}),
        (allow(JWT, LEDGER.arn), {"other-identity"}),
        (allow(JWT, f"{DIRECTORY}/workload-identity/nobody"), {"foreign-identity"}),
        (allow(ALL[4], f"{VAULT}/*"), {"whole-vault"}),
        (allow(ALL[4], f"{VAULT}/apikeycredentialprovider/*"), {"whole-vault"}),
        (allow(ALL[4], f"{VAULT}/apikeycredentialprovider/stri??"), {"wildcard-resource"}),
        (allow(ALL[4], f"{VAULT}/apikeycredentialprovider/adyen"), {"other-provider"}),
        (allow(ALL[3], f"{VAULT}/oauth2credentialprovider/shadow"), {"foreign-provider"}),
        (allow(ALL[3], f"{VAULT}/oauth2-credential-provider/github"), {"other-spelling"}),
        (allow(ALL[2], MINE[0]["Resource"]), {"other-inbound"}),
        (allow(JWT, f"{PLACE.replace('us-east-1', 'eu-west-1')}:workload-identity-directory/default"), {"other-place"}),
        (allow("bedrock-agentcore:DeleteWorkloadIdentity", INVOICE.arn), {"administration"}),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": MINE[0]["Resource"]}, {"not-action"}),
        ({"Effect": "Allow", "Action": JWT, "NotResource": LEDGER.arn}, {"not-resource"}),
    ],
    ids=lambda value: json.dumps(value)[:70] if isinstance(value, dict) else None,
)
def test_an_excess_is_named(compare: Compare, statement: dict[str, Any], code: set[str]) -> None:
    report = compare(*MINE, {"Sid": "Extra", **statement})
    assert codes(report) == code
    assert codes(report, Verdict.LACK) == codes(report, Verdict.UNCLEAR) == set()
    assert {one.where.statement for one in report.findings if one.where} == {"Extra"}
    assert {one.where.line for one in report.findings if one.where} == {41}


def test_an_api_key_operation_is_too_much_where_no_such_provider_is_granted(compare: Compare) -> None:
    own = agent_policy(LEDGER).documents[0]["Statement"]
    assert codes(compare(*own, allow(ALL[4], own[1]["Resource"]), of=[LEDGER])) == {"unneeded-action"}


@pytest.mark.parametrize(
    "statement",
    [
        allow("bedrock-agentcore:InvokeCodeInterpreter", "*"),
        allow("bedrock-agentcore:*", f"{PLACE}:runtime/*"),
        allow(["s3:*", "logs:PutLogEvents", "bedrock:InvokeModel"], "*"),
        allow(ALL[5], MINE[2]["Resource"]),
        allow(JWT, f"{VAULT}/*"),
        allow(ALL[3], f"{VAULT}/apikeycredentialprovider/adyen"),
    ],
    ids=[
        "operation",
        "resource",
        "services",
        "ending a consent",
        "a vault without credentials",
        "another sort of provider",
    ],
)
def test_what_is_none_of_our_business_is_no_excess(compare: Compare, statement: dict[str, Any]) -> None:
    assert compare(*MINE, statement).findings == ()


@pytest.mark.parametrize(
    "guard",
    [
        deny("*", f"{DIRECTORY}/workload-identity/*"),
        deny([JWT], f"{DIRECTORY}*"),
        {"Effect": "Deny", "Action": "*", "NotResource": [DIRECTORY, VAULT, INVOICE.arn, f"{VAULT}/*"]},
    ],
    ids=["covered", "covered by another wildcard", "all but ours"],
)
def test_what_a_deny_takes_back_is_no_excess(compare: Compare, guard: dict[str, Any]) -> None:
    assert codes(compare(allow(JWT, f"{DIRECTORY}/workload-identity/*"), guard)) == set()


@pytest.mark.parametrize(
    "guard",
    [
        deny("*", f"{DIRECTORY}/workload-identity/ledger-*"),
        deny("*", f"{DIRECTORY}/workload-identity/*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
        deny("bedrock-agentcore:GetResourceApiKey", f"{DIRECTORY}/workload-identity/*"),
        {"Effect": "Deny", "Action": "*", "NotResource": [DIRECTORY, f"{DIRECTORY}/workload-identity/*"]},
    ],
    ids=["in part", "sometimes", "another operation", "with a hole of the same size"],
)
def test_what_a_deny_leaves_open_is_still_an_excess(compare: Compare, guard: dict[str, Any]) -> None:
    assert codes(compare(allow(JWT, f"{DIRECTORY}/workload-identity/*"), guard)) == {"every-identity"}


def test_a_deny_of_all_but_more_leaves_the_pattern_as_it_is(compare: Compare) -> None:
    guard = {"Effect": "Deny", "Action": "*", "NotResource": [DIRECTORY, f"{DIRECTORY}/workload-identity/*"]}
    report = compare(allow(JWT, f"{DIRECTORY}/workload-identity/ledger-*"), guard)
    assert codes(report) == {"wildcard-resource"}


def test_an_operation_that_is_denied_on_the_directory_is_none_that_is_allowed(compare: Compare) -> None:
    extra = allow(ALL[2], MINE[0]["Resource"])
    assert codes(compare(*MINE, extra)) == {"other-inbound"}
    assert compare(*MINE, extra, deny(ALL[2], DIRECTORY)).matches


def test_a_deny_of_what_is_needed_is_a_lack_with_its_statement(compare: Compare) -> None:
    (finding,) = compare(*MINE, deny("*", f"{VAULT}/apikey*", Sid="Guard")).findings
    assert (finding.verdict, finding.code) == (Verdict.LACK, "denied")
    assert finding.where is not None
    assert finding.where.statement == "Guard"


def test_a_missing_resource_is_named_alone(compare: Compare) -> None:
    report = compare(*MINE[:2], {**MINE[2], "Resource": MINE[2]["Resource"][:-1]})
    (finding,) = report.findings
    assert finding.code == "missing"
    assert finding.resources == (GITHUB.arn,)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
        {"StringEquals": {"aws:ResourceTag/team": "payments"}},
        {"StringEquals": {"bedrock-agentcore:userid": "ada"}},
    ],
    ids=["of the call", "of the resource", "of another operation"],
)
def test_what_hangs_on_a_condition_cannot_be_told(compare: Compare, condition: dict[str, Any]) -> None:
    report = compare({**MINE[0], "Condition": condition}, *MINE[1:])
    (finding,) = report.findings
    assert (finding.verdict, finding.code) == (Verdict.UNCLEAR, "depends")
    assert not report.matches


def test_a_deny_under_a_condition_leaves_what_is_allowed_open(compare: Compare) -> None:
    guard = deny("*", "*", Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}})
    report = compare(*MINE, guard)
    assert {one.actions[0] for one in report.findings} == {one["Action"][0] for one in MINE}
    assert codes(report, Verdict.UNCLEAR) == {"depends"}
    assert codes(report) == codes(report, Verdict.LACK) == set()


def test_what_hangs_on_a_policy_variable_cannot_be_told(compare: Compare) -> None:
    variable = f"{DIRECTORY}/workload-identity/${{aws:PrincipalTag/agent}}"
    report = compare({**MINE[0], "Resource": [DIRECTORY, variable]}, *MINE[1:])
    assert codes(report, Verdict.UNCLEAR) == {"depends"}
    assert codes(report) == {"every-identity"}


def test_the_older_version_takes_a_variable_by_its_letters(compare: Compare) -> None:
    variable = f"{DIRECTORY}/workload-identity/${{aws:PrincipalTag/agent}}"
    report = compare(*MINE, allow(JWT, variable), version="2008-10-17")
    assert codes(report) == {"foreign-identity"}


def test_the_two_spellings_of_a_provider_are_one() -> None:
    acps = provider("github", arn=GITHUB.arn.replace("bedrock-agentcore", "acps"))
    one = reach("invoice-agent", acps)
    text = json.dumps(agent_policy(one).documents)
    for spelled in (text, text.replace("acps", "bedrock-agentcore")):
        policies, _ = read_policies("role.json", spelled.encode())
        assert check(policies, GRANTS, [one]).matches


def test_a_role_that_two_agents_share_lets_each_reach_what_the_other_may(compare: Compare) -> None:
    both = [*MINE, *agent_policy(LEDGER).documents[0]["Statement"]]
    report = compare(*both, of=[INVOICE, LEDGER])
    assert codes(report) == {"shared-role"}
    assert codes(report, Verdict.LACK) == set()
    assert {one.identity for one in report.findings} == {INVOICE.identity, LEDGER.identity}


def test_the_identities_that_a_policy_names_are_told() -> None:
    policies, _ = read_policies("role.json", json.dumps(agent_policy(INVOICE).documents).encode())
    assert named_by(policies, GRANTS) == (INVOICE,)
    everything, _ = read_policies("role.json", json.dumps({"Statement": allow("*", "*")}).encode())
    assert named_by(everything, GRANTS) == ()
