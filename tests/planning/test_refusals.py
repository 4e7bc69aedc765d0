"""What a plan refuses, and the way out that each refusal names."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_protected_lock_entry_outlives_its_block(make: Any) -> None:
    plan = make.know("a", protect=True).live("a").plan()
    (refusal,) = plan.diagnostics
    assert (refusal.code, refusal.address, plan.empty, plan.unchanged) == ("protected", "workload_identity.a", True, 0)
    assert "protect: false" in refusal.detail


def test_a_protected_one_that_is_gone_is_forgotten(make: Any) -> None:
    assert make.know("a", protect=True).set(protect=True).steps() == {"a": ("forget", "deleted_outside")}


@pytest.mark.parametrize(("known", "declared"), [(True, False), (True, True), (False, True)])
def test_a_protected_one_is_not_replaced(make: Any, known: bool, declared: bool) -> None:
    make.want("a", name="a-2", protect=declared).know("a", name="a-1", protect=known).live("a-1")
    assert make.codes() == [("a", "protected")]
    assert make.plan().empty


def test_a_protected_environment_deletes_and_replaces_nothing(make: Any) -> None:
    make.set(protect=True).know("a").live("a").want("b", name="b-2").know("b", name="b-1").live("b-1").want("new")
    assert make.codes() == [("a", "environment-protected"), ("b", "environment-protected")]
    assert make.steps() == {"new": ("create", "declared")}
    assert make.plan().protected
    assert make.codes(destroy=True) == [("a", "environment-protected"), ("b", "environment-protected")]


def test_every_reason_against_a_delete_is_given_at_once(make: Any) -> None:
    make.set(protect=True).know("a", protect=True).live("a", owner=make.theirs, linked="runtime x")
    assert sorted(code for _, code in make.codes()) == [
        "environment-protected",
        "foreign-owner",
        "protected",
        "service-linked",
    ]


@pytest.mark.parametrize("step", ["update", "delete", "replace", "claim"])
def test_what_carries_another_stacks_tag_is_not_touched(make: Any, step: str) -> None:
    match step:
        case "update":
            make.want("a", "new").know("a", "old").live("a", "old", owner=make.theirs)
        case "delete":
            make.know("a").live("a", owner=make.theirs)
        case "replace":
            make.want("a", name="a-2").know("a", name="a-1").live("a-1", owner=make.theirs)
        case "claim":
            make.want("a").live("a", owner=make.theirs)
    plan = make.plan()
    assert make.codes() == [("a", "foreign-owner")]
    assert plan.empty
    assert plan.errored
    assert make.theirs in plan.diagnostics[0].summary


def test_another_stacks_tag_on_what_stays_as_it_is_is_a_warning(make: Any) -> None:
    plan = make.want("a", "one").know("a", "one").live("a", "one", owner=make.theirs).plan()
    assert [(one.code, one.severity.value) for one in plan.diagnostics] == [("foreign-owner", "warning")]
    assert plan.empty
    assert not plan.errored
    assert plan.unchanged == 1


def test_the_service_s_own_is_not_declared_without_update_only(make: Any) -> None:
    plan = make.want("a", "one").live("a", "two", owner="", linked="runtime invoice-AbCdEfGhIj").plan()
    (refusal,) = plan.diagnostics
    assert (refusal.code, plan.empty) == ("service-linked", True)
    assert "runtime invoice-AbCdEfGhIj" in refusal.summary
    assert "updateOnly: true" in refusal.detail


def test_the_service_s_own_is_neither_updated_nor_deleted_though_the_lockfile_holds_it(make: Any) -> None:
    make.want("a", "new").know("a", "old").live("a", "old", linked="gateway g").know("b").live("b", linked="gateway h")
    assert make.codes() == [("b", "service-linked"), ("a", "service-linked")]
    assert make.plan().empty
    assert "reconciler forget workload_identity.b" in make.plan().diagnostics[0].detail


@pytest.mark.parametrize("obstacle", ["update-only-renamed", "name-taken", "environment-protected", "foreign-owner"])
def test_a_refused_rename_names_the_address_that_forget_knows(make: Any, obstacle: str) -> None:
    update_only = obstacle == "update-only-renamed"
    owner = make.theirs if obstacle == "foreign-owner" else make.ours
    make.want("b", previously="a", update_only=update_only).know("a", update_only=update_only).live("a", owner=owner)
    if obstacle == "name-taken":
        make.live("b", owner="")
    plan = make.set(protect=obstacle == "environment-protected").plan()
    assert [one.code for one in plan.diagnostics] == [obstacle]
    assert "reconciler forget workload_identity.a" in plan.diagnostics[0].detail
