"""Runtimes, gateways and payment managers: the identities that come and go with them, the same behind every door."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

KINDS = ["runtime", "gateway", "payment-manager"]
READERS = {
    "runtime": ("list_agent_runtimes", "agentRuntimes", "agentRuntimeId", "get_agent_runtime", "agentRuntimeId"),
    "gateway": ("list_gateways", "items", "gatewayId", "get_gateway", "gatewayIdentifier"),
    "payment-manager": (
        "list_payment_managers",
        "paymentManagers",
        "paymentManagerId",
        "get_payment_manager",
        "paymentManagerId",
    ),
}


def last(arn: str) -> str:
    return arn.rpartition("/")[2]


def parents(door: Any, kind: str) -> dict[str, str]:
    """What a caller finds: the ids in the listing, each with the identity that Get shows."""
    lister, items, member, getter, asked = READERS[kind]
    pages = door.client.get_paginator(lister).paginate(PaginationConfig={"PageSize": 1})
    summaries = [one for page in pages for one in page[items]]
    assert all("workloadIdentityDetails" not in one for one in summaries)
    shown = {one[member]: getattr(door.client, getter)(**{asked: one[member]}) for one in summaries}
    return {id_: last(one["workloadIdentityDetails"]["workloadIdentityArn"]) for id_, one in shown.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_an_identity_comes_with_its_parent_and_goes_with_it(door: Any, kind: str) -> None:
    door.put("own-agent")

    parent, arn = door.make(kind, "invoices")

    assert door.listed() == sorted(["own-agent", last(arn)])
    assert door.client.get_workload_identity(name=last(arn))["workloadIdentityArn"] == arn
    assert parents(door, kind) == {parent: last(arn)}

    door.remove(kind, parent)

    assert door.listed() == ["own-agent"]
    assert parents(door, kind) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_the_identity_is_shown_before_delete_is_refused_and_it_may_be_changed(door: Any, kind: str) -> None:
    _, arn = door.make(kind, "invoices")

    door.client.update_workload_identity(name=last(arn), allowedResourceOauth2ReturnUrls=["https://a.example/cb"])
    door.client.tag_resource(resourceArn=arn, tags={"team": "pay"})
    with pytest.raises(ClientError) as failure:
        door.client.delete_workload_identity(name=last(arn))

    assert failure.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "WorkloadIdentity is linked to a service and cannot be deleted by the caller",
    }
    stored = door.stored(last(arn))
    assert (stored.urls, stored.tags) == (("https://a.example/cb",), {"team": "pay"})


@pytest.mark.parametrize("kind", KINDS)
def test_the_identity_may_outlive_its_parent(door: Any, kind: str) -> None:
    door.misbehaviour.terms = replace(door.misbehaviour.terms, linger=120.0)
    parent, arn = door.make(kind, "invoices")

    door.remove(kind, parent)
    door.client.update_workload_identity(name=last(arn), allowedResourceOauth2ReturnUrls=["https://a.example/cb"])
    door.clock.sleep(119)
    assert door.listed() == [last(arn)]
    with pytest.raises(ClientError, match="linked to a service"):
        door.client.delete_workload_identity(name=last(arn))

    door.clock.sleep(1)
    assert door.listed() == []
    assert door.store.count(door.scope) == 0
    with pytest.raises(door.client.exceptions.ResourceNotFoundException):
        door.client.get_workload_identity(name=last(arn))


def test_an_orphan_stays_and_cannot_be_deleted(door: Any) -> None:
    door.misbehaviour.terms = replace(door.misbehaviour.terms, linger=None)
    parent, arn = door.make_runtime("invoices")
    door.remove("runtime", parent)
    door.clock.sleep(1_000_000)

    with pytest.raises(ClientError, match="linked to a service"):
        door.client.delete_workload_identity(name=last(arn))
    assert parents(door, "runtime") == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_parent_linked_in_the_store_is_shown_and_removed_by_the_api(door: Any, kind: str) -> None:
    door.store.link(door.scope, kind, "linked-0123456789")
    made, arn = door.make(kind, "made")

    assert parents(door, kind) == {"linked-0123456789": "linked-0123456789", made: last(arn)}

    door.remove(kind, "linked-0123456789")
    assert parents(door, kind) == {made: last(arn)}


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_parent_is_not_found(door: Any, kind: str) -> None:
    _, _, _, getter, asked = READERS[kind]
    for call in (
        lambda: getattr(door.client, getter)(**{asked: "nobody-0123456789"}),
        lambda: door.remove(kind, "nobody-0123456789"),
    ):
        with pytest.raises(ClientError) as failure:
            call()
        assert failure.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_linked_identities_count_too(door: Any) -> None:
    door.misbehaviour.terms = replace(door.misbehaviour.terms, max_identities=1)
    door.make_gateway("invoices")
    with pytest.raises(ClientError, match="limit of 1"):
        door.client.create_workload_identity(name="own-agent")
