"""How much each --refresh asks of the directory, counted where the calls arrive."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from reconciler.emulator import Scope

HEAD = 'environments: {prod: {account: "123456789012", region: us-east-1}}'


@pytest.fixture
def applied(project: Any, aws: Any) -> Any:
    """Three identities stand and are managed; nothing is counted yet."""
    project.declare("agent-a", "agent-b", "agent-c", head=HEAD)
    assert project.run("apply", "--auto-approve").code == 0
    aws.misbehaviour.calls.clear()
    return project


def asked(aws: Any) -> Counter[str]:
    return Counter(one.operation for one in aws.misbehaviour.calls)


def test_a_full_refresh_lists_and_reads_all_that_is_ours(applied: Any, aws: Any) -> None:
    assert applied.run("plan", "--detailed-exitcode").code == 0
    calls = asked(aws)
    assert calls["ListWorkloadIdentities"] == 1
    assert calls["GetWorkloadIdentity"] == calls["ListTagsForResource"] == 3


def test_a_refresh_of_changes_reads_only_what_the_manifest_changed_or_the_listing_lacks(applied: Any, aws: Any) -> None:
    assert applied.run("plan", "--refresh", "changed").code == 0
    assert asked(aws)["ListWorkloadIdentities"] == 1
    assert asked(aws)["GetWorkloadIdentity"] == 0
    applied.declare("agent-a", "agent-b", head=HEAD)  # agent-c is the manifest's change
    aws.store.drop(Scope("123456789012", "us-east-1"), "agent-b")  # and agent-b is missing in the listing
    aws.misbehaviour.calls.clear()
    assert applied.run("plan", "--refresh", "changed").code == 0
    assert sorted(one.name for one in aws.misbehaviour.calls if one.operation == "GetWorkloadIdentity") == [
        "agent-b", "agent-c",
    ]  # fmt: skip


def test_no_refresh_asks_nobody(applied: Any, aws: Any) -> None:
    assert applied.run("plan", "--refresh", "none", "--detailed-exitcode").code == 0
    assert asked(aws) == {}
