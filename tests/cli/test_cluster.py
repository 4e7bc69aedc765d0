"""`--scheduler`: targets as tasks of a Dask cluster of two processes; one of them is killed in the middle of a task."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

MANIFEST = """\
version: 1
stack: payments
environments: {{prod: {{region: [eu-west-1, us-east-1]{more}}}}}
workloadIdentities:
  abc: {{name: "abc-${{region}}"}}
  def: {{name: "def-${{region}}"}}
"""
TARGETS = ["prod@eu-west-1", "prod@us-east-1"]


class Workers:
    """A cluster of two processes with one task at a time each, in the folder of the project."""

    def __init__(self, cluster: Any, client: Any) -> None:
        self.address = cluster.scheduler_address
        self._client = client
        self._pids = client.run(os.getpid)

    def kill(self, target: str) -> None:
        """End the process that has the target's task, at once."""
        for worker, keys in self._client.processing().items():
            if any(str(key).startswith(target) for key in keys):
                os.kill(self._pids[worker], signal.SIGKILL)
                return
        raise AssertionError(f"no worker has {target}")


@pytest.fixture
def workers(project: Any, aws: Any) -> Iterator[Workers]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            protocol="tcp",
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield Workers(cluster, client)


@pytest.fixture
def two(project: Any) -> Any:
    project.write(MANIFEST.format(more=""))
    return project


def told(ran: Any) -> dict[str, dict[str, Any]]:
    return {one["target"]: one for one in json.loads(ran.out)["targets"]}


def test_the_workers_make_the_same_plan(two: Any, workers: Workers) -> None:
    there = two.run("plan", "--all", "--scheduler", workers.address, "--format", "json")
    here = two.run("plan", "--all", "--format", "json")

    assert there.code == here.code == 0, there.err
    assert there.out == here.out
    assert [path.name for path in two.folder.iterdir()] == ["reconciler.yaml"]


def test_the_workers_apply_what_was_shown(two: Any, workers: Workers) -> None:
    ran = two.run("apply", "--all", "--auto-approve", "--scheduler", workers.address, "--format", "json")

    assert ran.code == 0, ran.err
    assert {name: one["ended"] for name, one in told(ran).items()} == dict.fromkeys(TARGETS, "applied")
    assert two.run("plan", "--all", "--detailed-exitcode").code == 0


def test_a_target_whose_worker_is_lost_is_planned_again_and_said_so(two: Any, workers: Workers, aws: Any) -> None:
    two.run("apply", "--all", "--auto-approve")
    aws.misbehaviour.before(
        "GetWorkloadIdentity", lambda _: workers.kill("prod@us-east-1"), times=1, name="abc-us-east-1"
    )
    ran = two.run("plan", "--all", "--scheduler", workers.address, "--format", "json", "--detailed-exitcode")

    assert ran.code == 0, ran.err
    assert {name: bool(one["retried"]) for name, one in told(ran).items()} == {TARGETS[0]: False, TARGETS[1]: True}
    assert told(ran)[TARGETS[1]]["plan"]["unchanged"] == 2


def test_a_plan_that_a_lost_worker_did_not_begin_is_carried_out_by_the_next(
    two: Any, workers: Workers, aws: Any
) -> None:
    """Killed while it looks once more, before anything of the change is in the journal."""
    two.run("apply", "--all", "--auto-approve")
    two.write(MANIFEST.format(more="").replace('"abc-${region}"', '"abc-${region}", tags: {a: b}'))
    reads: list[bool] = []

    def kill(_: Any) -> None:
        reads.append(True)
        if len(reads) == 2:  # the plan reads it once, apply once more right before it writes
            workers.kill("prod@us-east-1")

    aws.misbehaviour.before("GetWorkloadIdentity", kill, times=None, name="abc-us-east-1")
    ran = two.run("apply", "--all", "--auto-approve", "--scheduler", workers.address, "--format", "json")

    assert {name: (one["ended"], bool(one["retried"])) for name, one in told(ran).items()} == {
        "prod@eu-west-1": ("applied", False),
        "prod@us-east-1": ("applied", True),
    }
    assert ran.code == 0
    assert two.run("plan", "--all", "--detailed-exitcode").code == 0


def test_what_a_lost_worker_wrote_is_settled_and_the_rest_is_not_begun(two: Any, workers: Workers, aws: Any) -> None:
    aws.misbehaviour.before(
        "CreateWorkloadIdentity", lambda _: workers.kill("prod@us-east-1"), times=1, name="abc-us-east-1"
    )
    ran = two.run("apply", "--all", "--auto-approve", "--scheduler", workers.address, "--format", "json")

    one = told(ran)["prod@us-east-1"]
    assert (one["ended"], one["exit_code"], ran.code) == ("applied_in_part", 6, 6)
    assert one["retried"]
    assert "is in the lockfile" in one["error"]["summary"]
    assert two.run("apply", "--all", "--auto-approve").code == 0
    assert two.run("plan", "--all", "--detailed-exitcode").code == 0


def test_workers_that_do_not_see_the_state_are_refused(
    two: Any, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathlib.Path.touch", lambda *_, **__: None)  # as if the folder were another machine's
    ran = two.run("plan", "--all", "--scheduler", workers.address)

    assert ran.code == 1
    assert "do not see that folder" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--env", "prod@us-east-1", "--scheduler", "tcp://127.0.0.1:1"), "--scheduler is for several targets"),
        (("--all", "--scheduler", "moon"), "no Dask scheduler answers at moon"),
    ],
)
def test_what_is_no_cluster_is_told(two: Any, words: tuple[str, ...], said: str) -> None:
    ran = two.run("plan", *words)

    assert ran.code == 1
    assert said in ran.err
