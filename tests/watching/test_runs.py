"""Drift runs against a directory that people change: what is read, what is found, who is named, and that it is told once."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.drifting.remembering import expired
from reconciler.drifting.report import report_of_drift
from reconciler.drifting.wording import words_of
from reconciler.drifting.writers import PERHAPS_OURS
from reconciler.emulator import iam_user
from reconciler.model.addresses import Address
from reconciler.model.drift import Acknowledgement, Against, DriftClass, DriftRun, Noted, Status, Why
from reconciler.model.environments import OWNER_TAG
from reconciler.model.ignoring import IgnoreRule
from reconciler.model.kinds import API_KEY_PROVIDER, WORKLOAD_IDENTITY
from reconciler.model.moments import seconds_between, utc_text
from reconciler.model.resources import Known, Origin
from tests.watched import DAY, OWNER, PEOPLE, TYPE, Kept, Watched, add_url, create, delete, tag, watched

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


def test_what_was_made_again_some_runs_after_it_was_deleted_is_another_one_all_the_same(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    delete(seen, "ledger", LUCK)
    for _ in range(2):
        seen.clock.sleep(60)
        run = seen.run()
        assert (run.coverage.believed, run.complete) == (2, True)
    with seen.by("eve"):
        create(seen, "ledger", LUCK)
        seen.client.tag_resource(resourceArn=seen.arn("ledger"), tags={"team": "a"})
    seen.clock.sleep(60)
    run = seen.run()
    assert told(run) == [("changed", "ledger", OWNER_TAG), ("recreated", "ledger", "createdTime")]
    assert told(run, Status.RESOLVED) == [("deleted", "ledger", "")]
    assert {event.principal.name for one in run.noted if one.status is Status.NEW for event in one.drifted.events} >= {
        "user eve"
    }


def test_what_an_apply_made_again_is_no_news(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    delete(seen, "ledger", LUCK)
    seen.clock.sleep(60)
    seen.run()
    address = Address(TYPE, "ledger")
    seen.directory.create(WORKLOAD_IDENTITY, "ledger", dict(seen.lock.resources[address].attributes), OWNER)
    seen.lock = replace(seen.lock, serial=2)
    seen.clock.sleep(60)
    assert told(seen.run()) == []


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


def test_what_cannot_be_read_for_one_reason_is_said_once() -> None:
    with watched(*(f"agent-{number}" for number in range(9))) as seen:
        seen.misbehaviour.fail("GetWorkloadIdentity", "AccessDeniedException", times=None)
        run = seen.run()
    (said,) = run.unread
    assert (run.unreadable, run.coverage.read) == (9, {})
    assert said.startswith(
        "workload_identity.agent-0, workload_identity.agent-1, workload_identity.agent-2 and 6 more could"
    )
    assert "access denied" in said


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


def test_what_the_service_wants_later_is_counted_the_trail_too(seen: Watched) -> None:
    seen.misbehaviour.fail("LookupEvents", "ThrottlingException")
    seen.misbehaviour.fail("GetWorkloadIdentity", "ThrottlingException")
    assert seen.run().coverage.throttled == 2


def test_everything_is_read_within_the_time_asked_for_whatever_the_trail_says(seen: Watched) -> None:
    seen.run()
    seen.misbehaviour.trail.lose(times=None)
    add_url(seen, "invoice", LUCK)
    hours = 0
    found: list[tuple[str, str, str]] = []
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


def test_what_a_full_run_had_not_come_to_is_read_by_the_next_though_an_earlier_run_read_it() -> None:
    with watched(*(f"agent-{number}" for number in range(6))) as seen:
        seen.run("x")
        seen.clock.sleep(3600)
        seen.misbehaviour.trail.lose(times=None)
        add_url(seen, "agent-5", LUCK)
        seen.kept["x"] = Broken(seen.kept["x"].memory)
        with pytest.raises(KeyboardInterrupt):
            seen.run("x", full=True, portion=2)
        seen.clock.sleep(60)
        run = seen.run("x", full=True)
        assert (sum(run.coverage.read.values()), run.coverage.believed) == (2, 4)
        assert told(run) == [("changed", "agent-5", URLS)]


def test_before_the_trail_was_ever_read_it_says_nothing_of_what_may_be_left_unread(seen: Watched) -> None:
    seen.misbehaviour.fail("GetWorkloadIdentity", "InternalServerException", times=None, name="ledger")
    assert not seen.run(trail=False).complete
    seen.misbehaviour.reset()
    seen.clock.sleep(60)
    run = seen.run()
    assert (sum(run.coverage.read.values()), run.coverage.fell_back) == (3, "no run has read the trail before")


def test_what_was_found_stands_as_long_as_it_cannot_be_read(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    seen.run()
    seen.misbehaviour.fail("GetWorkloadIdentity", "InternalServerException", times=None)
    seen.clock.sleep(60)
    run = seen.run()
    assert told(run, Status.RESOLVED) == []
    assert told(run, Status.STANDING) == [("changed", "invoice", URLS)]


def test_a_run_that_could_not_read_all_is_no_success_and_a_trail_that_failed_is_read_again(seen: Watched) -> None:
    first = seen.run()
    seen.clock.sleep(3600)
    seen.misbehaviour.fail("LookupEvents", "AccessDeniedException", times=None)
    seen.misbehaviour.fail("GetWorkloadIdentity", "InternalServerException", times=None, name="ledger")
    assert not seen.run().complete
    kept = seen.kept[""].memory
    assert kept is not None
    assert (kept.last_success, kept.watermark) == (first.at, first.at)
    assert kept.last_run > first.at


@pytest.mark.parametrize(("day", "over"), [("2027-01-14", False), ("2027-01-15", False), ("2027-01-16", True)])
def test_an_acknowledgement_holds_on_its_last_day(seen: Watched, day: str, over: bool) -> None:
    seen.run()
    seen.clock.sleep(60)
    add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    run = seen.run()
    one = only(run).drifted
    ack = Acknowledgement(fingerprint=one.fingerprint, about=one.about, reason="r", by="jane", until="2027-01-15")
    assert list(expired([ack], run.noted, day)) == ([ack] if over else [])


def test_of_many_writers_the_last_are_kept(seen: Watched) -> None:
    seen.run()
    for number in range(25):
        seen.clock.sleep(60)
        with seen.misbehaviour.trail.acting(iam_user(f"user-{number}")):
            seen.client.tag_resource(resourceArn=seen.arn("invoice"), tags={"team": "b"})
        if number % 5 == 4:
            seen.run()
    assert names(only(seen.run())) == [f"user user-{number}" for number in range(5, 25)]


def test_what_a_broken_off_run_saw_is_found_by_the_next_with_who_did_it() -> None:
    with watched(*(f"agent-{number}" for number in range(6))) as seen:
        seen.run("x")
        seen.clock.sleep(3600)
        with seen.by("jane"):
            add_url(seen, "agent-0", LUCK)
            delete(seen, "agent-1", LUCK)
            seen.clock.sleep(5)
            create(seen, "agent-1", LUCK)
        seen.clock.sleep(600)
        seen.kept["x"] = Broken(seen.kept["x"].memory)
        with pytest.raises(KeyboardInterrupt):
            seen.run("x", full=True, portion=2)
        seen.clock.sleep(600)
        run = seen.run("x", full=True, portion=2)
        assert {("changed", "agent-0", URLS), ("recreated", "agent-1", "createdTime")} <= set(told(run))
        assert {one.principal.name for found in run.noted for one in found.drifted.events} == {PEOPLE["jane"][1]}
        assert all(found.drifted.events for found in run.noted)


def test_a_full_run_that_ended_is_not_gone_on_with_though_it_could_not_read_all(seen: Watched) -> None:
    seen.misbehaviour.fail("GetWorkloadIdentity", "InternalServerException", times=None, name="ledger")
    assert not seen.run(trail=False).complete
    seen.misbehaviour.reset()
    seen.clock.sleep(60)
    add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    assert told(seen.run(trail=False)) == [("changed", "invoice", URLS)]


def test_two_full_runs_in_the_same_second_read_everything_both(seen: Watched) -> None:
    for _ in range(2):
        assert sum(seen.run(full=True).coverage.read.values()) == 3


def test_a_full_run_that_was_broken_off_long_ago_begins_anew() -> None:
    with watched(*(f"agent-{number}" for number in range(6))) as seen:
        seen.kept["x"] = Broken()
        with pytest.raises(KeyboardInterrupt):
            seen.run("x", trail=False, portion=2)
        seen.clock.sleep(60)
        add_url(seen, "agent-0", LUCK)
        seen.clock.sleep(2 * 3600)
        run = seen.run("x", trail=False)
        assert told(run) == [("changed", "agent-0", URLS)]
        assert run.coverage.believed == 0


def test_what_an_event_names_is_read_though_a_full_run_that_goes_on_has_read_it() -> None:
    with watched(*(f"agent-{number}" for number in range(6))) as seen:
        seen.kept["x"] = Broken()
        with pytest.raises(KeyboardInterrupt):
            seen.run("x", full=True, portion=2)
        seen.clock.sleep(60)
        add_url(seen, "agent-0", LUCK)
        seen.clock.sleep(60)
        assert told(seen.run("x", full=True)) == [("changed", "agent-0", URLS)]


def test_what_was_read_at_a_time_that_has_not_come_yet_is_not_believed(seen: Watched) -> None:
    """The clock was a week ahead, once; or somebody wrote the memory who would have nobody look."""
    seen.clock.sleep(7 * DAY)
    seen.run()
    seen.clock.sleep(-7 * DAY)
    seen.misbehaviour.trail.lose(times=None)
    add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    run = seen.run()
    assert told(run) == [("changed", "invoice", URLS)]
    assert "later than now" in run.coverage.fell_back
    seen.clock.sleep(60)
    assert seen.run().coverage.fell_back == ""


def test_a_reading_of_a_time_that_has_not_come_yet_is_made_again(seen: Watched) -> None:
    seen.run()
    kept = seen.kept[""]
    assert kept.memory is not None
    ahead = {remote: replace(one, at="2999-01-01T00:00:00Z") for remote, one in kept.memory.readings.items()}
    kept.memory = replace(kept.memory, readings=ahead)
    seen.clock.sleep(60)
    assert seen.run().coverage.read == {Why.DUE: 3}


def names(one: Noted) -> list[str]:
    return [event.principal.name for event in one.drifted.events]


def test_who_did_it_is_named_though_the_event_came_after_the_run_that_found_it(seen: Watched) -> None:
    """And though somebody else did something to it in between."""
    seen.run()
    seen.clock.sleep(3600)
    seen.misbehaviour.trail.late(900)
    with seen.by("eve"):
        add_url(seen, "invoice", LUCK)
    seen.clock.sleep(600)
    first = only(seen.run(full=True))
    assert names(first) == []
    assert "no event" in first.drifted.untraced
    with seen.by("bob"):
        tag(seen, "invoice", LUCK)
        seen.client.tag_resource(resourceArn=seen.arn("invoice"), tags={"team": "a"})
    seen.clock.sleep(900)
    second = only(seen.run())
    assert names(second) == ["user eve"]
    assert second.drifted.untraced == ""


def test_who_made_it_what_it_was_before_is_not_named_for_what_it_is_now(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    with seen.by("jane"):
        seen.client.update_workload_identity(name="invoice", allowedResourceOauth2ReturnUrls=["https://one.example/"])
    seen.clock.sleep(60)
    assert names(only(seen.run())) == [PEOPLE["jane"][1]]
    seen.clock.sleep(60)
    seen.misbehaviour.trail.lose()
    with seen.by("eve"):
        seen.client.update_workload_identity(name="invoice", allowedResourceOauth2ReturnUrls=["https://two.example/"])
    seen.clock.sleep(60)
    one = only(seen.run())
    assert names(one) == []
    assert "no event" in one.drifted.untraced


def test_what_our_own_apply_wrote_it_is_not_blamed_for(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    with seen.by("bob"):
        seen.client.update_workload_identity(name="invoice", allowedResourceOauth2ReturnUrls=["https://bob.example/"])
    seen.clock.sleep(60)
    seen.run()
    seen.clock.sleep(60)
    apply(seen, "invoice")
    seen.clock.sleep(60)
    seen.misbehaviour.trail.late(600)
    with seen.by("eve"):
        seen.client.update_workload_identity(name="invoice", allowedResourceOauth2ReturnUrls=["https://eve.example/"])
    seen.clock.sleep(60)
    one = only(seen.run())
    assert {event.tool for event in one.drifted.events} == {"reconciler"}
    assert one.drifted.untraced == PERHAPS_OURS
    seen.clock.sleep(900)
    one = only(seen.run())
    assert (names(one), one.drifted.untraced) == (["user eve"], "")


def apply(seen: Watched, name: str) -> None:
    """What an apply does about it, as reconciler."""
    with seen.misbehaviour.trail.acting(iam_user("pipeline", agent="Boto3/1.44 reconciler/1.0")):
        seen.client.update_workload_identity(
            name=name, allowedResourceOauth2ReturnUrls=[f"https://app.example.com/{name}"]
        )
    seen.lock = replace(seen.lock, serial=seen.lock.serial + 1)


def test_what_was_done_to_the_one_before_is_not_laid_to_anybody_now(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    with seen.by("jane"):
        add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    with seen.by("eve"):
        delete(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    with seen.by("bob"):
        seen.client.create_workload_identity(name="invoice", allowedResourceOauth2ReturnUrls=["https://bob.example/"])
    seen.clock.sleep(60)
    (changed,) = (one for one in seen.run().noted if one.drifted.attribute == URLS)
    assert names(changed) == ["user bob"]


def test_where_nobody_can_tell_what_the_service_made_the_run_is_incomplete(seen: Watched) -> None:
    seen.misbehaviour.fail("ListAgentRuntimes", "AccessDeniedException", times=None)
    run = seen.run()
    assert not run.complete
    assert "which identities the service made" in run.unread[0]


def test_within_a_second_what_was_deleted_comes_before_what_was_made(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    for _ in range(12):  # ids are random
        with seen.by("eve"):
            delete(seen, "ledger", LUCK)
        with seen.by("bob"):
            create(seen, "ledger", LUCK)
        seen.clock.sleep(60)
        (one,) = (one for one in seen.run().noted if one.drifted.what is DriftClass.RECREATED)
        assert names(one)[-2:] == ["user eve", "user bob"]


def test_what_somebody_made_again_is_told_though_something_was_applied_and_the_trail_is_silent(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    seen.misbehaviour.trail.lose(times=None)
    with seen.by("eve"):
        delete(seen, "ledger", LUCK)
        create(seen, "ledger", LUCK)
    seen.lock = replace(seen.lock, serial=2)
    seen.clock.sleep(60)
    runs = [seen.run(full=True)]
    seen.clock.sleep(900)
    runs.append(seen.run())
    assert [("recreated", "ledger", "createdTime") in told(run) for run in runs] == [False, True]
    seen.clock.sleep(60)
    assert ("recreated", "ledger", "createdTime") not in told(seen.run())


def test_without_a_trail_nobody_waits_to_see_who_made_it_again(seen: Watched) -> None:
    seen.run(trail=False)
    seen.clock.sleep(3600)
    delete(seen, "ledger", LUCK)
    create(seen, "ledger", LUCK)
    seen.lock = replace(seen.lock, serial=2)
    seen.clock.sleep(60)
    assert ("recreated", "ledger", "createdTime") in told(seen.run(trail=False))


def test_a_deletion_that_nobody_told_is_not_hidden_by_the_apply_that_made_good_for_it(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    with seen.by("eve"):
        delete(seen, "ledger", LUCK)
    seen.clock.sleep(60)
    remake(seen, "ledger")
    seen.clock.sleep(60)
    run = seen.run()
    assert told(run) == [("recreated", "ledger", "createdTime")]
    assert names(only(run))[0] == "user eve"


def test_a_deletion_whose_event_is_late_is_told_though_an_apply_made_good_for_it(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    seen.misbehaviour.trail.late(900)
    with seen.by("eve"):
        delete(seen, "ledger", LUCK)
    seen.clock.sleep(60)
    remake(seen, "ledger")
    seen.clock.sleep(60)
    assert told(seen.run()) == []
    seen.clock.sleep(900)
    run = seen.run()
    assert told(run) == [("recreated", "ledger", "createdTime")]
    assert "user eve" in names(only(run))


def test_what_somebody_made_again_after_an_apply_had_is_not_taken_for_the_apply(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    delete(seen, "ledger", LUCK)
    seen.clock.sleep(60)
    seen.run()
    seen.clock.sleep(60)
    remake(seen, "ledger")
    seen.clock.sleep(60)
    seen.misbehaviour.trail.lose(times=2)
    delete(seen, "ledger", LUCK)
    create(seen, "ledger", LUCK)
    seen.misbehaviour.trail.reset()
    seen.clock.sleep(960)
    assert ("recreated", "ledger", "createdTime") in told(seen.run())


def remake(seen: Watched, name: str) -> None:
    """What an apply does about what is gone."""
    address = Address(TYPE, name)
    seen.directory.create(WORKLOAD_IDENTITY, name, dict(seen.lock.resources[address].attributes), OWNER)
    seen.lock = replace(seen.lock, serial=seen.lock.serial + 1)


def test_an_event_that_does_not_say_what_it_was_about_has_everything_read(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    add_url(seen, "invoice", LUCK)
    seen.vague = True
    seen.clock.sleep(60)
    run = seen.run()
    assert told(run) == [("changed", "invoice", URLS)]
    assert "UpdateWorkloadIdentity" in run.coverage.fell_back
    for _ in range(2):
        seen.clock.sleep(1000)
        again = seen.run()
    assert (again.coverage.fell_back, again.coverage.read) == ("", {Why.DIFFERS: 1})


def test_those_who_were_not_let_in_cost_no_reading(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(3600)
    seen.misbehaviour.fail("UpdateWorkloadIdentity", "AccessDeniedException")
    with pytest.raises(seen.client.exceptions.AccessDeniedException):
        add_url(seen, "invoice", LUCK)
    seen.clock.sleep(60)
    assert seen.run().coverage.read == {}


def test_after_everything_was_read_the_trail_need_not_be_read_from_where_it_failed(seen: Watched) -> None:
    seen.run()
    seen.misbehaviour.fail("LookupEvents", "AccessDeniedException", times=None)
    seen.clock.sleep(7 * DAY)
    seen.run()
    seen.misbehaviour.reset()
    seen.clock.sleep(3600)
    run = seen.run()
    assert run.coverage.fell_back == ""
    assert run.coverage.trail_since == utc_text(datetime.fromtimestamp(seen.clock.now - 3600 - 1800, UTC))


@pytest.mark.parametrize("hours", [9, 13, 16, 20])
def test_nothing_is_believed_that_is_older_than_asked_for_however_seldom_it_runs(hours: int) -> None:
    with watched(*(f"agent-{number}" for number in range(16))) as seen:
        for _ in range(12):
            run = seen.run(every=DAY)
            oldest = run.coverage.oldest
            assert not oldest or seconds_between(oldest, run.at) + hours * 3600 <= DAY
            seen.clock.sleep(hours * 3600)


def test_what_was_forgotten_is_no_newcomer_but_another_of_its_name_is(seen: Watched) -> None:
    seen.run()
    left = {address: one for address, one in seen.lock.resources.items() if one.name not in ("ledger", "refund")}
    seen.lock = replace(seen.lock, resources=left, serial=2)
    seen.clock.sleep(60)
    delete(seen, "refund", LUCK)
    create(seen, "refund", LUCK)
    seen.clock.sleep(60)
    assert told(seen.run()) == [("newcomer", "refund", "")]
    seen.clock.sleep(60)
    assert seen.run().noted == ()


def test_providers_that_stood_before_the_stack_had_one_are_no_newcomers(seen: Watched) -> None:
    seen.run()
    for number in range(3):
        seen.client.create_api_key_credential_provider(name=f"key-{number}", apiKey="secret")
    seen.clock.sleep(60)
    assert seen.run().noted == ()
    arn = seen.client.get_api_key_credential_provider(name="key-0")["credentialProviderArn"]
    address = Address(API_KEY_PROVIDER.type, "key-0")
    mine = Known(address=address, name="key-0", arn=arn, origin=Origin.ADOPTED, attributes={})
    seen.lock = replace(seen.lock, resources={**seen.lock.resources, address: mine}, serial=2)
    seen.clock.sleep(60)
    assert [one for one in told(seen.run()) if one[0] == "newcomer"] == []
    seen.client.create_api_key_credential_provider(name="key-9", apiKey="secret")
    seen.clock.sleep(60)
    assert [one for one in told(seen.run()) if one[0] == "newcomer"] == [("newcomer", "key-9", "")]


def test_a_newcomer_is_told_once_though_the_listing_breaks_off(seen: Watched) -> None:
    seen.run()
    create(seen, "a-stranger", LUCK)
    for number in range(25):
        create(seen, f"z-{number:02}", LUCK)
    seen.run("other")
    found = []
    for broken in (True, True, False):
        seen.clock.sleep(60)
        if broken:
            seen.misbehaviour.before("ListWorkloadIdentities", lambda _: fail_the_next(seen))
        found += told(seen.run())
        seen.misbehaviour.reset()
    assert sorted(one[1] for one in found if one[0] == "newcomer") == ["a-stranger", *(f"z-{n:02}" for n in range(25))]


@pytest.mark.parametrize("listing", [True, False])
def test_who_stood_there_before_is_no_newcomer_though_a_run_did_not_list_him(seen: Watched, *, listing: bool) -> None:
    for number in range(45):
        create(seen, f"z-{number:02}", LUCK)
    seen.run()
    seen.clock.sleep(60)
    if listing:
        seen.misbehaviour.before("ListWorkloadIdentities", lambda _: fail_the_next(seen))
    seen.run(listing=listing)
    seen.misbehaviour.reset()
    seen.clock.sleep(60)
    assert told(seen.run()) == []


def fail_the_next(seen: Watched) -> None:
    """The page after this one cannot be read."""
    seen.misbehaviour.fail("ListWorkloadIdentities", "AccessDeniedException", times=None)


def test_runs_against_something_else_keep_the_history_of_the_others_as_it_is(seen: Watched) -> None:
    seen.run()
    seen.clock.sleep(60)
    seen.client.tag_resource(resourceArn=seen.arn("invoice"), tags={"team": "b"})
    seen.clock.sleep(60)
    first = only(seen.run())
    seen.clock.sleep(60)
    seen.run(against=Against.MANIFEST)
    seen.clock.sleep(60)
    again = only(seen.run())
    assert (again.status, again.first, again.count) == (Status.STANDING, first.first, 2)
    seen.client.tag_resource(resourceArn=seen.arn("invoice"), tags={"team": "a"})
    seen.clock.sleep(60)
    seen.run(against=Against.MANIFEST)
    seen.clock.sleep(60)
    assert only(seen.run()).status is Status.RESOLVED


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


def test_of_more_newcomers_than_are_read_rules_leave_out_those_that_were(
    seen: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["reconciler.watching.look"], "NEWCOMERS", 3)
    rule = IgnoreRule(reason="r", newcomers=("sandbox-*",))
    seen.stack = replace(seen.stack, settings=replace(seen.stack.settings, drift_ignore=(rule,)))
    seen.run()
    seen.clock.sleep(60)
    for number in range(6):
        seen.client.create_workload_identity(
            name=f"sandbox-{number}", tags={"reconciler:stack": OWNER} if number > 3 else {}
        )
    run = seen.run()
    assert [one.count for one in run.ignored] == [3]
    assert told(run) == [("newcomer", f"sandbox-{number}", "") for number in (3, 4, 5)]
    assert [one.drifted.after for one in run.noted] == [None] * 3
    assert all("It was not read" in words_of(one.drifted)[1] for one in run.noted)
