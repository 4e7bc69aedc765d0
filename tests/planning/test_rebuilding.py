"""A lost lockfile made again: what is claimed, under which address, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import Refused
from reconciler.model.changes import Action, Reason
from reconciler.model.environments import Settings
from reconciler.model.resources import Origin
from reconciler.planning import Allowances, guard


def codes(plan: Any) -> list[tuple[str, str]]:
    return [((one.address or "").partition(".")[2], one.code) for one in plan.diagnostics]


def test_an_entry_has_what_stands_and_what_the_manifest_says_of_its_protection(make: Any) -> None:
    make.settings = Settings(ignore_tags=("cost",))
    make.want("a", "declared", name="agent-a", protect=True)
    (change,) = make.live("agent-a", "standing", team="payments", cost="7").rebuilding().changes
    assert (change.action, change.reason, str(change.address)) == (Action.NO_OP, Reason.REBUILT, "workload_identity.a")
    assert change.before == change.after == make.attributes("standing", team="payments")
    assert (change.name, change.arn) == ("agent-a", make.arn("agent-a"))
    assert (change.origin, change.protect, change.update_only) == (Origin.CREATED, True, False)


def test_it_is_the_first_plan_of_a_new_lockfile(make: Any) -> None:
    plan = make.want("agent-a").live("agent-a").rebuilding()
    assert (plan.lineage, plan.serial, plan.managed) == ("", 0, 0)


def test_what_others_have_stays_theirs(make: Any) -> None:
    make.want("agent-a").live("agent-a").live("theirs", owner=make.theirs).live("nobodys", owner="")
    plan = make.live("prefix", owner=f"{make.ours}-eu").rebuilding()
    assert [one.name for one in plan.changes] == ["agent-a"]
    assert plan.untouched.unmanaged == {"workload_identity": ("nobodys", "prefix", "theirs")}
    assert plan.diagnostics == ()


def test_a_name_that_no_manifest_could_have_as_its_key_is_not_claimed(make: Any) -> None:
    plan = make.live("agent ~ 1").live("agent~old").rebuilding()
    assert plan.changes == ()
    assert [code for _, code in codes(plan)].count("without-address") == 2


def test_what_was_replaced_and_not_yet_deleted_is_undeclared_and_goes(make: Any) -> None:
    plan = make.want("a", name="new").live("new").live("old").rebuilding()
    assert [(str(one.address), one.reason) for one in plan.changes] == [
        ("workload_identity.a", Reason.REBUILT),
        ("workload_identity.old", Reason.REBUILT_UNDECLARED),
    ]
    (said,) = plan.diagnostics
    assert (
        "workload_identity.old is ours by the ownership tag and not declared: the next plan deletes it" in said.summary
    )


def test_the_warning_names_a_few_of_many(make: Any) -> None:
    for number in range(8):
        make.live(f"agent-{number}")
    (said,) = make.rebuilding().diagnostics
    assert "agent-4 and 3 more are ours" in said.summary


def test_a_rename_that_is_done_leaves_an_undeclared_one(make: Any) -> None:
    """The new one stands, so nothing continues the old one: the next plan deletes it, and that is what is said."""
    plan = make.want("new", previously="old").live("new").live("old").rebuilding()
    assert codes(plan) == [("", "undeclared")]


def test_what_could_not_be_read_is_named_and_neither_claimed_nor_called_unmanaged(make: Any) -> None:
    plan = make.want("agent-a").dark("agent-a", "denied").dark("whose", "denied too").rebuilding()
    assert plan.changes == ()
    assert plan.unknown == {"workload_identity.agent-a": "denied", "workload_identity.whose": "denied too"}
    assert plan.untouched.unmanaged == {}
    assert [one.code for one in guard(plan, Allowances())] == ["guard-incomplete"]


def test_a_listing_that_is_not_whole_is_no_basis(make: Any) -> None:
    make.reading["listing_failed"] = "it broke off"
    with pytest.raises(Refused, match="it broke off"):
        make.want("agent-a").live("agent-a").rebuilding()


def test_where_nobody_can_tell_what_the_service_made_only_what_is_declared_is_claimed(make: Any) -> None:
    make.reading["linkage_failed"] = "denied"
    plan = make.want("agent-a").live("agent-a").live("perhaps-linked").rebuilding()
    assert [one.name for one in plan.changes] == ["agent-a"]
    assert list(plan.unknown) == ["workload_identity.perhaps-linked"]


def test_one_name_that_two_entries_declare_is_refused(make: Any) -> None:
    plan = make.want("a", name="agent").want("b", name="agent").live("agent").rebuilding()
    assert plan.changes == ()
    assert plan.errored
    assert ("a", "declared-twice") in codes(plan)


def test_an_empty_manifest_claims_all_that_is_tagged_and_the_next_plan_still_asks_for_allow_empty(make: Any) -> None:
    plan = make.live("agent-a").live("agent-b").rebuilding()
    assert guard(plan, Allowances()) == ()
    make.know("agent-a").know("agent-b")
    assert [one.code for one in guard(make.plan(), Allowances())] == ["guard-empty"]
