"""Runs that an event starts: what it names is looked at, everything else is as the last run left it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.drifting.telling import notice_of, told_after
from reconciler.model.drift import DriftClass, DriftRun, Status, Why
from reconciler.model.telling import Failing, Told, Trouble
from tests.watched import PEOPLE, Kept, Watched, add_url, create, delete, undo_urls, watched

LUCK = random.Random(1)
URLS = "allowedResourceOauth2ReturnUrls"


@pytest.fixture
def seen() -> Iterator[Watched]:
    with watched("invoice", "ledger", "refund") as one:
        one.run()
        one.clock.sleep(60)
        yield one


def told(run: DriftRun, status: Status = Status.NEW) -> list[tuple[str, str, str]]:
    return [
        (one.drifted.what.value, one.drifted.remote.name, one.drifted.attribute)
        for one in run.noted
        if one.status is status
    ]


def kept(seen: Watched) -> Kept:
    return seen.kept[""]


def test_what_an_event_names_is_read_and_nothing_else(seen: Watched) -> None:
    with seen.by("jane"):
        add_url(seen, "invoice", LUCK)
    seen.clock.sleep(1)
    delete(seen, "ledger", LUCK)
    event = seen.last
    seen.misbehaviour.calls.clear()
    run = seen.glance(event)
    assert told(run) == [("deleted", "ledger", "")]
    assert (run.glance, run.coverage.read, run.coverage.listed) == (True, {}, False)
    assert [one.operation for one in seen.misbehaviour.calls] == ["GetWorkloadIdentity"]


def test_who_did_it_is_told_from_the_event_itself(seen: Watched) -> None:
    with seen.by("jane"):
        add_url(seen, "invoice", LUCK)
    run = seen.glance(seen.last)
    (found,) = run.noted
    assert told(run) == [("changed", "invoice", URLS)]
    assert [one.principal.name for one in found.drifted.events] == [PEOPLE["jane"][1]]
    assert run.coverage.read == {Why.NAMED: 1}


def test_an_event_that_comes_twice_or_after_the_run_that_read_it_is_no_news(seen: Watched) -> None:
    add_url(seen, "invoice", LUCK)
    event = seen.last
    assert told(seen.glance(event)) == [("changed", "invoice", URLS)]
    assert (told(seen.glance(event)), told(seen.run())) == ([], [])
    assert told(seen.glance(event), Status.STANDING) == [("changed", "invoice", URLS)]


def test_what_stands_elsewhere_stands_on_and_what_is_over_is_told(seen: Watched) -> None:
    for name in ("invoice", "ledger"):
        add_url(seen, name, LUCK)
    seen.clock.sleep(60)
    seen.run()
    undo_urls(seen, "invoice", LUCK)
    seen.clock.sleep(1)
    undo_urls(seen, "ledger", LUCK)
    run = seen.glance(seen.last)
    assert told(run, Status.RESOLVED) == [("changed", "ledger", URLS)]
    assert told(run, Status.STANDING) == [("changed", "invoice", URLS)]
    seen.clock.sleep(60)
    assert told(seen.run(), Status.RESOLVED) == [("changed", "invoice", URLS)]


def test_a_newcomer_is_told_once_and_once_more_when_it_was_made_anew(seen: Watched) -> None:
    with seen.by("bob"):
        create(seen, "stranger", LUCK)
    event = seen.last
    run = seen.glance(event)
    assert told(run) == [("newcomer", "stranger", "")]
    assert run.noted[0].drifted.events[0].principal.name == "user bob"
    seen.clock.sleep(60)
    assert (told(seen.glance(event)), told(seen.run())) == ([], [])
    delete(seen, "stranger", LUCK)
    assert told(seen.glance(seen.last)) == []
    seen.clock.sleep(3600)
    create(seen, "stranger", LUCK)
    assert told(seen.glance(seen.last)) == [("newcomer", "stranger", "")]


def test_a_newcomer_of_the_service_does_not_alarm(seen: Watched) -> None:
    seen.client.create_gateway(
        name="front", roleArn="arn:aws:iam::000000000000:role/x", protocolType="MCP", authorizerType="AWS_IAM"
    )
    run = seen.glance(seen.last)
    assert [one.drifted.what for one in run.noted] == [DriftClass.LINKED_NEWCOMER]
    assert run.alarming == ()


def test_as_long_as_nobody_has_listed_what_stands_nothing_is_new() -> None:
    with watched("invoice") as seen:
        create(seen, "stranger", LUCK)
        assert told(seen.glance(seen.last)) == []
        seen.clock.sleep(1)
        add_url(seen, "invoice", LUCK)
        assert told(seen.glance(seen.last)) == [("changed", "invoice", URLS)]
        seen.clock.sleep(60)
        assert told(seen.run(), Status.STANDING) == [("changed", "invoice", URLS)]


def test_a_glance_does_not_pass_for_a_run_that_read_all(seen: Watched) -> None:
    before = kept(seen).memory
    assert before is not None
    with seen.by("jane"):
        add_url(seen, "invoice", LUCK)
    seen.clock.sleep(1)
    delete(seen, "ledger", LUCK)
    seen.glance(seen.last)
    after = kept(seen).memory
    assert after is not None
    assert (after.watermark, after.last_success, after.serial) == (before.watermark, before.last_success, before.serial)
    seen.clock.sleep(600)
    run = seen.run()
    assert (told(run), told(run, Status.STANDING)) == ([("changed", "invoice", URLS)], [("deleted", "ledger", "")])
    assert [one.principal.name for one in run.noted[0].drifted.events] == [PEOPLE["jane"][1]]


def test_what_cannot_be_read_is_unknown_and_never_none(seen: Watched) -> None:
    add_url(seen, "invoice", LUCK)
    event = seen.last
    seen.misbehaviour.fail("GetWorkloadIdentity", "AccessDeniedException", times=None)
    assert not seen.glance(event).complete
    seen.misbehaviour.reset()
    assert told(seen.glance(event)) == [("changed", "invoice", URLS)]


def test_a_glance_does_not_say_that_the_check_works_again(seen: Watched) -> None:
    failing = Told(failing=Failing(since=seen.at, first=seen.at, last=seen.at, codes=("incomplete",)))
    add_url(seen, "invoice", LUCK)
    run = seen.glance(seen.last)
    notice = notice_of(failing, run)
    assert (notice.trouble, len(notice.new)) == (Trouble.NONE, 1)
    assert told_after(failing, notice, run).failing == failing.failing
    whole = replace(run, glance=False)
    assert notice_of(failing, whole).trouble is Trouble.OVER


def test_a_vault_that_nobody_manages_is_not_read(seen: Watched) -> None:
    seen.client.set_token_vault_cmk(tokenVaultId="default", kmsConfiguration={"keyType": "ServiceManagedKey"})
    event = seen.last
    seen.misbehaviour.calls.clear()
    assert told(seen.glance(event)) == []
    assert list(seen.misbehaviour.calls) == []
