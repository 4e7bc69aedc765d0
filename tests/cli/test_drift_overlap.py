"""Two drift runs at the same time: the second leaves at once with 5, tells nobody, and the first is not disturbed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.peers import Inbox, serve_inbox


@pytest.fixture(params=["disk", "bucket"])
def stack(request: pytest.FixtureRequest, project: Any, aws: Any) -> Any:
    """A stack whose state is on the disk, or in a bucket."""
    state = ""
    if request.param == "bucket":
        state = f", state: 's3://{request.getfixturevalue('buckets').make()}/team'"
    project.declare("agent-a", "agent-b", head=f"environments: {{prod: {{region: us-east-1{state}}}}}")
    assert project.run("apply", "--auto-approve").code == 0
    return project


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    with serve_inbox() as running:
        monkeypatch.setenv("DRIFT_KEY", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        monkeypatch.setenv("RECONCILER_NOTIFY", f"webhook={running.url}/drift,key=DRIFT_KEY")
        yield running


def test_the_second_leaves_at_once_and_the_first_comes_to_its_end(stack: Any, aws: Any, inbox: Inbox) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        reached.set()
        go_on.wait(60)

    aws.misbehaviour.before("ListWorkloadIdentities", hold)
    first = stack.spawn("drift", "--metrics", "first.prom")
    try:
        assert reached.wait(60)
        began = time.monotonic()
        second = stack.other("drift", "--metrics", "second.prom")
        took = time.monotonic() - began
    finally:
        go_on.set()
    assert second.code == 5, second.err
    assert f"process {first.pid}, drift, since" in second.err
    assert second.out == ""
    assert took < 20, "it waited"
    _, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    assert inbox.sent == []
    assert {one.name for one in stack.folder.glob("*.prom")} == {"first.prom"}
    assert stack.run("drift").code == 0
