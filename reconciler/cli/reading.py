"""Reading a directory for a verb: what of it, with which progress on a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, TextIO, cast

from reconciler.cli.age import today
from reconciler.cli.console import Console, Unheard
from reconciler.directory.protocol import THREADS
from reconciler.model.addresses import Remote
from reconciler.model.kinds import WORKLOAD_IDENTITY, Kind
from reconciler.model.resources import Lock, Refresh, Snapshot, Stack

if TYPE_CHECKING:
    from reconciler.directory.protocol import Directory

Wanted = Callable[[Remote], bool]


def nothing_more(_: Remote) -> bool:
    """A `wanted` for verbs that care for what is declared or managed only."""
    return False


def take_snapshot(
    console: Console,
    directory: Directory,
    *,
    stack: Stack,
    lock: Lock | None,
    refresh: Refresh,
    wanted: Wanted = nothing_more,
    trusting: bool = False,
    kinds: Collection[Kind] = (),
    threads: int = THREADS,
) -> Snapshot:
    """What the directory holds, as far as `refresh` and `wanted` ask for it.

    `trusting`: what the listing dates as the lockfile does is not read. `kinds`: listed beside identities and those in use.
    """
    from reconciler.directory.snapshot import read_snapshot
    from reconciler.planning import changed_remotes, expected_remotes, known_remotes

    with counted(console, "Reading the directory") as progress:
        return read_snapshot(
            directory,
            refresh=refresh,
            wanted=wanted,
            expected=expected_remotes(stack, lock),
            changed=changed_remotes(stack, lock, today()),
            known=known_remotes(lock),
            trusting=trusting,
            parents=frozenset(one.parent for one in stack.resources.values() if one.parent),
            kinds=(WORKLOAD_IDENTITY, *kinds),
            threads=threads,
            progress=progress,
        )


def unread() -> Snapshot:
    """The snapshot of `--refresh none`, for which no directory is needed."""
    return Snapshot(refresh=Refresh.NONE, live={}, listed={}, unknown={}, linked={})


@contextlib.contextmanager
def counted(console: Console, doing: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """What takes how much is done of how much, None where nobody knows yet; None itself where no terminal shows it."""
    if not console.animates:
        yield None
        return
    from rich.console import Console as Screen
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    screen = Screen(file=cast(TextIO, Unheard(sys.stderr)), no_color=not console.colour_err)
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
