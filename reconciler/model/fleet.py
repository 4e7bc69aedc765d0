"""What became of several targets at once: a value for each, and the one exit code of all."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.diagnostics import Diagnostic
from reconciler.errors import ExitCode, InvalidInput, ReconcilerError
from reconciler.model.outcomes import Report
from reconciler.model.plan import Plan

WORST_FIRST = (
    ExitCode.ERROR,
    ExitCode.PARTIAL,
    ExitCode.STALE,
    ExitCode.REFUSED,
    ExitCode.LOCKED,
    ExitCode.CHANGES,
    ExitCode.OK,
)
"""Which exit code of several targets stands for all: the one after which a person has most to find out.

1: something is broken or unknown. 6: a directory was changed in part, and the report says how far. 4: a plan has to be made and
reviewed anew. 3: somebody has to decide. 5: the same command again, later, does. 2: changes are there, as asked. 0: nothing.
So what was done whole in some targets and in part in one is 6, and an error anywhere is never hidden behind anything else.
"""


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The exit code of all, 0 for none."""
    return min(codes, key=WORST_FIRST.index, default=ExitCode.OK)


class Ended(enum.Enum):
    """What became of one target."""

    PLANNED = "planned"
    APPLIED = "applied"
    IN_PART = "applied in part"
    REFUSED = "refused"  # by a guard, or by what the plan says itself
    STALE = "stale"
    LOCKED = "locked"
    FAILED = "error"
    LEFT = "not begun"  # interrupted, or cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no more of a target than there is: an error as a value."""

    summary: str
    detail: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    exit_code: ExitCode = ExitCode.ERROR

    @classmethod
    def of(cls, error: ReconcilerError) -> Failure:
        """The value of an error."""
        found = error.diagnostics if isinstance(error, InvalidInput) else ()
        return cls(summary=error.summary, detail=error.detail, diagnostics=found, exit_code=error.exit_code)


_ENDED = {
    ExitCode.PARTIAL: Ended.IN_PART,
    ExitCode.REFUSED: Ended.REFUSED,
    ExitCode.STALE: Ended.STALE,
    ExitCode.LOCKED: Ended.LOCKED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetResult:
    """One target of a run over several. `account` and `region` as far as they are known.

    `guards`: for which apply would refuse the plan, and `refused`: it did. `pending`: an earlier run is to be settled even if
    the plan is empty. `notes`: what accompanies it. `left`: it was not begun, or not finished. `retried`: why it was begun a
    second time, or "".
    """

    name: str
    account: str = ""
    region: str = ""
    plan: Plan | None = None
    guards: tuple[Diagnostic, ...] = ()
    refused: bool = False
    pending: bool = False
    report: Report | None = None
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    left: bool = False
    retried: str = ""
    detailed: bool = False

    @property
    def ended(self) -> Ended:
        """What became of it."""
        if self.failure is not None:
            return _ENDED.get(self.failure.exit_code, Ended.FAILED)
        if self.report is not None:
            return Ended.APPLIED if self.report.whole else Ended.IN_PART
        if self.left:
            return Ended.LEFT
        if self.refused or (self.plan is not None and self.plan.errored):
            return Ended.REFUSED
        return Ended.PLANNED

    @property
    def exit_code(self) -> ExitCode:
        """What the target alone would have said to a script."""
        if self.failure is not None:
            return self.failure.exit_code
        if self.report is not None:
            return ExitCode.OK if self.report.whole else ExitCode.PARTIAL
        if self.left:
            return ExitCode.ERROR
        return self._exit_code_of_plan()

    def _exit_code_of_plan(self) -> ExitCode:
        if self.plan is None:
            return ExitCode.OK
        if self.refused:
            return ExitCode.REFUSED
        if not self.plan.complete:
            return ExitCode.ERROR
        if self.plan.errored:
            return ExitCode.REFUSED
        return ExitCode.CHANGES if self.detailed and not self.plan.empty else ExitCode.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Part `index` of `count`, counted from 1, of what was chosen: the targets of one job of a CI matrix."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetResult:
    """A run over several targets, in the order of their names. `chosen`: how many there were before `shard` took its part."""

    command: str
    stack: str
    targets: tuple[TargetResult, ...]
    chosen: int
    shard: Shard | None = None

    @property
    def exit_code(self) -> ExitCode:
        """The one of all."""
        return worst(one.exit_code for one in self.targets)

    @property
    def scope(self) -> str:
        """`40 targets`, or `shard 2/5: 8 of 40 targets`."""
        noun = "target" if self.chosen == 1 else "targets"
        if self.shard is None:
            return f"{self.chosen} {noun}"
        return f"shard {self.shard}: {len(self.targets)} of {self.chosen} {noun}"
