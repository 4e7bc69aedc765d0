"""Resources whose day has come: not wanted any more, under the guards of every delete; the day is given, never read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reconciler.model.addresses import Address, Remote
from reconciler.model.expiry import days_left
from reconciler.model.kinds import API_KEY_PROVIDER
from reconciler.model.resources import Desired, Known, Live, Origin, Refresh
from reconciler.model.values import canonical
from reconciler.planning import Allowances, changed_remotes, dump_plan, guard

TODAY = date(2027, 3, 1)
STRIPE = Address(API_KEY_PROVIDER.type, "stripe")


@pytest.fixture
def make(make: Any) -> Any:
    make.today = TODAY
    return make


def until(make: Any, key: str, day: str) -> None:
    """Let the declared resource expire on that day."""
    one = make.desired[make.address(key)]
    make.desired[one.address] = replace(one, attributes={**one.attributes, "expires": day})


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2027-02-28", "delete"), ("2027-03-01", "delete"), ("2027-03-02", "no-op"), ("2028-01-01", "no-op")],
)
def test_it_goes_from_its_day_on(make: Any, day: str, expected: str) -> None:
    make.want("a", "x").know("a", "x").live("a", "x")
    until(make, "a", day)
    assert make.change().action.word == expected


def test_without_a_day_nothing_expires(make: Any) -> None:
    make.today = None
    make.want("a", "x").know("a", "x").live("a", "x")
    until(make, "a", "2000-01-01")
    assert make.steps() == {"a": ("no-op", "recorded")}


def test_the_same_day_makes_the_same_bytes_and_only_its_coming_another_plan(make: Any) -> None:
    make.want("a", "x").know("a", "x").live("a", "x")
    until(make, "a", "2027-03-02")
    before = dump_plan(make.plan())
    assert dump_plan(make.plan()) == before
    make.today = date(2027, 3, 2)
    assert dump_plan(make.plan()) != before


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"protect": True}, "protected"),
        ({"environment": True}, "environment-protected"),
        ({"owner": "billing/prod"}, "foreign-owner"),
        ({"linked": "runtime r"}, "service-linked"),
    ],
)
def test_what_guards_a_delete_guards_this_one(make: Any, terms: dict[str, Any], code: str) -> None:
    protect = terms.get("protect", False)
    make.set(protect=terms.get("environment", False))
    make.want("a", "x", protect=protect).know("a", "x", protect=protect)
    make.live("a", "x", owner=terms.get("owner", make.ours), linked=terms.get("linked", ""))
    until(make, "a", "2027-01-01")
    assert make.codes() == [("a", code)]
    assert make.steps() == {}


def test_it_counts_toward_the_limit_and_needs_the_ownership_tag(make: Any) -> None:
    make.limit(count=0)
    make.want("a", "x").know("a", "x").live("a", "x", owner="")
    until(make, "a", "2027-01-01")
    assert [one.code for one in guard(make.plan(), Allowances())] == ["guard-untagged", "guard-deletes"]


def test_one_that_cannot_be_read_is_unknown(make: Any) -> None:
    make.want("a", "x").know("a", "x").dark("a")
    until(make, "a", "2027-01-01")
    assert make.steps() == {}
    assert not make.plan().complete


def test_one_that_was_renamed_or_moved_goes_under_what_the_lockfile_calls_it(make: Any) -> None:
    make.want("new", "x", name="a-2", previously="old").know("old", "x", name="a-1").live("a-1", "x")
    until(make, "new", "2027-01-01")
    assert make.steps() == {"old": ("delete", "expired")}
    assert make.change().name == "a-1"


def test_a_destroy_does_not_ask_for_the_day(make: Any) -> None:
    make.want("a", "x").know("a", "x").live("a", "x")
    until(make, "a", "2027-01-01")
    assert make.steps(destroy=True) == {"a": ("delete", "asked")}


def test_refresh_changed_reads_what_expired(make: Any) -> None:
    make.refresh = Refresh.CHANGED
    make.want("a", "x").know("a", "x")
    until(make, "a", "2027-03-01")
    make.held[make.address("a")] = replace(
        make.held[make.address("a")], attributes=make.desired[make.address("a")].attributes
    )
    assert changed_remotes(make.stack, make.lock, date(2027, 2, 28)) == frozenset()
    assert changed_remotes(make.stack, make.lock, TODAY) == {make.remote("a")}


@pytest.mark.parametrize(("managed", "code"), [(True, "still-granted"), (False, "granted-expired")])
def test_a_provider_that_is_granted_does_not_expire_in_silence(make: Any, managed: bool, code: str) -> None:
    attributes = canonical(
        API_KEY_PROVIDER,
        {"apiKey": {"source": "EXTERNAL", "secretId": "s", "jsonKey": "k"}, "expires": "2027-01-01"},
    )
    make.desired[STRIPE] = Desired(address=STRIPE, name="stripe", attributes=attributes)
    make.want("a", "x").know("a", "x").live("a", "x")
    for side in (make.desired, make.held):
        one = side[make.address("a")]
        side[one.address] = replace(one, attributes={**one.attributes, "access": {str(STRIPE): {}}})
    if managed:
        arn = "arn:aws:bedrock-agentcore:us-east-1:222222222222:token-vault/default/apikeycredentialprovider/stripe"
        remote = Remote(STRIPE.type, "stripe")
        make.held[STRIPE] = Known(address=STRIPE, name="stripe", arn=arn, origin=Origin.CREATED, attributes=attributes)
        make.standing[remote] = Live(remote=remote, arn=arn, attributes=attributes, owner=make.ours)
    plan = make.plan()
    assert code in {one.code for one in plan.diagnostics}
    assert plan.errored is managed


def test_what_the_next_plan_would_delete_is_not_adopted(make: Any) -> None:
    make.want("a", "x").live("a", "x", owner="")
    assert [one.action.word for one in make.adoption("a").changes] == ["adopt"]
    until(make, "a", "2027-03-01")
    plan = make.adoption("a")
    assert (plan.changes, [one.code for one in plan.diagnostics]) == ((), ["expired"])


def test_days_are_counted_from_a_given_day() -> None:
    assert days_left({"expires": "2027-03-15"}, TODAY) == 14
    assert days_left({"expires": "2027-03-01"}, TODAY) == 0
    assert days_left({"expires": "2027-03-15"}, None) is None
    assert days_left({}, TODAY) is None
