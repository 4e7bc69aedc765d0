"""The CloudFormation template: such as CloudFormation takes, with the least rights, and a rule that lets in what it should."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from moto.events.models import EventPattern

from reconciler.access import Purpose, own_policy
from reconciler.access.own_policy import Means
from reconciler.aws.trail_events import OPERATIONS
from reconciler.model.environments import StatePlace, Target
from tests.scheduling.examples import TEMPLATE, template

ACCOUNT, REGION = "222222222222", "us-east-1"
APPLIES = f"arn:aws:iam::{ACCOUNT}:role/identities-apply"
KNOWN = {
    "AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "Bucket": "acme-identities",
    "StatePrefix": "state/", "ManifestPrefix": "manifests/payments/", "Environment": "prod", "ApplyRole": APPLIES,
    "Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:drift",
}  # fmt: skip
RESOURCES = template(**KNOWN)


def event(**detail: Any) -> dict[str, Any]:
    """As EventBridge hands it on, of somebody with a role."""
    record = {
        "eventVersion": "1.11", "eventTime": "2026-11-24T10:00:00Z", "eventSource": "bedrock-agentcore.amazonaws.com",
        "eventName": "UpdateWorkloadIdentity", "awsRegion": REGION, "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.31.0",
        "userIdentity": {
            "type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/jane", "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/Admin", "userName": "Admin",
            }},
        },
        "requestParameters": {"name": "invoice-agent", "allowedResourceOauth2ReturnUrls": ["https://rogue.example/"]},
        "eventID": "1ff4bc1c-3a5b-4d6a-a6ae-0c0de2b2b4a1", "readOnly": False, "eventType": "AwsApiCall",
        "managementEvent": True, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
    }  # fmt: skip
    return {
        "version": "0", "id": "6f87d04b-9f74-4f04-a780-7acf4b0a9b38", "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.bedrock-agentcore", "account": ACCOUNT, "time": "2026-11-24T10:00:00Z", "region": REGION,
        "resources": [], "detail": {**record, **detail},
    }  # fmt: skip


def let_in(one: Any) -> bool:
    pattern = RESOURCES["Changes"]["Properties"]["EventPattern"]
    return bool(EventPattern.load(json.dumps(pattern)).matches_event(one))


def of_role(arn: str) -> dict[str, Any]:
    return {"userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": arn}}}}


def test_cloudformation_takes_it() -> None:
    assert lint(TEMPLATE.read_text(encoding="utf-8"), config=ManualArgs(regions=[REGION])) == []


def test_the_function_may_do_what_access_policy_prints_and_little_around_it() -> None:
    policies = {one["PolicyName"]: one["PolicyDocument"] for one in RESOURCES["Role"]["Properties"]["Policies"]}
    target = Target(stack="payments", environment="prod", account=ACCOUNT, region=REGION)
    means = Means(state=StatePlace(bucket="acme-identities", prefix="state/"))
    assert policies["drift"] == own_policy(Purpose.DRIFT, target, means)
    around = {action: one["Resource"] for one in policies["around"]["Statement"] for action in one["Action"]}
    assert set(around) == {
        "s3:GetObject", "sns:Publish", "sqs:SendMessage", "logs:CreateLogStream", "logs:PutLogEvents",
    }  # fmt: skip
    assert not any("*" in str(one).replace("manifests/payments/*", "") for one in around.values())


def test_the_handler_is_there() -> None:
    module, _, name = RESOURCES["Function"]["Properties"]["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


def test_it_lets_every_change_in_and_only_those() -> None:
    for operation in OPERATIONS:
        assert let_in(event(eventName=operation)), operation
    names = RESOURCES["Changes"]["Properties"]["EventPattern"]["detail"]["eventName"]
    assert sorted(names) == sorted(OPERATIONS)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({}, True),
        (of_role(f"arn:aws:iam::{ACCOUNT}:role/Somebody"), True),
        ({"userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/eve"}}, True),
        ({"userIdentity": {"type": "Root"}}, True),
        (of_role(APPLIES), False),
        ({"errorCode": "AccessDenied"}, False),
        ({"eventName": "GetWorkloadIdentity", "readOnly": True}, False),
        ({"eventSource": "s3.amazonaws.com"}, False),
    ],
)
def test_what_the_role_that_applies_does_and_what_changes_nothing_stays_out(detail: Any, expected: bool) -> None:
    assert let_in(event(**detail)) is expected


def test_what_is_said_to_be_an_event_of_aws_and_is_not_stays_out() -> None:
    assert not let_in({**event(), "source": "acme.bedrock-agentcore"})
    assert not let_in({**event(), "detail-type": "AWS Service Event via CloudTrail"})


def test_what_failed_is_kept_and_tried_again() -> None:
    for rule in ("Changes", "Clock"):
        (target,) = RESOURCES[rule]["Properties"]["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
    invoked = RESOURCES["Asynchronously"]["Properties"]
    assert invoked["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    assert RESOURCES["Function"]["Properties"]["ReservedConcurrentExecutions"] == 1
