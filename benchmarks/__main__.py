"""`make bench`: runs the cases, prints the table, and with `--markdown` puts it into docs/performance.md."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.cases import CASES, ROOT, Bench, Row
from benchmarks.drifting import HEADINGS as DRIFT_HEADINGS
from benchmarks.drifting import measure as measure_drift
from benchmarks.measure import Cost
from benchmarks.pacing import HEADINGS, measure
from benchmarks.targets import HEADINGS as TARGET_HEADINGS
from benchmarks.targets import measure as measure_targets

_DOCUMENT = ROOT / "docs" / "performance.md"
_PACING, _TARGETS, _DRIFT = "pacing", "targets", "drift"
_HEADINGS = ("case", "wall", "CPU", "peak", "beside it", "wall", "CPU", "peak", "ratio", "promised", "")


def cells(row: Row) -> tuple[str, ...]:
    """The row as text, column by column."""
    other = _cost(row.other) if row.other else ("", "", "")
    ratio = f"{row.ours.wall / row.other.wall:.2f}" if row.other else ""
    if row.other and row.ours.wall * 2 < row.other.wall:
        ratio = f"1/{row.other.wall / row.ours.wall:.1f}"
    met = {True: "met", False: "MISSED", None: "not compared"}[row.met]
    return (row.title, *_cost(row.ours), row.beside, *other, ratio, row.target, met)


def _cost(cost: Cost) -> tuple[str, str, str]:
    return f"{cost.wall:.2f} s", f"{cost.cpu:.2f} s", f"{cost.memory / 1024**2:,.0f} MB"


def text_table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """The rows in columns for a terminal."""
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (headings, *rows))
    return "\n".join(line.rstrip() for line in lines)


def markdown_table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """The rows as a Markdown table."""
    rule = tuple("---" for _ in headings)
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, rule, *rows)) + "\n"


def write(text: str, mark: str) -> None:
    """Put the text into the document, between the comments that have the mark."""
    begin, end = f"<!-- {mark}: begin -->\n", f"<!-- {mark}: end -->\n"
    before, _, rest = _DOCUMENT.read_text(encoding="utf-8").partition(begin)
    _DOCUMENT.write_text(before + begin + text + end + rest.partition(end)[2], encoding="utf-8")


def machine(terraform: str | None) -> str:
    """One sentence on what was measured with what."""
    names = ("boto3", "jsonschema-rs", "pyyaml")
    parts = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)]
    if terraform:
        said = subprocess.run([terraform, "version"], capture_output=True, text=True, check=True).stdout
        parts.append(said.split("\n", 1)[0])
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return f"{today}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores; {', '.join(parts)}."


def main() -> int:
    """0 when every promise that could be compared was kept, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    every = ",".join((*CASES, _PACING, _TARGETS, _DRIFT))
    parser.add_argument("--only", default=every, help=f"some of {every}")
    parser.add_argument("--rounds", type=int, default=3, help="counted runs of each side; the median is shown")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the size that the promises speak of")
    parser.add_argument("--markdown", action="store_true", help=f"write the table into {_DOCUMENT.relative_to(ROOT)}")
    asked = parser.parse_args()
    terraform = shutil.which("terraform")
    rows: list[Row] = []
    rides: list[tuple[str, ...]] = []
    many: list[tuple[str, ...]] = []
    looks: list[tuple[str, ...]] = []
    kept = swift = sparing = True
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as folder:
        bench = Bench(folder=Path(folder), rounds=asked.rounds, scale=asked.scale, terraform=terraform)
        for name in asked.only.split(","):
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            if name == _PACING:
                rides, kept = measure(bench)
            elif name == _TARGETS:
                many, swift = measure_targets(bench)
            elif name == _DRIFT:
                looks, sparing = measure_drift(bench)
            else:
                rows.append(CASES[name](bench))
    _tell(_HEADINGS, [cells(row) for row in rows], "measured", asked, f"medians of {asked.rounds} runs, alternating")
    _tell(HEADINGS, rides, _PACING, asked, "one run of each, one after the other")
    _tell(TARGET_HEADINGS, many, _TARGETS, asked, "one run of each, in one go")
    _tell(DRIFT_HEADINGS, looks, _DRIFT, asked, "one run of each, one after the other")
    return 0 if kept and swift and sparing and all(row.met is not False for row in rows) else 1


def _tell(
    headings: tuple[str, ...], rows: Sequence[tuple[str, ...]], mark: str, asked: argparse.Namespace, how: str
) -> None:
    """Print a table that has rows, and put it into the document if that was asked for."""
    if not rows:
        return
    note = f"{how}; {machine(shutil.which('terraform'))}"
    print(f"{text_table(headings, rows)}\n\n{note}\n")
    if asked.markdown:
        write(f"{markdown_table(headings, rows)}\n{note[0].upper()}{note[1:]}\n", mark)


if __name__ == "__main__":
    sys.exit(main())
