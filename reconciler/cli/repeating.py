"""`--watch INTERVAL`: the same again and again, until a signal ends it. Goes on after what failed, later and later."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import SystemRandom
from typing import NamedTuple

from reconciler.cli.age import in_words, stamp
from reconciler.cli.console import Console
from reconciler.cli.fleet.island import failure_of
from reconciler.cli.interrupts import ended_by_signal
from reconciler.errors import ExitCode, InvalidInput, ReconcilerError, UsageError

_JITTER = 0.1  # of the interval, either way: a fleet that was started at once does not call at once
_LONGEST = 3600.0  # seconds between two tries after failures, or the interval where that is longer
_DOUBLED = 10  # times at most


class Ended(NamedTuple):
    """How one run ended: its code, and what it came to in a few words."""

    code: ExitCode
    said: str


@dataclass(slots=True, kw_only=True)
class Rhythm:
    """When runs begin. `every`: seconds from the beginning of one to that of the next. The rest is there for tests.

    `wait` takes seconds, `clock` tells them, `luck` gives a number between 0 and 1.
    """

    every: float
    wait: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    luck: Callable[[], float] = field(default_factory=lambda: SystemRandom().random)

    def pause(self, took: float, failures: int) -> float:
        """Seconds until the next run begins, after one that took so long and so many that failed in a row."""
        longest = max(_LONGEST, self.every)
        period = min(self.every * 2.0 ** min(failures, _DOUBLED), longest)
        period *= 1 + _JITTER * (2 * self.luck() - 1)
        return max(period - took, min(1.0, self.every))


def repeat(console: Console, run: Callable[[Console], Ended], rhythm: Rhythm) -> ExitCode:
    """Run, and again, until a signal ends it; the code of the last run that came to its end.

    Each run gets a console on which nothing is noted that the run before has noted. Raises UsageError and InvalidInput of the
    first run: what is wrong from the beginning is a mistake in the call.
    """
    quieter = _Quieter(**{one: getattr(console, one) for one in Console.__dataclass_fields__})
    code, runs, failures = ExitCode.ERROR, 0, 0
    with ended_by_signal(console) as ending:
        try:
            while not ending.is_set():
                began = rhythm.clock()
                quieter.turn()
                ended = _once(quieter, run, first=not runs)
                if ending.is_set():  # it heard the signal itself, and came to no real end
                    break
                code, runs = ended.code, runs + 1
                failures = failures + 1 if code is ExitCode.ERROR else 0
                pause = rhythm.pause(rhythm.clock() - began, failures)
                row = f" ({failures} in a row)" if failures > 1 else ""
                console.note(f"{stamp()}  {ended.said}{row}; next in {_span(pause)}")
                del ended
                rhythm.wait(pause)
        except KeyboardInterrupt:
            pass
    console.note(f"Stopped after {runs} {'run' if runs == 1 else 'runs'}.")
    return code


def _once(console: Console, run: Callable[[Console], Ended], *, first: bool) -> Ended:
    try:
        return run(console)
    except BrokenPipeError:  # whoever read our output has gone away
        raise
    except ReconcilerError as error:
        if first and isinstance(error, UsageError | InvalidInput):
            raise
        console.error(error)
        return Ended(error.exit_code, "another run is at work" if error.exit_code is ExitCode.LOCKED else "failed")
    except Exception as error:
        failure = failure_of(error)
        console.error(ReconcilerError(failure.summary, failure.detail))
        return Ended(ExitCode.ERROR, "failed")


def _span(seconds: float) -> str:
    from datetime import timedelta

    return in_words(timedelta(seconds=math.ceil(seconds)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quieter(Console):
    """A console that leaves out notes that were made in the run before."""

    before: set[str] = field(default_factory=set)
    now: set[str] = field(default_factory=set)

    def note(self, text: str) -> None:
        """Write it, unless it was there the last time."""
        self.now.add(text)
        if text not in self.before:
            Console.note(self, text)

    def turn(self) -> None:
        """Another run begins."""
        self.before.clear()
        self.before.update(self.now)
        self.now.clear()
