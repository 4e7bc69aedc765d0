"""What `--metrics [FORMAT=]FILE` asks for: read and checked before anything begins, written when the run is over."""

from __future__ import annotations

import enum
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.console import Console
from reconciler.cli.output import check_new, write_whole
from reconciler.cli.report_files import ReportFiles
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.model.measures import Measures

_STDOUT = "-"


class MetricFormat(enum.Enum):
    """How measures are written."""

    OPENMETRICS = "openmetrics"
    EMF = "emf"


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


def read_metric_files(words: Sequence[str] | None, reports: ReportFiles) -> MetricFiles:
    """What the words ask for, beside those reports. Raises UsageError for what is no file, or is something else's."""
    found = tuple(_read(one) for one in words or ())
    files = [one.file for one in found] + [one.file for one in reports.files]
    places = [_STDOUT if file is None else os.path.realpath(file) for file in files]
    for at, (one, place) in enumerate(zip(found, places, strict=False)):
        if place in (*places[:at], *places[at + 1 :]):
            raise UsageError(f"--metrics {one}: something else goes there already", "Give each a file of its own.")
        if one.file is not None:
            _check(one, one.file)
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


def _check(one: MetricFile, file: Path) -> None:
    check_new(file)
    if file.is_dir() or not file.parent.is_dir():
        wrong = "is a folder" if file.is_dir() else f"has no folder {file.parent} to be in"
        raise UsageError(f"--metrics {one}: {file} {wrong}", "Give a file in a folder that exists.")
    if one.form is MetricFormat.OPENMETRICS and file.suffix in (".yaml", ".yml", ".json"):
        raise UsageError(
            f"--metrics {one} would replace {file}, which looks like a manifest, a lockfile or a report",
            "Measures go to a file as drift.prom; node_exporter reads those alone.",
        )


def _write(console: Console, one: MetricFile, measured: Sequence[Measures]) -> None:
    from reconciler.render.metrics import emf_lines, openmetrics_text

    if one.form is MetricFormat.OPENMETRICS:
        text = openmetrics_text(measured)
        if one.file is None:
            console.show(text.rstrip("\n"))
        else:
            write_whole(one.file, text)
        return
    lines = emf_lines(measured)
    if one.file is None:
        console.show(lines.rstrip("\n"))
        return
    with one.file.open("a", encoding="utf-8") as stream:  # whoever follows the file reads each line once
        stream.write(lines)
