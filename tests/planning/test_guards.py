from __future__ import annotations

from typing import Any

import pytest

from reconciler.planning import Allowances, guard

NOTHING = Allowances()


def codes(plan: Any, allow: Allowances = NOTHING) -> list[str]:
    return [one.code for one in guard(plan, allow)]


def deleting(make: Any, deleted: int, kept: int) -> Any:
    for number in range(deleted):
        make.know(f"gone-{number:03}").live(f"gone-{number:03}")
    for number in range(kept):
        make.want(f"kept-{number:03}").know(f"kept-{number:03}").live(f"kept-{number:03}")
    return make


@pytest.mark.parametrize(("deleted", "kept", "found"), [(10, 1, []), (11, 26, []), (11, 25, ["guard-deletes"])])
def test_more_than_ten_and_more_than_thirty_percent_are_too_many(
    make: Any, deleted: int, kept: int, found: list[str]
) -> None:
    assert codes(deleting(make, deleted, kept).plan()) == found


def test_the_refusal_names_the_number_the_limit_and_the_flag(make: Any) -> None:
    (refusal,) = guard(deleting(make, 11, 5).plan(), NOTHING)
    assert "11 of 16 managed resources" in refusal.summary
    assert "30%" in refusal.summary
    assert "--allow-deletes 11" in refusal.detail


def test_a_rename_counts_as_a_delete_only_when_it_is_finished(make: Any) -> None:
    make.limit(count=0).want("a", name="a-2").know("a", name="a-1").live("a-1")
    assert codes(make.plan()) == []
    make.live("a-1", owner="")
    assert codes(make.plan()) == ["guard-untagged"]
    make.know("a", name="a-2").know("a~a-1", name="a-1").live("a-2").live("a-1", owner="")
    assert codes(make.plan()) == []
    assert codes(make.plan(finish_renames=True)) == ["guard-untagged", "guard-deletes"]


def test_forgetting_counts_as_no_delete(make: Any) -> None:
    assert codes(make.limit(count=0).know("a").want("b").plan()) == []


@pytest.mark.parametrize(("allowed", "found"), [(1, ["guard-deletes"]), (2, []), (3, [])])
def test_allow_deletes_takes_the_place_of_the_limit(make: Any, allowed: int, found: list[str]) -> None:
    make = deleting(make.limit(count=0), 2, 3)
    assert codes(make.plan(), Allowances(deletes=allowed)) == found


def test_allow_deletes_can_be_narrower_than_the_limit(make: Any) -> None:
    assert codes(deleting(make, 2, 3).plan(), Allowances(deletes=1)) == ["guard-deletes"]


def test_a_manifest_that_declares_nothing_does_not_empty_the_directory_unasked(make: Any) -> None:
    plan = deleting(make, 2, 0).plan()
    assert codes(plan) == ["guard-empty"]
    assert "--allow-empty" in guard(plan, NOTHING)[0].detail
    assert codes(plan, Allowances(empty=True)) == []


def test_an_empty_manifest_is_guarded_for_update_only_resources_too(make: Any) -> None:
    assert codes(make.know("a", update_only=True).live("a").plan()) == ["guard-empty"]


def test_an_empty_manifest_is_guarded_though_everything_is_gone_already(make: Any) -> None:
    assert codes(make.know("a").plan()) == ["guard-empty"]


def test_forget_names_what_it_lets_go_of_and_is_not_asked_twice(make: Any) -> None:
    assert codes(make.know("a").forgetting("a")) == []


def test_destroy_asked_for_it(make: Any) -> None:
    assert codes(deleting(make, 2, 0).plan(destroy=True)) == []


def test_an_incomplete_plan_needs_a_word(make: Any) -> None:
    plan = make.want("a").dark("a").want("b").plan()
    assert codes(plan) == ["guard-incomplete"]
    assert "workload_identity.a" in guard(plan, NOTHING)[0].summary
    assert codes(plan, Allowances(incomplete=True)) == []


def test_a_failed_listing_is_incomplete_even_if_nothing_was_to_be_read(make: Any) -> None:
    make.reading = {"listing_failed": "throttled"}
    assert codes(make.plan()) == ["guard-incomplete"]


def test_nothing_lets_refusals_through(make: Any) -> None:
    plan = make.want("a").live("a", owner="").want("b").plan()
    allow = Allowances(deletes=1000, empty=True, incomplete=True)
    assert codes(plan, allow) == ["guard-errored"]
    assert "workload_identity.a" in guard(plan, allow)[0].detail


def test_many_names_are_counted(make: Any) -> None:
    for number in range(7):
        make.want(f"a{number}").dark(f"a{number}")
    assert "and 2 more" in guard(make.plan(), NOTHING)[0].summary


def test_a_plan_that_only_creates_goes(make: Any) -> None:
    assert codes(make.want("a").plan()) == []
