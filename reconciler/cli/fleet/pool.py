"""Several targets at the same time: how many at once, what is shown meanwhile, and an end that leaves none untold."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TextIO, TypeVar, cast

from reconciler.cli.console import Console, Unheard
from reconciler.directory.protocol import THREADS

if TYPE_CHECKING:
    from reconciler.directory.sharing import Sharing

AT_ONCE = 64
"""Targets at work at the same time."""

_CALLS = 320  # under way at once in all; a target at the service's 20 a second has two or three
_LEAST = 4  # of them for each target
_LOOK = 0.1  # seconds between two looks at whether to stop
_GRACE = 10.0  # seconds that an interrupted target has to come to its end
Result = TypeVar("Result")
Work = Callable[[], Result]
OnEnd = Callable[[object], None]


def threads_for(targets: int) -> int:
    """How many calls each of so many targets has under way at once."""
    return max(_LEAST, min(THREADS, _CALLS // max(1, min(targets, AT_ONCE))))


def side_by_side(
    work: Mapping[str, Work[Result]], sharing: Sharing, *, stop: threading.Event | None = None, progress: OnEnd
) -> tuple[dict[str, Result], bool]:
    """What each came to, in the order given, and whether all were left to end. No work raises anything.

    Once `stop` is set, or at an interrupt of this thread, no other target is begun, and the calls of those at work end soon.
    What was not begun, and what does not end, is missing in the result.
    """
    results: dict[str, Result] = {}
    pool = ThreadPoolExecutor(max(1, min(len(work), AT_ONCE)), thread_name_prefix="target")
    futures = {pool.submit(one): name for name, one in work.items()}
    interrupted = False
    try:
        _collect(futures, results, progress, stop)
    except KeyboardInterrupt:
        interrupted = True
    if interrupted or (stop is not None and stop.is_set()):
        interrupted = True
        pool.shutdown(wait=False, cancel_futures=True)
        sharing.hurry()
        running = {one: name for one, name in futures.items() if not one.cancelled() and name not in results}
        with contextlib.suppress(KeyboardInterrupt):
            wait(running, timeout=None if stop is not None else _GRACE)
        for future, name in running.items():
            if future.done():
                results[name] = future.result()
    pool.shutdown(wait=not interrupted)
    return {name: results[name] for name in work if name in results}, not interrupted


def _collect(
    futures: Mapping[Future[Result], str],
    results: dict[str, Result],
    progress: OnEnd,
    stop: threading.Event | None,
) -> None:
    """Take in results as they come, until all are there or the run is to stop."""
    waiting = set(futures)
    while waiting and not (stop is not None and stop.is_set()):
        done, waiting = wait(waiting, timeout=_LOOK, return_when=FIRST_COMPLETED)
        for future in done:
            results[futures[future]] = future.result()
            progress(future.result())


@contextlib.contextmanager
def shown(console: Console, doing: str, total: int) -> Iterator[OnEnd]:
    """What is called with each target that has ended: on a terminal a line that says how far it is."""
    if not console.animates:
        yield lambda _: None
        return
    from rich.console import Console as Screen
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TextColumn("targets"), TimeElapsedColumn())
    screen = Screen(file=cast(TextIO, Unheard(sys.stderr)), no_color=not console.colour_err)
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda _: bar.advance(task)
