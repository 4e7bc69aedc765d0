"""What an earlier run left unfinished: settled by looking at the directory, and said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.console import Console
from reconciler.model.resources import Lock

if TYPE_CHECKING:
    from reconciler.directory.protocol import Directory
    from reconciler.state import State, Writer


def settled_in_memory(console: Console, state: State, lock: Lock | None, directory: Directory) -> Lock | None:
    """The lockfile as the next run that writes will settle it; nothing is written. Raises StateError for a damaged journal."""
    journal = state.unfinished()
    if journal is None:
        return lock
    from reconciler.applying import settle
    from reconciler.state import settled

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


def settled_first(console: Console, writer: Writer, directory: Directory) -> Lock | None:
    """The lockfile after what an earlier run left is settled in it, and its journal gone.

    Raises StateError where something of it cannot be looked at or written.
    """
    if writer.took_over is not None:
        console.note(f"Took over from a run that is gone: {writer.took_over}.")
    if writer.pending is not None:
        from reconciler.applying import recover

        settlement = recover(writer, directory)
        console.diagnostics(settlement.findings if settlement else ())
        console.note(f"Settled: the lockfile is at serial {writer.lock.serial if writer.lock else 0}.")
    return writer.lock
