"""What drift runs come to: what is told of them, whether there is drift, and the exit code. Text and JSON are made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.errors import ExitCode
from reconciler.model.addresses import Remote
from reconciler.model.changes import Action
from reconciler.model.drift import DriftRun, Noted, Status
from reconciler.model.fleet import Failure, worst


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Runs of one stack. `failures`: targets that were not looked at, and why. `only_new`: without what was told before."""

    stack: str
    runs: tuple[DriftRun, ...]
    failures: tuple[tuple[str, Failure], ...] = ()
    only_new: bool = False

    @property
    def complete(self) -> bool:
        """Whether everything could be read, in every target."""
        return not self.failures and all(run.complete for run in self.runs)

    @property
    def has_drift(self) -> bool | None:
        """Whether anything that is told alarms. False is an all-clear; None where nothing does and there is none.

        There is none where something could not be read, or drift of earlier runs stands and is not told again.
        """
        return _all_clear((self.has_drift_in(run) for run in self.runs), complete=self.complete)

    def has_drift_in(self, run: DriftRun) -> bool | None:
        """The same of one of them."""
        if self.alarming(run):
            return True
        return False if run.complete and not run.alarming else None

    def told(self, run: DriftRun) -> tuple[Noted, ...]:
        """The findings of a run that are told, those that are over too."""
        return tuple(one for one in run.noted if not self.only_new or is_news(one, run))

    def hidden(self, run: DriftRun) -> int:
        """How many findings stand that are not told again."""
        return len(run.noted) - len(self.told(run))

    def alarming(self, run: DriftRun) -> tuple[Noted, ...]:
        """The findings that are told and that somebody has to look at."""
        return tuple(one for one in self.told(run) if one.alarms)

    def restoring(self) -> Counter[Action]:
        """How many resources of those that alarm each action would bring back."""
        counts: Counter[Action] = Counter()
        for run in self.runs:
            remotes = {one.drifted.remote for one in self.alarming(run)}
            for change in run.plan.changes:
                names = (change.name, change.previous_name)
                counts[change.action] += any(Remote(change.address.type, name) in remotes for name in names)
        return counts

    @property
    def exit_code(self) -> ExitCode:
        """An error wins over drift, and drift over a target that another run has locked: 5 says that no other one drifted."""
        failed = [failure.exit_code for _, failure in self.failures if failure.exit_code is not ExitCode.LOCKED]
        if failed:
            return worst(failed)
        if not all(run.complete for run in self.runs):
            return ExitCode.ERROR
        if any(self.alarming(run) for run in self.runs):
            return ExitCode.CHANGES
        return ExitCode.LOCKED if self.failures else ExitCode.OK

    @property
    def is_news(self) -> bool:
        """Whether there is anything to show to somebody who has seen the runs before."""
        return not self.complete or any(is_news(one, run) for run in self.runs for one in run.noted)


def is_news(one: Noted, run: DriftRun) -> bool:
    """Whether it is new, or over, or was acknowledged until a day that has passed: that is news until the entry is gone."""
    expired = any((ack.fingerprint, ack.about) == (one.drifted.fingerprint, one.drifted.about) for ack in run.expired)
    return one.status is not Status.STANDING or expired


def _all_clear(found: Iterable[bool | None], *, complete: bool) -> bool | None:
    of_runs = list(found)
    if True in of_runs:
        return True
    return None if None in of_runs or not complete else False
