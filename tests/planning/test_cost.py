"""What an apply costs. That the calls are those of a real one, `tests/test_cases.py` counts for every action."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.rates import Rates
from reconciler.model.resources import Refresh
from reconciler.planning import cost, dump_plan, load_plan


def creating(make: Any, number: int, rates: Rates) -> Any:
    for each in range(number):
        make.want(f"agent-{each:05}")
    make.route = replace(make.route, rates=rates)
    return make.plan()


def test_the_slowest_operation_says_how_long_it_takes(make: Any) -> None:
    for each in range(30):
        make.want(f"new-{each}").know(f"gone-{each}").live(f"gone-{each}")
    make.route = replace(make.route, rates=Rates(asked={"CreateWorkloadIdentity": 2.0}))
    found = cost(make.plan())
    assert found.calls == {
        "CreateWorkloadIdentity": 30, "DeleteWorkloadIdentity": 30, "GetWorkloadIdentity": 30, "ListTagsForResource": 30,
    }  # fmt: skip
    assert (found.total, found.longest, found.rate, found.seconds) == (120, "CreateWorkloadIdentity", 2.0, 15)


@pytest.mark.parametrize(
    ("rates", "seconds"),
    [
        (Rates(), 101),
        (Rates(limited=False), None),
        (Rates(limited=False, asked={"GetWorkloadIdentity": 1.0}), None),
        (Rates(limited=False, asked={"*": 100.0}), 21),
    ],
)
def test_where_nothing_limits_the_calls_nothing_is_said_of_time(make: Any, rates: Rates, seconds: int | None) -> None:
    assert cost(creating(make, 2001, rates)).seconds == seconds


def test_a_saved_plan_keeps_its_rates(make: Any) -> None:
    plan = creating(make, 1, Rates(asked={"*": 10.0, "GetWorkloadIdentity": 0.5}))
    assert load_plan(dump_plan(plan), file="p.json").route.rates == plan.route.rates


# More than an account may hold


def test_more_than_the_service_lets_one_account_hold_is_said(make: Any) -> None:
    make.listed = {make.remote(f"other-{each:05}"): f"arn:{each}" for each in range(10_998)}
    make.want("a").want("b")
    assert make.codes() == []
    make.want("c", name="c-2").know("c", name="c-1").live("c-1")
    (warning,) = (one for one in make.plan().diagnostics if one.code == "too-many")
    assert "11,002 workload identities; the service's limit is 11,000" in warning.summary
    assert "Service Quotas" in warning.detail


def test_a_full_directory_that_nothing_is_added_to_is_fine(make: Any) -> None:
    make.listed = {make.remote(f"other-{each:05}"): f"arn:{each}" for each in range(11_010)}
    make.want("a", "new").know("a", "old").live("a", "old")
    assert make.codes() == []


@pytest.mark.parametrize("reading", [{"listing_failed": "no"}, {}])
def test_what_was_not_counted_is_not_claimed(make: Any, reading: dict[str, str]) -> None:
    make.listed = {make.remote(f"other-{each:05}"): f"arn:{each}" for each in range(11_010)}
    make.reading.update(reading)
    make.refresh = Refresh.FULL if reading else Refresh.NONE
    make.want("a")
    assert "too-many" not in [code for _, code in make.codes()]
