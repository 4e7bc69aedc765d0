"""Every way a command can fail, each with the exit code that scripts rely on.

One root, `ReconcilerError`; the leaves differ only in what they mean and in `exit_code`. Raised wherever the reason is
known, turned into a message and a process exit in one place (`reconciler.cli`). Leaves out: problems that a user can have
many of at once (a manifest's mistakes); those are values, see `reconciler.diagnostics`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.diagnostics import Diagnostic


class ExitCode(enum.IntEnum):
    """What a process exit says to a script. A contract: numbers never change their meaning."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    REFUSED = 3
    STALE = 4
    LOCKED = 5
    PARTIAL = 6


class ReconcilerError(Exception):
    """A failure with a reason and a next step.

    `summary` is one line that names the thing; `detail` says why and what to do (may be several lines, may be empty).
    """

    exit_code: ClassVar[ExitCode] = ExitCode.ERROR

    def __init__(self, summary: str, detail: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail


class UsageError(ReconcilerError):
    """The command line asks for something that cannot be (two flags that exclude each other, no such environment)."""


class InvalidInput(ReconcilerError):
    """A manifest, lockfile or plan has mistakes; `diagnostics` holds all of them, sorted.

    `confidential`: the file may hold secrets, so that none of its lines is shown.
    """

    def __init__(
        self, summary: str, diagnostics: Sequence[Diagnostic], detail: str = "", *, confidential: bool = False
    ) -> None:
        super().__init__(summary, detail)
        self.diagnostics = tuple(diagnostics)
        self.confidential = confidential


class StateError(ReconcilerError):
    """The lockfile or journal cannot be trusted or written: damaged, foreign, newer, disk full."""


class ObjectChanged(StateError):
    """An object of the state is not the one that was read: somebody else wrote it; nothing was replaced."""


class LeaseLost(StateError):
    """A run is no longer the only writer: its lease was taken over, or could not be renewed in time."""


class StateMoved(StateError):
    """The lockfile was moved elsewhere; what stands says where to."""


class DirectoryError(ReconcilerError):
    """The remote side failed. `code` is the service's own error code, or the transport's."""

    def __init__(self, summary: str, detail: str = "", *, code: str = "") -> None:
        super().__init__(summary, detail)
        self.code = code


class AccessDenied(DirectoryError):
    """The credentials may not do this; `detail` names the IAM action."""


class CredentialsMissing(DirectoryError):
    """No credentials, or expired ones."""


class TokenRefused(DirectoryError):
    """A token that the call carries, a user's or a workload's, is not accepted; the credentials are."""


class NotFound(DirectoryError):
    """The resource does not stand in the directory."""


class AlreadyExists(DirectoryError):
    """Create met a resource (or a tombstone) of that name; the service says so in two forms."""


class ServiceLinked(DirectoryError):
    """The service refuses because a Runtime, Gateway or PaymentManager holds the identity."""


class TagsFailed(DirectoryError):
    """The resource itself is as asked, but its tags could not be changed; a tag failure must never lose the resource."""


class NotCleared(DirectoryError):
    """The service took an empty list and kept the old one."""


class Throttled(DirectoryError):
    """Still throttled after the retries."""


class SecretUnreadable(DirectoryError):
    """The value of a secret that a call carries cannot be had; the call was not made."""


class Stopped(DirectoryError):
    """The call was not sent, because the run is being ended: it has certainly not happened."""


class Ambiguous(DirectoryError):
    """A write whose answer was lost: it may or may not have happened. Read back before anything else."""


class ForgeError(ReconcilerError):
    """GitHub or GitLab did not do what was asked of it, or there is nothing to ask it; no plan is worse for it."""


class ForgeDenied(ForgeError):
    """The token may not do this, or what it is about is not there for it."""


class ForgeAnswerLost(ForgeError):
    """A comment whose answer was lost: it may or may not stand there. Look before it is sent again."""


class NotTold(ReconcilerError):
    """Somebody who was to be told of drift was not."""


class Refused(ReconcilerError):
    """A guard stands in the way (another account, too many deletes, protection, an incomplete reading)."""

    exit_code = ExitCode.REFUSED


class StalePlan(ReconcilerError):
    """The saved plan no longer fits what it was made from."""

    exit_code = ExitCode.STALE


class StateLocked(ReconcilerError):
    """Another writer holds the state; `detail` says who, since when, what."""

    exit_code = ExitCode.LOCKED


def unforeseen(error: Exception) -> str:
    """Type and place of an exception that nobody foresaw: `KeyError in reconciler.planning.diff, line 34`.

    Not its words, for they may repeat what is secret; but for the system's own, as in `No space left on device`.
    """
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    place = f" in {step.tb_frame.f_globals.get('__name__', '?')}, line {step.tb_lineno}" if step is not None else ""
    said = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    return f"{type(error).__name__}{place}{said}"
