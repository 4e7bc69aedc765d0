"""What `--metrics [FORMAT=]FILE` asks for: read and checked before anything begins, written when the run is over."""

from __future__ import annotations

import enum
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.console import Console
from reconciler.cli.output import check_kind, check_new, check_no_link, check_replaceable, write_whole
from reconciler.cli.report_files import ReportFiles
from reconciler.errors import ReconcilerError, UsageError
from reconciler.manifest.files import DEFAULT_FILE, DEFAULT_FOLDER

if TYPE_CHECKING:
    from reconciler.model.measures import Measures

_STDOUT = "-"


class MetricFormat(enum.Enum):
    """How measures are written."""

    OPENMETRICS = "openmetrics"
    EMF = "emf"


_OTHERS = {MetricFormat.OPENMETRICS: (".yaml", ".yml", ".json"), MetricFormat.EMF: (".yaml", ".yml")}
"""How files end in which something else stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFile:
    """Measures in one format, and the file that they go to; None is standard output."""

    form: MetricFormat
    file: Path | None

    def __str__(self) -> str:
        return f"{self.form.value}={self.file or _STDOUT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFiles:
    """All that one command was asked for."""

    files: tuple[MetricFile, ...] = ()

    @property
    def on_stdout(self) -> bool:
        """Whether one of them goes to standard output, where then nothing else is shown."""
        return any(one.file is None for one in self.files)

    def write(self, console: Console, measured: Sequence[Measures]) -> dict[str, str]:
        """Write all of them, each though another failed; why those failed that did."""
        failed: dict[str, str] = {}
        for one in self.files:
            try:
                _write(console, one, measured)
            except ReconcilerError as error:
                failed[f"--metrics {one}"] = error.summary
            except OSError as error:
                failed[f"--metrics {one}"] = error.strerror or str(error)
        return failed


def read_metric_files(
    words: Sequence[str] | None, reports: ReportFiles, *, manifest: Path | None = None
) -> MetricFiles:
    """What the words ask for, beside those reports. `manifest`: None for those that a command takes where none is named.

    Raises UsageError for what is no file, is a link, or is something else's.
    """
    found = tuple(_read(one) for one in words or ())
    files = [one.file for one in found] + [one.file for one in reports.files]
    places = [_STDOUT if file is None else os.path.realpath(file) for file in files]
    for at, (one, place) in enumerate(zip(found, places, strict=False)):
        if place in (*places[:at], *places[at + 1 :]):
            raise UsageError(f"--metrics {one}: something else goes there already", "Give each a file of its own.")
        if one.file is not None:
            try:
                _check(one, one.file, manifest)
            except (OSError, ValueError) as error:  # no system takes it for a name
                raise UsageError(f"--metrics {one}: {error}; nothing was written", "Choose another file.") from error
    return MetricFiles(files=found)


def _read(word: str) -> MetricFile:
    name, separator, rest = word.partition("=")
    form = next((one for one in MetricFormat if separator and one.value == name.lower()), None)
    file = rest if form else word
    if not file:
        raise UsageError(
            f"--metrics {word} says no file", "Write it as in --metrics drift.prom, or --metrics emf=drift.log."
        )
    return MetricFile(form=form or MetricFormat.OPENMETRICS, file=None if file == _STDOUT else Path(file))


def _check(one: MetricFile, file: Path, manifest: Path | None) -> None:
    check_new(file)
    if file.suffix in _OTHERS[one.form]:
        raise UsageError(
            f"--metrics {one} would write into {file}, which looks like a manifest, a lockfile or a report",
            "Measures go to a file as drift.prom, which alone node_exporter reads, or emf=drift.log.",
        )
    for part in (Path(DEFAULT_FILE), Path(DEFAULT_FOLDER)) if manifest is None else (manifest,):
        check_replaceable(file, part, option="--metrics")
    check_kind(file, option=f"--metrics {one}")
    if not file.parent.is_dir():
        raise UsageError(
            f"--metrics {one}: {file} has no folder {file.parent} to be in", "Give a file in a folder that exists."
        )


def _write(console: Console, one: MetricFile, measured: Sequence[Measures]) -> None:
    from reconciler.render.metrics import emf_lines, openmetrics_text

    if one.file is not None:  # of many runs, this may be a late one
        check_no_link(one.file, option=f"--metrics {one}")
        check_kind(one.file, option=f"--metrics {one}")
    if one.form is MetricFormat.OPENMETRICS:
        text = openmetrics_text(measured)
        if one.file is None:
            console.show(text.rstrip("\n"))
        else:
            write_whole(one.file, text, through_link=False)
        return
    lines = emf_lines(measured)
    if one.file is None:
        console.show(lines.rstrip("\n"))
        return
    with one.file.open("a", encoding="utf-8") as stream:  # whoever follows the file reads each line once
        stream.write(lines)
