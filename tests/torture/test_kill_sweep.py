"""A run killed at every point: nothing is orphaned, made twice or lost, and the next run converges.

`make torture` kills at all of them. The suite does at those that lie around what cannot be taken back, and at some between.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.torture.sweep import SCENARIOS, Scenario, Sweep, every_nth, told

ALL = bool(os.environ.get("TORTURE"))
ONE = os.environ.get("POINT", "")  # "apply:123": that point alone
SHARDS = 8
KILLED = frozenset({-signal.SIGKILL})
LIVED = frozenset({0})
AROUND = (
    "after create fleet.prod.lock.json.journal",
    "half-way in write fleet.prod.lock.json.journal",
    "after PUT /tags",
    "before POST /identities/CreateWorkloadIdentity",
    "after POST /identities/CreateWorkloadIdentity",
    "after POST /identities/UpdateWorkloadIdentity",
    "after POST /identities/DeleteWorkloadIdentity",
    "before replace fleet.prod.lock.json",
    "after replace fleet.prod.lock.json",
    "before remove fleet.prod.lock.json.journal",
    "after remove fleet.prod.lock.json.journal",
    "before remove fleet.prod.lock.json.holder",
)
