"""Lock edits: what they do, alone and one after another."""

from __future__ import annotations

import random
from typing import Any

from reconciler.state import NO_EDITS, Edits
from reconciler.state.edits import edited, next_lock


def test_putting_a_remote_under_another_address_takes_it_from_the_first(make: Any) -> None:
    moved = make.known("new", name="agent")
    lock = make.lock(make.known("old", name="agent"), make.known("other"))
    assert edited(lock.resources, (Edits(put=(moved,)),)) == {
        make.address("new"): moved,
        make.address("other"): make.known("other"),
    }


def test_an_address_that_was_moved_away_from_can_be_taken_at_once(make: Any) -> None:
    lock = make.lock(make.known("a", name="agent-x"))
    move, fresh = Edits(put=(make.known("b", name="agent-x"),)), Edits(put=(make.known("a", name="agent-y"),))
    for order in ((move, fresh), (fresh, move)):
        after = edited(lock.resources, order)
        assert {str(address): known.name for address, known in after.items()} == {
            "workload_identity.a": "agent-y",
            "workload_identity.b": "agent-x",
        }


def test_two_addresses_can_swap_their_resources(make: Any) -> None:
    lock = make.lock(make.known("a", name="agent-x"), make.known("b", name="agent-y"))
    swap = (Edits(put=(make.known("a", name="agent-y"),)), Edits(put=(make.known("b", name="agent-x"),)))
    for order in (swap, swap[::-1]):
        after = edited(lock.resources, order)
        assert [known.name for known in after.values()] == ["agent-y", "agent-x"]


def test_edits_done_again_change_nothing_more(make: Any) -> None:
    """A run can die between writing the lockfile and removing the journal that it was folded from."""
    chance = random.Random(4711)

    def step(number: int) -> Edits:
        key = make.address(f"key-{number}")
        if chance.random() < 0.3:
            return Edits(drop=(key,))
        return Edits(put=(make.known(key.key, name=f"name-{chance.randrange(8)}"),))

    for _ in range(500):
        before = edited({}, [step(number) for number in range(5)])
        steps = [step(number) for number in chance.sample(range(8), 6)]
        after = edited(before, steps)
        assert len({(known.address.type, known.name) for known in after.values()}) == len(after)
        assert edited(after, steps) == after


def test_only_a_run_that_did_something_makes_a_new_serial(make: Any) -> None:
    lock = make.lock(make.known("a"))
    told = {"lineage": "unused", "target": make.target, "plan": "sha256:" + "b" * 64}
    assert next_lock(lock, (NO_EDITS,), **told) is lock
    again = (Edits(put=(make.known("a"),)),)  # of a change to the directory alone
    assert next_lock(lock, again, **told) == make.lock(make.known("a"), serial=2, last_plan=told["plan"])
    assert next_lock(lock, again, **(told | {"plan": lock.last_plan})) is lock  # noted already
    after = next_lock(lock, (Edits(put=(make.known("a", "https://x/y"),)),), **told)
    assert (after.serial, after.lineage, after.last_plan) == (2, lock.lineage, told["plan"])


def test_a_first_change_makes_a_first_lockfile(make: Any) -> None:
    told = {"lineage": make.lineage, "target": make.target, "plan": make.digest}
    assert next_lock(None, (Edits(drop=(make.address("a"),)),), **told) is None
    assert next_lock(None, (Edits(put=(make.known("a"),)),), **told) == make.lock(make.known("a"))
