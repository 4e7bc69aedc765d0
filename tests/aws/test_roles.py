"""A role's policies as IAM holds them, with moto for IAM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from reconciler.aws.roles import read_role
from reconciler.errors import NotFound, Refused, UsageError
from reconciler.model.environments import Environment

ACCOUNT = "123456789012"
HERE = Environment(name="prod", account=ACCOUNT, region="us-east-1")
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def document(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


@pytest.fixture
def iam() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("iam", region_name="us-east-1")


def make(iam: Any, name: str = "agent", **more: Any) -> str:
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more)["Role"]["Arn"])


def managed(iam: Any, name: str, action: str) -> str:
    return str(iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document(action)))["Policy"]["Arn"])


def test_inline_and_attached_policies_are_read_in_their_present_version(iam: Any) -> None:
    arn = make(iam, Path="/agents/")
    iam.put_role_policy(RoleName="agent", PolicyName="own", PolicyDocument=json.dumps(document("s3:GetObject")))
    attached = managed(iam, "shared", "s3:PutObject")
    iam.create_policy_version(PolicyArn=attached, PolicyDocument=json.dumps(document("s3:List*")), SetAsDefault=True)
    iam.attach_role_policy(RoleName="agent", PolicyArn=attached)

    role = read_role(HERE, arn)

    assert dict(role.policies) == {"inline own": document("s3:GetObject"), attached: document("s3:List*")}
    assert role.boundary == ""


def test_more_than_one_page_of_policies_is_read(iam: Any) -> None:
    arn = make(iam)
    for number in range(150):
        text = json.dumps(document(f"s3:A{number}"))
        iam.put_role_policy(RoleName="agent", PolicyName=f"own-{number:03}", PolicyDocument=text)
    assert len(read_role(HERE, arn).policies) == 150


def test_a_permissions_boundary_is_named(iam: Any) -> None:
    boundary = managed(iam, "limit", "s3:*")
    assert read_role(HERE, make(iam, PermissionsBoundary=boundary)).boundary == boundary


def test_a_role_that_does_not_exist_is_said_to_be_missing(iam: Any) -> None:
    with pytest.raises(NotFound) as told:
        read_role(HERE, f"arn:aws:iam::{ACCOUNT}:role/nobody")
    assert "role/nobody" in told.value.summary


@pytest.mark.parametrize(
    "arn", ["agent", "arn:aws:iam::123456789012:user/x", "arn:aws:sts::123456789012:assumed-role/a/b"]
)
def test_what_is_no_role_is_refused_before_any_call(arn: str) -> None:
    with pytest.raises(UsageError, match="is not the ARN of a role"):
        read_role(HERE, arn)


def test_the_role_of_another_account_is_refused(iam: Any) -> None:
    with pytest.raises(UsageError, match="is of account 999999999999"):
        read_role(HERE, "arn:aws:iam::999999999999:role/agent")


def test_credentials_of_another_account_than_the_environments_are_refused(iam: Any) -> None:
    with pytest.raises(Refused):
        read_role(Environment(name="prod", account="222222222222", region="us-east-1"), make(iam))
