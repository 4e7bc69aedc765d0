"""What a rule leaves out of a finding, and that nothing else goes with it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.drifting.ignoring import still_told, without_ignored
from reconciler.model.addresses import Address, Remote
from reconciler.model.drift import DriftClass, Drifted, Standing
from reconciler.model.ignoring import IgnoreRule

IDENTITY = Address("workload_identity", "bob")
PROVIDER = Address("oauth2_credential_provider", "idp")


def rule(*attributes: str, resources: tuple[str, ...] = ("*",), newcomers: tuple[str, ...] = ()) -> IgnoreRule:
    return IgnoreRule(reason="r", attributes=attributes, resources=resources, newcomers=newcomers)


def changed(address: Address, attribute: str, before: Any, after: Any) -> Drifted:
    remote = Remote(address.type, f"{address.key}-name")
    return Drifted(
        what=DriftClass.CHANGED, remote=remote, address=address, attribute=attribute, before=before, after=after
    )


TAGS = changed(IDENTITY, "tags", {"team": "a", "cost-x": "1"}, {"team": "b", "cost-x": "2", "corp.x/y": "3"})
CONFIG = changed(
    PROVIDER,
    "config",
    {"clientId": "a", "oauthDiscovery": {"discoveryUrl": "https://a"}},
    {"clientId": "a", "oauthDiscovery": {"discoveryUrl": "https://b"}},
)


@pytest.mark.parametrize(
    ("one", "by", "left"),
    [
        (TAGS, rule("tags.cost-*"), ({"team": "a"}, {"team": "b", "corp.x/y": "3"})),
        (TAGS, rule("tags.corp.x/*"), (TAGS.before, {"team": "b", "cost-x": "2"})),
        (TAGS, rule("tags.*"), None),
        (TAGS, rule("tags"), None),
        (TAGS, rule("tags", resources=("bob-*",)), None),
        (TAGS, rule("tags", resources=("workload_identity.bob",)), None),
        (TAGS, rule("tags", resources=("ann*",)), (TAGS.before, TAGS.after)),
        (TAGS, rule("config"), (TAGS.before, TAGS.after)),
        (CONFIG, rule("config.oauthDiscovery.*"), None),
        (CONFIG, rule("config.oauthDiscovery"), None),
        (CONFIG, rule("config.clientId"), ({"oauthDiscovery": {"discoveryUrl": "https://a"}},
                                          {"oauthDiscovery": {"discoveryUrl": "https://b"}})),
    ],
)  # fmt: skip
def test_what_is_left_of_a_change(one: Drifted, by: IgnoreRule, left: tuple[Any, Any] | None) -> None:
    told, ignored = without_ignored((one,), (by,))
    assert [(found.before, found.after) for found in told] == ([left] if left else [])
    assert [(each.count, each.about) for each in ignored] == (
        [(1, (str(one.address),))] if left != (one.before, one.after) else []
    )


def test_several_rules_leave_out_what_each_of_them_says() -> None:
    told, ignored = without_ignored((TAGS,), (rule("tags.cost-*"), rule("tags.corp*"), rule("tags.none")))
    assert [(one.before, one.after) for one in told] == [({"team": "a"}, {"team": "b"})]
    assert [one.count for one in ignored] == [1, 1]


@pytest.mark.parametrize("what", [one for one in DriftClass if one not in (DriftClass.CHANGED, DriftClass.NEWCOMER)])
def test_of_other_classes_nothing_is_left_out(what: DriftClass) -> None:
    one = Drifted(what=what, remote=Remote("workload_identity", "bob"), address=IDENTITY, attribute="tags", after="x")
    assert without_ignored((one,), (rule("*", newcomers=("*",)),)) == ((one,), ())


def test_of_newcomers_only_those_that_were_read_are_left_out() -> None:
    read, unread = (
        Drifted(what=DriftClass.NEWCOMER, remote=Remote("workload_identity", "sandbox-1"), after=owner)
        for owner in ("", None)
    )
    told, ignored = without_ignored((read, unread), (rule(newcomers=("sandbox-*",)),))
    assert told == (unread,)
    assert [one.count for one in ignored] == [1]


def test_the_ownership_tag_is_no_tag_like_others() -> None:
    one = changed(IDENTITY, "reconciler:stack", "payments/prod", None)
    assert without_ignored((one,), (rule("*", "*.*"),)) == ((one,), ())


def test_what_is_left_out_from_now_on_is_neither_told_nor_over() -> None:
    standing = {
        one.fingerprint: Standing(drifted=one, first="2026-11-24T00:00:00Z", last="2026-11-24T00:00:00Z")
        for one in (TAGS, CONFIG)
    }
    assert list(still_told(standing, (rule("tags.cost-*"),))) == [CONFIG.fingerprint]
    assert still_told(standing, ()) == standing
