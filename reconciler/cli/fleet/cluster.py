"""Targets as tasks of an existing Dask cluster: `--scheduler tcp://…`. The same report, the same exit code."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import __version__
from reconciler.cli.executing import Terms
from reconciler.cli.fleet.choice import Choice
from reconciler.cli.fleet.island import PlanTerms, failure_of
from reconciler.cli.fleet.pool import OnEnd
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.environments import Environment, Where
from reconciler.model.fleet import Failure, TargetResult
from reconciler.model.rates import Rates

if TYPE_CHECKING:
    from distributed import Client

THREADS = 16
"""Calls at once of each target on a worker."""

_CONNECT = 10.0  # seconds
_LOOK = 0.2
_GRACE = 60.0  # seconds that tasks have to end once the run is to end


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that was found fit for the run."""

    client: Client


@contextlib.contextmanager
def connected(scheduler: str) -> Iterator[Cluster]:
    """The cluster behind that address. Raises UsageError without the extra, ReconcilerError where none answers or fits."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            "--scheduler needs Dask, which is not installed",
            "pip install 'agentcore-reconciler[dask]', here and there.",
        ) from error
    try:
        client = Client(scheduler, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ReconcilerError(
            f"no Dask scheduler answers at {scheduler}",
            "Give its address as it prints it: --scheduler tcp://HOST:8786.",
        ) from error
    with client:
        versions = client.run(_version)
        if not versions:
            raise ReconcilerError(f"the cluster at {scheduler} has no workers", "Start some: dask worker ADDRESS.")
        others = sorted({str(one) for one in versions.values()} - {__version__})
        if others:
            raise ReconcilerError(
                f"workers of {scheduler} have reconciler {', '.join(others)}, and this is {__version__}",
                "Install the same version everywhere.",
            )
        yield Cluster(client)


def check_folder(cluster: Cluster, folder: Path, needing: Sequence[str]) -> None:
    """Raise UsageError where the state of a target is beside the manifest, and a worker does not see that very folder.

    Told by a file that is put there for a moment: a folder of the same name on another machine would hold no lockfile, and a
    plan made there would create everything anew.
    """
    if not needing:
        return
    token = folder.resolve() / f".reconciler-{uuid.uuid4().hex}"
    try:
        token.touch()
        seen = cluster.client.run(_exists, str(token))
    except OSError as error:
        raise ReconcilerError(
            f"{folder} cannot be written to: {error.strerror}", "Workers are told it by a file."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            token.unlink()
    blind = sorted(worker for worker, there in seen.items() if there is not True)
    if blind:
        raise UsageError(
            f"{', '.join(needing[:3])} {'keeps its' if len(needing) == 1 else 'keep their'} state beside the manifest, and "
            f"{len(blind)} of {len(seen)} workers do not see that folder ({blind[0]})",
            "Keep the state in S3 (state: s3://…), or let the workers share the folder at the same path.",
        )


def needs_folder(environment: Environment) -> bool:
    """Whether a run of that environment needs the manifest's folder."""
    return environment.state is None or environment.where is Where.EMBEDDED


def plan_on(
    cluster: Cluster, choice: Choice, terms: PlanTerms, rates: Rates, progress: OnEnd
) -> tuple[dict[str, TargetResult], bool]:
    """What each target's task came to, and whether all were left to end."""
    from reconciler.cli.fleet.cargo import Cargo, PlanCargo, plan_task
    from reconciler.manifest.files import read_files
    from reconciler.state import state_place

    manifest = choice.manifest
    folder = manifest.path if manifest.path.is_dir() else manifest.path.parent
    check_folder(cluster, folder, [one for one in choice.names if needs_folder(manifest.environments[one])])
    files, _ = read_files(manifest.path)
    cargo = Cargo(run=uuid.uuid4().hex, base=str(Path.cwd()), threads=THREADS, rates=rates)
    tasks = {}
    for name in choice.names:
        asked = PlanCargo(
            name=name,
            path=str(manifest.path),
            files=tuple(files),
            lockfile=state_place(manifest.path, manifest.stack, manifest.environments[name]),
            terms=terms,
        )
        tasks[name] = cluster.client.submit(plan_task, cargo, asked, **_alone(cargo.run, name))
    return _results(cluster, cargo.run, tasks, progress, threading.Event())


def apply_on(
    cluster: Cluster,
    todo: Sequence[TargetResult],
    terms: Terms,
    *,
    rates: Rates,
    progress: OnEnd,
    stop: threading.Event,
) -> tuple[dict[str, TargetResult], bool]:
    """The same of applying what was planned."""
    from reconciler.cli.fleet.cargo import Cargo, apply_task

    cargo = Cargo(run=uuid.uuid4().hex, base=str(Path.cwd()), threads=THREADS, rates=rates)
    tasks = {
        one.name: cluster.client.submit(apply_task, cargo, one, terms, **_alone(cargo.run, one.name)) for one in todo
    }
    return _results(cluster, cargo.run, tasks, progress, stop)


def _alone(run: str, name: str) -> dict[str, Any]:
    """A task with a key of its own, which says what it is about; errors are values, so the scheduler retries none."""
    return {"key": f"{name}-{run}", "pure": False, "retries": 0}


def _results(
    cluster: Cluster, run: str, tasks: Mapping[str, Any], progress: OnEnd, stop: threading.Event
) -> tuple[dict[str, TargetResult], bool]:
    """Wait for the tasks; at an interrupt, or once `stop` is set, begin no others and let those at work end."""
    results: dict[str, TargetResult] = {}
    try:
        _collect(tasks, results, progress, stop, None)
    except KeyboardInterrupt:
        stop.set()
    if not stop.is_set():
        return results, True
    from distributed import Event

    from reconciler.cli.fleet.cargo import ending_mark

    Event(ending_mark(run), client=cluster.client).set()
    with contextlib.suppress(KeyboardInterrupt):
        _collect(tasks, results, progress, None, _GRACE)
    cluster.client.cancel([task for name, task in tasks.items() if name not in results])
    return results, False


def _collect(
    tasks: Mapping[str, Any],
    results: dict[str, TargetResult],
    progress: OnEnd,
    stop: threading.Event | None,
    seconds: float | None,
) -> None:
    until = time.monotonic() + seconds if seconds is not None else None
    while waiting := {name: task for name, task in tasks.items() if name not in results}:
        for name, task in waiting.items():
            if task.done():
                results[name] = _result(name, task)
                progress(results[name])
        if (stop is not None and stop.is_set()) or (until is not None and time.monotonic() > until):
            return
        time.sleep(_LOOK)


def _result(name: str, task: Any) -> TargetResult:
    """What the task came to. It raises nothing itself: an error is the cluster's."""
    if task.status == "cancelled":
        return TargetResult(name=name, left=True)
    error = task.exception()
    if error is None:
        result: TargetResult = task.result()
        return result
    if type(error).__name__ == "KilledWorker":
        summary = "the workers that had it were lost one after the other"
        return TargetResult(
            name=name, failure=Failure(summary=summary, detail="See the cluster's own log. Run it again.")
        )
    return TargetResult(name=name, failure=failure_of(error))


def _version() -> str:
    from reconciler import __version__

    return __version__


def _exists(path: str) -> bool:
    return Path(path).exists()
