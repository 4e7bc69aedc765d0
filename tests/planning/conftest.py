"""Builders for the values that planning takes, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reconciler.diagnostics import Source
from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import Change
from reconciler.model.environments import Environment, Limit, Settings, Target, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY as KIND
from reconciler.model.plan import Plan, Route
from reconciler.model.resources import Desired, Known, Live, Lock, Origin, Refresh, Snapshot, Stack
from reconciler.model.values import Attributes, canonical
from reconciler.planning import Selection, make_adoption, make_forgetting, make_plan, make_rebuild

ACCOUNT, REGION = "222222222222", "us-east-1"
LINEAGE = "11111111-2222-3333-4444-555555555555"
OURS, THEIRS = "payments/prod", "billing/prod"


class Make:
    """One stack, its lockfile and its directory, each filled by a call, then planned."""

    def __init__(self) -> None:
        self.ours, self.theirs = OURS, THEIRS
        self.target = Target(stack="payments", environment="prod", account=ACCOUNT, region=REGION)
        self.route = Route(lockfile="payments.prod.lock.json", where=Where.AWS, profile="prod")
        self.environment = Environment(name="prod", account=ACCOUNT, region=REGION)
        self.settings = Settings()
        self.desired: dict[Address, Desired] = {}
        self.held: dict[Address, Known] = {}
        self.standing: dict[Remote, Live] = {}
        self.unknown: dict[Remote, str] = {}
        self.linked: dict[str, str] = {}
        self.listed: dict[Remote, str] = {}
        self.refresh = Refresh.FULL
        self.serial = 7
        self.no_lock = False
        self.reading: dict[str, Any] = {}
        self.today: date | None = None

    def address(self, key: str) -> Address:
        return Address(KIND.type, key)

    def remote(self, name: str) -> Remote:
        return Remote(KIND.type, name)

    def arn(self, name: str) -> str:
        return (
            f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:workload-identity-directory/default/workload-identity/{name}"
        )

    def attributes(self, *urls: str, **tags: str) -> Attributes:
        """URLs are named by one word each."""
        return canonical(KIND, {"allowedResourceOauth2ReturnUrls": [f"https://{url}/cb" for url in urls], "tags": tags})

    def want(self, key: str, *urls: str, name: str = "", previously: str = "", **fields: Any) -> Make:
        """Declare it."""
        address = self.address(key)
        self.desired[address] = Desired(
            address=address,
            name=name or key,
            attributes=self.attributes(*urls, **fields.pop("tags", {})),
            previously=self.address(previously) if previously else None,
            source=Source("payments.yaml", len(self.desired) + 1, 3),
            **fields,
        )
        return self

    def know(self, key: str, *urls: str, name: str = "", **fields: Any) -> Make:
        """Put it into the lockfile."""
        address = self.address(key)
        self.held[address] = Known(
            address=address,
            name=name or key,
            arn=self.arn(name or key),
            origin=fields.pop("origin", Origin.CREATED),
            attributes=self.attributes(*urls, **fields.pop("tags", {})),
            **fields,
        )
        return self

    def live(self, name: str, *urls: str, owner: str = OURS, linked: str = "", **tags: str) -> Make:
        """Put it into the directory."""
        remote = self.remote(name)
        self.standing[remote] = Live(
            remote=remote, arn=self.arn(name), attributes=self.attributes(*urls, **tags), owner=owner
        )
        if linked:
            self.linked[self.arn(name)] = linked
        return self

    def unread(self, name: str) -> Make:
        """Let the listing show it, and nobody have read it."""
        self.listed[self.remote(name)] = self.arn(name)
        return self

    def dark(self, name: str, reason: str = "AccessDenied: no") -> Make:
        """Let it be unreadable."""
        self.unknown[self.remote(name)] = reason
        return self.unread(name)

    def set(self, **environment: Any) -> Make:
        """Members of the environment."""
        self.environment = replace(self.environment, **environment)
        return self

    @property
    def stack(self) -> Stack:
        return Stack(
            name="payments",
            environment=self.environment,
            settings=self.settings,
            resources=self.desired,
            digest="sha256:" + "0" * 64,
        )

    @property
    def lock(self) -> Lock | None:
        if self.no_lock:
            return None
        return Lock(
            lineage=LINEAGE,
            serial=self.serial,
            stack="payments",
            environment="prod",
            account=ACCOUNT,
            region=REGION,
            resources=self.held,
        )

    @property
    def snapshot(self) -> Snapshot:
        nothing = self.refresh is Refresh.NONE
        listed = {remote: live.arn for remote, live in self.standing.items()}
        return Snapshot(
            refresh=self.refresh,
            live={} if nothing else self.standing,
            listed={} if nothing else {**listed, **self.listed},
            unknown=self.unknown,
            linked=self.linked,
            **self.reading,
        )

    def plan(
        self,
        *,
        targets: tuple[str, ...] = (),
        excludes: tuple[str, ...] = (),
        destroy: bool = False,
        finish_renames: bool = False,
    ) -> Plan:
        return make_plan(
            stack=self.stack,
            lock=self.lock,
            snapshot=self.snapshot,
            target=self.target,
            route=self.route,
            selection=Selection(targets=targets, excludes=excludes, finish_renames=finish_renames),
            destroy=destroy,
            today=self.today,
        )

    def adoption(self, *keys: str) -> Plan:
        return make_adoption(
            stack=self.stack,
            lock=self.lock,
            snapshot=self.snapshot,
            target=self.target,
            route=self.route,
            addresses=[self.address(key) for key in keys],
            today=self.today,
        )

    def forgetting(self, *keys: str) -> Plan:
        lock = self.lock
        assert lock is not None
        return make_forgetting(
            lock=lock,
            snapshot=self.snapshot,
            target=self.target,
            route=self.route,
            addresses=[self.address(key) for key in keys],
        )

    def rebuilding(self) -> Plan:
        return make_rebuild(stack=self.stack, snapshot=self.snapshot, target=self.target, route=self.route)

    def steps(self, **how: Any) -> Mapping[str, tuple[str, str]]:
        """What the plan does: key -> (action, reason)."""
        return {one.address.key: (one.action.word, one.reason.value) for one in self.plan(**how).changes}

    def codes(self, **how: Any) -> list[tuple[str, str]]:
        """What the plan says: (key, code), in order."""
        return [((one.address or "").partition(".")[2], one.code) for one in self.plan(**how).diagnostics]

    def change(self, **how: Any) -> Change:
        """The plan's only change."""
        (only,) = self.plan(**how).changes
        return only

    def limit(self, percent: int | None = None, count: int | None = None) -> Make:
        return self.set(limit=Limit(percent=percent, count=count))


@pytest.fixture
def make() -> Make:
    return Make()
