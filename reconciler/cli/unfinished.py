"""What an earlier run left unfinished: settled by looking at the directory, and said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.console import Console
from reconciler.model.environments import Target
from reconciler.model.resources import Lock

if TYPE_CHECKING:
    from reconciler.directory.protocol import Directory
    from reconciler.state import State, Writer


def settled_in_memory(
    console: Console, state: State, lock: Lock | None, directory: Directory, target: Target
) -> Lock | None:
    """The lockfile as the next run that writes will settle it; nothing is written. `target`: where the directory is.

    Raises StateError for a damaged journal, and as `settled_first`.
    """
    journal = state.unfinished()
    if journal is None:
        return lock
    from reconciler.applying import settle
    from reconciler.state import check_place, settled

    check_place(journal.header.target, target, file=f"the journal of {state.place}")
    holder = state.holder()
    settlement = settle(journal, directory)
    if holder is not None:  # its journal is no sign of an interruption
        console.note(f"Another run is at work: {holder}. What is planned now may be out of date at once.")
    else:
        console.diagnostics(settlement.findings)
        console.note(
            "This stands on what the directory shows of that run. Nothing is written yet; apply settles it first."
        )
    return settled(lock, journal, settlement.edits)


def settled_first(console: Console, writer: Writer, directory: Directory, target: Target) -> Lock | None:
    """The lockfile after what an earlier run left is settled in it, and its journal gone. `target`: where the directory is.

    Raises StateError where something of it cannot be looked at or written, or is of another stack; Refused where that run
    was at work in another account or region: looking here would find nothing of what it did.
    """
    if writer.took_over is not None:
        console.note(f"Took over from a run that is gone: {writer.took_over}.")
    if writer.pending is not None:
        from reconciler.applying import recover
        from reconciler.state import check_place

        check_place(writer.pending.header.target, target, file=writer.journal_place)
        settlement = recover(writer, directory)
        console.diagnostics(settlement.findings if settlement else ())
        console.note(f"Settled: the lockfile is at serial {writer.lock.serial if writer.lock else 0}.")
    return writer.lock
