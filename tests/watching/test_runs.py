"""Drift runs against a directory that people change: what is read, what is found, who is named, and that it is told once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.drifting.report import report_of_drift
from reconciler.model.drift import DriftClass, DriftRun, Noted, Status, Why
from reconciler.model.environments import OWNER_TAG
from tests.watched import DAY, PEOPLE, Kept, Watched, add_url, create, delete, watched

LUCK = random.Random(1)
URLS = "allowedResourceOauth2ReturnUrls"


@pytest.fixture
def seen() -> Iterator[Watched]:
    with watched("invoice", "ledger", "refund") as one:
        yield one


def told(run: DriftRun, status: Status = Status.NEW) -> list[tuple[str, str, str]]:
    return [
        (one.drifted.what.value, one.drifted.remote.name, one.drifted.attribute)
        for one in run.noted
        if one.status is status
    ]


def only(run: DriftRun) -> Noted:
    (one,) = run.noted
    return one


def test_the_first_run_reads_everything_and_takes_what_is_not_ours_as_given(seen: Watched) -> None:
    create(seen, "stranger", LUCK)
    run = seen.run()
    assert run.noted == ()
    assert run.coverage.read == {Why.NEVER: 3}
    assert run.complete


def test_a_run_after_nothing_happened_reads_the_listing_and_the_trail_alone(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    run = seen.run()
    assert (run.noted, run.coverage.read, run.coverage.believed) == ((), {}, 3)
    assert run.coverage.oldest == "2027-01-15T09:00:00Z"


def test_what_somebody_did_is_told_once_with_who_and_when(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    with seen.by("jane"):
        add_url(seen, "invoice", LUCK)
    when = seen.at
    seen.clock.sleep(600)
    run = seen.run()
    assert told(run) == [("changed", "invoice", URLS)]
    found = only(run)
    assert [(one.operation, one.time, one.principal.name) for one in found.drifted.events] == [
        ("UpdateWorkloadIdentity", when, PEOPLE["jane"][1])
    ]
    assert run.coverage.read == {Why.NAMED: 1}
    seen.clock.sleep(600)
    again = seen.run()
    assert told(again) == []
    assert told(again, Status.STANDING) == [("changed", "invoice", URLS)]
    assert (only(again).first, only(again).count) == (run.at, 2)
    assert only(again).drifted.events == found.drifted.events


def test_several_writers_are_named_in_the_order_of_time(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    for person in ("bob", "jane"):
        with seen.by(person):
            add_url(seen, "invoice", LUCK)
            seen.client.update_workload_identity(
                name="invoice", allowedResourceOauth2ReturnUrls=[f"https://{person}.example/"]
            )
        seen.clock.sleep(60)
    names = [one.principal.name for one in only(seen.run()).drifted.events]
    assert [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name] == [
        "user bob",
        PEOPLE["jane"][1],
    ]


def test_what_is_over_is_told_once(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    seen.run()
    seen.client.update_workload_identity(
        name="invoice", allowedResourceOauth2ReturnUrls=["https://app.example.com/invoice"]
    )
    seen.clock.sleep(60)
    assert told(seen.run(), Status.RESOLVED) == [("changed", "invoice", URLS)]
    seen.clock.sleep(60)
    assert seen.run().noted == ()


def test_other_drift_of_the_same_attribute_is_new_and_the_earlier_is_not_over(seen: Watched) -> None:
    seen.run()
    for url in ("https://one.example/", "https://two.example/"):
        seen.clock.sleep(60)
        seen.client.update_workload_identity(name="invoice", allowedResourceOauth2ReturnUrls=[url])
        seen.clock.sleep(60)
        run = seen.run()
        assert (told(run), told(run, Status.RESOLVED)) == ([("changed", "invoice", URLS)], [])


def test_what_was_deleted_is_told_and_who_did_it(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    with seen.by("eve"):
        delete(seen, "ledger", LUCK)
    seen.clock.sleep(60)
    run = seen.run()
    assert told(run) == [("deleted", "ledger", "")]
    assert only(run).drifted.events[0].principal.name == "user eve"
    assert seen.run().plan.changes[0].action.word == "create"


def test_what_was_made_again_under_its_name_is_another_one(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    with seen.by("eve"):
        delete(seen, "ledger", LUCK)
        seen.clock.sleep(60)
        create(seen, "ledger", LUCK)
        seen.client.tag_resource(resourceArn=seen.arn("ledger"), tags={"team": "a", OWNER_TAG: "payments/prod"})
    seen.clock.sleep(60)
    run = seen.run()
    assert told(run) == [("recreated", "ledger", "createdTime")]
    assert {one.principal.name for one in only(run).drifted.events} == {"user eve"}
    seen.clock.sleep(60)
    assert seen.run().noted == ()


def test_an_ownership_tag_that_another_stack_put_there(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    seen.client.tag_resource(resourceArn=seen.arn("refund"), tags={OWNER_TAG: "ledger/prod"})
    seen.clock.sleep(60)
    assert told(seen.run()) == [("taken_over", "refund", OWNER_TAG)]


def test_an_ownership_tag_that_is_gone_and_one_that_never_was(seen: Watched) -> None:
    seen.client.untag_resource(resourceArn=seen.arn("ledger"), tagKeys=[OWNER_TAG])
    assert seen.run().noted == ()
    seen.clock.sleep(60)
    seen.client.untag_resource(resourceArn=seen.arn("refund"), tagKeys=[OWNER_TAG])
    seen.clock.sleep(60)
    assert told(seen.run()) == [("changed", "refund", OWNER_TAG)]
    seen.clock.sleep(60)
    assert told(seen.run(), Status.STANDING) == [("changed", "refund", OWNER_TAG)]


def test_newcomers_are_told_once_and_those_of_the_service_do_not_alarm(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    with seen.by("bob"):
        create(seen, "stranger", LUCK)
        create(seen, "orphan", LUCK)
        seen.client.tag_resource(resourceArn=seen.arn("orphan"), tags={OWNER_TAG: "payments/prod"})
    seen.client.create_gateway(
        name="front", roleArn="arn:aws:iam::000000000000:role/x", protocolType="MCP", authorizerType="AWS_IAM"
    )
    seen.clock.sleep(60)
    run = seen.run()
    assert {one.drifted.what for one in run.noted} == {
        DriftClass.NEWCOMER,
        DriftClass.ORPHAN,
        DriftClass.LINKED_NEWCOMER,
    }
    assert {one.drifted.what for one in run.alarming} == {DriftClass.NEWCOMER, DriftClass.ORPHAN}
    seen.clock.sleep(60)
    assert seen.run().noted == ()


@pytest.mark.parametrize("operation", ["GetWorkloadIdentity", "ListWorkloadIdentities"])
def test_what_cannot_be_read_is_unknown_and_never_no_drift(seen: Watched, operation: str) -> None:
    seen.run()
    seen.clock.sleep(60)
    seen.client.tag_resource(resourceArn=seen.arn("invoice"), tags={"team": "b"})
    seen.clock.sleep(60)
    seen.misbehaviour.fail(operation, "AccessDeniedException", times=None)
    run = seen.run()
    assert not run.complete
    seen.misbehaviour.reset()
    seen.clock.sleep(60)
    assert [*told(run), *told(seen.run())].count(("changed", "invoice", "tags")) == 1


def test_a_trail_that_is_denied_is_no_reason_to_look_away(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    seen.misbehaviour.fail("LookupEvents", "AccessDeniedException", times=None)
    run = seen.run()
    assert run.complete
    assert told(run) == [("changed", "invoice", URLS)]
    assert run.coverage.read == {Why.FULL: 3}
    assert "cloudtrail:LookupEvents" in run.coverage.fell_back
    assert "could not be read" in only(run).drifted.untraced
    assert not [line for line in report_of_drift(run).beside if line.endswith("..") or "\n" in line]


def test_everything_is_read_within_the_time_asked_for_whatever_the_trail_says(seen: Watched) -> None:
    seen.run()
    seen.misbehaviour.trail.lose(times=None)
    add_url(seen, "invoice", LUCK)
    hours, found = 0, []
    while not found and hours < 30:
        seen.clock.sleep(3600)
        hours += 1
        found = told(seen.run(every=DAY))
    assert found == [("changed", "invoice", URLS)]
    assert 12 <= hours <= 24
    oldest = min(one.at for one in (seen.kept[""].memory.readings.values() if seen.kept[""].memory else ()))
    assert oldest > "2027-01-15T09:00:00Z"


def test_an_event_that_comes_late_is_not_missed(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    seen.misbehaviour.trail.late(900)
    add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    assert seen.run().noted == ()
    seen.clock.sleep(900)
    assert told(seen.run()) == [("changed", "invoice", URLS)]


def test_without_a_listing_the_trail_tells_of_deletions(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    delete(seen, "ledger", LUCK)
    seen.clock.sleep(60)
    run = seen.run(listing=False)
    assert told(run) == [("deleted", "ledger", "")]
    assert not run.coverage.listed
    assert run.coverage.calls <= 2


class Broken(Kept):
    """A memory whose process is killed after it was written so many times."""

    def write(self, memory: object) -> None:
        super().write(memory)  # type: ignore[arg-type]
        if self.writes == 2:
            raise KeyboardInterrupt


def test_a_full_run_that_is_interrupted_goes_on_where_it_stopped() -> None:
    with watched(*(f"agent-{number}" for number in range(6))) as seen:
        seen.kept["x"] = Broken()
        with pytest.raises(KeyboardInterrupt):
            seen.run("x", full=True, portion=2)
        seen.clock.sleep(60)
        run = seen.run("x", full=True, portion=2)
        assert sum(run.coverage.read.values()) == 2
        assert run.coverage.believed == 4
        seen.clock.sleep(60)
        assert sum(seen.run("x", full=True, portion=2).coverage.read.values()) == 6


def test_what_could_not_be_read_is_read_by_the_next_run_though_no_event_names_it_again(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    seen.misbehaviour.fail("GetWorkloadIdentity", "InternalServerException", times=None)
    run = seen.run()
    assert told(run) == [("unknown", "invoice", "")]
    before = seen.kept[""].memory
    assert before is not None
    assert before.watermark == run.at
    seen.misbehaviour.reset()
    seen.clock.sleep(3 * 3600)
    assert told(seen.run()) == [("changed", "invoice", URLS)]


def test_what_is_no_longer_managed_is_over(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    seen.run()
    left = {address: one for address, one in seen.lock.resources.items() if one.name != "invoice"}
    seen.lock = replace(seen.lock, resources=left, serial=2)
    seen.clock.sleep(60)
    assert told(seen.run(), Status.RESOLVED) == [("changed", "invoice", URLS)]
    seen.clock.sleep(60)
    assert told(seen.run(), Status.STANDING) == []
