"""The log on standard error, and errors in it: an error's way through the code is told, the words of others are not.

The words of an exception that is not ours may repeat a request, a credential process's output, a line of the credentials
file. So a traceback names it and where it arose, and quotes only what we wrote ourselves.
"""

from __future__ import annotations

import logging
import sys
import traceback

from reconciler.aws.words import quotable
from reconciler.errors import ReconcilerError
from reconciler.render import clean, clean_lines


def start_log(level: str) -> None:
    """Log to standard error from that level on (a name as in `logging`).

    Others than ourselves say at most INFO: the SDK's debug log holds whole requests, session tokens in their headers included.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Careful())
    wanted: int = getattr(logging, level)
    logging.basicConfig(handlers=[handler], level=max(wanted, logging.INFO), force=True)
    logging.getLogger("reconciler").setLevel(wanted)


def quiet_log() -> None:
    """See to it that what the SDK warns of is written with care even where nobody asked for a log."""
    if not logging.getLogger().handlers:
        start_log("WARNING")


def trace_text(error: BaseException) -> str:
    """The error's traceback and those of what it came from, oldest first, without the words of exceptions that are not ours."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return "\n\nfrom which came\n\n".join(map(_one, reversed(chain)))


def _one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
    named = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    lines = ["Traceback (most recent call last):", *clean_lines(frames), clean(f"{named}: {_words(error)}")]
    return "\n".join(lines)


def _words(error: BaseException) -> str:
    if isinstance(error, ReconcilerError):
        return error.summary
    said = error.strerror if isinstance(error, OSError) else None
    return said or "(not our words, so they are kept back)"


class Careful(logging.Formatter):
    """One line a record, in which nothing steers a terminal or a CI runner; exceptions as `trace_text` tells them."""

    def format(self, record: logging.LogRecord) -> str:
        said = quotable(record.getMessage())
        line = clean(f"{self.formatTime(record)} {record.levelname} {record.name}: {said}")
        error = record.exc_info[1] if record.exc_info else None
        return line if error is None else f"{line}\n{trace_text(error)}"
