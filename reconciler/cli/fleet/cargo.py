"""One target's run as a task on a worker of a cluster: what travels there, how it runs there, and what a lost worker means.

Values travel: the manifest's bytes, names of profiles and roles, plans. No secret does: a worker has its own credentials. What
is begun is noted on the scheduler, so that a task that the scheduler gives to another worker knows that it is the second.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.cli.executing import Terms
from reconciler.cli.fleet.island import PlanTerms, apply_target, failure_of, plan_target
from reconciler.cli.workspace import invalid, workspace_in
from reconciler.directory.sharing import Sharing
from reconciler.errors import ExitCode
from reconciler.manifest import ManifestFile, load_files
from reconciler.model.fleet import Failure, TargetResult
from reconciler.model.rates import Rates

LOST = "the worker that had it was lost"
_LEASE = 90.0  # seconds after which the lease of a run that is gone is taken over, with room
_LOOK = 0.5  # seconds between two looks at whether the run is to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """What every task of a run is given. `base`: the folder that relative paths begin at. `threads`: calls at once of each."""

    run: str
    base: str
    threads: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCargo:
    """A target to be planned. `lockfile`: what its lockfile is called where the run was started."""

    name: str
    path: str
    files: tuple[ManifestFile, ...]
    lockfile: str
    terms: PlanTerms


def plan_task(cargo: Cargo, asked: PlanCargo) -> TargetResult:
    """The plan of the target; made anew where a worker was lost, since nothing was written."""

    def run(sharing: Sharing) -> TargetResult:
        base = Path(cargo.base)
        loaded = load_files(asked.files, base / asked.path)
        if loaded.manifest is None:
            raise invalid(Path(asked.path), loaded.diagnostics)
        workspace = workspace_in(loaded.manifest, loaded.diagnostics, asked.name, cargo.rates)
        return plan_target(replace(workspace, lockfile=asked.lockfile), asked.terms, sharing, base)

    return _once_more_at_most(cargo, asked.name, run)


def apply_task(cargo: Cargo, planned: TargetResult, terms: Terms) -> TargetResult:
    """Carry out the plan that was shown. Where a worker was lost, the same plan is begun again, under the same lock.

    That is safe. While the lost one still writes, its lock keeps the second out. Once it is gone, its journal is settled first;
    if it had begun anything, the lockfile has moved, the plan no longer fits, and nothing more is written.
    """

    def run(sharing: Sharing) -> TargetResult:
        again = (
            replace(terms, lock_timeout=max(terms.lock_timeout, _LEASE)) if _begun(cargo, planned.name, 2) else terms
        )
        return apply_target(planned, again, sharing, rates=cargo.rates, base=Path(cargo.base))

    return _told(_once_more_at_most(cargo, planned.name, run))


def _told(result: TargetResult) -> TargetResult:
    """A plan that is stale because the lost worker carried out a part of it was applied in part."""
    stale = result.failure is not None and result.failure.exit_code is ExitCode.STALE
    if not result.retried or result.failure is None or not stale:
        return result
    failure = Failure(
        summary="the worker that applied it was lost; what it did is in the lockfile, and the rest was not begun",
        detail=f"{result.failure.summary}. Plan again: it shows what is left.",
        exit_code=ExitCode.PARTIAL,
    )
    return replace(result, failure=failure)


def _once_more_at_most(cargo: Cargo, name: str, run: Callable[[Sharing], TargetResult]) -> TargetResult:
    """Run it, unless two workers were lost with it already. Whatever fails comes back as a value."""
    try:
        number = _count(cargo, name)
        if number > 2:
            return TargetResult(name=name, failure=Failure(summary=f"{LOST}, and so was the second"), retried=LOST)
        sharing = Sharing(cargo.threads)
        with _ending(cargo, sharing):
            result = run(sharing)
    except Exception as error:
        return TargetResult(name=name, failure=failure_of(error))
    return replace(result, retried=LOST) if number > 1 else result


def _count(cargo: Cargo, name: str) -> int:
    """Which beginning of the target's task this is, noted before anything is done."""
    from distributed import Event

    for number in (1, 2):
        event = Event(mark(cargo.run, name, number))
        if not event.is_set():
            event.set()
            return number
    return 3


def _begun(cargo: Cargo, name: str, number: int) -> bool:
    from distributed import Event

    return bool(Event(mark(cargo.run, name, number)).is_set())


def mark(run: str, name: str, number: int) -> str:
    """What the scheduler calls the beginning of a task."""
    return f"reconciler/{run}/{name}/begun/{number}"


def ending_mark(run: str) -> str:
    """What the scheduler calls the end of a run before its time."""
    return f"reconciler/{run}/ending"


@contextlib.contextmanager
def _ending(cargo: Cargo, sharing: Sharing) -> Iterator[None]:
    """While inside, the calls of this task end soon once the run is to end."""
    from distributed import Event

    event, over = Event(ending_mark(cargo.run)), threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK):
            with contextlib.suppress(Exception):  # the scheduler may be gone; then the task ends with it
                if event.is_set():
                    sharing.hurry()
                    return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
