"""One change at a time: what is done, refused and failed, and what the lockfile then holds."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from reconciler.emulator import Terms
from reconciler.model.changes import Reason
from reconciler.model.kinds import kind_of
from reconciler.model.outcomes import Status

OLD, NEW = "https://old.example.com/cb", "https://new.example.com/cb"


def writes(world: Any) -> int:
    """How many calls arrived that would change something."""
    return sum(
        world.misbehaviour.count(one)
        for one in (
            "CreateWorkloadIdentity",
            "UpdateWorkloadIdentity",
            "DeleteWorkloadIdentity",
            "TagResource",
            "UntagResource",
        )
    )


# Create


def test_a_create_makes_it_marks_it_and_keeps_it(world: Any) -> None:
    outcome = world.apply_one(world.create("agent", NEW, team="payments"))
    assert (outcome.status, outcome.arn) == (Status.DONE, world.arn("agent"))
    assert outcome.seconds > 0
    assert world.stands("agent") == world.attributes(NEW, team="payments")
    assert world.owner("agent") == world.ours
    assert world.locked() == {"agent": world.attributes(NEW, team="payments")}
    assert world.lockfile_is_the_directory()


@pytest.mark.parametrize("conflict", [False, True])
def test_a_create_that_meets_somebody_elses_is_refused(world: Any, conflict: bool) -> None:
    world.misbehaviour.terms = Terms(conflict_on_exists=conflict)
    change = world.create("agent", NEW)
    world.put("agent", NEW, owner="")
    outcome = world.apply_one(change)
    assert outcome.status is Status.REFUSED
    assert outcome.message == "somebody else made it since the plan was made"
    assert "reconciler adopt workload_identity.agent" in outcome.hint
    assert world.owner("agent") == ""
    assert world.locked() == {}


def test_a_create_that_meets_another_stacks_is_refused_by_its_name(world: Any) -> None:
    change = world.create("agent", NEW)
    world.put("agent", NEW, owner=world.theirs)
    outcome = world.apply_one(change)
    assert outcome.status is Status.REFUSED
    assert "belongs to billing/prod" in outcome.message


def test_a_create_that_meets_our_own_with_these_values_is_done(world: Any) -> None:
    change = world.create("agent", NEW)
    world.put("agent", NEW)
    assert world.apply_one(change).status is Status.DONE
    assert world.lockfile_is_the_directory()


def test_a_create_that_meets_our_own_with_other_values_is_refused(world: Any) -> None:
    change = world.create("agent", NEW)
    world.put("agent", OLD)
    outcome = world.apply_one(change)
    assert outcome.status is Status.REFUSED
    assert "another run of this stack" in outcome.message
    assert world.stands("agent") == world.attributes(OLD)


@pytest.mark.parametrize("committed", [True, False])
def test_a_lost_answer_to_a_create_makes_exactly_one(world: Any, committed: bool) -> None:
    world.misbehaviour.drop("CreateWorkloadIdentity", committed=committed)
    outcome = world.apply_one(world.create("agent", NEW, team="payments"))
    assert (outcome.status, outcome.arn) == (Status.DONE, world.arn("agent"))
    assert world.names() == ["agent"]
    assert world.lockfile_is_the_directory()


def test_a_lost_answer_to_a_create_is_found_though_reads_lag(world: Any) -> None:
    world.misbehaviour.lag(calls=4)
    world.misbehaviour.drop("CreateWorkloadIdentity", committed=True)
    outcome = world.apply_one(world.create("agent", NEW))
    assert outcome.status is Status.DONE
    assert world.lockfile_is_the_directory()


def test_a_create_whose_outcome_stays_unclear_says_so_and_is_settled_by_the_next_run(world: Any) -> None:
    world.misbehaviour.drop("CreateWorkloadIdentity", committed=True)
    world.misbehaviour.deny("GetWorkloadIdentity")
    outcome = world.apply_one(world.create("agent", NEW))
    assert outcome.status is Status.FAILED
    assert outcome.message.startswith("unclear whether it happened")
    assert world.locked() == {}
    world.misbehaviour.reset()
    assert world.recover() is not None
    assert world.lockfile_is_the_directory()
    assert world.state.unfinished() is None


def test_a_tombstone_is_waited_out(world: Any) -> None:
    world.misbehaviour.terms = Terms(tombstone_attempts=2)
    world.put("agent", OLD)
    world.know("agent")
    assert world.apply_one(world.delete("agent")).status is Status.DONE
    outcome = world.apply_one(world.create("agent", NEW))
    assert outcome.status is Status.DONE
    assert world.lockfile_is_the_directory()


def test_a_tombstone_that_outlasts_the_patience_fails_with_when_to_try_again(world: Any) -> None:
    world.misbehaviour.terms = Terms(tombstone_attempts=1000)
    world.put("agent", OLD)
    world.know("agent")
    world.apply_one(world.delete("agent"))
    outcome = world.apply_one(world.create("agent", NEW))
    assert outcome.status is Status.FAILED
    assert "shows nothing of that name (waited 0.05 s)" in outcome.message
    assert "some minutes" in outcome.hint
    assert world.locked() == {}


def test_a_create_that_may_not_fails_with_the_reason(world: Any) -> None:
    world.misbehaviour.deny("CreateWorkloadIdentity")
    outcome = world.apply_one(world.create("agent", NEW))
    assert outcome.status is Status.FAILED
    assert outcome.message
    assert not world.state.path.exists()
    assert world.state.unfinished() is None


def test_a_create_in_the_place_of_what_is_gone_takes_out_the_address_it_leaves(world: Any) -> None:
    world.put("old-agent", OLD)
    world.know("old-agent")
    world.vanish("old-agent")
    change = replace(world.create("new-agent", NEW), previous=world.address("old-agent"), previous_name="old-agent")
    assert world.apply_one(change).status is Status.DONE
    assert list(world.locked()) == ["new-agent"]


@pytest.mark.parametrize("committed", [True, False])
def test_answers_to_a_create_that_are_lost_again_and_again_make_exactly_one(world: Any, committed: bool) -> None:
    world.misbehaviour.lag(calls=3)
    world.misbehaviour.drop("CreateWorkloadIdentity", committed=committed, times=3)
    assert world.apply_one(world.create("agent", NEW)).status is Status.DONE
    assert world.names() == ["agent"]
    assert world.lockfile_is_the_directory()


# Update


def test_an_update_changes_urls_and_tags(world: Any) -> None:
    world.put("agent", OLD, team="a", gone="x", kept="y")
    world.know("agent")
    outcome = world.apply_one(world.update("agent", NEW, team="b", kept="y"))
    assert (outcome.status, outcome.arn) == (Status.DONE, world.arn("agent"))
    assert world.stands("agent") == world.attributes(NEW, team="b", kept="y")
    assert world.owner("agent") == world.ours
    assert world.lockfile_is_the_directory()


def test_an_update_of_what_somebody_changed_meanwhile_is_refused_and_writes_nothing(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.update("agent", NEW)
    world.put("agent", "https://theirs.example.com/cb")
    outcome = world.apply_one(change)
    assert outcome.status is Status.REFUSED
    assert "changed it since the plan was made: allowedResourceOauth2ReturnUrls" in outcome.message
    assert "plan again" in outcome.hint
    assert writes(world) == 0
    assert world.locked() == {"agent": world.attributes(OLD)}


def test_an_update_of_what_was_deleted_meanwhile_is_refused(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.update("agent", NEW)
    world.vanish("agent")
    outcome = world.apply_one(change)
    assert outcome.status is Status.REFUSED
    assert outcome.message == "it was deleted since the plan was made"
    assert world.locked() == {"agent": world.attributes(OLD)}


def test_an_update_of_what_is_deleted_between_look_and_write_is_refused(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    world.misbehaviour.before("UpdateWorkloadIdentity", lambda _: world.vanish("agent"))
    outcome = world.apply_one(world.update("agent", NEW))
    assert outcome.status is Status.REFUSED
    assert outcome.message == "it was deleted since the plan was made"


@pytest.mark.parametrize(
    ("owner", "said"), [("billing/prod", "belongs to billing/prod"), ("", "bears no ownership tag any more")]
)
def test_an_update_of_what_changed_hands_is_refused(world: Any, owner: str, said: str) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.update("agent", NEW)
    world.put("agent", OLD, owner=owner)
    outcome = world.apply_one(change)
    assert outcome.status is Status.REFUSED
    assert said in outcome.message
    assert writes(world) == 0


def test_an_update_of_what_never_had_our_tag_goes_on_without_it(world: Any) -> None:
    world.put("agent", OLD, owner="")
    world.know("agent")
    assert world.apply_one(world.update("agent", NEW)).status is Status.DONE
    assert world.owner("agent") == ""


def test_what_another_stack_owns_is_never_updated_even_if_the_plan_saw_it_so(world: Any) -> None:
    world.put("agent", OLD, owner=world.theirs)
    world.know("agent")
    assert world.apply_one(world.update("agent", NEW)).status is Status.REFUSED
    assert writes(world) == 0


def test_tags_of_others_are_neither_compared_nor_touched_nor_kept(world: Any) -> None:
    world.put("agent", OLD, **{"corp:cost": "1", "team": "a"})
    world.know("agent")
    change = replace(world.update("agent", NEW, team="b"), before=world.attributes(OLD, team="a"))
    world.put("agent", OLD, **{"corp:cost": "2", "team": "a"})
    outcome = world.apply_one(change, ignored=("corp:*",))
    assert outcome.status is Status.DONE
    assert world.stands("agent") == world.attributes(NEW, **{"corp:cost": "2", "team": "b"})
    assert world.locked() == {"agent": world.attributes(NEW, team="b")}


@pytest.mark.parametrize("operation", ["UpdateWorkloadIdentity", "TagResource"])
@pytest.mark.parametrize("committed", [True, False])
def test_a_lost_answer_to_an_update_is_read_back(world: Any, operation: str, committed: bool) -> None:
    world.put("agent", OLD, team="a")
    world.know("agent")
    change = world.update("agent", NEW, team="b")
    world.misbehaviour.drop(operation, committed=committed)
    outcome = world.apply_one(change)
    assert outcome.status is Status.DONE
    assert world.stands("agent") == world.attributes(NEW, team="b")
    assert world.lockfile_is_the_directory()


def test_a_lost_answer_with_another_writer_behind_it_is_unclear(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.update("agent", NEW)
    world.misbehaviour.drop("UpdateWorkloadIdentity", committed=True)
    looks = iter(range(10))
    theirs = "https://theirs.example.com/cb"
    world.misbehaviour.before("GetWorkloadIdentity", lambda _: next(looks) and world.put("agent", theirs), times=None)
    outcome = world.apply_one(change)
    assert outcome.status is Status.FAILED
    assert outcome.message.startswith("unclear whether it happened")
    assert world.stands("agent") == world.attributes(theirs)
    settlement = world.recover()
    assert [one.code for one in settlement.findings] == ["interrupted-change", "interrupted-run"]
    assert world.locked() == {"agent": world.attributes(OLD)}


def test_tags_that_fail_lose_nothing_else(world: Any) -> None:
    world.put("agent", OLD, team="a")
    world.know("agent")
    world.misbehaviour.fail("TagResource", "ValidationException")
    outcome = world.apply_one(world.update("agent", NEW, team="b"))
    assert outcome.status is Status.DONE_WITHOUT_TAGS
    assert outcome.message
    assert world.stands("agent") == world.attributes(NEW, team="a")
    assert world.lockfile_is_the_directory()


def test_tags_that_fail_where_nothing_can_be_read_are_settled_by_the_next_run(world: Any) -> None:
    world.put("agent", OLD, team="a")
    world.know("agent")
    change = world.update("agent", NEW, team="b")
    world.misbehaviour.before("TagResource", lambda _: world.misbehaviour.deny("GetWorkloadIdentity"))
    world.misbehaviour.fail("TagResource", "ValidationException")
    assert world.apply_one(change).status is Status.DONE_WITHOUT_TAGS
    assert world.locked() == {"agent": world.attributes(OLD, team="a")}
    world.misbehaviour.reset()
    world.recover()
    assert world.locked() == {"agent": world.attributes(NEW, team="a")}
    assert world.lockfile_is_the_directory()


def test_a_list_that_is_cleared_is_verified(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    assert world.apply_one(world.update("agent")).status is Status.DONE
    assert world.stands("agent") == world.attributes()
    assert world.lockfile_is_the_directory()


def test_a_list_that_is_slow_to_show_that_it_is_cleared_is_no_failure(world: Any) -> None:
    world.put("agent", OLD, team="a")
    world.know("agent")
    change = world.update("agent", team="b")
    world.misbehaviour.lag(calls=5)
    assert world.apply_one(change).status is Status.DONE
    assert world.lockfile_is_the_directory()


def test_a_list_that_is_not_cleared_fails_and_the_lockfile_holds_what_stands(world: Any) -> None:
    world.misbehaviour.terms = Terms(keeps_cleared=True)
    world.put("agent", OLD)
    world.know("agent")
    outcome = world.apply_one(world.update("agent"))
    assert outcome.status is Status.FAILED
    assert outcome.message
    assert world.stands("agent") == world.attributes(OLD)
    assert world.lockfile_is_the_directory()


def test_an_unreadable_resource_is_not_written_to(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.update("agent", NEW)
    world.misbehaviour.deny("GetWorkloadIdentity")
    outcome = world.apply_one(change)
    assert outcome.status is Status.FAILED
    assert "could not be read just before the change, so nothing was sent" in outcome.message
    assert writes(world) == 0


@pytest.mark.parametrize("reason", [Reason.OURS_BY_TAG, Reason.UPDATE_ONLY])
def test_an_update_that_takes_over_marks_what_is_not_marked_yet(world: Any, reason: Reason) -> None:
    owner = world.ours if reason is Reason.OURS_BY_TAG else ""
    world.put("agent", OLD, owner=owner)
    assert world.apply_one(replace(world.update("agent", NEW), reason=reason)).status is Status.DONE
    assert world.owner("agent") == world.ours
    assert world.misbehaviour.count("TagResource") == (0 if owner else 1)
    assert world.lockfile_is_the_directory()


def test_credentials_that_expire_between_the_calls_of_an_update_lose_nothing(world: Any) -> None:
    world.put("agent", OLD, team="a")
    world.know("agent")
    change = world.update("agent", NEW, team="b")
    world.misbehaviour.expire(after=3)  # Get, ListTags, Update; not TagResource
    assert world.apply_one(change).status is not Status.DONE
    assert world.stands("agent") == world.attributes(NEW, team="a")
    world.misbehaviour.reset()
    world.recover()
    assert world.lockfile_is_the_directory()


def test_a_clearing_that_cannot_be_verified_at_once_is_looked_at_again(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.update("agent")
    world.misbehaviour.before(
        "UpdateWorkloadIdentity", lambda _: world.misbehaviour.fail("GetWorkloadIdentity", "AccessDeniedException")
    )
    assert world.apply_one(change).status is Status.DONE
    assert world.stands("agent") == world.attributes()
    assert world.lockfile_is_the_directory()


@pytest.mark.parametrize("committed", [True, False])
def test_answers_to_an_update_that_are_lost_again_and_again_are_no_failure(world: Any, committed: bool) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.update("agent", NEW)
    world.misbehaviour.lag(calls=3)
    world.misbehaviour.drop("UpdateWorkloadIdentity", committed=committed, times=3)
    assert world.apply_one(change).status is Status.DONE
    assert world.lockfile_is_the_directory()


def test_an_update_that_shows_nothing_for_long_is_unclear_and_settled_by_the_next_run(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.update("agent", NEW)
    world.misbehaviour.lag(calls=100)
    world.misbehaviour.drop("UpdateWorkloadIdentity", committed=True, times=None)
    outcome = world.apply_one(change)
    assert outcome.status is Status.FAILED
    assert "nothing shows of it yet" in outcome.message
    assert world.locked() == {"agent": world.attributes(OLD)}
    world.misbehaviour.reset()
    world.recover()
    assert world.lockfile_is_the_directory()


def test_an_update_that_arrived_after_the_plan_was_made_is_done(world: Any) -> None:
    world.put("agent", OLD, team="a")
    world.know("agent")
    change = world.update("agent", NEW, team="b")
    world.put("agent", NEW, team="b")
    assert world.apply_one(change).status is Status.DONE
    assert writes(world) == 0
    assert world.lockfile_is_the_directory()


def test_tags_that_fail_while_reads_lag_do_not_put_the_old_state_into_the_lockfile(world: Any) -> None:
    world.put("agent", OLD, team="a")
    world.know("agent")
    change = world.update("agent", NEW, team="b")
    world.misbehaviour.lag(calls=4)
    world.misbehaviour.fail("TagResource", "ValidationException")
    assert world.apply_one(change).status is Status.DONE_WITHOUT_TAGS
    assert world.locked() == {"agent": world.attributes(NEW, team="a")}
    assert world.lockfile_is_the_directory()


# Delete


def test_a_delete_removes_it_and_its_entry(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    assert world.apply_one(world.delete("agent")).status is Status.DONE
    assert world.names() == []
    assert world.locked() == {}
    lock = world.state.read()
    assert (lock.serial, lock.resources) == (2, {})


def test_a_delete_of_what_is_gone_already_is_done(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.delete("agent")
    world.vanish("agent")
    outcome = world.apply_one(change)
    assert (outcome.status, outcome.message) == (Status.DONE, "it was gone already")
    assert world.locked() == {}


def test_a_delete_of_what_vanishes_between_look_and_write_is_done(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    world.misbehaviour.before("DeleteWorkloadIdentity", lambda _: world.vanish("agent"))
    assert world.apply_one(world.delete("agent")).status is Status.DONE
    assert world.locked() == {}


def test_a_delete_of_what_somebody_changed_meanwhile_is_refused(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.delete("agent")
    world.put("agent", OLD, team="theirs")
    outcome = world.apply_one(change)
    assert outcome.status is Status.REFUSED
    assert "changed it since the plan was made: tags" in outcome.message
    assert world.names() == ["agent"]
    assert world.locked() == {"agent": world.attributes(OLD)}


def test_a_delete_of_what_changed_hands_is_refused(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.delete("agent")
    world.put("agent", OLD, owner=world.theirs)
    assert world.apply_one(change).status is Status.REFUSED
    assert world.names() == ["agent"]


def test_a_delete_that_the_service_refuses_is_explained_and_the_entry_kept(world: Any) -> None:
    world.put("agent", OLD)
    world.link("agent")
    world.know("agent")
    outcome = world.apply_one(world.delete("agent"))
    assert outcome.status is Status.FAILED
    assert "the service holds it and lets nobody delete it" in outcome.message
    assert "lifecycle.updateOnly" in outcome.hint
    assert "reconciler forget workload_identity.agent" in outcome.hint
    assert world.locked() == {"agent": world.attributes(OLD)}


@pytest.mark.parametrize("committed", [True, False])
def test_a_lost_answer_to_a_delete_is_looked_into(world: Any, committed: bool) -> None:
    world.put("agent", OLD)
    world.know("agent")
    world.misbehaviour.drop("DeleteWorkloadIdentity", committed=committed)
    assert world.apply_one(world.delete("agent")).status is Status.DONE
    assert world.names() == []
    assert world.locked() == {}


def test_a_lost_answer_to_a_delete_never_removes_what_somebody_made_in_its_place(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.delete("agent")
    world.misbehaviour.drop("DeleteWorkloadIdentity", committed=True)
    looks = iter(range(10))
    world.misbehaviour.before(
        "GetWorkloadIdentity", lambda _: next(looks) and world.put("agent", NEW, owner=""), times=2
    )
    outcome = world.apply_one(change)
    assert outcome.status is Status.FAILED
    assert outcome.message.startswith("unclear whether it happened")
    assert world.stands("agent") == world.attributes(NEW)


@pytest.mark.parametrize("committed", [True, False])
def test_answers_to_a_delete_that_are_lost_again_and_again_are_no_failure(world: Any, committed: bool) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.delete("agent")
    world.misbehaviour.lag(calls=3)
    world.misbehaviour.drop("DeleteWorkloadIdentity", committed=committed, times=3)
    assert world.apply_one(change).status is Status.DONE
    assert world.names() == []
    assert world.lockfile_is_the_directory()


def test_one_look_that_shows_nothing_does_not_make_an_orphan_of_what_is_to_be_deleted(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.delete("agent")
    world.misbehaviour.fail("GetWorkloadIdentity", "ResourceNotFoundException")
    assert world.apply_one(change).status is Status.DONE
    assert world.names() == []
    assert world.lockfile_is_the_directory()


def test_a_stop_while_a_second_look_is_waited_for_leaves_what_is_to_be_deleted(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change, stop = world.delete("agent"), threading.Event()
    world.misbehaviour.before("GetWorkloadIdentity", lambda _: stop.set())
    world.misbehaviour.fail("GetWorkloadIdentity", "ResourceNotFoundException")
    report = world.apply(change, stop=stop)
    assert report.interrupted
    assert report.outcomes[0].status is Status.LEFT
    assert world.lockfile_is_the_directory()
    assert world.names() == ["agent"]
    assert world.state.unfinished() is None


# Rename


@pytest.mark.parametrize("key", ["", "new-agent"])
def test_a_rename_makes_the_new_one_and_keeps_the_old_one_with_an_entry_of_its_own(world: Any, key: str) -> None:
    world.put("old-agent", OLD, team="a")
    world.know("old-agent")
    outcome = world.apply_one(world.replace("old-agent", "new-agent", key=key))
    assert (outcome.status, outcome.arn) == (Status.DONE, world.arn("new-agent"))
    assert world.misbehaviour.count("DeleteWorkloadIdentity") == 0
    kept = key or "old-agent"
    assert sorted(world.locked()) == sorted(
        ["new-agent" if key else f"{kept}=new-agent", f"{kept}~old-agent=old-agent"]
    )
    assert world.lockfile_is_the_directory()
    left = replace(world.delete("old-agent"), address=world.address(f"{kept}~old-agent"))
    assert world.apply_one(left).status is Status.DONE
    assert world.names() == ["new-agent"]
    assert world.lockfile_is_the_directory()


def test_a_rename_whose_new_one_cannot_be_made_leaves_the_old(world: Any) -> None:
    world.put("old-agent", OLD)
    world.know("old-agent")
    world.misbehaviour.deny("CreateWorkloadIdentity")
    assert world.apply_one(world.replace("old-agent", "new-agent")).status is Status.FAILED
    assert world.names() == ["old-agent"]
    assert list(world.locked()) == ["old-agent"]
    assert world.lockfile_is_the_directory()


def test_a_rename_that_is_taken_back_swaps_the_entries_and_makes_nothing(world: Any) -> None:
    world.put("old-agent", OLD)
    world.know("old-agent")
    world.apply_one(world.replace("old-agent", "new-agent"))
    back = replace(world.replace("new-agent", "old-agent"), address=world.address("old-agent"))
    assert world.apply_one(back).status is Status.DONE
    assert sorted(world.locked()) == ["old-agent", "old-agent~new-agent=new-agent"]
    assert world.lockfile_is_the_directory()


def test_what_a_rename_left_behind_stays_where_its_heir_could_not_be_made_in_the_same_run(world: Any) -> None:
    world.put("old-agent", OLD)
    world.know("old-agent")
    world.apply_one(world.replace("old-agent", "new-agent"))
    world.directory.delete(kind_of("workload_identity"), "new-agent")
    world.misbehaviour.deny("CreateWorkloadIdentity")
    again = replace(world.create("new-agent", OLD), address=world.address("old-agent"))
    left = replace(world.delete("old-agent"), address=world.address("old-agent~old-agent"))
    report = world.apply(again, left)
    assert [one.status for one in report.outcomes] == [Status.FAILED, Status.REFUSED]
    assert world.names() == ["old-agent"]


# Adopt, forget, no-op


def test_an_adoption_marks_it_and_keeps_it(world: Any) -> None:
    world.put("agent", OLD, owner="", team="a")
    outcome = world.apply_one(world.adopt("agent"))
    assert (outcome.status, outcome.arn) == (Status.DONE, world.arn("agent"))
    assert world.owner("agent") == world.ours
    assert world.lockfile_is_the_directory()
    (known,) = world.state.read().resources.values()
    assert known.origin.value == "adopted"


def test_an_adoption_of_what_is_marked_already_sends_nothing(world: Any) -> None:
    world.put("agent", OLD)
    assert world.apply_one(world.adopt("agent")).status is Status.DONE
    assert writes(world) == 0
    assert world.lockfile_is_the_directory()


@pytest.mark.parametrize("owner", ["", "billing/prod"])
def test_an_adoption_of_what_changed_meanwhile_is_refused(world: Any, owner: str) -> None:
    world.put("agent", OLD, owner="")
    change = world.adopt("agent")
    world.put("agent", OLD if owner else NEW, owner=owner)
    assert world.apply_one(change).status is Status.REFUSED
    assert world.owner("agent") == owner
    assert world.locked() == {}


def test_an_adoption_whose_tag_fails_is_kept_without_it(world: Any) -> None:
    world.put("agent", OLD, owner="")
    world.misbehaviour.deny("TagResource")
    outcome = world.apply_one(world.adopt("agent"))
    assert outcome.status is Status.DONE_WITHOUT_TAGS
    assert world.locked() == {"agent": world.attributes(OLD)}


@pytest.mark.parametrize("committed", [True, False])
def test_a_lost_answer_to_the_ownership_tag_is_looked_into(world: Any, committed: bool) -> None:
    world.put("agent", OLD, owner="")
    world.misbehaviour.drop("TagResource", committed=committed)
    assert world.apply_one(world.adopt("agent")).status is Status.DONE
    assert world.lockfile_is_the_directory()


def test_forgetting_takes_our_tag_off_and_leaves_the_rest(world: Any) -> None:
    world.put("agent", OLD, team="a")
    world.know("agent")
    assert world.apply_one(world.forget("agent")).status is Status.DONE
    assert world.stands("agent") == world.attributes(OLD, team="a")
    assert world.owner("agent") == ""
    assert world.locked() == {}


def test_forgetting_what_is_gone_calls_nothing(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = replace(world.forget("agent"), before=None)
    world.vanish("agent")
    assert world.apply_one(change).status is Status.DONE
    assert world.misbehaviour.count() == 0
    assert world.locked() == {}


def test_forgetting_what_another_stack_owns_touches_nothing_of_it(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.forget("agent")
    world.put("agent", OLD, owner=world.theirs)
    assert world.apply_one(change).status is Status.DONE
    assert world.owner("agent") == world.theirs
    assert world.locked() == {}


def test_forgetting_what_vanished_meanwhile_is_done(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.forget("agent")
    world.vanish("agent")
    assert world.apply_one(change).status is Status.DONE
    assert world.locked() == {}


def test_forgetting_with_a_tag_that_stays_lets_go_all_the_same(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    world.misbehaviour.deny("UntagResource")
    assert world.apply_one(world.forget("agent")).status is Status.DONE_WITHOUT_TAGS
    assert world.locked() == {}


def test_forgetting_what_cannot_be_read_keeps_it(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = world.forget("agent")
    world.misbehaviour.deny("GetWorkloadIdentity")
    assert world.apply_one(change).status is Status.FAILED
    assert world.locked() == {"agent": world.attributes(OLD)}


@pytest.mark.parametrize("reason", [Reason.CONVERGED, Reason.PROTECTION])
def test_a_no_op_renews_the_entry_and_calls_nothing(world: Any, reason: Reason) -> None:
    world.put("agent", OLD)
    world.know("agent")
    world.put("agent", NEW)
    assert world.apply_one(world.no_op("agent", reason, protect=True)).status is Status.DONE
    assert world.misbehaviour.count() == 0
    lock = world.state.read()
    assert lock.serial == 2
    (known,) = lock.resources.values()
    assert known.protect
    assert known.attributes == world.attributes(NEW)


def test_a_moved_entry_stands_under_its_new_address_alone(world: Any) -> None:
    world.put("agent", OLD)
    world.know("agent")
    change = replace(
        world.no_op("agent", Reason.MOVED), address=world.address("new-key"), previous=world.address("agent")
    )
    assert world.apply_one(change).status is Status.DONE
    assert list(world.locked()) == ["new-key=agent"]
    assert world.misbehaviour.count() == 0
