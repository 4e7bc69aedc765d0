"""Interrupted runs: what each intent is settled as, by what stands now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from reconciler.applying import recover, settle
from reconciler.applying.settle import verdict
from reconciler.diagnostics import Severity
from reconciler.errors import AccessDenied, StateError
from reconciler.model.addresses import Remote
from reconciler.model.resources import Live
from reconciler.state import NO_EDITS, Header, settled

OLD, NEW, OTHER = "https://old.example.com/cb", "https://new.example.com/cb", "https://other.example.com/cb"
OURS, THEIRS, NOBODY = "payments/prod", "billing/prod", ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """An intent, what stands (None: nothing; an error: unreadable), and what becomes of the lockfile: keys -> URL, - or ."""

    intent: str
    url: str | None
    owner: str = OURS
    becomes: str  # "put URL", "drop", "keep"
    told: str = ""


CASES = {
    "create, absent": Case(intent="create", url=None, becomes="keep"),
    "create, ours and equal": Case(intent="create", url=NEW, becomes=f"put {NEW}"),
    "create, ours and changed since": Case(intent="create", url=OTHER, becomes=f"put {OTHER}"),
    "create, equal without a tag": Case(intent="create", url=NEW, owner=NOBODY, becomes=f"put {NEW}"),
    "create, differing without a tag": Case(
        intent="create",
        url=OTHER,
        owner=NOBODY,
        becomes="keep",
        told="without our tag and with other values: not taken",
    ),
    "create, equal but another's": Case(
        intent="create", url=NEW, owner=THEIRS, becomes="keep", told="belongs to billing/prod: not taken"
    ),
    "update, gone": Case(intent="update", url=None, becomes="keep", told="stands no more"),
    "update, happened": Case(intent="update", url=NEW, becomes=f"put {NEW}"),
    "update, did not happen": Case(intent="update", url=OLD, becomes="keep"),
    "update, neither": Case(
        intent="update", url=OTHER, becomes="keep", told="neither what was there nor what was sent"
    ),
    "update, another's": Case(
        intent="update", url=NEW, owner=THEIRS, becomes="keep", told="belongs to billing/prod now"
    ),
    "delete, gone": Case(intent="delete", url=None, becomes="drop"),
    "delete, stands": Case(intent="delete", url=OLD, becomes="keep"),
    "delete, changed": Case(intent="delete", url=OTHER, becomes="keep", told="stands with other values"),
    "adopt, marked": Case(intent="adopt", url=OLD, becomes=f"put {OLD}"),
    "adopt, not marked": Case(intent="adopt", url=OLD, owner=NOBODY, becomes="keep"),
    "adopt, another's": Case(intent="adopt", url=OLD, owner=THEIRS, becomes="keep"),
    "adopt, gone": Case(intent="adopt", url=None, becomes="keep"),
    "forget, still marked": Case(intent="forget", url=OLD, becomes="keep"),
    "forget, not marked": Case(intent="forget", url=OLD, owner=NOBODY, becomes="drop"),
    "forget, another's": Case(intent="forget", url=OLD, owner=THEIRS, becomes="drop"),
    "forget, gone": Case(intent="forget", url=None, becomes="drop"),
}


@pytest.fixture
def header(world: Any) -> Header:
    return Header(
        lineage="l",
        serial=1,
        plan="sha256:0",
        target=world.target,
        ignore_tags=("corp:*",),
        command="apply",
        who="ana@laptop process 1",
        when="2026-11-24T10:00:00Z",
    )


def intent(world: Any, what: str) -> Any:
    if what == "create":
        return world.create("agent", NEW)
    world.put("agent", OLD, owner=NOBODY if what == "adopt" else OURS)
    return world.update("agent", NEW) if what == "update" else getattr(world, what)("agent")


def live(world: Any, url: str, owner: str = OURS, **tags: str) -> Live:
    return Live(
        remote=Remote("workload_identity", "agent"),
        arn=world.arn("agent"),
        attributes=world.attributes(url, **tags),
        owner=owner,
    )


@pytest.mark.parametrize("name", CASES)
def test_an_intent_is_settled_by_what_stands(name: str, world: Any, header: Header) -> None:
    case = CASES[name]
    change = intent(world, case.intent)
    stands = None if case.url is None else live(world, case.url, case.owner)
    found = verdict(change, stands, header)
    assert case.told in found.finding
    assert bool(case.told) == bool(found.finding)
    assert not found.undecided
    if case.becomes == "keep":
        assert found.edits == NO_EDITS
    elif case.becomes == "drop":
        assert (found.edits.drop, found.edits.put) == ((world.address("agent"),), ())
    else:
        (known,) = found.edits.put
        assert known.attributes == world.attributes(case.becomes.removeprefix("put "))
        assert (known.address, known.arn, known.origin) == (world.address("agent"), world.arn("agent"), change.origin)


@pytest.mark.parametrize("what", ["create", "update", "delete", "replace", "adopt", "forget"])
def test_what_cannot_be_read_is_undecided(what: str, world: Any, header: Header) -> None:
    world.put("agent", OLD)
    change = world.replace("agent", "new-agent") if what == "replace" else intent(world, what)
    found = verdict(change, AccessDenied("GetWorkloadIdentity is denied"), header)
    assert found.undecided
    assert found.edits == NO_EDITS
    assert found.finding == "it cannot be read: GetWorkloadIdentity is denied"


def test_tags_of_others_are_no_difference_and_do_not_enter_the_lockfile(world: Any, header: Header) -> None:
    found = verdict(intent(world, "update"), live(world, NEW, **{"corp:cost": "1"}), header)
    assert found.edits.put[0].attributes == world.attributes(NEW)
    assert found.finding == ""
    assert verdict(intent(world, "delete"), live(world, OLD, **{"corp:cost": "1"}), header).finding == ""


def test_an_update_half_done_is_kept_as_it_stands_and_said(world: Any, header: Header) -> None:
    world.put("agent", OLD, team="a", gone="x")
    change = world.update("agent", NEW, team="b", fresh="y")
    found = verdict(change, live(world, NEW, team="a", gone="x", fresh="y"), header)
    assert found.edits.put[0].attributes == world.attributes(NEW, team="a", gone="x", fresh="y")
    assert "half done" in found.finding
    strange = verdict(change, live(world, NEW, team="c"), header)
    assert strange.edits == NO_EDITS


def test_a_replacement_whose_new_half_stands_keeps_both(world: Any, header: Header) -> None:
    world.put("agent", OLD)
    change = world.replace("agent", "new-agent")
    stands = replace(live(world, OLD), remote=Remote("workload_identity", "new-agent"), arn=world.arn("new-agent"))
    found = verdict(change, stands, header)
    assert [(str(one.address), one.name) for one in found.edits.put] == [
        ("workload_identity.agent", "new-agent"),
        ("workload_identity.agent~agent", "agent"),
    ]
    assert verdict(change, None, header).edits == NO_EDITS


# From a journal to a lockfile


def interrupt(world: Any, *changes: Any) -> None:
    """A run that dies with these under way."""
    plan = world.plan(*changes)
    with world.state.exclusive("apply") as writer:
        writer.begin(plan, "sha256:" + "b" * 64)
        for change in changes:
            writer.intend(change)


def test_settling_in_memory_is_what_settling_writes(world: Any) -> None:
    for name in ("up-1", "down-1"):
        world.put(name, OLD)
    world.know("up-1", "down-1")
    before = world.state.path.read_bytes()
    interrupt(world, world.create("made-1", NEW), world.update("up-1", NEW), world.delete("down-1"))
    world.put("made-1", NEW)
    world.put("up-1", NEW)
    world.vanish("down-1")
    journal = world.state.unfinished()
    settlement = settle(journal, world.directory)
    in_memory = settled(world.state.read(), journal, settlement.edits)
    assert world.state.path.read_bytes() == before
    assert world.recover() == settlement
    assert world.state.read() == in_memory
    assert in_memory.serial == 2
    assert world.state.unfinished() is None
    assert world.lockfile_is_the_directory()


def test_what_was_settled_is_said_with_whose_run_it_was(world: Any) -> None:
    interrupt(world, world.create("agent", NEW))
    world.put("agent", OTHER, owner=NOBODY)
    findings = world.recover().findings
    assert [(one.severity, one.code) for one in findings] == [
        (Severity.WARNING, "interrupted-change"),
        (Severity.INFO, "interrupted-run"),
    ]
    assert "reconciler adopt workload_identity.agent" in findings[0].summary
    assert "apply by" in findings[1].summary
    assert "1 change without an outcome" in findings[1].summary


def test_a_run_that_had_every_outcome_needs_no_look(world: Any) -> None:
    from reconciler.applying.result import done
    from reconciler.model.outcomes import Outcome, Status

    change = world.create("agent", NEW)
    world.put("agent", NEW)
    plan = world.plan(change)
    with world.state.exclusive("apply") as writer:
        writer.begin(plan, "sha256:" + "b" * 64)
        writer.intend(change)
        writer.record(Outcome(change=change, status=Status.DONE), done(change, world.arn("agent")).edits)
    assert world.recover().undecided == ()
    assert world.misbehaviour.count() == 0
    assert world.lockfile_is_the_directory()


def test_what_cannot_be_looked_at_keeps_the_journal_and_writes_nothing(world: Any) -> None:
    interrupt(world, world.create("agent-1", NEW), world.create("agent-2", NEW))
    world.put("agent-1", NEW)
    world.put("agent-2", NEW)
    world.misbehaviour.fail("GetWorkloadIdentity", "AccessDeniedException", times=None, name="agent-2")
    with pytest.raises(StateError, match=r"what became of workload_identity\.agent-2 cannot be told") as caught:
        world.recover()
    assert "the journal is kept" in caught.value.detail
    assert "agent-2: it cannot be read" in caught.value.detail
    assert not world.state.path.exists()
    world.misbehaviour.reset()
    world.recover()
    assert world.lockfile_is_the_directory()


@pytest.mark.parametrize("replaced", [False, True])
def test_what_was_made_and_does_not_show_yet_is_waited_for(world: Any, replaced: bool) -> None:
    world.put("old-1", OLD)
    world.know("old-1")
    interrupt(world, world.replace("old-1", "agent") if replaced else world.create("agent", NEW))
    looks = iter(range(10))
    world.misbehaviour.before(
        "GetWorkloadIdentity", lambda _: next(looks) == 2 and world.put("agent", OLD if replaced else NEW), times=None
    )
    world.recover()
    assert world.lockfile_is_the_directory()


@pytest.mark.parametrize("action", ["delete", "forget"])
def test_one_look_that_shows_nothing_drops_nothing_that_stands(world: Any, action: str) -> None:
    world.put("agent", OLD)
    world.know("agent")
    interrupt(world, getattr(world, action)("agent"))
    world.misbehaviour.fail("GetWorkloadIdentity", "ResourceNotFoundException")
    world.recover()
    assert world.misbehaviour.count("GetWorkloadIdentity") == 2
    assert sorted(world.locked()) == world.names() == ["agent"]


def test_without_a_journal_there_is_nothing_to_recover(world: Any) -> None:
    with world.state.exclusive("apply") as writer:
        assert recover(writer, world.directory) is None
