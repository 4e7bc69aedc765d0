"""Who reaches what, before and after: of two versions of a manifest, and of a plan."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.diagnostics import Source
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.environments import Environment, Limit, Settings, Target, Where
from reconciler.model.kinds import kind_of
from reconciler.model.plan import Plan, Route, Untouched
from reconciler.model.report import Drawing, Level, Link, Mark, Node
from reconciler.model.resources import Desired, Refresh, Stack
from reconciler.model.values import canonical
from reconciler.reviewing.reach import NEIGHBOURS, host_of, reach_between, reach_of_plan

IDENTITY, OAUTH2, API_KEY = "workload_identity", "oauth2_credential_provider", "api_key_credential_provider"
URLS = "allowedResourceOauth2ReturnUrls"
GITHUB, STRIPE = f"{OAUTH2}.github", f"{API_KEY}.stripe"


def identity(key: str, *urls: str, access: Any = None, line: int = 1, previously: str = "", **tags: str) -> Desired:
    raw = {URLS: list(urls), "tags": tags, "access": access or {}}
    return Desired(
        address=Address(IDENTITY, key),
        name=key,
        attributes=canonical(kind_of(IDENTITY), raw),
        previously=Address(IDENTITY, previously) if previously else None,
        source=Source("a.yaml", line),
    )


def provider(address: str, **raw: Any) -> Desired:
    found = Address.parse(address)
    return Desired(address=found, name=found.key, attributes=canonical(kind_of(found.type), raw))


def stack(*resources: Desired, environment: str = "prod") -> Stack:
    return Stack(
        name="payments",
        environment=Environment(name=environment),
        settings=Settings(),
        resources={one.address: one for one in resources},
        digest="",
    )


def between(before: list[Desired], after: list[Desired], **levels: Level) -> Drawing:
    named = {f"{IDENTITY}.{key}": level for key, level in levels.items()}
    return reach_between({"prod": stack(*before)}, {"prod": stack(*after)}, named)


def marks(reach: Drawing) -> dict[str, Mark]:
    return {one.key.removeprefix(f"{IDENTITY}."): one.mark for one in reach.nodes}


def lines(reach: Drawing) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(one.start.removeprefix(f"{IDENTITY}."), one.mark.value, one.end, one.words) for one in reach.links]


def test_what_does_not_change_is_not_drawn_but_counted() -> None:
    same = [identity("a", "https://a.example.com/"), identity("b")]
    moved = [identity("a", "https://a.example.com/", line=9), identity("b")]
    assert between(same, moved) == Drawing(omitted=2)


def test_a_new_host_and_one_that_goes() -> None:
    reach = between([identity("a", "https://old.example.com/x")], [identity("a", "https://new.example.com/x")])
    assert marks(reach) == {"a": Mark.CHANGED, "host:new.example.com": Mark.ADDED, "host:old.example.com": Mark.REMOVED}
    assert lines(reach) == [
        ("a", "+", "host:new.example.com", ("https://new.example.com/x",)),
        ("a", "-", "host:old.example.com", ("https://old.example.com/x",)),
    ]


def test_another_url_on_the_same_host_changes_the_link_and_says_how() -> None:
    before = identity("a", "https://x.example.com/1", "https://x.example.com/2")
    after = identity("a", "https://x.example.com/2", "https://x.example.com/3")
    reach = between([before], [after])
    words = ("- https://x.example.com/1", "https://x.example.com/2", "+ https://x.example.com/3")
    assert lines(reach) == [("a", "~", "host:x.example.com", words)]
    assert marks(reach)["host:x.example.com"] is Mark.KEPT


def test_an_identity_that_comes_and_one_that_goes() -> None:
    reach = between([identity("old", "https://a.example.com/")], [identity("new", "https://a.example.com/")])
    assert marks(reach) == {"old": Mark.REMOVED, "new": Mark.ADDED, "host:a.example.com": Mark.KEPT}
    assert [mark for _, mark, _, _ in lines(reach)] == ["+", "-"]


def test_a_rename_is_one_identity_that_changes() -> None:
    before = [identity("old", "https://a.example.com/")]
    reach = between(before, [identity("new", "https://a.example.com/", previously="old")])
    assert marks(reach) == {"new": Mark.CHANGED, "host:a.example.com": Mark.KEPT}


def test_grants_lead_to_providers_whether_declared_or_of_another_stack() -> None:
    narrow = {GITHUB: {"scopes": ["read:user"], "flows": ["M2M"]}}
    wide = {
        GITHUB: {"scopes": ["read:user", "repo"], "flows": ["M2M"]},
        STRIPE: {},
        f"{OAUTH2}.theirs": {"external": True, "scopes": ["x"]},
    }
    reach = between(
        [identity("a", access=narrow), provider(GITHUB)],
        [identity("a", access=wide), provider(GITHUB), provider(STRIPE)],
    )
    assert marks(reach) == {"a": Mark.CHANGED, GITHUB: Mark.KEPT, STRIPE: Mark.ADDED, f"{OAUTH2}.theirs": Mark.ADDED}
    assert lines(reach) == [
        ("a", "+", STRIPE, ()),
        ("a", "~", GITHUB, ("M2M", "read:user", "+ repo")),
        ("a", "+", f"{OAUTH2}.theirs", ("x",)),
    ]


def test_who_shares_a_host_or_provider_with_a_change_is_drawn_and_nobody_else() -> None:
    host, grant = "https://shared.example.com/", {GITHUB: {"scopes": ["x"]}}
    beside = [
        identity("by-host", host),
        identity("by-grant", access=grant),
        identity("apart", "https://b.example.com/"),
    ]
    reach = between([identity("a"), *beside], [identity("a", host, access=grant), *beside])
    assert marks(reach) == {
        "a": Mark.CHANGED,
        "by-host": Mark.KEPT,
        "by-grant": Mark.KEPT,
        "host:shared.example.com": Mark.KEPT,
        GITHUB: Mark.KEPT,
    }
    assert reach.omitted == 1


def test_a_provider_that_changes_is_drawn_with_who_is_granted_it() -> None:
    granted = identity("a", access={STRIPE: {}})
    reach = between([granted, provider(STRIPE, tags={"a": "1"})], [granted, provider(STRIPE, tags={"a": "2"})])
    assert marks(reach) == {"a": Mark.KEPT, STRIPE: Mark.CHANGED}
    alone = between([], [provider(STRIPE)])
    assert alone.nodes == (Node(key=STRIPE, kind=API_KEY, label="stripe", mark=Mark.ADDED, environments=("prod",)),)


def test_neighbours_of_what_changes_come_before_those_of_what_stays() -> None:
    crowd = [identity(f"crowd-{at:03}", "https://everybody.example.com/") for at in range(NEIGHBOURS + 50)]
    close = identity("zz-close", "https://new.example.com/")
    before, after = "https://everybody.example.com/", "https://new.example.com/"
    reach = between([identity("a", before), *crowd, close], [identity("a", before, after), *crowd, close])
    assert marks(reach)["zz-close"] is Mark.KEPT
    assert len([one for one in reach.nodes if one.kind == IDENTITY]) == NEIGHBOURS + 1
    assert reach.omitted == 51


def test_environments_are_kept_apart_on_links_and_together_on_nodes() -> None:
    url = "https://a.example.com/"
    reach = reach_between(
        {"prod": stack(identity("a")), "dev": stack(identity("a", url))},
        {"prod": stack(identity("a", url)), "dev": stack(identity("a", url))},
        {},
    )
    assert [(one.mark, one.environments) for one in reach.links] == [(Mark.KEPT, ("dev",)), (Mark.ADDED, ("prod",))]
    assert [one.environments for one in reach.nodes] == [("dev", "prod"), ("dev", "prod")]
    assert marks(reach) == {"a": Mark.CHANGED, "host:a.example.com": Mark.KEPT}


def test_an_environment_that_is_new_or_gone_brings_and_takes_all_in_it() -> None:
    one = stack(identity("a", "https://a.example.com/"))
    for before, after, mark in (({}, {"prod": one}, Mark.ADDED), ({"prod": one}, {"prod": None}, Mark.REMOVED)):
        assert set(marks(reach_between(before, after, {})).values()) == {mark}


def test_levels_are_those_of_the_findings() -> None:
    reach = between([], [identity("a"), identity("b")], a=Level.CRITICAL)
    assert [one.level for one in reach.nodes] == [Level.CRITICAL, None]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://app.example.com/cb", "app.example.com"),
        ("https://app.example.com:8443?x", "app.example.com"),
        ("https://APP.example.com./cb", "app.example.com"),
        ("http://user@evil.example/", "evil.example"),
        ("https:\\\\evil.example\\x", "evil.example"),
        ("https://[::1]:80/", "::1"),
        ("myapp:callback", "myapp:"),
        ("https://a.example:port/", "https://a.example:port/"),
    ],
)
def test_a_host_is_what_a_browser_takes_for_it(url: str, host: str) -> None:
    assert host_of(url) == host


def _plan(*changes: Change, unchanged: int = 0) -> Plan:
    return Plan(
        target=Target(stack="payments", environment="prod", account="", region=""), lineage="", serial=0,
        manifest_digest="", refresh=Refresh.FULL, route=Route(lockfile="x", where=Where.AWS), changes=changes, drift=(),
        diagnostics=(), untouched=Untouched(unmanaged={}, service_linked={}), unknown={}, listing_failed="", managed=0,
        declared=0, unchanged=unchanged, excluded=0, limit=Limit(), protected=False, tags_ignored=(),
    )  # fmt: skip


def _change(action: Action, key: str, before: Desired | None, after: Desired | None) -> Change:
    return Change(
        action=action, reason=Reason.DECLARED, address=Address(IDENTITY, key), name=key,
        before=before.attributes if before else None, after=after.attributes if after else None,
    )  # fmt: skip


def test_of_a_plan_what_it_changes_is_drawn() -> None:
    url = "https://a.example.com/"
    made = _change(Action.CREATE, "new", None, identity("new", url))
    gone = _change(Action.DELETE, "old", identity("old", url), None)
    reach = reach_of_plan(_plan(made, gone), {f"{IDENTITY}.old": Level.CRITICAL})
    assert marks(reach) == {"new": Mark.ADDED, "old": Mark.REMOVED, "host:a.example.com": Mark.KEPT}
    assert reach.links[0] == Link(
        start=f"{IDENTITY}.new", end="host:a.example.com", mark=Mark.ADDED, words=(url,), environments=("prod",)
    )
    assert [one.level for one in reach.nodes if one.kind == IDENTITY] == [None, Level.CRITICAL]


def test_a_plan_calls_no_host_new_that_something_it_does_not_hold_may_reach() -> None:
    made = _change(Action.CREATE, "new", None, identity("new", "https://a.example.com/"))
    assert marks(reach_of_plan(_plan(made)))["host:a.example.com"] is Mark.ADDED
    assert marks(reach_of_plan(_plan(made, unchanged=3)))["host:a.example.com"] is Mark.KEPT


def test_what_a_plan_forgets_goes_on_reaching() -> None:
    left = _change(Action.FORGET, "a", identity("a", "https://a.example.com/"), None)
    assert [one.mark for one in reach_of_plan(_plan(left)).links] == [Mark.KEPT]


def test_of_ten_thousand_identities_those_around_the_change_are_kept() -> None:
    grant = {GITHUB: {"scopes": ["x"], "flows": ["M2M"]}}
    fleet = [
        identity(f"agent-{at:05}", f"https://app-{at % 300}.example.com/{at}", access=grant) for at in range(10_000)
    ]
    changed = [*fleet[:-20], *(identity(one.address.key, "https://new.example.com/") for one in fleet[-20:])]
    before, after = {"prod": stack(*fleet)}, {"prod": stack(*changed)}
    reach = reach_between(before, after, {})
    assert len([one for one in reach.nodes if one.mark is Mark.CHANGED]) == 20
    assert len([one for one in reach.nodes if one.kind == IDENTITY]) == 20 + NEIGHBOURS
    assert reach.omitted == 10_000 - 20 - NEIGHBOURS
