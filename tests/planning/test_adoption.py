from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import UsageError
from reconciler.model.resources import Origin


def test_adopting_takes_what_stands_as_it_stands(make: Any) -> None:
    make.want("a", "new", protect=True).live("a", "old", owner="").live("b", owner="")
    (change,) = make.adoption("a").changes
    assert (change.action.word, change.reason.value, change.origin) == ("adopt", "asked", Origin.ADOPTED)
    assert change.before == change.after == make.attributes("old")
    assert (change.arn, change.owner, change.protect) == (make.arn("a"), "", True)
    assert make.adoption("a").untouched.unmanaged_count == 1


def test_an_adopted_one_that_differs_is_updated_by_the_next_plan(make: Any) -> None:
    make.want("a", "new").live("a", "old", owner="")
    plan = make.adoption("a")
    (change,) = plan.changes
    assert [one.code for one in plan.diagnostics] == ["adopted-differs"]
    make.know("a", "old", origin=Origin.ADOPTED).live("a", "old")
    assert make.steps() == {"a": ("update", "manifest_changed")}
    assert change.after == make.held[make.address("a")].attributes


@pytest.mark.parametrize(
    ("live", "code"),
    [
        ({}, "nothing-to-adopt"),
        ({"owner": "billing/prod"}, "foreign-owner"),
        ({"owner": "", "linked": "runtime x"}, "service-linked"),
    ],
)
def test_what_cannot_be_adopted_is_refused(make: Any, live: dict[str, str], code: str) -> None:
    make.want("a")
    if live:
        make.live("a", **live)
    plan = make.adoption("a")
    assert [one.code for one in plan.diagnostics] == [code]
    assert plan.errored
    assert plan.empty


def test_what_cannot_be_read_is_not_adopted(make: Any) -> None:
    plan = make.want("a").dark("a").adoption("a")
    assert not plan.complete
    assert plan.empty


def test_the_services_own_is_adopted_where_it_is_declared_update_only(make: Any) -> None:
    make.want("a", update_only=True).live("a", owner="", linked="runtime x")
    assert [one.update_only for one in make.adoption("a").changes] == [True]


def test_adopting_what_is_managed_already_is_nothing_to_do(make: Any) -> None:
    plan = make.want("a").know("a").live("a").adoption("a")
    assert [(one.code, one.severity.value) for one in plan.diagnostics] == [("managed-already", "info")]
    assert plan.empty
    assert not plan.errored


def test_adopting_what_another_address_manages_is_refused(make: Any) -> None:
    plan = make.want("a", name="x").know("b", name="x").live("x").adoption("a")
    assert [one.code for one in plan.diagnostics] == ["name-taken"]


def test_adopting_under_an_address_that_manages_another_is_refused(make: Any) -> None:
    plan = make.want("a", name="x").know("a", name="y").live("x", owner="").live("y").adoption("a")
    assert [one.code for one in plan.diagnostics] == ["name-taken"]


def test_only_what_is_declared_can_be_adopted(make: Any) -> None:
    with pytest.raises(UsageError, match=r"workload_identity\.nobody"):
        make.want("a").adoption("a", "nobody")


def test_forgetting_leaves_the_resource_and_takes_entry_and_tag(make: Any) -> None:
    make.know("a", "old", protect=True).live("a", "one").know("b").live("b")
    plan = make.forgetting("a")
    (change,) = plan.changes
    assert (change.action.word, change.reason.value, change.after) == ("forget", "asked", None)
    assert (change.before, change.arn, change.owner) == (make.attributes("one"), make.arn("a"), make.ours)
    assert plan.manifest_digest == ""


def test_forgetting_what_is_gone_only_takes_the_entry(make: Any) -> None:
    (change,) = make.know("a").forgetting("a").changes
    assert (change.action.word, change.reason.value, change.before, change.arn) == (
        "forget",
        "deleted_outside",
        None,
        "",
    )


def test_forgetting_what_cannot_be_read_works_and_says_that_the_tag_stays(make: Any) -> None:
    plan = make.know("a").dark("a").forgetting("a")
    assert [(one.action.word, one.before) for one in plan.changes] == [("forget", None)]
    assert make.ours in plan.diagnostics[0].summary
    assert plan.complete


def test_only_what_is_managed_can_be_forgotten(make: Any) -> None:
    with pytest.raises(UsageError, match=r"workload_identity\.b"):
        make.know("a").forgetting("a", "b")
