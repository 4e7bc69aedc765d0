"""What an apply did, change by change."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.changes import Change


class Status(enum.Enum):
    """How a change ended."""

    DONE = "done"
    DONE_WITHOUT_TAGS = "done_without_tags"  # the resource stands as planned, but its tags could not be set
    FAILED = "failed"
    REFUSED = "refused"  # it changed between plan and apply; nothing was written
    LEFT = "left"  # never started (interrupted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one change ended. `arn` as the API returned it; `seconds` from start to end; `message` why it is not DONE.

    `outputs`: what the service gave beside the attributes, as far as the change learnt it.
    """

    change: Change
    status: Status
    arn: str = ""
    seconds: float = 0.0
    message: str = ""
    hint: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole apply, outcomes in address order. `interrupted`: a signal ended it early.

    `serial`: that of the lockfile which holds these outcomes; 0 where there is none, or it could not be written.
    """

    outcomes: tuple[Outcome, ...]
    serial: int
    seconds: float = 0.0
    calls: int = 0
    interrupted: bool = False

    @property
    def whole(self) -> bool:
        """Whether everything that was planned is done."""
        return not self.interrupted and all(one.status is Status.DONE for one in self.outcomes)
