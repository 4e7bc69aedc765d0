"""How much faster several targets are side by side than one after the other, and which part of that is processor.

The far side is one directory server that plays every region. Both ways make the same plans from the same lockfiles; calls are
held to the service's own quota of 20 a second for each operation, account and region, as they are at AWS.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchmarks.cases import Bench, directory
from benchmarks.fleet import ENVIRONMENT, REGION, lockfile, manifest
from benchmarks.measure import Cost, run

TARGETS, IDENTITIES, QUOTA = 40, 250, 20
PROMISED = 15.0
HEADINGS = (
    "`plan` of 40 targets of 250",
    "one after the other",
    "side by side",
    "CPU of that",
    "times faster",
    "promised",
    "",
)


def regions(count: int) -> list[str]:
    """So many regions, as the server plays them."""
    return [f"us-east-{number}" for number in range(2, count + 2)]


def write(folder: Path, targets: int, identities: int) -> None:
    """One stack in so many regions, and the lockfile that each has after an apply."""
    folder.mkdir(parents=True)
    listed = ", ".join(regions(targets))
    text = manifest(identities).replace(f"region: {REGION}", f"region: [{listed}]")
    (folder / "fleet.yaml").write_text(text, encoding="utf-8")
    lock = lockfile(identities)
    for region in regions(targets):
        name = f"{ENVIRONMENT}@{region}"
        there = lock.replace(f":{REGION}:", f":{region}:").replace(f'"region": "{REGION}"', f'"region": "{region}"')
        there = there.replace(f'"environment": "{ENVIRONMENT}"', f'"environment": "{name}"')
        (folder / f"fleet.{name}.lock.json").write_text(there, encoding="utf-8")


def measure(bench: Bench) -> tuple[list[tuple[str, ...]], bool]:
    """A row with the quota and one without, and whether the promise was kept: it speaks of the service, which has a quota."""
    targets, identities = max(4, int(TARGETS * bench.scale)), max(20, int(IDENTITIES * bench.scale))
    folder = bench.folder / "targets"
    # A process of its own: what it holds in memory is nobody else's.
    command = [sys.executable, "-m", "benchmarks.targets", str(folder), str(targets), str(identities)]
    subprocess.run(command, cwd=Path(__file__).resolve().parents[1], check=True)
    rows: list[tuple[str, ...]] = []
    ratios = []
    with directory(identities) as endpoint:
        for title, rate in ((f"at the quota of {QUOTA} a second", ["--rate", str(QUOTA)]), ("without a quota", [])):
            plan = ["plan", "fleet.yaml", "--detailed-exitcode", *rate]
            together = run(bench.ours([*plan, "--all"], folder, endpoint))
            apart = _sum(
                run(bench.ours([*plan, "--env", f"{ENVIRONMENT}@{region}"], folder, endpoint))
                for region in regions(targets)
            )
            ratios.append(apart.wall / together.wall)
            promised = f"{PROMISED:g} times" if rate else ""
            met = ("met" if ratios[-1] >= PROMISED else "MISSED") if rate else ""
            rows.append(
                (
                    title,
                    f"{apart.wall:.1f} s",
                    f"{together.wall:.1f} s",
                    f"{together.cpu:.1f} s",
                    f"{ratios[-1]:.1f}",
                    promised,
                    met,
                )
            )
    return rows, ratios[0] >= PROMISED


def _sum(costs: Iterable[Cost]) -> Cost:
    whole = Cost(wall=0.0, cpu=0.0, memory=0)
    for one in costs:
        whole = replace(
            whole, wall=whole.wall + one.wall, cpu=whole.cpu + one.cpu, memory=max(whole.memory, one.memory)
        )
    return whole


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
