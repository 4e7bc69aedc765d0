"""Every verb of the Directory protocol, against the emulator."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.emulator.terms import Terms
from reconciler.errors import AlreadyExists, Ambiguous, DirectoryError, NotCleared, NotFound, ServiceLinked, TagsFailed
from reconciler.model.addresses import Remote
from reconciler.model.environments import OWNER_TAG
from reconciler.model.kinds import WORKLOAD_IDENTITY as KIND
from reconciler.model.values import Attributes, canonical

OWNER = "payments/prod"


def attributes(*urls: str, **tags: str) -> Attributes:
    return canonical(KIND, {"allowedResourceOauth2ReturnUrls": list(urls), "tags": tags})


# read


def test_reading_gives_canonical_attributes_with_the_owner_apart(world: Any) -> None:
    arn = world.put("agent", "https://b/x", "https://a/x", **{"team": "pay", "area": "eu", OWNER_TAG: OWNER})
    live = world.directory.read(KIND, "agent")
    assert live.remote == Remote("workload_identity", "agent")
    assert live.arn == arn
    assert live.attributes == {
        "allowedResourceOauth2ReturnUrls": ("https://a/x", "https://b/x"),
        "tags": {"area": "eu", "team": "pay"},
    }
    assert live.owner == OWNER
    assert (live.created, live.updated) == ("2027-01-15T08:00:00Z", "")


def test_what_does_not_stand_is_read_as_nothing(world: Any) -> None:
    assert world.directory.read(KIND, "agent") is None


def test_what_goes_between_its_get_and_its_tags_is_read_as_nothing(world: Any) -> None:
    world.put("agent")
    world.misbehaviour.before("ListTagsForResource", lambda _: world.drop("agent"))
    assert world.directory.read(KIND, "agent") is None
    assert world.sent() == ["GetWorkloadIdentity", "ListTagsForResource"]


def test_the_listing_comes_in_pages_of_twenty(world: Any) -> None:
    names = [f"agent-{number:02}" for number in range(45)]
    for name in names:
        world.put(name)
    pages = list(world.directory.pages(KIND))
    assert [len(page) for page in pages] == [20, 20, 5]
    assert [(one.remote.name, one.arn) for page in pages for one in page] == [(name, world.arn(name)) for name in names]


def test_calls_are_counted_retries_included(world: Any) -> None:
    world.put("agent")
    world.misbehaviour.fail("GetWorkloadIdentity", "InternalServerException")
    world.directory.read(KIND, "agent")
    assert world.directory.calls == 3


# create


def test_creating_sets_attributes_tags_and_owner_in_one_call(world: Any) -> None:
    arn = world.directory.create(KIND, "agent", attributes("https://a/x", team="pay"), OWNER)
    assert arn == world.arn("agent")
    assert world.stored("agent").urls == ("https://a/x",)
    assert world.stored("agent").tags == {"team": "pay", OWNER_TAG: OWNER}
    assert world.sent() == ["CreateWorkloadIdentity"]


@pytest.mark.parametrize("conflict", [True, False], ids=["ConflictException", "ValidationException"])
def test_a_taken_name_is_told_in_both_forms(world: Any, conflict: bool) -> None:
    world.misbehaviour.terms = Terms(conflict_on_exists=conflict)
    world.put("agent", "https://theirs/x")
    with pytest.raises(AlreadyExists, match="CreateWorkloadIdentity agent: it exists already"):
        world.directory.create(KIND, "agent", attributes(), OWNER)
    assert world.stored("agent").urls == ("https://theirs/x",)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ValidationException", "The name is not valid"),
        ("ResourceLimitExceededException", "A limit already exists"),
        ("ConcurrentModificationException", "it already exists"),
    ],
)
def test_no_other_refusal_counts_as_a_taken_name(world: Any, code: str, message: str) -> None:
    world.misbehaviour.fail("CreateWorkloadIdentity", code, message=message)
    with pytest.raises(DirectoryError) as caught:
        world.directory.create(KIND, "agent", attributes(), OWNER)
    assert not isinstance(caught.value, AlreadyExists | Ambiguous)
    assert message in caught.value.detail
    assert caught.value.code == code


# update


def test_only_what_differs_is_sent(world: Any) -> None:
    arn = world.put("agent", "https://a/x", team="pay", gone="1", kept="2")
    before = attributes("https://a/x", team="pay", gone="1", kept="2")
    after = attributes("https://a/x", team="ops", kept="2", new="3")
    seen: list[dict[str, Any]] = []
    world.misbehaviour.before("TagResource", seen.append)
    world.misbehaviour.before("UntagResource", seen.append)
    world.directory.update(KIND, "agent", arn, before, after)
    assert [one.get("tagKeys", one.get("tags")) for one in seen] == [["gone"], {"team": "ops", "new": "3"}]
    assert world.sent() == ["UntagResource", "TagResource"]
    assert world.stored("agent").tags == {"team": "ops", "kept": "2", "new": "3"}


def test_equal_values_need_no_call(world: Any) -> None:
    same = attributes("https://a/x", team="pay")
    world.directory.update(KIND, "agent", world.arn("agent"), same, same)
    assert world.sent() == []


def test_the_whole_list_is_replaced_and_tags_are_left_alone(world: Any) -> None:
    arn = world.put("agent", "https://a/x", team="pay")
    world.directory.update(
        KIND, "agent", arn, attributes("https://a/x", team="pay"), attributes("https://b/x", "https://c/x", team="pay")
    )
    assert world.stored("agent").urls == ("https://b/x", "https://c/x")
    assert world.sent() == ["UpdateWorkloadIdentity"]


def test_a_tag_is_exchanged_where_fifty_stand(world: Any) -> None:
    tags = {f"key-{number}": "1" for number in range(49)}
    arn = world.put("agent", **tags, **{OWNER_TAG: OWNER})
    after = {**tags, "another": "1"}
    del after["key-7"]
    world.directory.update(KIND, "agent", arn, attributes(**tags), attributes(**after))
    assert world.stored("agent").tags == {**after, OWNER_TAG: OWNER}


def test_a_cleared_list_is_verified(world: Any) -> None:
    arn = world.put("agent", "https://a/x")
    world.directory.update(KIND, "agent", arn, attributes("https://a/x"), attributes())
    assert world.stored("agent").urls == ()
    assert world.sent() == ["UpdateWorkloadIdentity", "GetWorkloadIdentity"]


def test_a_list_that_is_only_seen_cleared_after_a_while_counts_as_cleared(world: Any) -> None:
    arn = world.put("agent", "https://a/x")
    world.misbehaviour.lag(seconds=0.3)
    world.directory.update(KIND, "agent", arn, attributes("https://a/x"), attributes())
    assert world.sent().count("GetWorkloadIdentity") > 1


def test_a_list_that_the_service_keeps_is_told(world: Any) -> None:
    world.misbehaviour.terms = Terms(keeps_cleared=True)
    arn = world.put("agent", "https://a/x")
    with pytest.raises(NotCleared, match="kept the old value") as caught:
        world.directory.update(KIND, "agent", arn, attributes("https://a/x"), attributes())
    assert "allowedResourceOauth2ReturnUrls" in caught.value.summary


def test_a_clearing_that_cannot_be_verified_is_ambiguous(world: Any) -> None:
    arn = world.put("agent", "https://a/x")
    world.misbehaviour.deny("GetWorkloadIdentity")
    with pytest.raises(Ambiguous, match="whether allowedResourceOauth2ReturnUrls was cleared"):
        world.directory.update(KIND, "agent", arn, attributes("https://a/x"), attributes())


@pytest.mark.parametrize("code", ["InternalServerException", "AccessDeniedException", "ValidationException"])
def test_tags_that_fail_do_not_hide_that_the_rest_is_done(world: Any, code: str) -> None:
    arn = world.put("agent", "https://a/x")
    world.misbehaviour.fail("TagResource", code, times=None)
    with pytest.raises(TagsFailed, match="TagResource arn:aws") as caught:
        world.directory.update(KIND, "agent", arn, attributes("https://a/x"), attributes("https://b/x", team="pay"))
    assert world.stored("agent").urls == ("https://b/x",)
    assert caught.value.code == code


def test_denied_tags_name_the_iam_action(world: Any) -> None:
    arn = world.put("agent", team="pay")
    world.misbehaviour.deny("UntagResource")
    with pytest.raises(TagsFailed) as caught:
        world.directory.update(KIND, "agent", arn, attributes(team="pay"), attributes())
    assert f"bedrock-agentcore:UntagResource on {arn}" in caught.value.detail


def test_tags_are_tried_again_because_twice_is_the_same_as_once(world: Any) -> None:
    arn = world.put("agent")
    world.misbehaviour.fail("TagResource", "InternalServerException")
    world.misbehaviour.drop("TagResource", committed=True)
    world.directory.update(KIND, "agent", arn, attributes(), attributes(team="pay"))
    assert world.stored("agent").tags == {"team": "pay"}
    assert world.sent() == ["TagResource"] * 3


def test_updating_what_is_gone_is_told(world: Any) -> None:
    with pytest.raises(NotFound):
        world.directory.update(KIND, "agent", world.arn("agent"), attributes(), attributes("https://b/x"))
    with pytest.raises(NotFound):
        world.directory.update(KIND, "agent", world.arn("agent"), attributes(), attributes(team="pay"))


# delete and mark


def test_deleting_removes(world: Any) -> None:
    world.put("agent")
    world.directory.delete(KIND, "agent")
    assert world.stored("agent") is None


def test_deleting_what_is_gone_is_told(world: Any) -> None:
    with pytest.raises(NotFound, match="DeleteWorkloadIdentity agent: not found"):
        world.directory.delete(KIND, "agent")


def test_deleting_what_a_service_holds_is_told(door: Any) -> None:
    from reconciler.directory.agentcore import AgentCore

    _, arn = door.make_runtime("invoice")
    with pytest.raises(ServiceLinked, match="a service holds it"):
        AgentCore(door.client, account=door.scope.account).delete(KIND, arn.rpartition("/")[2])


def test_the_ownership_tag_is_set_and_taken_away(world: Any) -> None:
    arn = world.put("agent", team="pay")
    world.directory.mark(KIND, arn, OWNER)
    assert world.stored("agent").tags == {"team": "pay", OWNER_TAG: OWNER}
    world.directory.mark(KIND, arn, "")
    assert world.stored("agent").tags == {"team": "pay"}


def test_an_ownership_tag_that_cannot_be_set_is_told(world: Any) -> None:
    arn = world.put("agent")
    world.misbehaviour.fail("TagResource", "InternalServerException", times=None)
    with pytest.raises(TagsFailed):
        world.directory.mark(KIND, arn, OWNER)
    world.drop("agent")
    world.misbehaviour.reset()
    with pytest.raises(NotFound):
        world.directory.mark(KIND, arn, OWNER)
