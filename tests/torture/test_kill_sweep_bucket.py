"""The same sweep with the state in a bucket: at each kill the disk goes too, and the next runner knows all it needs."""

from __future__ import annotations

import itertools
import os

import pytest

from tests.torture.figures import Figures
from tests.torture.sweep import SCENARIOS, Sweep
from tests.torture.test_kill_sweep import SHARDS, killed_at

NAMES = ("apply", "settle", "first", "adopt", "forget")
LOCK = "/fleet-state/team/fleet.prod.lock.json"
AROUND: dict[str, tuple[str, ...]] = {
    "apply": (
        f"after PUT {LOCK}.lease",
        f"after PUT {LOCK}.journal/RUN/N.head",
        f"before PUT {LOCK}.journal/RUN/N.rows",
        f"after PUT {LOCK}.journal/RUN/N.rows",
        "after POST /identities/CreateWorkloadIdentity",
        "before POST /identities/DeleteWorkloadIdentity",
        f"before PUT {LOCK}",
        f"after PUT {LOCK}",
        "after POST /fleet-state",
        f"before DELETE {LOCK}.lease",
        f"after DELETE {LOCK}.lease",
    ),
    "settle": (f"after PUT {LOCK}", "after POST /fleet-state"),
    "first": ("after POST /identities/CreateWorkloadIdentity", f"after PUT {LOCK}"),
    "adopt": (f"after PUT {LOCK}",),
    "forget": (f"after PUT {LOCK}",),
}


if os.environ.get("POINT"):

    def test_one_point(bucket_sweep: Sweep, record_property: Figures.Record) -> None:
        name, _, point = os.environ["POINT"].partition(":")
        killed_at(bucket_sweep, name, [int(point)], Figures(record_property, f"kill sweep in S3, {name}", "point"))

elif os.environ.get("TORTURE"):

    @pytest.mark.parametrize("shard", range(1, SHARDS + 1))
    @pytest.mark.parametrize("name", NAMES)
    def test_every_point(bucket_sweep: Sweep, name: str, shard: int, record_property: Figures.Record) -> None:
        figures = Figures(record_property, f"kill sweep in S3, {name}", "point")
        killed_at(bucket_sweep, name, itertools.count(shard, SHARDS), figures)

else:

    @pytest.mark.parametrize("name", NAMES)
    def test_points_that_matter(bucket_sweep: Sweep, name: str, record_property: Figures.Record) -> None:
        figures = Figures(record_property, f"kill sweep in S3, {name}", "point")
        killed_at(bucket_sweep, name, AROUND[name], figures)


def test_a_run_passes_every_kind_of_point(bucket_sweep: Sweep) -> None:
    """A sweep that passes hardly any points would find nothing; and none of them may be a touch of the disk."""
    labels = bucket_sweep.labels(SCENARIOS["apply"])
    assert len(labels) >= 100
    assert set(AROUND["apply"]) <= set(labels)
    assert [one for one in labels if "fleet.prod" in one and "/" not in one] == []
