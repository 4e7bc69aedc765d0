"""State in a bucket: conditions, lost answers, a bucket that denies, and what a removed journal may leave."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.aws.objects import open_objects
from reconciler.errors import ObjectChanged, StateError
from reconciler.model.environments import Environment, StatePlace
from reconciler.state import Edits, dump_lock
from reconciler.state.bucket import BucketState
from reconciler.state.history import find
from reconciler.state.journal_objects import JournalObjects, read_journals, remove_journals

LOCK = "payments.prod.lock.json"
JOURNAL = f"{LOCK}.journal/"


@pytest.fixture
def state(bucket_spot: Any) -> BucketState:
    found: BucketState = bucket_spot.again()
    return found


@pytest.mark.parametrize("kind", ["lease", "journal", "lock.json"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "GET"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_lost_answer_changes_nothing(
    bucket_spot: Any, state: BucketState, make: Any, kind: str, method: str, after: bool
) -> None:
    # Of the journal, the list and the removal name the bucket alone.
    within = {"lease": ".lease", "journal": ".journal/", "lock.json": ".lock.json"}[kind]
    if kind == "journal" and method in ("POST", "GET"):
        within = bucket_spot.bucket
    bucket_spot.buckets.trouble(method, within, after=after)
    lock = make.run(state, make.known("a"), make.known("b"))
    assert lock == make.lock(make.known("a"), make.known("b"))
    assert bucket_spot.text() == dump_lock(lock)
    assert bucket_spot.left() == [""]
    used = {"lease": ("PUT", "DELETE", "GET"), "journal": ("PUT", "GET", "POST"), "lock.json": ("PUT", "GET", "DELETE")}
    assert all(one.times == 0 for one in bucket_spot.buckets.troubles) == (method in used[kind])


def test_an_answer_that_never_comes_ends_the_run_and_keeps_the_journal(
    bucket_spot: Any, state: BucketState, make: Any
) -> None:
    with state.exclusive("apply") as writer:
        a, b = make.change("a"), make.change("b")
        writer.begin(make.plan(a, b), make.digest)
        writer.intend(a)
        bucket_spot.buckets.trouble("PUT", ".journal/", times=None, status=500, code="InternalError")
        with pytest.raises(StateError, match=r"PutObject s3://.*\.rows: the service answered InternalError"):
            writer.intend(b)
        bucket_spot.buckets.calm()
        make.finish(writer, a, Edits(put=(make.known("a"),)))
        assert writer.fold() == make.lock(make.known("a"))
    assert bucket_spot.left() == [""]


def test_a_lockfile_that_somebody_else_wrote_is_not_replaced(bucket_spot: Any, state: BucketState, make: Any) -> None:
    make.run(state, make.known("a"))
    other = dump_lock(make.lock(make.known("z"), serial=1))
    with state.exclusive("apply") as writer:
        change = make.change("b")
        writer.begin(make.plan(change, lock=writer.lock), make.digest)
        writer.intend(change)
        make.finish(writer, change, Edits(put=(make.known("b"),)))
        bucket_spot.write(other)
        with pytest.raises(StateError, match="was written by somebody else while this run held its lease"):
            writer.fold()
    assert bucket_spot.text() == other
    left = state.unfinished()
    assert left is not None
    assert left.edits == (Edits(put=(make.known("b"),)),)


def test_a_lockfile_that_appears_meanwhile_is_not_replaced(bucket_spot: Any, state: BucketState, make: Any) -> None:
    other = dump_lock(make.lock(make.known("z")))
    with state.exclusive("apply") as writer:
        change = make.change("b")
        writer.begin(make.plan(change), make.digest)
        writer.intend(change)
        make.finish(writer, change, Edits(put=(make.known("b"),)))
        bucket_spot.write(other)
        with pytest.raises(StateError, match="was written by somebody else"):
            writer.fold()
    assert bucket_spot.text() == other


@pytest.mark.parametrize(
    ("method", "within", "action"),
    [
        ("GET", ".lease", "s3:GetObject"),
        ("PUT", ".lease", "s3:PutObject"),
        ("GET", ".lock.json?", "s3:GetObject"),
        ("GET", "list-type", "s3:ListBucket"),
        ("PUT", ".journal/", "s3:PutObject"),
    ],
)
def test_a_bucket_that_denies_is_said_with_the_action_and_nothing_is_begun(
    bucket_spot: Any, state: BucketState, make: Any, method: str, within: str, action: str
) -> None:
    bucket_spot.buckets.deny(method, within)
    change = make.change("a")
    with pytest.raises(StateError, match="access denied") as caught:
        _begin(state, make.plan(change), make.digest)
    assert action in caught.value.detail
    bucket_spot.buckets.calm()
    assert bucket_spot.left() == []


def _begin(state: BucketState, plan: Any, digest: str) -> None:
    with state.exclusive("apply") as writer:
        writer.begin(plan, digest)


def test_a_removal_that_is_denied_leaves_a_journal_that_the_next_run_ends(
    bucket_spot: Any, state: BucketState, make: Any
) -> None:
    with state.exclusive("apply") as writer:
        change = make.change("a")
        writer.begin(make.plan(change), make.digest)
        writer.intend(change)
        make.finish(writer, change, Edits(put=(make.known("a"),)))
        bucket_spot.buckets.deny("POST")
        with pytest.raises(StateError, match="access denied"):
            writer.fold()
    bucket_spot.buckets.calm()
    assert state.read() == make.lock(make.known("a"))
    with state.exclusive("apply") as writer:
        assert writer.pending is not None
        assert writer.settle(()) == make.lock(make.known("a"))
    assert bucket_spot.left() == [""]


def test_a_bucket_that_does_not_exist_is_named(buckets: Any) -> None:
    objects = open_objects(Environment(name="prod", region="us-east-1"), StatePlace(bucket="nowhere-at-all"))
    state = BucketState(objects, LOCK)
    for attempt in (state.read, state.unfinished, state.holder, lambda: state.exclusive("apply").__enter__()):
        with pytest.raises(StateError, match="there is no bucket nowhere-at-all"):
            attempt()
    objects.close()


def test_with_a_kms_key_everything_is_sealed_with_it(bucket_spot: Any, make: Any, buckets: Any) -> None:
    place = StatePlace(bucket=bucket_spot.bucket, prefix="team/", kms_key="alias/reconciler")
    objects = open_objects(Environment(name="prod", region="us-east-1"), place)
    state = BucketState(objects, LOCK, new_lineage=lambda: make.lineage)
    client = buckets.client()
    sealed = []
    with state.exclusive("apply") as writer:
        writer.begin(make.plan(make.change("a")), make.digest)
        writer.intend(make.change("a"))
        sealed += [one["Key"] for one in client.list_objects_v2(Bucket=bucket_spot.bucket)["Contents"]]
        for key in sealed:
            head = client.head_object(Bucket=bucket_spot.bucket, Key=key)
            assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/reconciler")
        make.finish(writer, make.change("a"), Edits(put=(make.known("a"),)))
        writer.fold()
    assert len(sealed) == 3  # lease, head and rows of the journal
    assert client.head_object(Bucket=bucket_spot.bucket, Key=f"team/{LOCK}")["SSEKMSKeyId"] == "alias/reconciler"
    client.close()
    objects.close()


def test_many_intents_share_one_object(bucket_spot: Any, state: BucketState, make: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    changes = [make.change(f"agent-{number:02}") for number in range(48)]
    with state.exclusive("apply") as writer:
        writer.begin(make.plan(*changes), make.digest)
        bucket_spot.buckets.seen.clear()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(writer.intend, changes))
        puts = [one for one in bucket_spot.buckets.seen if one.startswith("PUT")]
        assert len(puts) < len(changes)
        seen = bucket_spot.again().unfinished()
        assert seen is not None
        assert {one.address for one in seen.intents} == {one.address for one in changes}


def test_what_a_removal_left_behind_is_no_journal_and_goes_with_the_next_run(
    bucket_spot: Any, state: BucketState, make: Any
) -> None:
    objects = bucket_spot.objects()
    objects.put(f"{JOURNAL}some-run/00000007.rows", b'{"intent": {}}\n', replacing=None)
    assert state.unfinished() is None
    assert make.run(state, make.known("a")) == make.lock(make.known("a"))
    assert bucket_spot.left() == [""]


@pytest.mark.parametrize("kept", range(5))
def test_a_removal_that_breaks_off_anywhere_leaves_the_same_journal_or_none(
    bucket_spot: Any, state: BucketState, make: Any, kept: int
) -> None:
    """A journal whose first half was folded: of its objects, removed in order, the last `kept` remain."""
    with state.exclusive("apply") as writer:
        a, b = make.change("a"), make.change("b")
        writer.begin(make.plan(a, b), make.digest)
        writer.intend(a)
        writer.intend(b)
        make.finish(writer, a, Edits(put=(make.known("a"),)))
        writer.fold()
    objects = bucket_spot.objects()
    (whole,) = read_journals(objects, JOURNAL)
    assert [one.address.key for one in whole.intents] == ["b"]
    assert len(objects.keys(JOURNAL)) == 5  # head, two intents, the outcome, and the head of what is left
    removed: list[str] = []

    def until(keys: Any) -> None:
        for key in list(keys):
            if len(removed) < 5 - kept:
                removed.append(key)
                type(objects).remove_all(objects, [key])

    objects.remove_all = until  # type-checked elsewhere: a removal that stops half-way
    remove_journals(objects, JOURNAL)
    assert [one.intents for one in read_journals(objects, JOURNAL)] == ([whole.intents] if kept else [])


def test_two_runs_that_both_left_a_journal_are_not_guessed_at(bucket_spot: Any, state: BucketState, make: Any) -> None:
    make.interrupt(state)
    objects = bucket_spot.objects()
    body = b"".join(objects.get_all(objects.keys(JOURNAL)))
    JournalObjects(objects, f"{JOURNAL}another-run/", body.decode())
    for attempt in (state.unfinished, lambda: state.exclusive("apply").__enter__()):
        with pytest.raises(StateError, match=r"several runs left a journal: apply by .*; apply by"):
            attempt()


def test_a_run_that_lost_its_lease_before_it_intended_anything_left_nothing_to_settle(
    bucket_spot: Any, state: BucketState, make: Any
) -> None:
    make.interrupt(state)
    objects = bucket_spot.objects()
    head = objects.get_all(objects.keys(JOURNAL)[:1])[0]
    foreign = json.loads(head) | {"serial": 99}
    JournalObjects(objects, f"{JOURNAL}another-run/", json.dumps(foreign) + "\n")
    left = state.unfinished()
    assert left is not None
    assert [one.address.key for one in left.intents] == ["b"]


def test_an_object_is_written_where_it_is_what_was_seen_and_nowhere_else(bucket_spot: Any) -> None:
    objects = bucket_spot.objects()
    first = objects.put("x", b"1", replacing=None)
    assert objects.put("x", b"1", replacing=None) == first  # what stands is what was to be written
    with pytest.raises(ObjectChanged):
        objects.put("x", b"2", replacing=None)
    second = objects.put("x", b"2", replacing=first)
    with pytest.raises(ObjectChanged):
        objects.put("x", b"3", replacing=first)
    with pytest.raises(ObjectChanged):
        objects.put("never-there", b"3", replacing=first)
    with pytest.raises(ObjectChanged):
        objects.remove("x", only=first)
    objects.remove("x", only=second)
    objects.remove("x", only=second)
    assert objects.get("x") is None


@pytest.mark.parametrize("told", ["", "yesterday", "Tue, 99 Nov 2026 10:00:00 GMT", "Tue, 24 Nov 2026 10:00:00 -0000"])
def test_an_answer_with_a_date_that_is_none_tells_no_age(bucket_spot: Any, told: str) -> None:
    objects = bucket_spot.objects()
    objects.put("x", b"1", replacing=None)

    def dated(parsed: dict[str, Any], **_: Any) -> None:
        parsed["ResponseMetadata"]["HTTPHeaders"]["date"] = told

    objects._client.meta.events.register("after-call.s3.GetObject", dated)
    assert objects.get("x").age == 0.0


def test_two_writes_that_overlap_are_tried_again(bucket_spot: Any) -> None:
    bucket_spot.buckets.trouble("PUT", "/x", times=2, status=409, code="ConditionalRequestConflict")
    objects = bucket_spot.objects()
    objects.put("x", b"1", replacing=None)
    assert objects.get("x").body == b"1"


def test_a_listing_of_many_pages_is_read_whole(bucket_spot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = bucket_spot.objects()
    for number in range(7):
        objects.put(f"many/{number}", b"x", replacing=None)
    objects._client.meta.events.register("provide-client-params.s3.ListObjectsV2", _two_a_page)
    assert objects.keys("many/") == tuple(f"many/{number}" for number in range(7))


def _two_a_page(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    return {**params, "MaxKeys": 2}


def test_the_versions_are_read_without_paging_through_those_of_lease_and_journal(
    bucket_spot: Any,
) -> None:
    objects = bucket_spot.objects()
    for number in range(3):
        bucket_spot.write(f"{number}")
        bucket_spot.write(None)
    objects._client.meta.events.register("provide-client-params.s3.ListObjectVersions", _two_a_page)
    alone = _listings(bucket_spot, objects)
    assert len(alone[0]) == 3
    for number in range(9):
        objects.remove(f"{LOCK}.lease", only=objects.put(f"{LOCK}.lease", b"%d" % number, replacing=None))
        objects.put(f"{JOURNAL}run/{number}", b"x", replacing=None)
    found, asked = _listings(bucket_spot, objects)
    assert found == alone[0]
    assert asked <= alone[1] + 1


def _listings(spot: Any, objects: Any) -> tuple[list[str], int]:
    """The ids of the lockfile's versions, and how many requests that took."""
    spot.buckets.seen.clear()
    found = [one.id for one in objects.versions(LOCK)]
    return found, len(spot.buckets.seen)


def test_a_version_is_found_by_its_id_without_reading_newer_ones(
    bucket_spot: Any, state: BucketState, make: Any
) -> None:
    for key in "abcd":
        make.run(state, make.known(key))
    oldest = list(state.objects.versions(LOCK))[-1]
    bucket_spot.buckets.seen.clear()
    version, lock = find(state, serial=None, version=oldest.id)
    assert (version, lock.serial) == (oldest, 1)
    assert [one.rpartition("/")[2] for one in bucket_spot.buckets.seen].count(LOCK) == 1
