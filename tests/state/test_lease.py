"""The lease: one holder, renewed while he lives, taken over when it ran out, and never held by two."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reconciler.errors import LeaseLost, StateError, StateLocked
from reconciler.model.outcomes import Outcome, Status
from reconciler.state import NO_EDITS, Edits
from reconciler.state.lease import Term, read_lease

KEY = "payments.prod.lock.json.lease"
OFTEN = Term(seconds=60, every=0.1)


def eventually(happened: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.01)


def leave(spot: Any, *, seconds: float = 60.0, who: str = "ci@runner-9 process 7") -> str:
    """The lease of a run that is gone; it has run out where `seconds` is negative enough."""
    record = {"id": "dead-1", "who": who, "since": "2026-11-24T10:00:00Z", "command": "apply", "seconds": seconds}
    spot.objects().put(KEY, json.dumps(record).encode(), replacing=None)
    return "dead-1"


def test_of_many_who_race_exactly_one_gets_in(bucket_spot: Any) -> None:
    states = [bucket_spot.again() for _ in range(8)]
    start, done = threading.Barrier(len(states)), threading.Event()
    turned_away: list[StateLocked] = []

    def enter(state: Any) -> bool:
        start.wait()
        try:
            with state.exclusive("apply"):
                done.wait(30)
                return True
        except StateLocked as error:
            turned_away.append(error)
            if len(turned_away) == len(states) - 1:
                done.set()
            return False

    with ThreadPoolExecutor(len(states)) as pool:
        assert sorted(pool.map(enter, states)) == [False] * 7 + [True]
    assert len({str(error) for error in turned_away}) == 1


def test_of_many_who_take_over_exactly_one_gets_in(bucket_spot: Any) -> None:
    leave(bucket_spot, seconds=-1000)
    test_of_many_who_race_exactly_one_gets_in(bucket_spot)


def test_a_lease_that_ran_out_is_taken_over_and_its_holder_named(bucket_spot: Any, make: Any) -> None:
    leave(bucket_spot, seconds=-1000)
    state = bucket_spot.again()
    assert state.holder() is None
    with state.exclusive("apply") as writer:
        assert writer.took_over.who == "ci@runner-9 process 7"
    assert make.run(state, make.known("a")) == make.lock(make.known("a"))


def test_a_lease_that_holds_is_not_taken_and_the_way_out_is_named(bucket_spot: Any) -> None:
    holder = leave(bucket_spot)
    state = bucket_spot.again()
    assert state.holder().id == holder
    with pytest.raises(StateLocked) as caught, state.exclusive("apply", timeout=0.2):
        pytest.fail("two at once")
    assert caught.value.summary == (
        f"{state.place} is locked by ci@runner-9 process 7, apply, since 2026-11-24T10:00:00Z"
    )
    assert "Waited 0.2 s. " in caught.value.detail
    assert f"reconciler lock unlock {holder}" in caught.value.detail
    assert re.search(r"its lease runs out in (70|6[0-9]) s", caught.value.detail)


def test_it_is_renewed_while_it_is_held(bucket_spot: Any) -> None:
    objects = bucket_spot.objects()

    def renewals() -> int:
        stored = objects.get(KEY)
        return int(json.loads(stored.body)["renewals"]) if stored else 0

    with bucket_spot.again(term=OFTEN).exclusive("apply"):
        eventually(lambda: renewals() >= 3)
    assert objects.get(KEY) is None


def test_whoever_lost_the_lease_starts_nothing_more_and_writes_nothing(bucket_spot: Any, make: Any) -> None:
    make.run(bucket_spot.again(), make.known("a"))
    before = bucket_spot.text()
    with bucket_spot.again(term=OFTEN).exclusive("apply") as writer:
        a, b, c = make.change("b"), make.change("c"), make.change("d")
        writer.begin(make.plan(a, b, c, lock=writer.lock), make.digest)
        writer.intend(a)
        make.finish(writer, a, Edits(put=(make.known("b"),)))
        _put_in_its_place(bucket_spot)
        eventually(lambda: _refuses(lambda: writer.intend(b), "was taken over by another run: ci@elsewhere"))
        with pytest.raises(LeaseLost):
            writer.fold()
    assert bucket_spot.text() == before
    assert json.loads(bucket_spot.objects().get(KEY).body)["id"] == "other-1"  # theirs is left alone
    left = bucket_spot.again().unfinished()
    assert left is not None
    told = [one.address.key for one in left.intents] + [one.address.key for step in left.edits for one in step.put]
    assert "b" in told  # as an intent for its successor to look at, or with its outcome


def _put_in_its_place(spot: Any) -> None:
    objects = spot.objects()
    record = {
        "id": "other-1",
        "who": "ci@elsewhere",
        "since": "2026-11-24T10:00:00Z",
        "command": "apply",
        "seconds": 60,
    }
    while True:
        try:
            objects.put(KEY, json.dumps(record).encode(), replacing=objects.get(KEY).etag)
        except StateError:  # it was renewed in between
            continue
        return


def _refuses(attempt: Callable[[], object], words: str) -> bool:
    try:
        attempt()
    except LeaseLost as error:
        return words in error.summary
    return False


def test_a_lease_that_could_not_be_renewed_is_not_trusted_any_more(bucket_spot: Any, make: Any) -> None:
    with bucket_spot.again(term=Term(seconds=3, every=0.1, grace=60)).exclusive("apply") as writer:
        writer.begin(make.plan(make.change("a")), make.digest)
        bucket_spot.buckets.deny("PUT", ".lease")
        eventually(lambda: _refuses(lambda: writer.intend(make.change("a")), "could not be renewed in time: PutObject"))
        with pytest.raises(LeaseLost):
            writer.fold()


def test_a_renewal_whose_answer_is_lost_is_a_renewal(bucket_spot: Any, make: Any) -> None:
    with bucket_spot.again(term=OFTEN).exclusive("apply") as writer:
        writer.begin(make.plan(make.change("a")), make.digest)
        bucket_spot.buckets.trouble("PUT", ".lease", after=True, times=2)
        eventually(lambda: all(one.times == 0 for one in bucket_spot.buckets.troubles))
        writer.intend(make.change("a"))
        writer.fold()
    assert bucket_spot.left() == [".journal"]  # the lease was still known by its last etag, and let go of


def test_it_is_unlocked_with_its_holders_id_only_and_the_holder_stops(bucket_spot: Any, make: Any) -> None:
    objects = bucket_spot.objects()
    with bucket_spot.again(term=OFTEN).exclusive("apply") as writer:
        writer.begin(make.plan(make.change("a")), make.digest)
        record = read_lease(objects, KEY)
        assert record is not None
        with pytest.raises(StateError, match=f"whose id is {record.holder.id}, not somebody-else"):
            bucket_spot.again().unlock("somebody-else")
        assert read_lease(objects, KEY) is not None
        assert bucket_spot.again().unlock(record.holder.id) == record.holder
        eventually(
            lambda: _refuses(lambda: writer.intend(make.change("a")), "its lease ended, or was unlocked by hand")
        )
    with pytest.raises(StateError, match="is not locked"):
        bucket_spot.again().unlock(record.holder.id)


SOUND = {"id": "a", "who": "b", "since": "c", "command": "d", "seconds": 60}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps(SOUND | {"seconds": float("nan")}),
        json.dumps(SOUND | {"seconds": float("inf")}),
        json.dumps(SOUND | {"seconds": "soon"}),
        json.dumps(SOUND | {"id": ["a"]}),
        json.dumps(SOUND).replace("60", "1" + "0" * 400),
    ],
    ids=range(10),
)
def test_an_object_that_is_no_lease_lets_nobody_in(bucket_spot: Any, text: str) -> None:
    bucket_spot.objects().put(KEY, text.encode(), replacing=None)
    with pytest.raises(StateError, match="is not a lease of reconciler"), bucket_spot.again().exclusive("apply"):
        pytest.fail("it let us in")
    assert bucket_spot.objects().get(KEY).body == text.encode()


def test_whoever_lost_the_lease_leaves_its_successors_journal_alone(bucket_spot: Any, make: Any) -> None:
    """The lease ended unnoticed, as between two renewals: only the run's own journal goes."""
    objects = bucket_spot.objects()
    with bucket_spot.again(term=Term(every=600)).exclusive("apply") as writer:
        a = make.change("a")
        writer.begin(make.plan(a), make.digest)
        writer.intend(a)
        other = "payments.prod.lock.json.journal/another-run/00000001.head"
        objects.put(other, b"theirs", replacing=None)
        writer.record(Outcome(change=a, status=Status.FAILED, message="no"), NO_EDITS)
        writer.fold()
    assert objects.keys("payments.prod.lock.json.journal/") == (other,)
