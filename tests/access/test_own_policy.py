"""The policy of reconciler's own role: every call that it makes, no other, and none that writes unless it applies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.access import Purpose, own_policy
from reconciler.access.own_policy import Means
from reconciler.model.environments import StatePlace, Target
from reconciler.model.kinds import KINDS, TOKEN_VAULT, WORKLOAD_IDENTITY
from reconciler.model.rates import DEFAULT_RATES, TOKEN_RATES, TRAIL_RATES

CONTROL = (
    DEFAULT_RATES.keys() - TOKEN_RATES.keys() - TRAIL_RATES.keys()
)  # verify calls the data plane, in the agent's role
TARGET = Target(stack="payments", environment="prod", account="222222222222", region="us-east-1")
ROOT = Path(__file__).resolve().parents[2]
KEY = "arn:aws:kms:us-east-1:222222222222:key/1"
MEANS = Means(
    state=StatePlace(bucket="states", prefix="payments/", kms_key=KEY),
    signs_with=KEY,
    secrets=("prod/github", "arn:aws:secretsmanager:us-east-1:222222222222:secret:x-AbCdEf"),
)
_OF_THE_SERVICE = re.compile(r"secretsmanager:(Create|Delete|Describe|Put|Update)Secret(Value)?")


def actions(purpose: Purpose, means: Means = MEANS) -> set[str]:
    return {action for one in own_policy(purpose, TARGET, means)["Statement"] for action in one["Action"]}


def test_apply_may_make_every_call_that_there_is_and_no_other() -> None:
    called = {f"bedrock-agentcore:{one}" for one in CONTROL}
    assert {one for one in actions(Purpose.APPLY) if one.startswith("bedrock-agentcore:")} == called
    assert called >= {f"bedrock-agentcore:{one}" for kind in KINDS for one in kind.api.operations}


@pytest.mark.parametrize("purpose", [Purpose.PLAN, Purpose.DRIFT])
def test_reading_is_all_that_plan_and_drift_may_but_for_what_runs_remember(purpose: Purpose) -> None:
    written = {
        (one["Sid"], action)
        for one in own_policy(purpose, TARGET, MEANS)["Statement"]
        for action in one["Action"]
        if not action.partition(":")[2].startswith(("Get", "List", "Decrypt", "GenerateMac", "LookupEvents"))
    }
    remembers = {
        ("RememberRuns", "s3:PutObject"), ("RememberRuns", "s3:DeleteObject"), ("SealState", "kms:GenerateDataKey"),
    }  # fmt: skip
    assert written == (remembers if purpose is Purpose.DRIFT else set())
    assert {f"bedrock-agentcore:{one}" for one in CONTROL if one.startswith(("Get", "List"))} <= actions(purpose)


def test_drift_alone_may_look_up_who_did_what() -> None:
    looks = {purpose: {f"cloudtrail:{one}" for one in TRAIL_RATES} <= actions(purpose) for purpose in Purpose}
    assert looks == {Purpose.PLAN: False, Purpose.APPLY: False, Purpose.DRIFT: True}


def test_what_the_state_signatures_and_secrets_need_is_there_only_where_they_are_used() -> None:
    assert not any(one.startswith(("s3:", "kms:")) for one in actions(Purpose.APPLY, Means()))
    assert "ReadNamedSecrets" not in str(own_policy(Purpose.APPLY, TARGET, Means()))
    assert actions(Purpose.PLAN) >= {"s3:GetObject", "s3:ListBucket", "kms:Decrypt", "kms:GenerateMac"}
    assert actions(Purpose.APPLY) >= {
        "s3:PutObject", "s3:DeleteObject", "kms:GenerateDataKey", "kms:VerifyMac", "secretsmanager:GetSecretValue",
    }  # fmt: skip


def test_only_kinds_that_are_there_are_written_and_all_are_read() -> None:
    identities = Means(types=frozenset({WORKLOAD_IDENTITY.type}))
    found = actions(Purpose.APPLY, identities)
    assert found >= {"bedrock-agentcore:UpdateWorkloadIdentity", "bedrock-agentcore:ListOauth2CredentialProviders"}
    assert not {one for one in found if "Provider" in one and ":Get" not in one and ":List" not in one}
    assert not any("CMK" in one or one.startswith("secretsmanager:") for one in found)
    vault = actions(Purpose.APPLY, Means(types=frozenset({TOKEN_VAULT.type})))
    assert "bedrock-agentcore:SetTokenVaultCMK" in vault
    assert "bedrock-agentcore:TagResource" not in vault


def test_every_action_is_documented_and_narrowed_to_the_account_and_region() -> None:
    documented = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    for action in actions(Purpose.APPLY) | actions(Purpose.PLAN) | actions(Purpose.DRIFT):
        assert action.partition(":")[2] in documented, action
    for statement in own_policy(Purpose.APPLY, TARGET, MEANS)["Statement"]:
        if statement["Sid"] == "ListParents":
            continue
        for resource in statement["Resource"]:
            assert ":us-east-1:222222222222:" in resource or resource.startswith("arn:aws:s3:::states"), resource


def test_a_secret_by_name_is_one_arn_with_its_random_end_open() -> None:
    (named,) = [
        one for one in own_policy(Purpose.APPLY, TARGET, MEANS)["Statement"] if one["Sid"] == "ReadNamedSecrets"
    ]
    assert named["Resource"] == [
        "arn:aws:secretsmanager:us-east-1:222222222222:secret:prod/github-??????",
        "arn:aws:secretsmanager:us-east-1:222222222222:secret:x-AbCdEf",
    ]
