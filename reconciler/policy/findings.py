"""What the check of a plan found: violations with their places, exemptions that count or no longer do, and the verdict."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from reconciler.diagnostics import Diagnostic, Source
from reconciler.model.environments import Target
from reconciler.model.report import Level
from reconciler.policy.rules import Exemption


class Verdict(enum.Enum):
    """What the check comes to."""

    PASSED = "passed"  # nothing at or above the level that fails
    VIOLATED = "violated"
    UNKNOWN = "unknown"  # nothing was found, but the plan does not hold everything
    FAILED = "failed"  # a rule could not be evaluated


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a plan breaks. `rule`: where the rule stands; `source`: the manifest's line of the change.

    `address` None: of the whole plan, or the rule did not say. `guessed`: the message names it, which may hold what
    somebody wrote in a tag; so it earns no exemption. `exemption`: lets it off; `lapsed`: would have, until its day.
    """

    level: Level
    code: str
    message: str
    rule: Source
    address: str | None = None
    guessed: bool = False
    source: Source | None = None
    exemption: Exemption | None = None
    lapsed: Exemption | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The check of one plan. `rules`: how many were asked; `changes`: how many entries the plan has.

    `remarks`: what is to be said of the rules themselves: exemptions that lapse, what a module asks for in vain.
    """

    plan: str
    policy: str
    target: Target
    rules: int
    changes: int
    fail_on: Level
    violations: tuple[Violation, ...] = ()
    remarks: tuple[Diagnostic, ...] = ()
    failures: tuple[Diagnostic, ...] = ()
    """Each rule that could not be evaluated."""

    unseen: tuple[str, ...] = ()
    """Why the plan does not hold everything, one sentence each."""

    @property
    def standing(self) -> tuple[Violation, ...]:
        """Those that nobody is let off."""
        return tuple(one for one in self.violations if one.exemption is None)

    @property
    def exempted(self) -> tuple[Violation, ...]:
        """Those that somebody is let off."""
        return tuple(one for one in self.violations if one.exemption is not None)

    @property
    def verdict(self) -> Verdict:
        """Failed wins over violated, that over unknown, and unknown over passed."""
        if self.failures:
            return Verdict.FAILED
        if any(one.level.rank >= self.fail_on.rank for one in self.standing):
            return Verdict.VIOLATED
        return Verdict.UNKNOWN if self.unseen else Verdict.PASSED

    def count(self, level: Level) -> int:
        """How many standing violations have that level."""
        return sum(one.level is level for one in self.standing)
