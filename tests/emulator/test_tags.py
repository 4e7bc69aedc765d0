"""Tags of identities, the same behind every door."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def arn(door: Any) -> str:
    made = door.client.create_workload_identity(name="agent", tags={"team": "pay", "stage": "prod"})
    return made["workloadIdentityArn"]


def test_tags_given_with_create_are_listed(door: Any, arn: str) -> None:
    assert door.client.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "pay", "stage": "prod"}


def test_tagging_adds_and_overwrites(door: Any, arn: str) -> None:
    door.client.tag_resource(resourceArn=arn, tags={"stage": "test", "a b/c:d": "e=f"})
    assert door.stored("agent").tags == {"team": "pay", "stage": "test", "a b/c:d": "e=f"}


def test_untagging_takes_keys_away_and_does_not_mind_missing_ones(door: Any, arn: str) -> None:
    door.client.tag_resource(resourceArn=arn, tags={"a b/c:d": "e=f"})
    door.client.untag_resource(resourceArn=arn, tagKeys=["stage", "a b/c:d", "missing"])
    assert door.stored("agent").tags == {"team": "pay"}


def test_more_than_fifty_tags_in_all_are_refused_and_none_is_written(door: Any, arn: str) -> None:
    with pytest.raises(ClientError, match="50") as failure:
        door.client.tag_resource(resourceArn=arn, tags={f"key-{number}": "" for number in range(49)})
    assert failure.value.response["Error"]["Code"] == "ServiceQuotaExceededException"
    assert len(door.stored("agent").tags) == 2

    door.client.tag_resource(resourceArn=arn, tags={f"key-{number}": "" for number in range(48)})
    assert len(door.stored("agent").tags) == 50


@pytest.mark.parametrize(
    "wrong",
    ["arn:aws:s3:us-east-1:123456789012:bucket/x", "token-vault/default/oauth2credentialprovider/github", "x" * 30],
)
def test_what_is_no_arn_of_the_service_is_refused(embedded_client: Any, wrong: str) -> None:
    with pytest.raises(ClientError, match="'resourceArn' failed to satisfy constraint") as failure:
        embedded_client.list_tags_for_resource(resourceArn=wrong)
    assert failure.value.response["Error"]["Code"] == "ValidationException"


def test_reserved_keys_are_refused(door: Any, arn: str) -> None:
    with pytest.raises(ClientError, match="reserved"):
        door.client.tag_resource(resourceArn=arn, tags={"aws:cloudformation:stack-name": "x"})
    with pytest.raises(ClientError, match="reserved"):
        door.client.create_workload_identity(name="other", tags={"AWS:x": "x"})


@pytest.mark.parametrize("change", [{"old": "agent", "new": "nobody"}, {"old": "us-east-1", "new": "us-west-2"}])
def test_an_arn_of_nothing_here_is_not_found(door: Any, arn: str, change: dict[str, str]) -> None:
    wrong = arn.replace("workload-identity/agent", "workload-identity/nobody") if change["old"] == "agent" else ""
    wrong = wrong or arn.replace(change["old"], change["new"])
    for call in (
        lambda: door.client.list_tags_for_resource(resourceArn=wrong),
        lambda: door.client.tag_resource(resourceArn=wrong, tags={"a": "b"}),
        lambda: door.client.untag_resource(resourceArn=wrong, tagKeys=["a"]),
    ):
        with pytest.raises(door.client.exceptions.ResourceNotFoundException):
            call()
