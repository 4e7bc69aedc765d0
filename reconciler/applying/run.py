"""Executing a plan: what first, how many at once, what is written down when, and when to stop.

Never plans again: it needs the plan, the directory and the state's writer. Whatever deletes comes after all else. Before that,
what is granted comes before what it is granted to (see `Kind.rank`), and goes after it; among equals, address order decides
who starts first.
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from reconciler.applying.changing import adopt, delete, forget, update
from reconciler.applying.creating import create, rename
from reconciler.applying.ledger import Ledger
from reconciler.applying.looking import Means
from reconciler.applying.patience import Patience
from reconciler.applying.result import Result, done, internal_error, refused
from reconciler.directory.protocol import Directory
from reconciler.errors import StateError
from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import Action, Change
from reconciler.model.kinds import kind_of
from reconciler.model.outcomes import Outcome, Report, Status
from reconciler.model.plan import Plan
from reconciler.planning import granted, plan_digest
from reconciler.state import Writer

GRACE_SECONDS = 8.0
"""How long changes under way may take once a run is stopped. GitHub's runners kill 10 seconds after their first signal."""
_GLANCE = 0.1  # seconds between two looks at whether the run is stopped


class Moment(enum.Enum):
    """What an event tells of."""

    STARTED = "started"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Progress of a run: a change started, or finished with its outcome; how many of how many are finished by then."""

    moment: Moment
    change: Change
    outcome: Outcome | None
    finished: int
    total: int


class RunBroken(StateError):
    """The state could not be written in mid-run; `report` says what was done until then."""

    def __init__(self, error: StateError, report: Report) -> None:
        super().__init__(error.summary, error.detail)
        self.report = report


class RunUnheard(Exception):
    """Whoever followed the run failed, which ended it early; `reason` is that error, `report` says what was done until then."""

    def __init__(self, reason: Exception, report: Report) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.report = report


def apply(
    plan: Plan,
    directory: Directory,
    writer: Writer,
    *,
    threads: int = 16,
    on_event: Callable[[Event], None] = lambda _: None,
    stop: threading.Event | None = None,
    patience: Patience | None = None,
    grace: float = GRACE_SECONDS,
) -> Report:
    """Execute the plan and fold what happened into the lockfile; the report, outcomes in address order.

    A failed change stops no other. Once `stop` is set, or the credentials are gone, no change that makes a call is started any
    more, those under way are finished and the rest is LEFT. What is not finished `grace` seconds after `stop` is not waited
    for: its intent stays in the journal, and the process should end soon. `on_event` is called by one thread at a time.

    Raises StalePlan if the lockfile is not the plan's, StateError if nothing could be begun, RunBroken (with the report) if
    the journal or the lockfile could not be written later on, RunUnheard (with the report) if `on_event` failed.
    """
    run = _Run(
        plan,
        directory,
        writer,
        on_event=on_event,
        stop=stop or threading.Event(),
        patience=patience or Patience(),
        grace=grace,
    )
    begun, calls = time.monotonic(), directory.calls
    writer.begin(plan, plan_digest(plan))
    run.carry_out(plan.changes, threads)

    broken: StateError | None = run.broken
    serial = 0
    try:
        after = writer.fold()
        serial = after.serial if after else 0
    except StateError as error:
        broken = StateError(
            error.summary, f"{error.detail} What this run did is in the journal: the next run settles it."
        )
    report = Report(
        outcomes=tuple(run.outcomes[one.address] for one in sorted(plan.changes, key=lambda one: one.address)),
        serial=serial,
        seconds=time.monotonic() - begun,
        calls=directory.calls - calls,
        interrupted=run.cut_short,
    )
    if broken is not None:
        raise RunBroken(broken, report) from broken
    if run.deaf is not None:
        raise RunUnheard(run.deaf, report) from run.deaf
    return report


_STANDS = (Status.DONE, Status.DONE_WITHOUT_TAGS)
_Step = Callable[[Means, Change], Result]
_STEPS: dict[Action, _Step] = {
    Action.CREATE: create,
    Action.UPDATE: update,
    Action.DELETE: delete,
    Action.REPLACE: rename,
    Action.ADOPT: adopt,
    Action.FORGET: forget,
    Action.NO_OP: lambda _, change: done(change),
}


class _Run:
    """One execution of a plan, shared by its threads."""

    def __init__(
        self,
        plan: Plan,
        directory: Directory,
        writer: Writer,
        *,
        on_event: Callable[[Event], None],
        stop: threading.Event,
        patience: Patience,
        grace: float,
    ) -> None:
        self.outcomes: dict[Address, Outcome] = {}
        self.halted = threading.Event()  # nothing else would fare better
        self.cut_short = False  # by `stop`
        self.broken: StateError | None = None
        self.deaf: Exception | None = None  # why nobody listens to events any more
        self._means = Means(
            directory=directory.asking(self._may_write),
            owner=plan.target.owner,
            ignored=plan.tags_ignored,
            patience=patience,
            stop=stop,
        )
        self._ledger = Ledger(writer)
        self._grace = grace
        self._until: float | None = None  # when nothing is waited for any more
        self._on_event = on_event
        self._total = len(plan.changes)
        self._finished = 0
        self._telling = threading.Lock()
        self._closed = False  # too late for an outcome to be told
        self._kept = {
            Remote(one.address.type, one.name): one.address
            for one in plan.changes
            if one.action not in (Action.DELETE, Action.FORGET)
        }
        self._addresses = {str(one.address) for one in plan.changes}
        self._granted: dict[str, list[Address]] = {}  # who is granted what, before this plan
        for one in plan.changes:
            for provider in granted(one.before):
                self._granted.setdefault(provider, []).append(one.address)

    def carry_out(self, changes: Sequence[Change], threads: int) -> None:
        """All of them, as far as it goes; afterwards each has its outcome, and nothing more is recorded."""
        pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="apply")
        try:
            first = _by_rank(one for one in changes if one.action is not Action.DELETE)
            second = _by_rank(one for one in changes if one.action is Action.DELETE)[::-1]
            for wave in (*first, *second):
                if not self._ended([pool.submit(self.carry_out_one, one) for one in wave]):
                    break
        except BaseException:
            self.halted.set()
            pool.shutdown(cancel_futures=True)
            raise
        pool.shutdown(wait=not self._out_of_time(), cancel_futures=True)
        begun, taken = self._ledger.close()
        with self._telling:
            self._closed = True
        for change in changes:
            if change.address not in self.outcomes:
                self.outcomes[change.address] = self._unfinished(change, begun, taken)

    def carry_out_one(self, change: Change) -> None:
        """One change to its outcome, with what it did to the lockfile; recorded, unless it is unclear what happened."""
        if change.action is not Action.NO_OP and self._over():  # without a call to make, there is nothing to stop
            return self._finish(Outcome(change=change, status=Status.LEFT, message="not started"))
        begun = time.monotonic()
        if change.action is not Action.NO_OP:
            try:
                if not self._ledger.intend(change):
                    return self._finish(Outcome(change=change, status=Status.LEFT, message="not sent"))
            except StateError as error:
                self.broken = self.broken or error
                self.halted.set()
                return self._finish(Outcome(change=change, status=Status.LEFT, message=f"not sent: {error.summary}"))
        self._tell(Moment.STARTED, change, None)
        step = self._delete if change.action is Action.DELETE else _STEPS[change.action]
        try:
            result = step(self._means, change)
        except Exception as error:  # a bug in one step must not take the others, or the lockfile, with it
            result = internal_error(change, error)
        if result.halt:
            self.halted.set()
        if result.status is Status.LEFT:  # it waited for its first call when the run was stopped
            self.cut_short = True
        outcome = Outcome(
            change=change,
            status=result.status,
            arn=result.arn,
            seconds=time.monotonic() - begun,
            message=result.message,
            hint=result.hint,
            outputs=next((one.outputs for one in result.edits.put if one.address == change.address), {}),
        )
        if not result.unclear:
            self._ledger.record(outcome, result.edits)
        return self._finish(outcome)

    def _may_write(self) -> bool:
        """Asked right before each call that changes something: it may have waited long since its intent."""
        try:
            return self._ledger.check()
        except StateError as error:
            self.broken = self.broken or error
            self.halted.set()
            return False

    def _delete(self, means: Means, change: Change) -> Result:
        """A deletion, unless what else became of the plan speaks against it by now."""
        by = self._kept.get(Remote(change.address.type, change.name))
        if by is not None:
            return refused(change, f"{change.name} is {by} now, which this plan keeps")
        holders = [str(one) for one in self._holders(change.address) if not self._let_go(one)]
        if holders:
            return refused(change, f"it is still granted to {', '.join(holders)}, whose change did not come to its end")
        heir = self.outcomes.get(change.address.heir)
        if heir is not None and heir.status not in _STANDS:
            return refused(
                change, f"{heir.change.address} goes on in its place, and its change did not come to its end"
            )
        return delete(means, change)

    def _holders(self, provider: Address) -> list[Address]:
        """Who was granted it before this plan; what a rename left behind may have been granted under any address."""
        found = list(self._granted.get(str(provider), ()))
        if provider.is_leftover:
            for address, holders in self._granted.items():
                if address.startswith(f"{provider.type}.") and address not in self._addresses:
                    found += holders
        return found

    def _let_go(self, holder: Address) -> bool:
        """Whether the change that takes a grant away is done."""
        outcome = self.outcomes.get(holder)
        return outcome is not None and outcome.status in _STANDS

    def _ended(self, futures: Sequence[Future[None]]) -> bool:
        """Whether all of them came to an end in time. Raises what one of them raised."""
        for future in futures:
            while not future.done():
                if self._out_of_time():
                    return False
                wait((future,), timeout=_GLANCE)
            future.result()
        return True

    def _out_of_time(self) -> bool:
        if self._until is None and self._means.stop.is_set():
            self._until = time.monotonic() + self._grace
        return self._until is not None and time.monotonic() >= self._until

    def _unfinished(self, change: Change, begun: frozenset[Address], taken: Mapping[Address, Outcome]) -> Outcome:
        """The outcome of what was not waited for, or never got its turn."""
        self.cut_short = True
        if change.address in taken:
            return taken[change.address]
        if change.address not in begun:
            return Outcome(change=change, status=Status.LEFT, message="not started")
        message = f"still under way {self._grace:g} s after the run was to end; it may or may not have happened"
        hint = "Its intent is in the journal: the next run looks at what came of it."
        return Outcome(change=change, status=Status.FAILED, arn=change.arn, message=message, hint=hint)

    def _over(self) -> bool:
        if self._means.stop.is_set():
            self.cut_short = True
        return self.cut_short or self.halted.is_set()

    def _finish(self, outcome: Outcome) -> None:
        with self._telling:
            if self._closed:
                return
            self.outcomes[outcome.change.address] = outcome
        if outcome.status is not Status.LEFT:
            self._tell(Moment.FINISHED, outcome.change, outcome)

    def _tell(self, moment: Moment, change: Change, outcome: Outcome | None) -> None:
        with self._telling:
            self._finished += moment is Moment.FINISHED
            if self.deaf is not None:
                return
            event = Event(moment=moment, change=change, outcome=outcome, finished=self._finished, total=self._total)
            try:
                self._on_event(event)
            except Exception as error:  # it is raised at the end, when the lockfile is written
                self.deaf = error
                self.halted.set()


def _by_rank(changes: Iterable[Change]) -> list[list[Change]]:
    """The changes in waves, each after the one before has come to its end."""
    waves: dict[int, list[Change]] = {}
    for one in changes:
        waves.setdefault(kind_of(one.address.type).rank, []).append(one)
    return [waves[rank] for rank in sorted(waves)]
