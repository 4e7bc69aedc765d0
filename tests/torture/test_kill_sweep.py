"""A run killed at every point: nothing is orphaned, made twice or lost, and the next run converges.

With the state in a folder, and in a bucket, where the runner's disk goes at each kill. `make torture` kills at all points. The
suite does where what was done cannot be taken back, and at some points between. `POINT=apply:123` kills at that one alone,
`POINT=s3:apply:123` with the state in a bucket.
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
PLACES = ("local", "bucket")
WORDS = {"local": "folder", "bucket": "S3"}
_LOCK = "/fleet-state/team/fleet.prod.lock.json"
AROUND: dict[str, dict[str, tuple[str, ...]]] = {
    "local": {
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
    },
    "bucket": {
        "apply": (
            f"after PUT {_LOCK}.lease",
            f"after PUT {_LOCK}.journal/RUN/N.head",
            f"before PUT {_LOCK}.journal/RUN/N.rows",
            f"after PUT {_LOCK}.journal/RUN/N.rows",
            "after POST /identities/CreateWorkloadIdentity",
            "before POST /identities/DeleteWorkloadIdentity",
            f"before PUT {_LOCK}",
            f"after PUT {_LOCK}",
            "after POST /fleet-state",
            f"before DELETE {_LOCK}.lease",
            f"after DELETE {_LOCK}.lease",
        ),
        "settle": (f"after PUT {_LOCK}", "after POST /fleet-state"),
        "first": ("after POST /identities/CreateWorkloadIdentity", f"after PUT {_LOCK}"),
        "adopt": (f"after PUT {_LOCK}",),
        "forget": (f"after PUT {_LOCK}",),
    },
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


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """Where the state is."""
    return str(request.param)


@pytest.fixture
def sweep(request: pytest.FixtureRequest, place: str) -> Sweep:
    """The sweep over that place."""
    found: Sweep = request.getfixturevalue(f"{place}_sweep")
    return found


def figures_of(record: Figures.Record, place: str, name: str) -> Figures:
    return Figures(record, f"kill sweep, {WORDS[place]}, {name}", "point")


if os.environ.get("POINT"):

    def test_one_point(request: pytest.FixtureRequest, record_property: Figures.Record) -> None:
        *at, name, point = os.environ["POINT"].split(":")
        place = "bucket" if at == ["s3"] else "local"
        sweep = request.getfixturevalue(f"{place}_sweep")
        killed_at(sweep, name, [int(point)], figures_of(record_property, place, name))

elif os.environ.get("TORTURE"):

    @pytest.mark.parametrize("shard", range(1, SHARDS + 1))
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_every_point(sweep: Sweep, place: str, name: str, shard: int, record_property: Figures.Record) -> None:
        killed_at(sweep, name, itertools.count(shard, SHARDS), figures_of(record_property, place, name))

else:

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_points_that_matter_and_some_between(
        sweep: Sweep, place: str, name: str, record_property: Figures.Record
    ) -> None:
        every = len(sweep.labels(SCENARIOS[name]))
        between = [(2 * one + 1) * every // (2 * SPREAD) for one in range(SPREAD)] if name == "apply" else []
        killed_at(sweep, name, [*AROUND[place][name], *between], figures_of(record_property, place, name))


def test_a_run_passes_every_kind_of_point(sweep: Sweep, place: str) -> None:
    """A sweep that passes hardly any points would find nothing; and with a bucket, none may be a touch of the disk."""
    labels = sweep.labels(SCENARIOS["apply"])
    assert len(labels) >= 100
    assert set(AROUND[place]["apply"]) <= set(labels)
    on_disk = [one for one in labels if "fleet.prod" in one and "/" not in one]
    assert bool(on_disk) == (place == "local")
