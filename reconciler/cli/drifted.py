"""Drift runs: state, memory, directory and trail of each target brought together. Writes the memory, and nothing else.

What a run found is remembered once somebody has seen it: a report that could not be written, and a run that was ended before,
lose nothing.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from reconciler.cli.acknowledging import open_acks
from reconciler.cli.age import stamp
from reconciler.cli.console import Console
from reconciler.cli.planned import opened
from reconciler.cli.reading import counted
from reconciler.cli.unfinished import settled_in_memory
from reconciler.cli.workspace import Workspace, open_directory, workspace_in
from reconciler.errors import StateError, StateLocked
from reconciler.model.drift import Against
from reconciler.model.fleet import Failure

if TYPE_CHECKING:
    from reconciler.cli.fleet.choice import Choice
    from reconciler.directory.agentcore import AgentCore
    from reconciler.directory.sharing import Sharing
    from reconciler.drifting.run import Look
    from reconciler.model.drift import DriftRun, Memory
    from reconciler.model.rates import Rates
    from reconciler.model.resources import Lock
    from reconciler.model.trail import Event, Trail
    from reconciler.state import Remembered, State
    from reconciler.watching import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftTerms:
    """How a run looks. `every`: seconds within which everything is read.

    `listing`: what exists is told by a listing. `trail`: the audit trail says what need not be read. `events`: only what these
    name is looked at, where there are any.

    `owed`: by which names people are remembered who are to be told what it finds, with all those who were told before.
    """

    every: float
    full: bool = False
    against: Against = Against.LOCKFILE
    listing: bool = True
    trail: bool = True
    events: tuple[Event, ...] = ()
    owed: tuple[str, ...] = ()


class Pending:
    """The memories of runs that ended and were not reported yet. Inside, nobody else looks at these targets.

    `remember` them once the report is out; what is left on leaving is not remembered, and the next run finds it as new. Safe
    to use from several threads.
    """

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._due: list[tuple[Remembered, Memory]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Pending:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def keep(self, opened: contextlib.ExitStack, remembered: Remembered, memory: Memory) -> None:
        """What a run would remember, and what it has open for that."""
        with self._lock:
            self._open.push(opened.pop_all())
            self._due.append((remembered, memory))

    def remember(self) -> None:
        """All of them. Raises StateError; what came before is then remembered."""
        with self._lock:
            while self._due:
                remembered, memory = self._due.pop(0)
                remembered.write(memory)
            self._open.close()


def run_drift(
    console: Console, workspace: Workspace, terms: DriftTerms, pending: Pending, sharing: Sharing | None = None
) -> DriftRun:
    """What changed outside; what it is to remember is `pending`.

    Raises StateLocked where another run, or an apply, is at work; StateError without a lockfile.
    """
    from reconciler.state import open_state

    with contextlib.ExitStack() as opened_:
        state = opened_.enter_context(open_state(workspace.environment, workspace.lockfile))
        remembered = opened_.enter_context(state.remembering("drift"))
        run, memory = _run(console, workspace, _Kept(state, remembered), terms, sharing)
        pending.keep(opened_, remembered, memory)
        return run


class _Kept(NamedTuple):
    """What is kept of the target: its state, and what runs remember."""

    state: State
    remembered: Remembered


def _run(
    console: Console, workspace: Workspace, kept: _Kept, terms: DriftTerms, sharing: Sharing | None
) -> tuple[DriftRun, Memory]:
    from reconciler.drifting.run import conclude
    from reconciler.drifting.telling import all_owing
    from reconciler.watching import Subject

    known = open_acks(workspace).acknowledgements
    stood = lock = _lock(workspace, kept.state)
    with open_directory(workspace.environment, workspace.folder, sharing) as directory:
        one = opened(console, workspace, lock, directory)
        lock = settled_in_memory(console, kept.state, lock, directory, one.target) or lock
        subject = Subject(stack=workspace.stack, lock=lock, target=one.target, route=one.route, against=terms.against)
        seen = _look(console, directory, subject, kept.remembered, terms)
    _unmoved(workspace, kept.state, stood)
    run, memory = conclude(seen, known)
    return run, all_owing(memory, run, terms.owed)


def _unmoved(workspace: Workspace, state: State, lock: Lock) -> None:
    """Raises StateLocked where an apply was at work in the meantime: what it did would be told as done outside."""
    after = _lock(workspace, state)
    if (after.lineage, after.serial) != (lock.lineage, lock.serial):
        raise StateLocked(
            f"{workspace.lockfile} was written while the directory was read, so what was seen fits neither what it said "
            "before nor what it says now",
            "Nothing is told of this run. Run it again.",
        )


def _look(console: Console, directory: AgentCore, subject: Subject, remembered: Remembered, terms: DriftTerms) -> Look:
    from reconciler.watching import Terms, glance, look

    if terms.events:
        return glance(directory, subject, remembered, terms.events, at=stamp(), threads=directory.threads)
    with counted(console, "Reading the directory") as progress:
        watched = Terms(
            every=terms.every,
            full=terms.full,
            listing=terms.listing,
            trail=functools.partial(_trail, directory, subject.lock, terms) if terms.trail else None,
            threads=directory.threads,
            progress=progress,
        )
        return look(directory, subject, remembered, watched, at=stamp())


def _trail(directory: AgentCore, lock: Lock, terms: DriftTerms, since: str, until: str) -> Trail:
    """Without a listing nothing shows newcomers, so that only the kinds that the lockfile holds are worth a question."""
    types = None if terms.listing else frozenset(address.type for address in lock.resources)
    return directory.trail(since=since, until=until, types=types)


def _lock(workspace: Workspace, state: State) -> Lock:
    lock = state.read()
    if lock is None:
        raise StateError(
            f"there is no lockfile at {workspace.lockfile}, so nobody knows what should stand",
            "Is it the right environment, and is its state where it was? `reconciler apply` makes one.",
        )
    holder = state.holder()
    if holder is not None:
        raise StateLocked(f"{workspace.lockfile} is being written by {holder}", "Run this again when that is done.")
    return lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What the runs of one command came to: `failures` by environment, where there is none."""

    stack: str
    runs: tuple[DriftRun, ...]
    failures: tuple[tuple[str, Failure], ...] = ()


def run_several(console: Console, choice: Choice, terms: DriftTerms, rates: Rates, pending: Pending) -> Outcomes:
    """The runs of all targets that are meant, side by side. One alone raises what goes wrong; of several, it is a value.

    What they are to remember is `pending`.
    """
    stack = choice.manifest.stack
    if not choice.several:
        alone = workspace_in(choice.manifest, choice.found, choice.names[0], rates)
        return Outcomes(stack=stack, runs=(run_drift(console, alone, terms, pending),))
    from reconciler.cli.fleet.pool import shown, side_by_side, threads_for
    from reconciler.directory.sharing import Sharing

    def workspace(name: str) -> Workspace:
        return workspace_in(choice.manifest, choice.found, name, rates)

    sharing = Sharing(threads_for(len(choice.names)))
    work = {
        name: functools.partial(_one, functools.partial(workspace, name), terms, pending, sharing)
        for name in choice.names
    }
    with shown(console, "Looking", len(work)) as progress:
        results, _ = side_by_side(work, sharing, progress=progress)
    left = Failure(summary="interrupted before it was looked at")
    ends = [(name, results.get(name, ([], left))) for name in choice.names]
    for name, (notes, _) in ends:
        for note in notes:
            console.note(f"{name}: {note}")
    return Outcomes(
        stack=stack,
        runs=tuple(end for _, (_, end) in ends if not isinstance(end, Failure)),
        failures=tuple((name, end) for name, (_, end) in ends if isinstance(end, Failure)),
    )


def _one(
    workspace: Callable[[], Workspace], terms: DriftTerms, pending: Pending, sharing: Sharing
) -> tuple[list[str], DriftRun | Failure]:
    from reconciler.cli.fleet.island import failure_of, recorded

    console = recorded()
    try:
        return console.said, run_drift(console, workspace(), terms, pending, sharing)
    except Exception as error:
        return console.said, failure_of(error)
