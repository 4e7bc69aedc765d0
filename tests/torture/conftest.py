"""What the long runs share: an emulator over HTTP, processes that can be killed, and the figures told at the end."""

from __future__ import annotations

from collections.abc import Iterator

import moto.backends
import pytest

from reconciler.emulator.server import Server, serve
from tests.buckets import Buckets
from tests.torture.bucket_place import BucketPlace
from tests.torture.places import LocalFolder
from tests.torture.running import Runner
from tests.torture.sweep import Sweep


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Processes that run command lines; started once."""
    runner = Runner(tmp_path_factory.mktemp("zygote"))
    yield runner
    runner.close()


@pytest.fixture(scope="session")
def torture_server() -> Iterator[Server]:
    """The emulated directory over HTTP; emptied for each point."""
    modules = tuple(moto.backends.list_of_moto_modules())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moto.backends, "list_of_moto_modules", lambda: modules)  # moto looks them up on disk at each call
        with serve() as server:
            yield server


@pytest.fixture(scope="session")
def bucket_sweep(
    runner: Runner, torture_server: Server, bucket_server: Buckets, tmp_path_factory: pytest.TempPathFactory
) -> Sweep:
    """The fleet with its state in a bucket; the disk goes with each process that is killed."""
    folder = tmp_path_factory.mktemp("fleet-in-s3")
    place = BucketPlace(bucket_server, bucket_server.make(name="fleet-state"), folder / "stands")
    return Sweep(torture_server, runner, place, folder)


@pytest.fixture(scope="session")
def local_sweep(runner: Runner, torture_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """The fleet with its state beside the manifest."""
    folder = tmp_path_factory.mktemp("fleet")
    return Sweep(torture_server, runner, LocalFolder(folder / "stands"), folder)
