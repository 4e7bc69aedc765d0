"""The audit trail of a directory: read beside it, behind every door, and never of another place."""

from __future__ import annotations

import contextlib
import datetime
import functools
import socket
from typing import Any

import pytest

from reconciler.directory.agentcore import AgentCore
from reconciler.directory.connecting import connect
from reconciler.emulator import ACCOUNT, Store, attach
from reconciler.model.addresses import Remote
from reconciler.model.environments import Environment, Where
from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.moments import utc_text
from reconciler.model.trail import Trail

CONTROL, TRAIL, STS = (f"AWS_ENDPOINT_URL_{one}" for one in ("BEDROCK_AGENTCORE_CONTROL", "CLOUDTRAIL", "STS"))
AGENT = Remote("workload_identity", "agent")


def read(directory: AgentCore, clock: Any) -> Trail:
    until = datetime.datetime.fromtimestamp(clock(), datetime.UTC)
    return directory.trail(since=utc_text(until - datetime.timedelta(hours=1)), until=utc_text(until))


def test_the_embedded_directory_has_its_own_trail_and_opens_no_socket(
    store: Store, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a socket was asked for")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv(TRAIL, "http://127.0.0.1:1")
    environment = Environment(name="local", where=Where.EMBEDDED)
    attached = functools.partial(attach, store=store, account=ACCOUNT)
    with contextlib.closing(connect(environment, attach=attached)) as directory:
        directory.create(WORKLOAD_IDENTITY, "agent", {}, "stack/local")
        before = directory.calls
        trail = read(directory, clock)
        assert directory.calls == before
    (event,) = trail.events
    assert (event.operation, event.remotes, event.tool) == ("CreateWorkloadIdentity", (AGENT,), "reconciler")
    assert event.principal.name == "user embedded"
    assert (trail.failed, trail.calls) == ("", 1)


def test_over_http_it_is_read_at_the_same_address(
    http_emulator: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (CONTROL, TRAIL, STS):
        monkeypatch.setenv(name, http_emulator.url)
    with contextlib.closing(connect(Environment(name="prod", region="us-east-1"))) as directory:
        directory.create(WORKLOAD_IDENTITY, "agent", {}, "stack/prod")
        (event,) = read(directory, clock).events
        http_emulator.misbehaviour.deny("LookupEvents")
        denied = read(directory, clock)
    assert event.remotes == (AGENT,)
    assert "cloudtrail:LookupEvents" in denied.failed


def test_a_trail_of_another_place_is_not_asked(http_emulator: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (CONTROL, STS):
        monkeypatch.setenv(name, http_emulator.url)
    with contextlib.closing(connect(Environment(name="prod", region="us-east-1"))) as directory:
        trail = read(directory, clock)
        assert (trail.events, trail.calls) == ((), 0)
        assert "Set AWS_ENDPOINT_URL_CLOUDTRAIL" in trail.failed
        assert http_emulator.misbehaviour.count("LookupEvents") == 0


def test_what_no_client_can_be_made_for_is_told(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTROL, "http://127.0.0.1:9")
    monkeypatch.setenv(TRAIL, "not a url")
    with contextlib.closing(connect(Environment(name="prod", region="us-east-1", account="1" * 12))) as directory:
        trail = read(directory, clock)
    assert trail.events == ()
    assert "not a url" in trail.failed
