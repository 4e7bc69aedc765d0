"""What holds of every plan, whatever is desired, known and live."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import Severity, Source
from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import Action
from reconciler.model.environments import Environment, Settings, Target, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY as KIND
from reconciler.model.plan import Plan, Route
from reconciler.model.resources import Desired, Known, Live, Lock, Origin, Refresh, Snapshot, Stack
from reconciler.model.values import canonical, without_tags
from reconciler.planning import (
    Allowances,
    changed_remotes,
    check_fits,
    dump_plan,
    expected_remotes,
    guard,
    load_plan,
    make_adoption,
    make_forgetting,
    make_plan,
)
from reconciler.planning.diff import judge
from reconciler.planning.pairs import Pair
from reconciler.planning.verdicts import Terms
from reconciler.schema_files import schema

TARGET = Target(stack="payments", environment="prod", account="222222222222", region="us-east-1")
ROUTE = Route(lockfile="payments.prod.lock.json", where=Where.AWS)
NAMES = ["ann", "bob", "cat", "dan"]
OWNERS = ["", TARGET.owner, "billing/prod"]
IGNORED = ("cost-*",)

names = st.sampled_from(NAMES)
# Few values, so that the three sides often agree, and often in part.
attributes = st.builds(
    lambda urls, tags: canonical(KIND, {"allowedResourceOauth2ReturnUrls": urls, "tags": tags}),
    st.lists(st.sampled_from(["https://one/", "https://two/"]), max_size=3),
    st.dictionaries(st.sampled_from(["team", "cost-center", "aws:x"]), st.sampled_from(["1", "2"]), max_size=2),
)
moderate = settings(derandomize=True, deadline=None, max_examples=200)


def arn(name: str) -> str:
    return f"arn:{name}"


@dataclass(frozen=True)
class World:
    """Everything that a plan is made from."""

    stack: Stack
    lock: Lock | None
    snapshot: Snapshot

    def plan(self, **how: Any) -> Plan:
        return make_plan(stack=self.stack, lock=self.lock, snapshot=self.snapshot, target=TARGET, route=ROUTE, **how)


@st.composite
def desired(draw: st.DrawFn, key: str) -> Desired:
    previously = draw(st.none() | names)
    return Desired(
        address=Address(KIND.type, key),
        name=draw(st.just(key) | names),
        attributes=draw(attributes),
        protect=draw(st.booleans()),
        update_only=draw(st.sampled_from([False, False, True])),
        previously=Address(KIND.type, previously) if previously else None,
        source=Source("m.yaml", NAMES.index(key) + 1, 1),
    )


@st.composite
def locks(draw: st.DrawFn) -> Lock | None:
    if draw(st.integers(0, 4)) == 0:
        return None
    # One remote has one entry: parse_lock sees to that.
    of = dict(zip(draw(st.lists(names, unique=True)), draw(st.permutations(NAMES)), strict=False))
    held = {
        Address(KIND.type, key): Known(
            address=Address(KIND.type, key),
            name=name,
            arn=arn(name),
            origin=draw(st.sampled_from(Origin)),
            attributes=draw(attributes),
            protect=draw(st.sampled_from([False, False, True])),
            update_only=draw(st.sampled_from([False, False, True])),
        )
        for key, name in of.items()
    }
    lineage = "11111111-2222-3333-4444-555555555555"
    return Lock(
        lineage=lineage, serial=3, stack="payments", environment="prod", account="222222222222", region="us-east-1",
        resources=held,
    )  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn) -> World:
    keys = draw(st.lists(names, unique=True))
    stack = Stack(
        name="payments",
        environment=Environment(name="prod", protect=draw(st.sampled_from([False, False, True]))),
        settings=Settings(ignore_tags=IGNORED),
        resources={Address(KIND.type, key): draw(desired(key)) for key in keys},
        digest="sha256:0",
    )
    refresh = draw(st.sampled_from(Refresh))
    standing = draw(st.lists(names, unique=True)) if refresh is not Refresh.NONE else []
    dark = draw(st.lists(st.sampled_from(standing), unique=True, max_size=1)) if standing else []
    live = {
        Remote(KIND.type, name): Live(
            remote=Remote(KIND.type, name),
            arn=arn(name),
            attributes=draw(attributes),
            owner=draw(st.sampled_from(OWNERS)),
        )
        for name in standing
        if name not in dark
    }
    linked = draw(st.lists(st.sampled_from(standing), unique=True, max_size=1)) if standing else []
    snapshot = Snapshot(
        refresh=refresh,
        live=live,
        listed={Remote(KIND.type, name): arn(name) for name in standing},
        unknown={Remote(KIND.type, name): "AccessDenied" for name in dark},
        linked={arn(name): "runtime r" for name in linked},
        listing_failed=draw(st.sampled_from(["", "", "", "throttled"])) if refresh is not Refresh.NONE else "",
    )
    return World(stack, draw(locks()), snapshot)


@given(attributes, st.booleans(), st.booleans())
@moderate
def test_the_difference_of_anything_to_itself_is_empty(values: Any, protect: bool, update_only: bool) -> None:
    address, remote = Address(KIND.type, "ann"), Remote(KIND.type, "ann")
    same = {"attributes": values}
    want = Desired(address=address, name="ann", protect=protect, update_only=update_only, **same)
    know = Known(
        address=address,
        name="ann",
        arn=arn("ann"),
        origin=Origin.CREATED,
        protect=protect,
        update_only=update_only,
        **same,
    )
    live = Live(remote=remote, arn=arn("ann"), owner=TARGET.owner, **same)
    snapshot = Snapshot(refresh=Refresh.FULL, live={remote: live}, listed={remote: arn("ann")}, unknown={}, linked={})
    verdict = judge(Pair(address, want, know), Terms(snapshot=snapshot, owner=TARGET.owner, ignored=IGNORED))
    assert (verdict.change, verdict.drift, verdict.findings) == (None, None, ())
    assert verdict.unchanged


@given(worlds(), st.booleans())
@moderate
def test_saving_and_loading_is_identity_and_gives_the_same_bytes(world: World, destroy: bool) -> None:
    plan = world.plan(destroy=destroy)
    text = dump_plan(plan)
    assert load_plan(text, file="p.json") == plan
    assert dump_plan(load_plan(text, file="p.json")) == text
    assert jsonschema_rs.validator_for(schema("plan")).is_valid(json.loads(text))
    check_fits(plan, world.lock, target=TARGET)


@given(worlds(), st.randoms(use_true_random=False))
@moderate
def test_the_order_of_what_comes_in_never_shows(world: World, random: Any) -> None:
    def shuffled(mapping: Any) -> Any:
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    seen = world.snapshot
    other = World(
        replace(world.stack, resources=shuffled(world.stack.resources)),
        world.lock and replace(world.lock, resources=shuffled(world.lock.resources)),
        replace(seen, live=shuffled(seen.live), listed=shuffled(seen.listed), unknown=shuffled(seen.unknown)),
    )
    assert dump_plan(other.plan()) == dump_plan(world.plan())
    assert [one.address for one in world.plan().changes] == sorted(one.address for one in world.plan().changes)


@given(worlds(), st.booleans())
@moderate
def test_nothing_but_what_the_lockfile_holds_ever_loses_anything(world: World, destroy: bool) -> None:
    held = {Remote(KIND.type, one.name): one for one in world.lock.resources.values()} if world.lock else {}
    wanted = set() if destroy else {one.name for one in world.stack.resources.values()}
    for change in world.plan(destroy=destroy).changes:
        if change.action in (Action.DELETE, Action.REPLACE, Action.FORGET):
            lost = change.previous_name or change.name
            entry = held[Remote(KIND.type, lost)]
            if change.action is Action.FORGET:
                continue
            assert not entry.protect
            assert not entry.update_only
            assert lost not in wanted
            assert change.owner in ("", TARGET.owner)
            assert arn(lost) not in world.snapshot.linked
            assert not world.stack.environment.protect


@given(worlds())
@moderate
def test_what_is_unknown_foreign_or_the_services_own_is_never_written(world: World) -> None:
    plan = world.plan()
    writing = [one for one in plan.changes if one.action not in (Action.NO_OP, Action.FORGET)]
    for change in writing:
        for name in {change.name, change.previous_name} - {""}:
            remote = Remote(KIND.type, name)
            assert remote not in world.snapshot.unknown
            live = world.snapshot.live.get(remote)
            assert live is None or (live.owner in ("", TARGET.owner) and change.action is not Action.CREATE)
            assert arn(name) not in world.snapshot.linked or change.update_only
    assert plan.complete == (not plan.unknown and not world.snapshot.listing_failed)


@given(worlds())
@moderate
def test_every_change_leads_where_the_manifest_wants_to_be(world: World) -> None:
    for change in world.plan().changes:
        if change.after is None:
            assert change.address not in world.stack.resources
            continue
        want = world.stack.resources[change.address]
        assert change.name == want.name
        assert change.after == without_tags(KIND, want.attributes, IGNORED)
        assert (change.protect, change.update_only) == (want.protect, want.update_only)
        if change.before is not None:
            assert (change.before == change.after) == (not change.attributes)


@given(worlds())
@moderate
def test_every_declared_resource_is_accounted_for(world: World) -> None:
    """In the plan, refused, unknown, or unchanged: nothing falls through the table."""
    plan = world.plan()
    spoken_of = {one.address for one in plan.changes}
    spoken_of |= {
        Address.parse(one.address) for one in plan.diagnostics if one.severity is Severity.ERROR and one.address
    }
    spoken_of |= {Address.parse(address) for address in plan.unknown}
    held = world.lock.resources if world.lock else {}
    for address in world.stack.resources.keys() - spoken_of:
        assert address in held
    silent = (world.stack.resources.keys() | held.keys()) - spoken_of
    assert plan.unchanged <= len(silent)


@given(worlds())
@moderate
def test_what_a_plan_of_changes_reads_is_part_of_what_a_full_one_reads(world: World) -> None:
    assert changed_remotes(world.stack, world.lock) <= expected_remotes(world.stack, world.lock)


@given(worlds())
@moderate
def test_guards_let_through_only_what_is_whole_and_not_refused(world: World) -> None:
    plan = world.plan()
    if not guard(plan, Allowances()):
        assert plan.complete
        assert not plan.errored


@given(worlds())
@moderate
def test_adopting_and_forgetting_change_no_resource(world: World) -> None:
    seen = {"snapshot": world.snapshot, "target": TARGET, "route": ROUTE}
    plans = [make_adoption(stack=world.stack, lock=world.lock, addresses=list(world.stack.resources), **seen)]
    if world.lock:
        plans.append(make_forgetting(lock=world.lock, addresses=list(world.lock.resources), **seen))
    for plan in plans:
        assert {one.action for one in plan.changes} <= {Action.ADOPT, Action.FORGET}
        assert all(one.before == one.after for one in plan.changes if one.action is Action.ADOPT)
        assert load_plan(dump_plan(plan), file="p.json") == plan
