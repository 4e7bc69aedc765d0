"""Drift runs made of findings, for those who only look at what was found. Not a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.model.addresses import Address, Remote
from reconciler.model.drift import Acknowledgement, Coverage, DriftClass, Drifted, DriftRun, Noted, Status, Why
from reconciler.model.environments import Environment, Settings, Target, Where
from reconciler.model.moments import utc_text
from reconciler.model.plan import Route
from reconciler.model.resources import Lock, Refresh, Snapshot, Stack
from reconciler.model.trail import Event, Principal
from reconciler.planning import make_plan

TARGET = Target(stack="payments", environment="prod", account="222222222222", region="us-east-1")
IDENTITY = "workload_identity"
_START = datetime(2026, 11, 24, 2, 0, 0, tzinfo=UTC)


def day(days: float) -> str:
    """The moment that many days after the first run."""
    return utc_text(_START + timedelta(days=days))


def changed(name: str = "invoice-agent", url: str = "https://rogue.example/callback", **more: Any) -> Drifted:
    base = Drifted(
        what=DriftClass.CHANGED,
        remote=Remote(IDENTITY, name),
        address=Address(IDENTITY, name),
        attribute="allowedResourceOauth2ReturnUrls",
        before=("https://app.example.com/callback",),
        after=("https://app.example.com/callback", url),
    )
    return replace(base, **more)


def newcomer(name: str = "somebody") -> Drifted:
    return Drifted(what=DriftClass.NEWCOMER, remote=Remote(IDENTITY, name), arn=f"arn:aws:::{name}")


def unknown(name: str = "invoice-agent") -> Drifted:
    return Drifted(
        what=DriftClass.UNKNOWN, remote=Remote(IDENTITY, name), address=Address(IDENTITY, name), reason="AccessDenied"
    )


def noted(
    drifted: Drifted,
    status: Status = Status.NEW,
    *,
    first: float = 0,
    acknowledged: bool = False,
) -> Noted:
    ack = Acknowledgement(
        fingerprint=drifted.fingerprint, about=drifted.about, reason="known", by="jane", until="2027-01-01"
    )
    return Noted(
        drifted=drifted,
        status=status,
        first=day(first),
        last=day(first),
        count=1,
        acknowledged=ack if acknowledged else None,
    )


def event(who: str = "role Admin, session jane", address: str = "203.0.113.7") -> Event:
    return Event(
        id="1",
        time=day(0),
        operation="UpdateWorkloadIdentity",
        principal=Principal(kind="AssumedRole", arn="arn:aws:sts::222222222222:assumed-role/Admin/jane", name=who),
        address=address,
        agent="Mozilla/5.0",
        tool="console",
    )


def run(*found: Noted, at: float = 0, unread: tuple[str, ...] = ()) -> DriftRun:
    """A run that many days after the first."""
    lock = Lock(
        lineage="1", serial=1, stack=TARGET.stack, environment=TARGET.environment, account=TARGET.account, region=TARGET.region,
        resources={},
    )  # fmt: skip
    stack = Stack(
        name=TARGET.stack,
        environment=Environment(name=TARGET.environment),
        settings=Settings(),
        resources={},
        digest="",
    )
    empty = Snapshot(refresh=Refresh.CHANGED, live={}, listed={}, unknown={}, linked={})
    route = Route(lockfile="reconciler.prod.lock.json", where=Where.AWS)
    return DriftRun(
        target=TARGET,
        at=day(at),
        noted=found,
        coverage=Coverage(
            read={Why.NAMED: 3, Why.DUE: 1},
            believed=7,
            oldest=day(at - 0.5),
            events=4,
            calls=12,
            by_operation={"GetWorkloadIdentity": 8, "LookupEvents": 2},
            throttled=3,
        ),
        plan=make_plan(stack=stack, lock=lock, snapshot=empty, target=TARGET, route=route),
        managed=11,
        unread=unread,
        unreadable=len(unread),
    )
