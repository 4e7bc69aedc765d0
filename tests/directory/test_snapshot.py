"""What is read of a directory, and what is said of what could not be read."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from reconciler.directory.snapshot import read_snapshot
from reconciler.errors import CredentialsMissing
from reconciler.model.addresses import Remote
from reconciler.model.resources import Refresh, Snapshot

LIST, GET = "ListWorkloadIdentities", "GetWorkloadIdentity"


def remote(name: str) -> Remote:
    return Remote("workload_identity", name)


def remotes(*names: str) -> frozenset[Remote]:
    return frozenset(remote(name) for name in names)


def snap(world: Any, *expected: str, refresh: Refresh = Refresh.FULL, **more: Any) -> Snapshot:
    more = {"wanted": lambda _: False, "changed": frozenset(), **more}
    if "known" in more:
        more["known"] = dict.fromkeys(more["known"], "")
    return read_snapshot(world.directory, refresh=refresh, expected=remotes(*expected), **more)


def read(world: Any) -> set[str]:
    """The names that were asked for one by one."""
    return {one.name for one in world.misbehaviour.calls if one.operation == GET}


def many(world: Any, count: int) -> list[str]:
    names = [f"agent-{number:03}" for number in range(count)]
    for name in names:
        world.put(name, f"https://{name}.example.com/cb", team="pay")
    return names


# What is read


def test_what_is_expected_is_read_and_the_rest_only_listed(world: Any) -> None:
    for name in ("ours", "theirs"):
        world.put(name, "https://a/x", team="pay")
    snapshot = snap(world, "ours")
    assert snapshot.refresh is Refresh.FULL
    assert set(snapshot.live) == remotes("ours")
    assert snapshot.live[remote("ours")].attributes["tags"] == {"team": "pay"}
    assert snapshot.listed == {remote("ours"): world.arn("ours"), remote("theirs"): world.arn("theirs")}
    assert (snapshot.unknown, snapshot.linked) == ({}, {})
    assert (snapshot.listing_failed, snapshot.linkage_failed) == ("", "")
    assert snapshot.calls == len(world.sent()) == 3 + 1 + 2


def test_what_is_wanted_is_read_too(world: Any) -> None:
    for name in ("ours", "theirs", "other"):
        world.put(name)
    assert set(snap(world, "ours", wanted=lambda one: one.name == "theirs").live) == remotes("ours", "theirs")


def test_what_is_declared_and_not_listed_costs_no_call(world: Any) -> None:
    world.put("stands")
    snapshot = snap(world, "stands", "new", known=remotes("stands"))
    assert read(world) == {"stands"}
    assert snapshot.unknown == {}


def test_what_is_known_is_asked_for_although_the_listing_does_not_show_it(world: Any) -> None:
    def lagging(parsed: Any, **_: Any) -> None:
        parsed["workloadIdentities"] = [one for one in parsed["workloadIdentities"] if one["name"] != "fresh"]

    world.client.meta.events.register("after-call.*.ListWorkloadIdentities", lagging)
    for name in ("stands", "fresh"):
        world.put(name)
    for refresh in (Refresh.FULL, Refresh.CHANGED):
        snapshot = snap(world, "stands", "fresh", "gone", refresh=refresh, known=remotes("stands", "fresh", "gone"))
        assert remote("fresh") in snapshot.live
        assert remote("gone") not in snapshot.live.keys() | snapshot.listed.keys() | snapshot.unknown.keys()


def test_without_a_word_on_what_is_known_everything_expected_is_asked_for(world: Any) -> None:
    snap(world, "one", "two")
    assert read(world) == {"one", "two"}


def test_changed_reads_what_changed_and_what_the_listing_lacks(world: Any) -> None:
    for name in ("same", "changed"):
        world.put(name)
    names = ("same", "changed", "missing")
    snapshot = snap(world, *names, refresh=Refresh.CHANGED, changed=remotes("changed"), known=remotes(*names))
    assert read(world) == {"changed", "missing"}
    assert set(snapshot.live) == remotes("changed")
    assert set(snapshot.listed) == remotes("same", "changed")


@pytest.mark.parametrize("refresh", [Refresh.FULL, Refresh.CHANGED])
def test_what_goes_between_listing_and_reading_is_not_listed_either(world: Any, refresh: Refresh) -> None:
    for name in ("stays", "goes"):
        world.put(name)
    world.misbehaviour.before(GET, lambda _: world.drop("goes"), name="goes")
    snapshot = snap(world, "stays", "goes", refresh=refresh, changed=remotes("stays", "goes"))
    assert set(snapshot.live) == set(snapshot.listed) == remotes("stays")
    assert snapshot.unknown == {}


def test_refresh_none_makes_no_call(world: Any) -> None:
    world.put("agent")
    snapshot = snap(world, "agent", refresh=Refresh.NONE)
    assert world.sent() == []
    assert snapshot == Snapshot(refresh=Refresh.NONE, live={}, listed={}, unknown={}, linked={})


def test_service_linked_identities_are_told(door: Any) -> None:
    from reconciler.directory.agentcore import AgentCore

    id_, arn = door.make_runtime("invoice")
    directory = AgentCore(door.client, account=door.scope.account)
    snapshot = read_snapshot(
        directory,
        refresh=Refresh.FULL,
        wanted=lambda _: False,
        expected=frozenset(),
        changed=frozenset(),
    )
    assert snapshot.linked == {arn: f"runtime {id_}"}
    assert arn in snapshot.listed.values()


# How it is read


def test_reading_starts_while_the_listing_goes_on(world: Any) -> None:
    names = many(world, 45)
    arrived = threading.Event()
    seen: list[bool] = []
    world.misbehaviour.before(GET, lambda _: arrived.set())

    def hold_the_second_page(params: dict[str, Any]) -> None:
        if "nextToken" in params and not seen:
            seen.append(arrived.wait(10))

    world.misbehaviour.before(LIST, hold_the_second_page, times=None)
    snapshot = snap(world, *names)
    assert seen == [True], "a Get arrived before the second page was answered"
    assert len(snapshot.live) == 45


def test_reads_run_at_once(world: Any) -> None:
    names = many(world, 8)
    together = threading.Barrier(8, timeout=10)
    world.misbehaviour.before(GET, lambda _: together.wait(), times=None)
    assert set(snap(world, *names, threads=8).live) == remotes(*names)


def test_the_result_does_not_depend_on_the_threads(world: Any) -> None:
    names = many(world, 60)
    world.misbehaviour.deny("ListGateways")
    for name in names[::7]:
        world.misbehaviour.fail(GET, "ValidationException", name=name, times=None)
    one, other = snap(world, *names, threads=1), snap(world, *names, threads=16)
    assert one == other
    for maps in ("live", "listed", "unknown"):
        assert list(getattr(one, maps)) == list(getattr(other, maps)) == sorted(getattr(one, maps))


def test_progress_has_no_total_until_the_listing_ends(world: Any) -> None:
    names = many(world, 45)
    told: list[tuple[int, int | None]] = []
    snap(world, *names, progress=lambda done, total: told.append((done, total)))
    assert [total for _, total in told[:3]] == [None] * 3
    assert {total for _, total in told[3:]} == {45}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (45, 45)


# What could not be read


def test_what_cannot_be_read_is_unknown_with_its_reason(world: Any) -> None:
    names = many(world, 30)
    world.misbehaviour.fail(GET, "AccessDeniedException", name=names[3], times=None)
    world.misbehaviour.fail("ListTagsForResource", "InternalServerException", name=names[5], times=None)
    snapshot = snap(world, *names)
    assert set(snapshot.unknown) == remotes(names[3], names[5])
    assert snapshot.unknown[remote(names[3])].startswith(
        f"GetWorkloadIdentity {names[3]}: access denied. Allow the IAM"
    )
    assert "ListTagsForResource" in snapshot.unknown[remote(names[5])]
    assert all("\n" not in reason for reason in snapshot.unknown.values())
    assert len(snapshot.live) == 28
    assert snapshot.listing_failed == ""


def test_a_listing_that_breaks_off_keeps_what_it_showed(world: Any) -> None:
    names = many(world, 60)
    world.misbehaviour.before(
        LIST,
        lambda params: (
            world.misbehaviour.fail(LIST, "InternalServerException", times=None) if "nextToken" in params else None
        ),
        times=2,
    )
    known = remotes(*names[:50])
    snapshot = snap(world, *names, "new", known=known)
    assert "InternalServerException" in snapshot.listing_failed
    seen = set(snapshot.listed)
    assert remotes(*names[:20]) <= seen
    assert set(snapshot.live) == seen | known
    assert set(snapshot.unknown) == remotes(*names, "new") - seen - known
    assert "broke off" in snapshot.unknown[remote("agent-059")]


def test_where_the_listing_is_denied_what_is_expected_is_read_one_by_one(world: Any) -> None:
    for name in ("ours", "theirs"):
        world.put(name)
    world.misbehaviour.deny(LIST)
    snapshot = snap(world, "ours", "new", known=remotes("ours"))
    assert "bedrock-agentcore:ListWorkloadIdentities" in snapshot.listing_failed
    assert set(snapshot.live) == remotes("ours")
    assert read(world) == {"ours", "new"}
    assert snapshot.unknown == {}


def test_parents_that_may_not_be_seen_are_said(world: Any) -> None:
    world.put("agent")
    world.misbehaviour.deny("ListAgentRuntimes")
    snapshot = snap(world, "agent")
    assert snapshot.linked == {}
    assert "bedrock-agentcore:ListAgentRuntimes" in snapshot.linkage_failed
    assert set(snapshot.live) == remotes("agent")


def test_credentials_that_expire_end_it_all(world: Any) -> None:
    names = many(world, 200)
    world.misbehaviour.expire(after=30)
    with pytest.raises(CredentialsMissing, match="the credentials have expired"):
        snap(world, *names, threads=4)


def test_credentials_that_expire_after_the_listing_end_it_too(world: Any) -> None:
    names = many(world, 30)
    world.misbehaviour.fail(GET, "ExpiredTokenException", name=names[29], times=None)
    with pytest.raises(CredentialsMissing):
        snap(world, *names)


def test_an_interrupt_begins_nothing_more(world: Any) -> None:
    names = many(world, 100)
    gate = threading.Event()
    world.misbehaviour.before(GET, lambda _: gate.wait(10), times=None)

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            snap(world, *names, threads=2, progress=interrupt)
    finally:
        gate.set()
    for thread in threading.enumerate():
        if thread.name.startswith("reader"):
            thread.join(10)
    assert world.misbehaviour.count(LIST) == 1
    assert world.misbehaviour.count(GET) <= 3


def test_what_is_known_is_read_once_and_without_waiting_for_the_listing(world: Any) -> None:
    names, arrived = many(world, 3), threading.Event()
    world.misbehaviour.before(GET, lambda _: arrived.set())
    world.misbehaviour.before(LIST, lambda _: None if arrived.wait(20) else pytest.fail("no Get came first"), times=1)
    snapshot = snap(world, *names, known=remotes(*names))
    assert set(snapshot.live) == remotes(*names)
    assert sum(one.operation == GET for one in world.misbehaviour.calls) == len(names)
