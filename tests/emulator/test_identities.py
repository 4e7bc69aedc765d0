"""What the service does with workload identities, the same behind every door."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

URLS = ["https://b.example/cb", "https://a.example/cb"]


def fault(failure: pytest.ExceptionInfo[ClientError]) -> tuple[str, str, int]:
    response = failure.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_created_identity_is_answered_with_its_arn_and_its_urls_in_the_order_given(door: Any) -> None:
    made = door.client.create_workload_identity(name="invoice-agent", allowedResourceOauth2ReturnUrls=URLS)

    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["name"] == "invoice-agent"
    assert made["workloadIdentityArn"] == (
        f"arn:aws:bedrock-agentcore:us-east-1:{door.scope.account}:"
        "workload-identity-directory/default/workload-identity/invoice-agent"
    )
    assert made["allowedResourceOauth2ReturnUrls"] == URLS


def test_get_shows_urls_and_times_but_no_tags(door: Any) -> None:
    door.client.create_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=URLS, tags={"team": "pay"})
    door.clock.sleep(60)
    door.client.update_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=URLS[:1])

    shown = door.client.get_workload_identity(name="agent")

    assert shown["allowedResourceOauth2ReturnUrls"] == URLS[:1]
    assert shown["createdTime"] == datetime.datetime.fromtimestamp(1_800_000_000, datetime.UTC)
    assert shown["lastUpdatedTime"] - shown["createdTime"] == datetime.timedelta(seconds=60)
    assert "tags" not in shown


def test_each_account_and_region_is_a_directory_of_its_own(door: Any) -> None:
    door.put("agent")

    assert door.store.get(door.scope._replace(region="eu-central-1"), "agent") is None
    assert door.store.count(door.scope._replace(account="999999999999")) == 0


@pytest.mark.parametrize("call", ["get_workload_identity", "update_workload_identity", "delete_workload_identity"])
def test_an_unknown_name_is_not_found(door: Any, call: str) -> None:
    with pytest.raises(door.client.exceptions.ResourceNotFoundException) as failure:
        getattr(door.client, call)(name="nobody")
    assert fault(failure)[2] == 404
    assert "nobody" in fault(failure)[1]


def test_create_on_a_name_that_exists_says_so_as_a_validation_exception(door: Any) -> None:
    door.put("agent", "https://kept.example/cb")

    with pytest.raises(ClientError, match="already exists") as failure:
        door.client.create_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=URLS)

    assert fault(failure)[0::2] == ("ValidationException", 400)
    assert door.stored("agent").urls == ("https://kept.example/cb",)


def test_update_replaces_the_whole_list(door: Any) -> None:
    door.put("agent", *URLS)

    answer = door.client.update_workload_identity(
        name="agent", allowedResourceOauth2ReturnUrls=["https://new.example/cb"]
    )

    assert answer["allowedResourceOauth2ReturnUrls"] == ["https://new.example/cb"]
    assert door.stored("agent").urls == ("https://new.example/cb",)


def test_update_with_an_empty_list_clears_and_without_a_list_keeps(door: Any) -> None:
    door.put("cleared", *URLS)
    door.put("kept", *URLS)

    door.client.update_workload_identity(name="cleared", allowedResourceOauth2ReturnUrls=[])
    door.client.update_workload_identity(name="kept")

    assert door.stored("cleared").urls == ()
    assert door.stored("kept").urls == tuple(URLS)


def test_update_keeps_the_tags(door: Any) -> None:
    door.put("agent", team="pay")
    door.client.update_workload_identity(name="agent", allowedResourceOauth2ReturnUrls=URLS)
    assert door.stored("agent").tags == {"team": "pay"}


def test_a_deleted_identity_is_gone_and_its_name_free(door: Any) -> None:
    door.put("agent")

    answer = door.client.delete_workload_identity(name="agent")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert door.listed() == []
    door.client.create_workload_identity(name="agent")


def test_the_listing_comes_in_pages_of_twenty_ordered_by_name(door: Any) -> None:
    names = sorted(f"agent-{number:03}" for number in range(45))
    for name in reversed(names):
        door.put(name)

    first = door.client.list_workload_identities()
    second = door.client.list_workload_identities(nextToken=first["nextToken"])
    third = door.client.list_workload_identities(nextToken=second["nextToken"])

    assert [len(one["workloadIdentities"]) for one in (first, second, third)] == [20, 20, 5]
    assert "nextToken" not in third
    assert door.listed() == names
    assert set(first["workloadIdentities"][0]) == {"name", "workloadIdentityArn"}


def test_a_page_that_is_just_full_has_no_token(door: Any) -> None:
    for number in range(20):
        door.put(f"agent-{number}")
    assert "nextToken" not in door.client.list_workload_identities(maxResults=20)


def test_a_page_may_be_smaller(door: Any) -> None:
    for name in ("one", "two", "three"):
        door.put(name)
    assert door.listed(PageSize=1) == ["one", "three", "two"]
    assert door.misbehaviour.count("ListWorkloadIdentities") == 3


@pytest.mark.parametrize("token", ["nonsense", "bm9uc2Vuc2Vub25zZW5zZQ==", " ", "é"])
def test_a_token_from_elsewhere_is_refused(door: Any, token: str) -> None:
    with pytest.raises(ClientError, match="nextToken") as failure:
        door.client.list_workload_identities(nextToken=token)
    assert fault(failure)[0] == "ValidationException"


def test_one_too_many_is_refused_and_a_delete_makes_room(door: Any) -> None:
    door.misbehaviour.terms = type(door.misbehaviour.terms)(max_identities=2)
    door.put("one")
    door.put("two")

    with pytest.raises(ClientError, match="limit of 2") as failure:
        door.client.create_workload_identity(name="three")
    door.client.delete_workload_identity(name="one")
    door.client.create_workload_identity(name="three")

    assert fault(failure)[0::2] == ("ServiceQuotaExceededException", 402)
    assert door.listed() == ["three", "two"]


def test_an_operation_that_is_not_emulated_says_so(door: Any) -> None:
    with pytest.raises(ClientError) as failure:
        door.client.list_harnesses()
    assert fault(failure)[0::2] == ("UnknownOperationException", 404)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-isob-east-1", "aws-iso-b")],
)
def test_the_region_decides_the_partition_of_an_arn(door: Any, region: str, partition: str) -> None:
    assert door.scope._replace(region=region).arn("x").startswith(f"arn:{partition}:bedrock-agentcore:{region}:")
