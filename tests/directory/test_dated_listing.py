"""Kinds whose listing says when each was last updated: what is believed by its date, and what is read all the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from reconciler.directory.snapshot import read_snapshot
from reconciler.emulator import ACCOUNT, Provider, Scope
from reconciler.model.addresses import Remote
from reconciler.model.kinds import API_KEY_PROVIDER, OAUTH2_PROVIDER, TOKEN_VAULT, WORKLOAD_IDENTITY
from reconciler.model.resources import Refresh, Snapshot

SCOPE = Scope(ACCOUNT, "us-east-1")
LIST, GET = OAUTH2_PROVIDER.api.list, OAUTH2_PROVIDER.api.get


def remote(name: str) -> Remote:
    return Remote(OAUTH2_PROVIDER.type, name)


def put(world: Any, *names: str) -> None:
    for name in names:
        common = {"created": world.clock(), "updated": world.clock()}
        world.store.put(SCOPE, Provider(name=name, vendor="GithubOauth2", config={"clientId": "x"}, **common))


def date(world: Any, name: str) -> str:
    live = world.directory.read(OAUTH2_PROVIDER, name)
    world.misbehaviour.calls.clear()
    return str(live.updated)


def snap(world: Any, known: dict[str, str], **more: Any) -> Snapshot:
    options: dict[str, Any] = {
        "refresh": Refresh.FULL,
        "wanted": lambda _: False,
        "expected": frozenset(map(remote, known)),
        "changed": frozenset(),
        "known": {remote(name): text for name, text in known.items()},
        "trusting": True,
        **more,
    }
    return read_snapshot(world.directory, **options)


def reads(world: Any) -> Counter[str]:
    return Counter(one.name for one in world.misbehaviour.calls if one.operation == GET)


def test_what_the_listing_dates_as_the_lockfile_is_not_read(world: Any) -> None:
    put(world, "github", "other")
    snapshot = snap(world, {"github": date(world, "github")})
    assert snapshot.trusted == {remote("github")}
    assert (snapshot.live, reads(world)) == ({}, Counter())
    assert set(snapshot.listed) == {remote("github"), remote("other")}


@pytest.mark.parametrize("text", ["", "2020-01-01T00:00:00Z"])
@pytest.mark.parametrize("refresh", [Refresh.FULL, Refresh.CHANGED])
def test_another_date_or_none_is_read_once(world: Any, refresh: Refresh, text: str) -> None:
    put(world, "github")
    snapshot = snap(world, {"github": text}, refresh=refresh)
    assert snapshot.trusted == frozenset()
    assert set(snapshot.live) == {remote("github")}
    assert reads(world) == {"github": 1}


@pytest.mark.parametrize(
    "more",
    [
        {"trusting": False},
        {"changed": frozenset({remote("github")})},
        {"wanted": lambda _: True},
        {"refresh": Refresh.CHANGED, "changed": frozenset({remote("github")})},
    ],
)
def test_what_is_to_be_read_in_any_case_is_read_once(world: Any, more: dict[str, Any]) -> None:
    put(world, "github")
    snapshot = snap(world, {"github": date(world, "github")}, **more)
    assert (snapshot.trusted, reads(world)) == (frozenset(), {"github": 1})


def test_what_the_listing_does_not_show_is_asked_for(world: Any) -> None:
    """It may lag; only a reading says that it is gone."""
    put(world, "github")
    snapshot = snap(world, {"github": date(world, "github"), "gone": "2020-01-01T00:00:00Z"})
    assert reads(world) == {"gone": 1}
    assert (snapshot.live, snapshot.unknown) == ({}, {})


def test_where_the_listing_is_denied_nothing_is_trusted(world: Any) -> None:
    put(world, "github")
    known = {"github": date(world, "github")}
    world.misbehaviour.deny(LIST)
    snapshot = snap(world, known)
    assert (snapshot.trusted, set(snapshot.live)) == (frozenset(), {remote("github")})
    assert (snapshot.unlisted, bool(snapshot.listing_failed)) == ({OAUTH2_PROVIDER.type}, True)


def test_where_the_listing_breaks_off_what_it_did_not_show_is_unknown(world: Any) -> None:
    names = [f"p-{number:02}" for number in range(25)]
    put(world, *names)
    known = dict.fromkeys(names, date(world, "p-00"))
    world.misbehaviour.before(LIST, lambda _: world.misbehaviour.fail(LIST, "InternalServerException", times=None))
    snapshot = snap(world, known)
    assert len(snapshot.trusted) == 20
    assert set(snapshot.unknown) == {remote(name) for name in names[20:]}


def test_only_the_kinds_in_use_are_listed(world: Any) -> None:
    identity = Remote(WORKLOAD_IDENTITY.type, "agent")
    listed = {LIST, API_KEY_PROVIDER.api.list, WORKLOAD_IDENTITY.api.list}
    for expected, kinds, called in (
        ({identity}, (WORKLOAD_IDENTITY,), {WORKLOAD_IDENTITY.api.list}),
        ({remote("github")}, (WORKLOAD_IDENTITY,), {WORKLOAD_IDENTITY.api.list, LIST}),
        ({identity}, (WORKLOAD_IDENTITY, OAUTH2_PROVIDER, API_KEY_PROVIDER, TOKEN_VAULT), listed),
    ):
        world.misbehaviour.calls.clear()
        snap(world, {}, expected=frozenset(expected), kinds=kinds)
        assert listed & set(world.sent()) == called


def test_the_vault_stands_always_and_is_read_where_it_is_declared(world: Any) -> None:
    vault = Remote(TOKEN_VAULT.type, "default")
    snapshot = snap(world, {}, expected=frozenset({vault}))
    assert snapshot.live[vault].attributes == {"keyType": "ServiceManagedKey", "kmsKeyArn": None}
    assert snapshot.live[vault].arn == SCOPE.arn("token-vault/default")
    assert world.sent().count("GetTokenVault") == 1


def test_what_is_not_ready_has_no_date(world: Any) -> None:
    """So that a lockfile never holds one, and every plan reads it and says so."""
    put(world, "github")
    common: dict[str, Any] = {"vendor": "GithubOauth2", "config": {"clientId": "x"}, "updated": 5.0}
    world.store.put(SCOPE, Provider(name="github", **common, status="UPDATE_FAILED", failure="no"))
    live = world.directory.read(OAUTH2_PROVIDER, "github")
    assert (live.ready, live.status, live.failure, live.updated) == (False, "UPDATE_FAILED", "no", "")
