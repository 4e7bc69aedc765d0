"""What became of a run that was interrupted: each intent without an outcome, settled by looking at the directory.

`verdict` decides, purely; `settle` reads and asks it; `recover` writes what came of it into the lockfile. What it cannot tell
is said and left as it is: never a guess in the lockfile.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from reconciler.applying.compare import between, same
from reconciler.applying.patience import Patience
from reconciler.applying.result import kept, old_half, without_versions
from reconciler.diagnostics import Diagnostic, Severity, in_order
from reconciler.directory.protocol import Directory
from reconciler.errors import DirectoryError, StateError
from reconciler.model.changes import Action, Change
from reconciler.model.kinds import kind_of
from reconciler.model.reading import beside, blind
from reconciler.model.resources import Live
from reconciler.model.values import without_tags
from reconciler.state import NO_EDITS, Edits, Header, Journal, Writer

REREADS = Patience(total=2.0, first=0.25, longest=1.0)
_COUNTS_ABSENCE = (Action.CREATE, Action.REPLACE, Action.DELETE, Action.FORGET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an intent came to: the lock edits, and what to tell people ("" where all is as it should be).

    `undecided`: it could not be looked at.
    """

    edits: Edits = NO_EDITS
    finding: str = ""
    undecided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What looking found out: lock edits beyond those that the journal holds itself, and findings, sorted.

    `undecided`: intents that could not be looked at; while there are any, the journal stays and nothing may be written.
    """

    edits: tuple[Edits, ...]
    findings: tuple[Diagnostic, ...]
    undecided: tuple[Change, ...] = ()


def settle(
    journal: Journal, directory: Directory, *, threads: int = 16, patience: Patience | None = None
) -> Settlement:
    """Look at everything that the interrupted run may have done, and say what it did. Writes nothing anywhere.

    What it may have made, deleted or let go of and does not show is looked at again while the `patience` lasts: reads lag,
    and calls that were under way when it died still arrive. Taken for not made, or for gone, it would be nobody's.

    Reads that fail make an intent undecided; they are no error here.
    """
    intents = journal.intents
    looked: list[Live | DirectoryError | None] = []
    if intents:
        with ThreadPoolExecutor(max_workers=min(threads, len(intents)), thread_name_prefix="settle") as pool:
            looked = list(pool.map(lambda one: _look(directory, one, patience or REREADS), intents))
    verdicts = [verdict(one, live, journal.header) for one, live in zip(intents, looked, strict=True)]
    return Settlement(
        edits=tuple(one.edits for one in verdicts if one.edits),
        findings=in_order(
            (
                _said(journal),
                *(_finding(change, one) for change, one in zip(intents, verdicts, strict=True) if one.finding),
            )
        ),
        undecided=tuple(change for change, one in zip(intents, verdicts, strict=True) if one.undecided),
    )


def recover(writer: Writer, directory: Directory, *, patience: Patience | None = None) -> Settlement | None:
    """Settle what an interrupted run left and write it into the lockfile; None if there is nothing to settle.

    Raises StateError, with the journal left as it is, where something cannot be looked at or written.
    """
    if writer.pending is None:
        return None
    settlement = settle(writer.pending, directory, patience=patience)
    if settlement.undecided:
        names = ", ".join(str(change.address) for change in settlement.undecided)
        raise StateError(
            f"an earlier run was interrupted, and what became of {names} cannot be told",
            "\n".join(one.summary for one in settlement.findings if one.severity is Severity.WARNING)
            + "\nNothing was written, and the journal is kept. Run this again when it can be read.",
        )
    writer.settle(settlement.edits)
    return settlement


def verdict(change: Change, live: Live | DirectoryError | None, header: Header) -> Verdict:
    """What became of one intent, from what stands under its name now. Pure."""
    if isinstance(live, DirectoryError):
        return Verdict(finding=f"it cannot be read: {live.summary}", undecided=True)
    match change.action:
        case Action.CREATE | Action.REPLACE:
            return _created(change, live, header)
        case Action.UPDATE:
            return _updated(change, live, header)
        case Action.DELETE:
            return _deleted(change, live, header)
        case Action.ADOPT:
            return Verdict(edits=kept(change, live.arn, live=live)) if live and _ours(live, header) else Verdict()
        case Action.FORGET:
            return Verdict() if live and _ours(live, header) else Verdict(edits=Edits(drop=(change.address,)))
        case Action.NO_OP:
            raise ValueError("a no-op makes no call, and so has no intent")


def _created(change: Change, live: Live | None, header: Header) -> Verdict:
    """Ours by the tag, with whatever stands; or by our very values, where no tag is on it and a reading shows them all."""
    if live is None:
        return Verdict()
    kind, ours = kind_of(change.address.type), _ours(live, header)
    by_values = _same(change, live, header, after=True) and not blind(kind, {}, change.after or {})
    if not ours and (live.owner or not by_values):
        whose = f"it belongs to {live.owner}" if live.owner else "without our tag and with other values"
        if not live.owner and _same(change, live, header, after=True):
            whose = "without our tag, and not all that was sent can be read back"
        return Verdict(
            finding=f"{change.name} stands, {whose}: not taken. If it is to be yours: reconciler adopt {change.address}"
        )
    edits = kept(
        change, live.arn, without_tags(kind, beside(kind, live, change.after or {}), header.ignore_tags), live=live
    )
    edits = without_versions(change, edits)
    if change.action is Action.REPLACE:
        edits = replace(edits, put=(*edits.put, old_half(change)))
    return Verdict(edits=edits)


def _updated(change: Change, live: Live | None, header: Header) -> Verdict:
    if live is None:
        return Verdict(finding="it was being updated and stands no more; the next plan says what to do")
    if live.owner not in ("", header.target.owner, change.owner):
        return Verdict(finding=f"it was being updated and belongs to {live.owner} now; the lockfile's entry is kept")
    kind = kind_of(change.address.type)
    if _same(change, live, header, after=True) and not blind(kind, change.before or {}, change.after or {}):
        return Verdict(edits=kept(change, live.arn, live=live))
    if _same(change, live, header, after=False):
        return Verdict()  # a secret may have been sent, which nothing shows: the next plan sends it again
    if between(kind, live, change.before or {}, change.after or {}, header.ignore_tags):
        attributes = without_tags(kind, beside(kind, live, change.before or {}), header.ignore_tags)
        return Verdict(
            edits=kept(change, live.arn, attributes, live=live),
            finding="its update was half done; the next plan ends it",
        )
    return Verdict(
        finding="it was being updated, and holds neither what was there nor what was sent; the lockfile's entry is kept"
    )


def _deleted(change: Change, live: Live | None, header: Header) -> Verdict:
    if live is None:
        return Verdict(edits=Edits(drop=(change.address,)))
    if _same(change, live, header, after=False):
        return Verdict()
    return Verdict(
        finding="it was being deleted, and stands with other values than it had; the lockfile's entry is kept"
    )


def _ours(live: Live, header: Header) -> bool:
    return live.owner == header.target.owner


def _same(change: Change, live: Live, header: Header, *, after: bool) -> bool:
    attributes = change.after if after else change.before
    return same(kind_of(change.address.type), live, attributes, header.ignore_tags)


def _look(directory: Directory, change: Change, patience: Patience) -> Live | DirectoryError | None:
    pauses = patience.pauses() if change.action in _COUNTS_ABSENCE else iter(())
    while True:
        try:
            found = directory.read(kind_of(change.address.type), change.name)
        except DirectoryError as error:
            return error
        pause = next(pauses, None)
        if found is not None or pause is None:
            return found
        time.sleep(pause)


def _said(journal: Journal) -> Diagnostic:
    header, count = journal.header, len(journal.intents)
    looked = (
        f"{count} change{'s' if count != 1 else ''} without an outcome" if count else "every change had its outcome"
    )
    return Diagnostic(
        severity=Severity.INFO,
        code="interrupted-run",
        summary=f"an earlier run was interrupted: {header.command} by {header.who} at {header.when}; {looked}",
        detail="What it did was found out by looking at the directory." if count else "",
    )


def _finding(change: Change, one: Verdict) -> Diagnostic:
    return Diagnostic(
        severity=Severity.WARNING,
        code="unsettled" if one.undecided else "interrupted-change",
        summary=f"{change.address}: {one.finding}",
        address=str(change.address),
        source=change.source,
    )
