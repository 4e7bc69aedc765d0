"""The three-way table, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.changes import Cause
from reconciler.model.environments import Settings
from reconciler.model.resources import Origin, Refresh
from reconciler.planning import changed_remotes, expected_remotes


def test_declared_and_nowhere_else_is_created(make: Any) -> None:
    change = make.want("a", "one", tags={"team": "x"}, protect=True).change()
    assert (change.action.word, change.reason.value) == ("create", "declared")
    assert (change.before, change.after, change.arn) == (None, make.attributes("one", team="x"), "")
    assert (change.protect, change.origin, change.source.line) == (True, Origin.CREATED, 1)


def test_equal_on_all_sides_is_no_change_and_counted_as_unchanged(make: Any) -> None:
    plan = make.want("a", "one").know("a", "one").live("a", "one").plan()
    assert (plan.changes, plan.drift, plan.diagnostics, plan.unchanged) == ((), (), (), 1)


@pytest.mark.parametrize(
    ("desired", "known", "live", "cause", "reason"),
    [
        ("new", "old", "old", Cause.MANIFEST, "manifest_changed"),
        ("old", "old", "odd", Cause.OUTSIDE, "changed_outside"),
        ("new", "old", "odd", Cause.BOTH, "changed_both"),
    ],
)
def test_an_update_says_who_made_the_attribute_differ(
    make: Any, desired: str, known: str, live: str, cause: Cause, reason: str
) -> None:
    change = make.want("a", desired).know("a", known, origin=Origin.ADOPTED).live("a", live).change()
    assert (change.action.word, change.reason.value, change.origin) == ("update", reason, Origin.ADOPTED)
    (attribute,) = change.attributes
    assert attribute.name == "allowedResourceOauth2ReturnUrls"
    assert (attribute.before, attribute.after, attribute.cause) == (
        (f"https://{live}/cb",),
        (f"https://{desired}/cb",),
        cause,
    )


def test_one_attribute_changed_here_and_another_outside_is_changed_by_both(make: Any) -> None:
    change = make.want("a", "new").know("a", "old").live("a", "old", stray="tag").change()
    assert [(one.name, one.cause) for one in change.attributes] == [
        ("allowedResourceOauth2ReturnUrls", Cause.MANIFEST),
        ("tags", Cause.OUTSIDE),
    ]
    assert change.reason.value == "changed_both"


def test_a_change_that_somebody_made_already_only_renews_the_lockfile(make: Any) -> None:
    make.want("a", "new").know("a", "old").live("a", "new")
    change = make.change()
    assert (change.action.word, change.reason.value, change.attributes) == ("no-op", "converged", ())
    assert change.before == change.after == make.attributes("new")
    assert len(make.plan().drift) == 1
    assert make.plan().unchanged == 0


def test_deleted_outside_is_created_again_and_shown_as_drift(make: Any) -> None:
    plan = make.want("a", "one").know("a", "one").plan()
    (change,), (drift,) = plan.changes, plan.drift
    assert (change.action.word, change.reason.value, change.before) == ("create", "deleted_outside", None)
    assert (drift.address.key, drift.before, drift.after) == ("a", make.attributes("one"), None)


def test_no_longer_declared_is_deleted(make: Any) -> None:
    change = make.know("a", "one").live("a", "two").change()
    assert (change.action.word, change.reason.value) == ("delete", "not_declared")
    assert (change.before, change.after, change.owner) == (make.attributes("two"), None, make.ours)


def test_neither_declared_nor_live_is_forgotten(make: Any) -> None:
    plan = make.know("a", "one").plan()
    assert [(one.action.word, one.reason.value, one.before, one.arn) for one in plan.changes] == [
        ("forget", "deleted_outside", None, "")
    ]
    assert plan.drift[0].after is None


def test_what_is_not_ours_is_counted_by_what_it_is_and_never_touched(make: Any) -> None:
    make.live("theirs", owner="").live("runtime-x", owner="", linked="runtime x").live("another", owner="")
    plan = make.plan()
    assert plan.empty
    assert plan.untouched.unmanaged == {"workload_identity": ("another", "theirs")}
    assert plan.untouched.service_linked == {"workload_identity": ("runtime-x",)}


def test_an_existing_one_that_is_not_ours_is_refused_with_the_way_to_adopt_it(make: Any) -> None:
    plan = make.want("a", "one").live("a", "one", owner="").plan()
    (refusal,) = plan.diagnostics
    assert plan.empty
    assert plan.errored
    assert (refusal.code, refusal.address, refusal.source.line) == ("not-ours", "workload_identity.a", 1)
    assert make.arn("a") in refusal.detail
    assert "reconciler adopt workload_identity.a" in refusal.detail


def test_ours_by_tag_is_adopted_by_itself_where_it_is_as_declared(make: Any) -> None:
    change = make.want("a", "one", protect=True).live("a", "one").change()
    assert (change.action.word, change.reason.value, change.origin) == ("adopt", "ours_by_tag", Origin.ADOPTED)
    assert change.before == change.after
    assert (change.protect, change.arn) == (True, make.arn("a"))


def test_ours_by_tag_is_updated_where_it_differs_and_nobody_is_blamed(make: Any) -> None:
    change = make.want("a", "one").live("a", "two").change()
    assert (change.action.word, change.reason.value, change.origin) == ("update", "ours_by_tag", Origin.ADOPTED)
    assert [one.cause for one in change.attributes] == [None]


def test_a_lockfile_without_the_arn_learns_it(make: Any) -> None:
    make.want("a").know("a").live("a")
    make.held[make.address("a")] = type(make.held[make.address("a")])(
        address=make.address("a"), name="a", arn="", origin=Origin.CREATED, attributes=make.attributes()
    )
    change = make.change()
    assert (change.action.word, change.reason.value, change.arn) == ("no-op", "converged", make.arn("a"))


def test_only_a_change_of_protection_renews_the_lockfile(make: Any) -> None:
    change = make.want("a", protect=True).know("a").live("a").change()
    assert (change.action.word, change.reason.value, change.protect) == ("no-op", "protection", True)


def test_a_missing_ownership_tag_is_no_change(make: Any) -> None:
    assert make.want("a", "one").know("a", "one").live("a", "one", owner="").plan().empty


def test_tags_of_others_are_neither_compared_nor_planned(make: Any) -> None:
    make.settings = Settings(ignore_tags=("cost-*",))
    make.want("a", tags={"team": "x"}).know("a", tags={"team": "x"})
    make.live("a", **{"team": "x", "cost-center": "9", "aws:created": "y"})
    plan = make.plan()
    assert (plan.changes, plan.drift, plan.unchanged, plan.tags_ignored) == ((), (), 1, ("cost-*",))
    make.live("a", **{"team": "y", "cost-center": "9"})
    change = make.change()
    assert change.before == make.attributes(team="y")


def test_an_ignored_tag_that_is_declared_is_not_sent_for_ever(make: Any) -> None:
    make.settings = Settings(ignore_tags=("cost-*",))
    make.want("a", tags={"cost-center": "1"}).know("a").live("a", **{"cost-center": "9"})
    make.want("b", tags={"cost-center": "1", "team": "x"})
    assert make.steps() == {"b": ("create", "declared")}
    assert make.change().after == make.attributes(team="x")


def test_drift_is_shown_whatever_the_plan_does_about_it(make: Any) -> None:
    make.know("gone", "one").live("gone", "two").want("kept", "one").know("kept", "one").live("kept", "two")
    make.want("same", "new").know("same", "old").live("same", "new")
    drift = make.plan().drift
    assert [one.address.key for one in drift] == ["gone", "kept", "same"]
    assert {attribute.cause for one in drift for attribute in one.attributes} == {Cause.OUTSIDE}
    assert (drift[0].before, drift[0].after) == (make.attributes("one"), make.attributes("two"))


def test_changes_come_in_address_order_whatever_the_order_of_the_input(make: Any) -> None:
    make.want("c").want("a").know("d").live("d").know("b").live("b")
    assert list(make.steps()) == ["a", "b", "c", "d"]


def test_destroy_deletes_all_that_is_managed_and_nothing_else(make: Any) -> None:
    make.want("a").know("a").live("a").want("new").know("b").live("b").know("gone").live("theirs", owner="")
    assert make.steps(destroy=True) == {
        "a": ("delete", "asked"),
        "b": ("delete", "asked"),
        "gone": ("forget", "deleted_outside"),
    }


class TestUpdateOnly:
    def test_it_is_adopted_by_itself(self, make: Any) -> None:
        make.want("a", "one", update_only=True).live("a", "one", owner="", linked="runtime x")
        change = make.change()
        assert (change.action.word, change.reason.value, change.update_only) == ("adopt", "update_only", True)

    def test_it_is_updated_where_it_differs(self, make: Any) -> None:
        make.want("a", "one", update_only=True).live("a", owner="", linked="runtime x")
        assert make.steps() == {"a": ("update", "update_only")}

    def test_it_is_refused_where_another_stack_owns_it(self, make: Any) -> None:
        assert make.want("a", update_only=True).live("a", owner=make.theirs).codes() == [("a", "foreign-owner")]

    def test_it_is_never_created(self, make: Any) -> None:
        assert make.want("a", update_only=True).codes() == [("a", "update-only-absent")]
        plan = make.know("a", update_only=True).plan()
        assert plan.empty
        assert plan.drift[0].after is None

    def test_with_refresh_none_the_refusal_says_how_to_look(self, make: Any) -> None:
        make.refresh = Refresh.NONE
        (refusal,) = make.want("a", update_only=True).plan().diagnostics
        assert "--refresh" in refusal.detail

    def test_it_is_forgotten_when_it_is_no_longer_declared(self, make: Any) -> None:
        make.know("a", update_only=True, protect=True).live("a", linked="runtime x").set(protect=True)
        assert make.steps() == {"a": ("forget", "not_declared")}
        assert make.steps(destroy=True) == {"a": ("forget", "asked")}

    def test_gone_and_no_longer_declared_it_is_forgotten(self, make: Any) -> None:
        assert make.know("a", update_only=True).steps() == {"a": ("forget", "deleted_outside")}

    def test_losing_update_only_is_refused_while_the_service_holds_it(self, make: Any) -> None:
        make.want("a").know("a", update_only=True).live("a", linked="runtime x")
        assert make.codes() == [("a", "service-linked")]

    def test_losing_or_getting_update_only_is_written_into_the_lockfile(self, make: Any) -> None:
        make.want("a").know("a", update_only=True).live("a").want("b", update_only=True).know("b").live("b")
        assert make.steps() == {"a": ("no-op", "update_only"), "b": ("no-op", "update_only")}
        assert [one.update_only for one in make.plan().changes] == [False, True]

    def test_renaming_it_is_refused(self, make: Any) -> None:
        make.want("a", name="new", update_only=True).know("a", name="old", update_only=True).live("old").live("new")
        assert make.codes() == [("a", "update-only-renamed")]


class TestUnknown:
    def test_what_cannot_be_read_is_left_alone_and_makes_the_plan_incomplete(self, make: Any) -> None:
        make.want("a", "new").know("a", "old").dark("a").know("gone").dark("gone").want("new").dark("new")
        plan = make.plan()
        assert plan.empty
        assert not plan.complete
        assert list(plan.unknown) == [f"workload_identity.{key}" for key in ("a", "gone", "new")]
        assert {(one.code, one.severity.value) for one in plan.diagnostics} == {("unreadable", "warning")}
        assert not plan.errored

    def test_without_a_whole_listing_nothing_counts_as_absent(self, make: Any) -> None:
        make.reading = {"listing_failed": "throttled"}
        plan = make.want("a").know("b").plan()
        assert plan.empty
        assert not plan.complete
        assert list(plan.unknown) == ["workload_identity.a", "workload_identity.b"]

    def test_an_excluded_one_does_not_make_the_plan_incomplete(self, make: Any) -> None:
        plan = make.want("a").dark("a").want("b").plan(excludes=("*.a",))
        assert plan.complete
        assert plan.excluded == 1

    def test_not_knowing_what_the_service_made_is_said_and_hinders_nothing(self, make: Any) -> None:
        make.reading = {"linkage_failed": "AccessDenied on ListGateways"}
        plan = make.want("a").plan()
        assert [one.code for one in plan.diagnostics] == ["linkage-unknown"]
        assert plan.complete
        assert not plan.errored


class TestRefresh:
    def test_none_believes_the_lockfile(self, make: Any) -> None:
        make.refresh = Refresh.NONE
        make.want("same").know("same").want("changed", "new").know("changed", "old").want("new").know("gone")
        assert make.steps() == {
            "changed": ("update", "manifest_changed"),
            "gone": ("delete", "not_declared"),
            "new": ("create", "declared"),
        }
        assert {one.owner for one in make.plan().changes if one.before} == {make.ours}
        assert make.plan().untouched.unmanaged_count == 0

    def test_changed_believes_the_lockfile_of_what_is_listed_and_was_not_read(self, make: Any) -> None:
        make.refresh = Refresh.CHANGED
        make.want("same", "one").know("same", "one").unread("same").want("lost").know("lost")
        assert make.steps() == {"lost": ("create", "deleted_outside")}

    def test_changed_never_guesses_at_what_it_did_not_read(self, make: Any) -> None:
        make.refresh = Refresh.CHANGED
        plan = make.want("a").unread("a").plan()
        assert list(plan.unknown) == ["workload_identity.a"]

    def test_full_takes_what_was_gone_when_it_was_read_as_gone(self, make: Any) -> None:
        assert make.know("a").unread("a").steps() == {"a": ("forget", "deleted_outside")}

    def test_what_the_manifest_changed_is_what_a_reading_of_changes_is_told(self, make: Any) -> None:
        make.settings = Settings(ignore_tags=("cost-*",))
        make.want("same", "one", tags={"cost-x": "1"}).know("same", "one").want("new").know("gone")
        make.want("differs", "new").know("differs", "old").want("named", name="new-name").know("named", name="old-name")
        assert changed_remotes(make.stack, make.lock) == {
            make.remote(name) for name in ("new", "gone", "differs", "new-name", "old-name")
        }
        assert expected_remotes(make.stack, make.lock) == changed_remotes(make.stack, make.lock) | {make.remote("same")}
        assert changed_remotes(make.stack, None) == {make.remote(one.name) for one in make.desired.values()}
