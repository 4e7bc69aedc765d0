"""Ctrl-C, SIGTERM and SIGHUP: before changes begin, while they are under way, and when all is written.

Before: the verb ends, nothing is written; one that goes on until it is told to stop ends so, too. While: what is under way is
finished within bounds, nothing else is started; the same signal once more ends the process at once. After: too late to stop
anything.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

from reconciler.cli.console import Console
from reconciler.errors import ExitCode

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Handler = Callable[[int, FrameType | None], object]


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """While inside, SIGTERM and SIGHUP raise KeyboardInterrupt as SIGINT does: locks are let go of, and a word is said."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers signals to the main thread only
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _hear(_interrupt, signal.SIGTERM, signal.SIGHUP)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stoppable(console: Console, stop: threading.Event) -> Iterator[None]:
    """While inside, a signal sets `stop`; the same once more ends the process. From then on, no signal does anything.

    Ending at once loses nothing that the journal does not hold: every intent is on disk before its call is sent. Another
    signal than the first is no reason to hurry: CI runners send SIGINT and SIGTERM some seconds apart.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: set[int] = set()

    def on_signal(number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        if number in heard:
            _say(console, f"{name}: ended at once. The journal says what was under way; the next run settles it.")
            os._exit(ExitCode.PARTIAL)
        first = not heard
        heard.add(number)
        if first:  # a second signal in the middle of this would wait for the event's own lock
            stop.set()
        _say(
            console,
            f"{name}: finishing the changes that are under way, starting no others. {name} once more ends at once.",
        )

    _hear(on_signal, *_SIGNALS)
    try:
        yield
    finally:
        _hear(_too_late, *_SIGNALS)


@contextlib.contextmanager
def ended_by_signal(console: Console) -> Iterator[threading.Event]:
    """While inside, a signal sets the event and raises KeyboardInterrupt, so that locks are let go of; no other does again.

    The same once more ends the process: whatever it has replaced, it has replaced as a whole.
    """
    ending = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield ending
        return
    heard: set[int] = set()

    def on_signal(number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        if number in heard:
            _say(console, f"{name}: ended at once.")
            os._exit(ExitCode.ERROR)
        first = not heard
        heard.add(number)
        if first:
            ending.set()
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _hear(on_signal, *_SIGNALS)
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def deaf() -> None:
    """Ignore the signals from now on: all is done but for the last words."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _hear(handler: _Handler, *numbers: int) -> None:
    for number in numbers:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup means what it says
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _too_late(_number: int, _frame: FrameType | None) -> None:
    """What was to be done is done, and the process about to end."""


def _say(console: Console, words: str) -> None:
    with contextlib.suppress(RuntimeError):  # the signal came in the middle of another word
        console.note(words)
