"""Renames, moves, and names that would change hands: never is something deleted that another address still wants."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.changes import Cause
from reconciler.model.resources import Origin


def test_another_name_is_a_replacement(make: Any) -> None:
    make.want("a", "new", name="a-2").know("a", "one", name="a-1", origin=Origin.ADOPTED).live("a-1", "one")
    change = make.change()
    assert (change.action.word, change.reason.value) == ("replace", "renamed")
    assert (change.name, change.previous_name, change.previous, change.arn) == ("a-2", "a-1", None, make.arn("a-1"))
    assert (change.before, change.after) == (make.attributes("one"), make.attributes("new"))
    assert [one.cause for one in change.attributes] == [Cause.MANIFEST]
    assert change.origin is Origin.CREATED
    plan = make.plan()
    assert plan.deletes == 0
    assert [(one.code, one.severity.value) for one in plan.diagnostics] == [("consents-stranded", "warning")]


def test_another_key_with_previously_is_a_replacement_that_leaves_the_old_address(make: Any) -> None:
    change = make.want("new", previously="old").know("old").live("old").change()
    assert (change.action.word, change.reason.value) == ("replace", "renamed")
    assert (change.address.key, change.previous, change.previous_name) == ("new", make.address("old"), "old")


def test_key_and_name_may_both_change_if_previously_says_so(make: Any) -> None:
    make.want("new", name="remote-2", previously="old").know("old", name="remote-1").live("remote-1")
    change = make.change()
    assert (change.action.word, change.name, change.previous_name) == ("replace", "remote-2", "remote-1")


@pytest.mark.parametrize("previously", ["", "old"])
def test_another_key_for_the_same_name_is_moved_without_a_call(make: Any, previously: str) -> None:
    make.want("new", "one", name="remote", previously=previously).know("old", "one", name="remote").live(
        "remote", "one"
    )
    change = make.change()
    assert (change.action.word, change.reason.value) == ("no-op", "moved")
    assert (change.address.key, change.previous, change.previous_name) == ("new", make.address("old"), "")


def test_a_moved_resource_that_also_differs_is_updated_under_its_new_address(make: Any) -> None:
    make.want("new", "two", name="remote").know("old", "one", name="remote").live("remote", "one")
    change = make.change()
    assert (change.action.word, change.reason.value, change.previous) == (
        "update",
        "manifest_changed",
        make.address("old"),
    )


def test_a_moved_resource_that_is_gone_is_created_under_its_new_address(make: Any) -> None:
    change = make.want("new", name="remote").know("old", name="remote").change()
    assert (change.action.word, change.reason.value) == ("create", "deleted_outside")
    assert (change.previous, change.previous_name) == (make.address("old"), "")


def test_a_renamed_resource_that_is_gone_is_created_under_its_new_name(make: Any) -> None:
    plan = make.want("a", name="a-2").know("a", name="a-1").plan()
    (change,) = plan.changes
    assert (change.action.word, change.reason.value, change.previous_name) == ("create", "deleted_outside", "a-1")
    assert plan.drift[0].name == "a-1"


def test_a_renamed_resource_that_is_gone_does_not_run_over_what_has_the_new_name(make: Any) -> None:
    make.want("a", name="a-2").know("a", name="a-1").live("a-2", owner="")
    assert make.codes() == [("a", "not-ours")]
    assert len(make.plan().drift) == 1


def test_a_replacement_whose_old_one_cannot_be_read_is_left_alone(make: Any) -> None:
    plan = make.want("a", name="a-2").know("a", name="a-1").dark("a-1").plan()
    assert plan.empty
    assert list(plan.unknown) == ["workload_identity.a"]


def test_a_replacement_whose_new_name_cannot_be_read_is_left_alone(make: Any) -> None:
    plan = make.want("a", name="a-2").know("a", name="a-1").live("a-1").dark("a-2").plan()
    assert plan.empty
    assert list(plan.unknown) == ["workload_identity.a"]


@pytest.mark.parametrize("owner", ["", "billing/prod"])
def test_a_name_that_somebody_has_is_not_taken_by_a_rename(make: Any, owner: str) -> None:
    make.want("a", name="a-2").know("a", name="a-1").live("a-1").live("a-2", owner=owner)
    assert make.codes() == [("a", "name-taken")]
    assert make.plan().empty


def test_a_rename_that_was_interrupted_goes_on_where_the_new_one_is_as_declared(make: Any) -> None:
    make.want("a", "one", name="a-2").know("a", "one", name="a-1").live("a-1", "one").live("a-2", "one")
    assert make.steps() == {"a": ("replace", "renamed")}
    make.live("a-2", "other")
    assert make.codes() == [("a", "name-taken")]


def test_two_addresses_never_swap_their_names(make: Any) -> None:
    make.want("a", name="y").know("a", name="x").want("b", name="x").know("b", name="y").live("x").live("y")
    plan = make.plan()
    assert plan.empty
    assert make.codes() == [("a", "name-taken"), ("b", "name-taken")]
    assert "third name" in plan.diagnostics[0].detail


def test_a_new_address_does_not_take_the_name_that_another_gives_up_in_the_same_apply(make: Any) -> None:
    make.want("a", name="a-2").know("a", name="a-1").live("a-1").want("b", name="a-1")
    assert make.codes() == [("a", "name-taken"), ("b", "name-taken")]
    assert make.plan().empty


def test_an_address_with_a_resource_of_its_own_does_not_swallow_another(make: Any) -> None:
    make.want("a", name="y").know("a", name="x").know("b", name="y").live("x").live("y")
    assert make.codes() == [("a", "name-taken")]
    assert make.plan().empty


def test_one_name_declared_twice_is_refused_on_both_sides_and_deletes_nothing(make: Any) -> None:
    make.want("a", name="x").want("b", name="x").know("old", name="x").live("x")
    assert make.codes() == [("a", "declared-twice"), ("b", "declared-twice")]
    assert make.plan().empty


def test_previously_that_leads_nowhere_is_a_warning_and_the_resource_is_new(make: Any) -> None:
    plan = make.want("a", previously="never").plan()
    assert [(one.code, one.severity.value) for one in plan.diagnostics] == [("previously-unknown", "warning")]
    assert make.steps() == {"a": ("create", "declared")}


def test_previously_of_something_still_declared_renames_nothing(make: Any) -> None:
    make.want("a", previously="b").want("b").know("b").live("b")
    assert make.codes() == [("a", "previously-declared")]
    assert make.steps() == {"a": ("create", "declared")}


def test_a_previously_that_stays_after_the_rename_does_nothing(make: Any) -> None:
    plan = make.want("a", previously="old").know("a").live("a").plan()
    assert (plan.changes, plan.diagnostics, plan.unchanged) == ((), (), 1)


def test_two_addresses_that_claim_one_past_are_refused_and_it_stays(make: Any) -> None:
    make.want("a", previously="old").want("b", previously="old").know("old").live("old")
    assert make.codes() == [("a", "previously-claimed-twice"), ("b", "previously-claimed-twice")]
    assert make.plan().empty


def test_an_address_with_two_pasts_is_refused_and_both_stay(make: Any) -> None:
    make.want("new", name="x", previously="other").know("old", name="x").know("other").live("x").live("other")
    assert make.codes() == [("new", "name-taken")]
    assert make.plan().empty


def test_a_past_that_moved_elsewhere_is_not_replaced(make: Any) -> None:
    make.want("a", name="old").want("b", previously="past").know("past", name="old").live("old")
    assert make.codes() == [("b", "name-taken")]
    assert make.steps() == {"a": ("no-op", "moved")}


LEFT = ("rename-unfinished", "info")


def unfinished(make: Any) -> Any:
    """`a` was `first`, is `second`, and both live."""
    return make.know("a", "x", name="second").know("a~first", "x", name="first").live("first", "x").live("second", "x")


def test_what_a_rename_left_behind_is_kept_and_told_until_it_is_finished(make: Any) -> None:
    unfinished(make).want("a", "x", name="second")
    plan = make.plan()
    assert (plan.empty, plan.unchanged) == (True, 2)
    assert [(one.code, one.severity.value) for one in plan.diagnostics] == [LEFT]
    assert make.steps(finish_renames=True) == {"a~first": ("delete", "rename_finished")}
    assert make.codes(finish_renames=True) == []
    assert make.steps(destroy=True) == {"a": ("delete", "asked"), "a~first": ("delete", "asked")}


def test_whoever_targets_or_excludes_a_resource_means_what_its_rename_left_behind_too(make: Any) -> None:
    unfinished(make).want("a", "x", name="second")
    assert make.steps(finish_renames=True, targets=("*.a",)) == {"a~first": ("delete", "rename_finished")}
    assert make.steps(finish_renames=True, excludes=("*.a",)) == {}


def test_finishing_never_takes_what_a_rename_of_the_same_plan_leaves(make: Any) -> None:
    unfinished(make).want("a", "x", name="third")
    assert make.steps(finish_renames=True) == {
        "a": ("replace", "renamed"), "a~first": ("delete", "rename_finished"),
    }  # fmt: skip


def test_a_rename_can_be_taken_back_while_both_live(make: Any) -> None:
    unfinished(make).want("a", "x", name="first")
    change = make.change()
    assert (change.action.word, change.name, change.previous_name) == ("replace", "first", "second")
    make.live("first", "other")
    assert make.codes() == [("a", "name-taken")]
    assert "what its rename left behind" in make.plan().diagnostics[0].summary


def test_what_a_rename_left_behind_may_be_kept_under_an_address_of_its_own(make: Any) -> None:
    unfinished(make).want("a", "x", name="second").want("b", "x", name="first")
    assert make.steps() == {"b": ("no-op", "moved")}


def test_what_a_rename_left_behind_is_not_for_an_address_that_has_a_resource(make: Any) -> None:
    unfinished(make).want("a", "x", name="second").want("b", "x", name="first").know("b", "x").live("b", "x")
    [refused] = [one for one in make.plan().diagnostics if one.severity.value == "error"]
    assert (refused.address, refused.code) == ("workload_identity.b", "name-taken")
    assert "--finish-renames" in refused.detail
    assert "declare workload_identity.a~first" not in refused.detail  # no manifest can
