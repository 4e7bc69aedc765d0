"""What `--output FORMAT=FILE` asks for: read, checked before anything begins, and written each whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.cli.console import Console
from reconciler.cli.output import check_new, check_replaceable, write_whole
from reconciler.errors import ReconcilerError, UsageError
from reconciler.manifest.files import DEFAULT_FILE, DEFAULT_FOLDER
from reconciler.model.report_formats import ReportFormat

_STDOUT = "-"
_KNOWN = ", ".join(one.value for one in ReportFormat)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A report in one format, and the file it goes to; None is standard output."""

    form: ReportFormat
    file: Path | None

    def __str__(self) -> str:
        return f"{self.form.value}={self.file or _STDOUT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    """All that one command was asked for."""

    files: tuple[ReportFile, ...] = ()

    @property
    def on_stdout(self) -> bool:
        """Whether one of them goes to standard output, where then nothing else is shown."""
        return any(one.file is None for one in self.files)

    def write(self, console: Console, say: Callable[[ReportFormat], str]) -> ReconcilerError | None:
        """Write all of them, each though another failed. What went wrong, to be raised when the rest of the work is done.

        `say` makes the text of a format.
        """
        failed: dict[str, str] = {}
        for one in sorted(self.files, key=lambda one: one.file is None):  # whoever reads the stream may go away
            try:
                _write(console, one, say(one.form))
            except (OSError, ReconcilerError) as error:
                if one.file is None and isinstance(error, BrokenPipeError):
                    raise
                failed[str(one)] = _reason(error)
        if not failed:
            return None
        said = "\n".join(f"{what}: {why}" for what, why in failed.items())
        if len(failed) == len(self.files):
            return ReconcilerError(f"{'the report' if len(failed) == 1 else 'no report'} could not be written", said)
        return ReconcilerError(
            f"{len(failed)} of {len(self.files)} reports could not be written: {', '.join(failed)}",
            f"{said}\nThe others are whole.",
        )


def read_report_files(
    words: Sequence[str] | None, *, manifest: Path | None = None, taken: Mapping[Path, str] | None = None
) -> ReportFiles:
    """What the words ask for. `manifest`: None for those that a command takes where none is named.

    `taken`: files that the command reads or writes itself, and what each is.

    Raises UsageError for what is no format, no file, or a file that something else is in or goes to.
    """
    found = tuple(_read(one) for one in words or ())
    places: dict[str, str] = {os.path.realpath(file): what for file, what in (taken or {}).items()}
    for one in found:
        if one.file is not None:
            try:
                _check(one.file, manifest)
            except (OSError, ValueError) as error:  # no system takes it for a name
                raise UsageError(f"--output {one}: {error}; nothing was written", "Choose another file.") from error
        place = _STDOUT if one.file is None else os.path.realpath(one.file)
        if place in places:
            where = "standard output" if one.file is None else str(one.file)
            raise UsageError(
                f"--output {one}: {where} is {places[place]} already; nothing was written",
                "Give each report a file of its own.",
            )
        places[place] = f"that of --output {one}"
    return ReportFiles(files=found)


def _read(word: str) -> ReportFile:
    name, separator, file = word.partition("=")
    form = next((one for one in ReportFormat if one.value == name.lower()), None)
    if not separator or not file:
        example = f"{form.value}=report.{form.value}" if form else f"markdown={name}"
        raise UsageError(
            f"--output {word} says no {'file' if form else 'format'}", f"Write it as in --output {example}."
        )
    if form is None:
        raise UsageError(f"--output {word}: {name} is no format", f"{_meant(name)}The formats are {_KNOWN}.")
    return ReportFile(form=form, file=None if file == _STDOUT else Path(file))


def _meant(name: str) -> str:
    import difflib

    close = difflib.get_close_matches(name.lower(), [one.value for one in ReportFormat], n=1)
    return f"Did you mean {close[0]}? " if close else ""


def _check(file: Path, manifest: Path | None) -> None:
    for one in (Path(DEFAULT_FILE), Path(DEFAULT_FOLDER)) if manifest is None else (manifest,):
        check_replaceable(file, one, option="--output")
    check_new(file)
    if file.is_dir():
        raise UsageError(f"--output {file} is a folder; nothing was written", "Give the name of a file in it.")
    if not file.parent.is_dir():
        raise UsageError(
            f"--output {file}: there is no folder {file.parent}", "Make it first, or choose another place."
        )


def _write(console: Console, one: ReportFile, text: str) -> None:
    if one.file is not None:
        write_whole(one.file, text.encode("utf-8", "backslashreplace").decode(), through_link=False)
    elif text:
        console.show(text)


def _reason(error: OSError | ReconcilerError) -> str:
    return error.summary if isinstance(error, ReconcilerError) else error.strerror or str(error)


def repository_prefix() -> str:
    """From the root of the repository to the working folder, with a slash at its end; "" at the root and where there is none.

    A host wants to have paths from the root. Only looked for, nothing is run.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            inner = here.relative_to(folder).as_posix()
            return "" if inner == "." else f"{inner}/"
    return ""
