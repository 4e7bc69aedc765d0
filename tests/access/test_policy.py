"""The policy for an agent's role: as little as its grants need, under IAM's grammar and limits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from reconciler.access import Claims, Form, Inbound, Purpose, Reach, agent_policy, check, own_policy, read_policies
from reconciler.access.operations import CONDITION_KEYS
from reconciler.access.own_policy import Means
from reconciler.access.policy import size
from reconciler.model.environments import StatePlace, Target
from tests.access.stack import DIRECTORY, GRANTS, IDLE, INVOICE, LEDGER, TARGET, VAULT, api_key, provider, reach

CLAIMS = Claims(issuers=("https://idp.example.com",), audiences=("a", "b"), clients=("c",), users=("tenant-1/*",))
CHINA = Target(stack="payments", environment="cn", account="222222222222", region="cn-north-1")
BUCKET = StatePlace(bucket="states", prefix="payments/", kms_key="arn:aws:kms:us-east-1:222222222222:key/1")
MEANS = Means(state=BUCKET, signs_with="arn:aws:kms:us-east-1:222222222222:key/2", secrets=("prod/github",))


def many(oauth2: int, keys: int) -> Reach:
    """With names as long as they may be."""
    names = [f"{number:03}-{'x' * 124}" for number in range(max(oauth2, keys))]
    return reach("a" * 255, *map(provider, names[:oauth2]), *map(api_key, names[:keys]))


POLICIES: Mapping[str, dict[str, Any]] = {
    **{one.name: agent_policy(one).documents[0] for one in (INVOICE, LEDGER, IDLE)},
    **{
        f"claims-{inbound.value}": agent_policy(reach("one", inbound=inbound), claims=CLAIMS).documents[0]
        for inbound in Inbound
    },
    **{f"many-{at}": one for at, one in enumerate(agent_policy(many(50, 50)).documents)},
    "secrets": agent_policy(
        reach("one", provider("x", secret_arn="arn:aws:secretsmanager:us-east-1:222222222222:secret:x-AbCdEf")),
        with_secrets=True,
    ).documents[0],
    **{purpose.value: own_policy(purpose, TARGET, MEANS) for purpose in Purpose},
    "china": own_policy(Purpose.APPLY, CHINA),
}


def by_sid(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["Sid"]: one for one in document["Statement"]}


@pytest.mark.parametrize("name", POLICIES)
def test_iam_takes_the_policy(name: str) -> None:
    """By moto, which checks what IAM's own parser does of grammar, ARNs and Sids."""
    with mock_aws():
        iam = boto3.client("iam", region_name="us-east-1")
        iam.create_role(RoleName="agent", AssumeRolePolicyDocument="{}")
        text = json.dumps(POLICIES[name])
        iam.put_role_policy(RoleName="agent", PolicyName="inline", PolicyDocument=text)
        iam.create_policy(PolicyName="managed", PolicyDocument=text)
        stands = iam.get_role_policy(RoleName="agent", PolicyName="inline")["PolicyDocument"]
    assert stands == POLICIES[name]


@pytest.mark.parametrize("name", POLICIES)
def test_the_policy_says_nothing_that_iam_does_not_know(name: str) -> None:
    """By cfn-lint: IAM's grammar, and each action with the resource types that it takes."""
    properties = {"PolicyDocument": POLICIES[name]}
    template = {"Resources": {"Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}}}
    found = lint(json.dumps(template), config=ManualArgs(regions=["us-east-1"]))
    assert [f"{one.rule.id} {one.message}" for one in found if one.rule.id not in _HARDCODED] == []


_HARDCODED = {"I3042"}  # it would have the partition from a pseudo parameter, which a policy document cannot


def test_cfn_lint_sees_what_is_wrong() -> None:
    wrong = [
        {"Effect": "Allow", "Action": "bedrock-agentcore:GetResourceApiToken", "Resource": "*"},
        {"Effect": "Permit", "Action": "bedrock-agentcore:GetResourceApiKey", "Resource": "*"},
    ]
    for statement in wrong:
        document = {"Version": "2012-10-17", "Statement": [statement]}
        template = {"Resources": {"P": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}}}
        assert lint(json.dumps(template), config=ManualArgs(regions=["us-east-1"])), statement


def test_directory_identity_vault_and_provider_are_named_and_nothing_else() -> None:
    statements = by_sid(agent_policy(INVOICE).documents[0])
    itself = [DIRECTORY, INVOICE.arn]
    assert statements["TokenOfThisIdentityForJwt"]["Resource"] == itself
    assert statements["ApiKeysOfGrantedProviders"]["Resource"] == [
        *itself, VAULT, f"{VAULT}/apikeycredentialprovider/stripe",
    ]  # fmt: skip
    assert statements["Oauth2TokensOfGrantedProviders"]["Resource"] == [
        *itself, VAULT, f"{VAULT}/oauth2credentialprovider/github",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inbound", "operation"),
    [
        (Inbound.IAM, "GetWorkloadAccessToken"),
        (Inbound.JWT, "GetWorkloadAccessTokenForJWT"),
        (Inbound.USER_ID, "GetWorkloadAccessTokenForUserId"),
    ],
)
def test_inbound_chooses_the_token_operation(inbound: Inbound, operation: str) -> None:
    (statement,) = agent_policy(reach("one", inbound=inbound)).documents[0]["Statement"]
    assert statement["Action"] == [f"bedrock-agentcore:{operation}"]


@pytest.mark.parametrize("inbound", Inbound)
def test_condition_keys_are_only_such_as_the_operation_has(inbound: Inbound) -> None:
    statements = agent_policy(reach("one", provider("x"), inbound=inbound), claims=CLAIMS).documents[0]["Statement"]
    for statement in statements:
        operations = [one.partition(":")[2] for one in statement["Action"]]
        keys = {key for compared in statement.get("Condition", {}).values() for key in compared}
        assert keys <= {key for one in operations for key in CONDITION_KEYS.get(one, ())}
    assert ("Condition" in statements[0]) is (inbound is not Inbound.IAM)


def test_claims_with_several_values_are_compared_as_such() -> None:
    condition = agent_policy(reach("one", inbound=Inbound.JWT), claims=CLAIMS).documents[0]["Statement"][0]["Condition"]
    assert condition == {
        "ForAnyValue:StringEquals": {"bedrock-agentcore:InboundJwtClaim/aud": ["a", "b"]},
        "StringEquals": {
            "bedrock-agentcore:InboundJwtClaim/iss": "https://idp.example.com",
            "bedrock-agentcore:InboundJwtClaim/client_id": "c",
        },
    }
    users = agent_policy(reach("one", inbound=Inbound.USER_ID), claims=CLAIMS).documents[0]["Statement"][0]["Condition"]
    assert users == {"StringLike": {"bedrock-agentcore:userid": "tenant-1/*"}}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_a_policy_that_is_too_large_is_split_and_loses_nothing(oauth2: int, keys: int) -> None:
    one = many(oauth2, keys)
    made = agent_policy(one)
    assert all(size(document) <= Form.MANAGED.limit for document in made.documents)
    policies, _ = read_policies("p.json", json.dumps(made.documents).encode())
    assert check(policies, GRANTS, [one]).matches
    assert len(made.documents) <= 1 + made.size // (Form.MANAGED.limit - 1000)


def test_an_inline_policy_is_one_however_large() -> None:
    made = agent_policy(many(60, 60), form=Form.INLINE)
    assert len(made.documents) == 1
    assert made.size == size(made.documents[0]) > Form.INLINE.limit


def test_claims_that_are_too_large_for_any_policy_end_in_one_that_says_so() -> None:
    claims = Claims(users=tuple("u" * 200 + str(number) for number in range(40)))
    made = agent_policy(reach("one", provider("x"), inbound=Inbound.USER_ID), claims=claims)
    assert size(made.documents[0]) > Form.MANAGED.limit
    assert len(made.documents) == 2
