"""What one step came to: its status, the words for people, and what the lockfile will say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.errors import Ambiguous, CredentialsMissing, ReconcilerError, Stopped, unforeseen
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change
from reconciler.model.outcomes import Status
from reconciler.model.resources import Known, Live
from reconciler.model.secrets import MANAGED
from reconciler.model.values import Attributes
from reconciler.state import NO_EDITS, Edits

PLAN_AGAIN = "Run plan again: it shows what stands there now."


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a step ended.

    `unclear`: it may or may not have happened; its intent stays open, and the next run settles it by looking.
    `halt`: nothing else would fare better (the credentials are gone), so nothing more is started.
    """

    status: Status
    arn: str = ""
    message: str = ""
    hint: str = ""
    edits: Edits = NO_EDITS
    unclear: bool = False
    halt: bool = False


def kept(change: Change, arn: str, attributes: Attributes | None = None, *, live: Live | None = None) -> Edits:
    """The lock entry of the change's resource, with what the change makes of it or with what is known to stand.

    `live`: what a reading after the change showed; it has the date and the outputs that the entry takes.

    The address that it leaves behind, if any, is taken out: nothing is declared there any more.
    """
    stands = attributes if attributes is not None else change.after
    anew = change.action is Action.REPLACE  # what the change has of date and outputs is the old one's
    known = Known(
        address=change.address,
        name=change.name,
        arn=arn or change.arn,
        origin=change.origin,
        attributes=stands if stands is not None else {},
        protect=change.protect,
        update_only=change.update_only,
        updated=live.updated if live else "" if anew else change.updated,
        outputs=live.outputs if live else {} if anew else change.outputs,
    )
    return Edits(drop=(change.previous,) if change.previous else (), put=(known,))


def done(change: Change, arn: str = "", *, live: Live | None = None) -> Result:
    """The resource is as planned, and the lockfile says so."""
    arn = live.arn if live else arn
    return Result(status=Status.DONE, arn=arn or change.arn, edits=kept(change, arn, live=live))


def undated(result: Result) -> Result:
    """The same, without the date that the lockfile would keep: what was done since may have moved it."""
    put = tuple(replace(one, updated="") for one in result.edits.put)
    return replace(result, edits=replace(result.edits, put=put))


def without_versions(change: Change, edits: Edits) -> Edits:
    """The same entries, but for the versions of the secrets that the change carries: nobody knows which were sent."""
    if not change.secrets:
        return edits
    forgotten = {name: {"source": MANAGED} for name in change.secrets}
    put = tuple(
        replace(one, attributes={**one.attributes, **forgotten}) if one.address == change.address else one
        for one in edits.put
    )
    return replace(edits, put=put)


def gone(change: Change, message: str = "") -> Result:
    """The resource is no longer ours to keep: its entry goes."""
    return Result(status=Status.DONE, arn=change.arn, message=message, edits=Edits(drop=(change.address,)))


def refused(change: Change, message: str, hint: str = PLAN_AGAIN) -> Result:
    """It changed since the plan was made; nothing was written."""
    return Result(status=Status.REFUSED, arn=change.arn, message=message, hint=hint)


def vanished(change: Change) -> Result:
    """What the plan saw stands no more."""
    return refused(change, "it was deleted since the plan was made")


def failed(change: Change, error: ReconcilerError, *, message: str = "") -> Result:
    """It did not happen, for the error's reason; the lockfile keeps what it says. Left is what was stopped unsent."""
    return Result(
        status=Status.LEFT if isinstance(error, Stopped) else Status.FAILED,
        arn=change.arn,
        message=f"{message}: {error.summary}" if message else error.summary,
        hint=error.detail,
        halt=isinstance(error, CredentialsMissing),
    )


def failed_after(change: Change, error: ReconcilerError, lost: Ambiguous | None) -> Result:
    """It failed; if an answer was `lost` before that, the first attempt may still have happened."""
    return unclear(change, lost, f"then {error.summary}") if lost else failed(change, error)


def unclear(change: Change, error: ReconcilerError, found: str) -> Result:
    """It may have happened: the answer was lost, and what was `found` by looking does not tell."""
    result = failed(change, error)
    return replace(
        result,
        message=f"unclear whether it happened: {error.summary}; {found}",
        hint="The next run looks again and settles it.",
        unclear=True,
    )


def internal_error(change: Change, error: Exception) -> Result:
    """A mistake of ours in the middle of a change: what it did is for the next run to find out."""
    return Result(
        status=Status.FAILED,
        arn=change.arn,
        message=f"internal error: {unforeseen(error)}",
        hint="Please report this. The next run looks at what came of it.",
        unclear=change.action is not Action.NO_OP,
    )


def leftover(change: Change) -> Address:
    """The address of what the rename leaves behind."""
    return change.address.leftover(change.previous_name)


def old_half(change: Change) -> Known:
    """The lock entry of what a rename leaves behind, until it is finished."""
    return Known(
        address=leftover(change),
        name=change.previous_name,
        arn=change.arn,
        origin=change.origin,
        attributes=change.before or {},
        updated=change.updated,
        outputs=change.outputs,
    )
