"""Ctrl-C and SIGTERM while changes are under way: finish those, start no others; a second one ends the process at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from reconciler.cli.console import Console
from reconciler.errors import ExitCode

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stoppable(console: Console, stop: threading.Event) -> Iterator[None]:
    """While inside, a first signal sets `stop` and a second one ends the process.

    Ending at once loses nothing that the journal does not hold: every intent is on disk before its call is sent.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers signals to the main thread only
        return

    def on_signal(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            console.note(
                "Ended at once. The journal beside the lockfile says what was under way; the next run settles it."
            )
            os._exit(ExitCode.PARTIAL)
        stop.set()
        console.note(
            f"{signal.Signals(number).name}: finishing the changes that are under way, starting no others. "
            "Once more ends at once."
        )

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
