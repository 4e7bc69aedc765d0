"""A run killed at every point: nothing is orphaned, made twice or lost, and the next run converges.

`make torture` kills at all of them. The suite does where what was done cannot be taken back, and at some points between.
`POINT=apply:123` kills at that one alone.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterable

import pytest

from tests.torture.figures import Figures
from tests.torture.sweep import SCENARIOS, Point, Sweep, told

KILLED = frozenset({-signal.SIGKILL})
SHARDS = 4
SPREAD = 6
AROUND: dict[str, tuple[str, ...]] = {
    "apply": (
        "after create fleet.prod.lock.json.journal",
        "half-way in write fleet.prod.lock.json.journal",
        "before POST /identities/CreateWorkloadIdentity",
        "after POST /identities/CreateWorkloadIdentity",
        "after POST /identities/UpdateWorkloadIdentity",
        "after POST /tags",
        "after POST /identities/DeleteWorkloadIdentity",
        "before replace fleet.prod.lock.json",
        "after replace fleet.prod.lock.json",
        "after remove fleet.prod.lock.json.journal",
    ),
    "settle": ("before POST /identities/DeleteWorkloadIdentity", "after replace fleet.prod.lock.json"),
    "first": ("after POST /identities/CreateWorkloadIdentity", "after replace fleet.prod.lock.json"),
    "adopt": ("after POST /tags", "after replace fleet.prod.lock.json"),
    "forget": ("after DELETE /tags", "after replace fleet.prod.lock.json"),
}


def killed_at(sweep: Sweep, name: str, points: Iterable[Point], figures: Figures) -> None:
    """Kill at each of the points, until there are none left. How many there are depends a little on how threads meet."""
    scenario = SCENARIOS[name]
    expected = len(sweep.labels(scenario))
    for point in points:
        beyond = isinstance(point, int) and point > expected * 3 // 4
        signals = ((point, int(signal.SIGKILL)),)
        ran, wrong = sweep.problems(scenario, signals, codes=KILLED | {0} if beyond else KILLED)
        if not ran.hit and not wrong:
            if isinstance(point, int) and point > expected:
                break
            continue
        figures.one(told(scenario, signals, ran, wrong) if wrong else "")
    figures.close()


if os.environ.get("POINT"):

    def test_one_point(local_sweep: Sweep, record_property: Figures.Record) -> None:
        name, _, point = os.environ["POINT"].partition(":")
        killed_at(local_sweep, name, [int(point)], Figures(record_property, f"kill sweep, {name}", "point"))

elif os.environ.get("TORTURE"):

    @pytest.mark.parametrize("shard", range(1, SHARDS + 1))
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_every_point(local_sweep: Sweep, name: str, shard: int, record_property: Figures.Record) -> None:
        figures = Figures(record_property, f"kill sweep, {name}", "point")
        killed_at(local_sweep, name, itertools.count(shard, SHARDS), figures)

else:

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_points_that_matter_and_some_between(
        local_sweep: Sweep, name: str, record_property: Figures.Record
    ) -> None:
        every = len(local_sweep.labels(SCENARIOS[name]))
        between = [(2 * one + 1) * every // (2 * SPREAD) for one in range(SPREAD)] if name == "apply" else []
        figures = Figures(record_property, f"kill sweep, {name}", "point")
        killed_at(local_sweep, name, [*AROUND[name], *between], figures)


def test_a_run_passes_every_kind_of_point(local_sweep: Sweep) -> None:
    """A sweep that passes hardly any points would find nothing."""
    labels = local_sweep.labels(SCENARIOS["apply"])
    assert len(labels) >= 130
    assert set(AROUND["apply"]) <= set(labels)
