"""The two streams of a command and what may be done on them: colour, prompts, animation.

Standard output carries the product (a plan, an export, JSON), standard error everything that accompanies it. Leaves out
the wording: see `reconciler.render`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from reconciler.diagnostics import Diagnostic, in_order
from reconciler.errors import InvalidInput, ReconcilerError

_NO = {"", "0", "false", "no"}
_NARROWEST, _WIDEST = 40, 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What the surroundings allow.

    `colour_out`, `colour_err`: escapes on that stream. `asks`: somebody is there who can answer a prompt.
    `animates`: standard error is a terminal on which lines may be drawn over. `width`: columns to wrap text at.
    """

    colour_out: bool
    colour_err: bool
    asks: bool
    animates: bool
    width: int

    def show(self, text: str) -> None:
        """Write a piece of the product to standard output. Raises ReconcilerError where it cannot be written."""
        try:
            _write(sys.stdout, text)
        except BrokenPipeError:  # its reader has seen enough
            raise
        except OSError as error:
            raise ReconcilerError(
                f"standard output cannot be written: {error.strerror or error}",
                "What was to be shown is lost, in part at least. Make room where it goes and run this again.",
            ) from error

    def note(self, text: str) -> None:
        """Write plain words to standard error, with nothing in them that could steer a terminal."""
        from reconciler.render import clean_lines

        self.tell("\n".join(clean_lines(text)))

    def tell(self, text: str) -> None:
        """Write text that `reconciler.render` made to standard error. That it cannot be is no reason to stop."""
        with contextlib.suppress(OSError):
            _write(sys.stderr, text)

    def diagnostics(self, found: Iterable[Diagnostic], *, lines: bool = True) -> None:
        """Write them to standard error, in their order, each with the line of the file it points at unless `lines` is false."""
        ordered = in_order(found)
        if ordered:
            from reconciler.render import diagnostics_text

            self.tell(diagnostics_text(ordered, colour=self.colour_err, read_line=read_line if lines else _no_line))

    def error(self, error: ReconcilerError) -> None:
        """Write what went wrong and what to do to standard error."""
        from reconciler.render import clean

        if isinstance(error, InvalidInput):
            self.diagnostics(error.diagnostics, lines=not error.confidential)
        mark = "\x1b[1;31mError:\x1b[0m" if self.colour_err else "Error:"
        detail = "".join(f"\n  {clean(line)}" for line in error.detail.splitlines())
        self.tell(f"{mark} {clean(error.summary)}{detail}")

    def ask(self, question: str) -> str:
        """The line that the user types, without surrounding blanks; empty at the end of input."""
        sys.stderr.write(question)
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            self.tell("")
        return answer.strip()


class Unheard:
    """A stream that may be gone, as a terminal that was closed is: what cannot be written there is lost, and nothing else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As a stream's, but for the errors."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """As a stream's, but for the errors."""
        with contextlib.suppress(OSError):
            self._stream.flush()


def open_console(no_color: bool, environ: Mapping[str, str] | None = None) -> Console:
    """What this process's streams and environment variables (NO_COLOR, TERM, CI, RECONCILER_INPUT) allow."""
    environ = os.environ if environ is None else environ
    plain = no_color or bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
    out, err = _is_terminal(sys.stdout), _is_terminal(sys.stderr)
    alone = environ.get("CI", "").lower() not in _NO
    silent = environ.get("RECONCILER_INPUT", "1").lower() in _NO
    columns = shutil.get_terminal_size((100, 24)).columns
    return Console(
        colour_out=out and not plain,
        colour_err=err and not plain,
        asks=_is_terminal(sys.stdin) and not alone and not silent,
        animates=err and not alone and environ.get("TERM") != "dumb",
        width=max(_NARROWEST, min(columns, _WIDEST)) if out else 100,
    )


_SECRETIVE = re.compile(r"credential_?providers", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(?:(?:name|credentialProviderVendor|clientId|tenantId|discoveryUrl|previously|owner|expires):\s[^{\[]*"
    r"|(?:config|tags|lifecycle|oauthDiscovery|[A-Za-z0-9]+CredentialProviders):)"
)


def read_line(file: str, line: int) -> str | None:
    """That line of a text file, to show beside what is wrong with it; None where it cannot be read, or may hold a secret.

    Such are the lines of a section of credential providers: whoever writes a secret there may well misspell its key. Only
    what is plainly something else is shown of them.
    """
    secretive = False
    try:
        if not Path(file).is_file():  # a pipe or a device would be waited for
            return None
        with Path(file).open(encoding="utf-8", errors="replace") as lines:
            for number, text in enumerate(lines, start=1):
                if text[:1].strip() and text[:1] not in "#}])":
                    secretive = _SECRETIVE.search(text) is not None
                if number == line:
                    return text.rstrip("\r\n") if not secretive or _HARMLESS.fullmatch(text.strip()) else None
    except (OSError, ValueError):
        return None
    return None


def _no_line(*_: object) -> None:
    """That of a file whose lines are nobody's to see."""


def _write(stream: TextIO, text: str) -> None:
    stream.write(text if text.endswith("\n") else text + "\n")
    stream.flush()


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False
