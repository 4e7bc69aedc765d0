from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import StalePlan
from reconciler.planning import check_fits, plan_digest


def test_a_plan_fits_the_lockfile_that_it_was_made_from(make: Any) -> None:
    plan = make.want("a").plan()
    check_fits(plan, make.lock, target=make.target)


def test_a_first_plan_fits_where_there_is_still_no_lockfile(make: Any) -> None:
    make.no_lock = True
    plan = make.want("a").plan()
    assert (plan.lineage, plan.serial) == ("", 0)
    check_fits(plan, None, target=make.target)


@pytest.mark.parametrize(
    ("member", "value", "said"),
    [
        ("lineage", "99999999-2222-3333-4444-555555555555", "another lockfile"),
        ("serial", 8, "serial 7 then, 8 now"),
    ],
)
def test_another_lockfile_makes_the_plan_stale(make: Any, member: str, value: object, said: str) -> None:
    plan = make.want("a").plan()
    with pytest.raises(StalePlan, match=said):
        check_fits(plan, replace(make.lock, **{member: value}), target=make.target)


def test_a_lost_lockfile_and_a_new_one_make_the_plan_stale(make: Any) -> None:
    plan = make.want("a").plan()
    with pytest.raises(StalePlan, match="no lockfile now"):
        check_fits(plan, None, target=make.target)
    make.no_lock = True
    first = make.plan()
    make.no_lock = False
    with pytest.raises(StalePlan, match="before there was a lockfile"):
        check_fits(first, make.lock, target=make.target)


@pytest.mark.parametrize("member", ["stack", "environment", "account", "region"])
def test_another_target_makes_the_plan_stale(make: Any, member: str) -> None:
    plan = make.want("a").plan()
    with pytest.raises(StalePlan, match=f"for {member}"):
        check_fits(plan, make.lock, target=replace(make.target, **{member: "other"}))


def test_an_account_that_nobody_named_is_not_compared(make: Any) -> None:
    make.target = replace(make.target, account="", region="")
    plan = make.want("a").plan()
    check_fits(plan, make.lock, target=replace(make.target, account="222222222222", region="eu-west-1"))


@pytest.mark.parametrize("first", [True, False])
def test_a_plan_that_was_applied_is_named_as_such(make: Any, first: bool) -> None:
    make.no_lock = first
    plan = make.want("a").plan()
    make.no_lock = False
    after = replace(make.lock, serial=8, last_plan=plan_digest(plan))
    with pytest.raises(StalePlan, match="applied already"):
        check_fits(plan, after, target=make.target)
