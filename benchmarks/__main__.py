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
from benchmarks.measure import Cost

_DOCUMENT = ROOT / "docs" / "performance.md"
_BEGIN, _END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
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


def text_table(rows: Sequence[tuple[str, ...]]) -> str:
    """The rows in columns for a terminal."""
    widths = [max(len(row[column]) for row in (_HEADINGS, *rows)) for column in range(len(_HEADINGS))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (_HEADINGS, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)


def markdown_table(rows: Sequence[tuple[str, ...]]) -> str:
    """The rows as a Markdown table."""
    rule = tuple("---" for _ in _HEADINGS)
    return "\n".join(f"| {' | '.join(row)} |" for row in (_HEADINGS, rule, *rows)) + "\n"


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
    parser.add_argument("--only", default=",".join(CASES), help=f"some of {','.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=3, help="counted runs of each side; the median is shown")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the size that the promises speak of")
    parser.add_argument("--markdown", action="store_true", help=f"write the table into {_DOCUMENT.relative_to(ROOT)}")
    asked = parser.parse_args()
    terraform = shutil.which("terraform")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as folder:
        bench = Bench(folder=Path(folder), rounds=asked.rounds, scale=asked.scale, terraform=terraform)
        for name in asked.only.split(","):
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            rows.append(CASES[name](bench))
    table = [cells(row) for row in rows]
    print(text_table(table))
    print(f"\nmedians of {asked.rounds} runs, alternating; {machine(terraform)}")
    if asked.markdown:
        before, _, rest = _DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        measured = f"{markdown_table(table)}\nMedians of {asked.rounds} runs, alternating; {machine(terraform)}\n"
        _DOCUMENT.write_text(before + _BEGIN + measured + _END + after, encoding="utf-8")
    return 0 if all(row.met is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
