"""Faults, each alone and in random mixtures: the run converges or refuses in clear words, and nothing is lost.

In process on a clock of its own, so that waiting costs nothing; some over HTTP, where connections and clients are real.
`make torture` plays 500 in process and 40 over HTTP; `SEED=123` plays that one (with `FAULT=lag`, that fault alone), and
`BASE=1000` begins elsewhere.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from reconciler.applying import Patience
from reconciler.aws.pacing import Pacing
from reconciler.directory.agentcore import AgentCore
from reconciler.directory.connecting import connect
from reconciler.emulator import Misbehaviour, Store, attach
from reconciler.emulator.server import Server
from reconciler.model.environments import Environment
from tests.torture import fleet
from tests.torture.faulty import FAULTS
from tests.torture.figures import Figures
from tests.torture.mixtures import Ground, Mixture, told

TORTURE, SEED = bool(os.environ.get("TORTURE")), os.environ.get("SEED", "")
BASE = int(os.environ.get("BASE") or 0)
SHARDS, IN_PROCESS, OVER_HTTP = (10, 50, 4) if TORTURE else (2, 25, 2)
LATE = 0.4


class Clock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


class Waiting(threading.Event):
    """What ends waits early, and never does; waits pass on the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.sleep(timeout or 0.0)
        return self.is_set()


@pytest.fixture(scope="session")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The emulator in this process, on a clock that costs nothing."""
    clock = Clock()
    store, misbehaviour = Store(clock=clock), Misbehaviour(clock=clock, sleep=clock.sleep)
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": fleet.SCOPE.region}
    client = boto3.client(
        "bedrock-agentcore-control", config=Config(retries={"total_max_attempts": 1}, max_pool_connections=60), **keys
    )
    attach(client, store, account=fleet.SCOPE.account, misbehaviour=misbehaviour)
    yield Ground(
        directory=AgentCore(client, account=fleet.SCOPE.account, pacing=Pacing(clock=clock, sleep=clock.sleep)),
        store=store,
        misbehaviour=misbehaviour,
        folder=tmp_path_factory.mktemp("mixtures"),
        patience=Patience(),
        pass_time=clock.sleep,
        stopping=lambda: Waiting(clock),
        quiet=lambda: None,
    )
    client.close()
    store.close()


@pytest.fixture
def over_http(torture_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """The emulator's server, and a client that waits a fraction of a second for an answer."""
    for name, url in fleet.endpoints(torture_server).items():
        monkeypatch.setenv(name, url)
    environment = Environment(name="prod", account=fleet.SCOPE.account, region=fleet.SCOPE.region)
    directory = connect(environment, read_timeout=LATE)
    yield Ground(
        directory=directory,
        store=torture_server.store,
        misbehaviour=torture_server.misbehaviour,
        folder=tmp_path,
        patience=Patience(total=4.0, first=0.05, longest=0.5),
        pass_time=lambda _: None,
        stopping=threading.Event,
        quiet=lambda: fleet.truth(torture_server),
        late=LATE,
    )
    torture_server.misbehaviour.terms = type(torture_server.misbehaviour.terms)()
    directory.close()


def played(ground: Ground, seeds: Iterable[int], figures: Figures, faults: Iterable[str] = ()) -> None:
    for seed in seeds:
        begun = time.monotonic()
        mixture = Mixture(ground, seed, faults)
        wrong = mixture.problems()
        figures.one(told(mixture, wrong, time.monotonic() - begun) if wrong else "")
    figures.close()


if SEED:

    def test_one_mixture(in_process: Ground, over_http: Ground, record_property: Figures.Record) -> None:
        for ground, door in ((in_process, "in process"), (over_http, "over HTTP")):
            alone = (os.environ["FAULT"],) if "FAULT" in os.environ else ()
            played(ground, [int(SEED)], Figures(record_property, f"mixtures {door}", "mixture"), alone)

else:

    @pytest.mark.parametrize("fault", FAULTS)
    def test_each_fault_alone(in_process: Ground, fault: str, record_property: Figures.Record) -> None:
        figures = Figures(record_property, "single faults", "run")
        played(in_process, range(BASE, BASE + (10 if TORTURE else 2)), figures, (fault,))

    @pytest.mark.parametrize("shard", range(SHARDS))
    def test_mixtures_of_faults(in_process: Ground, shard: int, record_property: Figures.Record) -> None:
        first = BASE + shard * IN_PROCESS
        figures = Figures(record_property, "mixtures in process", "mixture")
        played(in_process, range(first, first + IN_PROCESS), figures)

    @pytest.mark.parametrize("shard", range(SHARDS))
    def test_mixtures_of_faults_over_http(over_http: Ground, shard: int, record_property: Figures.Record) -> None:
        first = BASE + 100_000 + shard * OVER_HTTP
        figures = Figures(record_property, "mixtures over HTTP", "mixture")
        played(over_http, range(first, first + OVER_HTTP), figures)
