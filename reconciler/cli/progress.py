"""How an apply is followed while it runs: a bar on a terminal, a line per event elsewhere; both on standard error."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO, cast

from reconciler.cli.console import Console, Unheard
from reconciler.model.plan import Plan

if TYPE_CHECKING:
    from reconciler.applying import Event

    OnEvent = Callable[[Event], None]


@contextlib.contextmanager
def followed(console: Console, plan: Plan) -> Iterator[OnEvent]:
    """What an apply calls with each change that starts and each that has ended; one call at a time."""
    with _bar(console, plan) if console.animates else _lines(console) as on_event:
        yield on_event


@contextlib.contextmanager
def _lines(console: Console) -> Iterator[OnEvent]:
    from reconciler.render import event_line

    def on_event(event: Event) -> None:
        about = event.outcome or event.change
        console.tell(event_line(about, done=event.finished, total=event.total, colour=console.colour_err))

    yield on_event


@contextlib.contextmanager
def _bar(console: Console, plan: Plan) -> Iterator[OnEvent]:
    from rich.console import Console as Screen
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    from reconciler.render import clean, outcome_line

    columns = (
        TextColumn("Applying"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    screen = Screen(file=cast(TextIO, Unheard(sys.stderr)), no_color=not console.colour_err, highlight=False)
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("", total=len(plan.changes))

        def on_event(event: Event) -> None:
            if event.outcome is None:
                bar.update(task, description=clean(str(event.change.address)))
                return
            # Text, not a string: a name must not be read as rich's markup.
            bar.console.print(Text.from_ansi(outcome_line(event.outcome, colour=console.colour_err)), soft_wrap=True)
            bar.update(task, completed=event.finished)

        yield on_event
