"""The demo plays through, on the manifest that ships, and ends with a directory that equals it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_shows_every_step_of_the_main_job() -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
    }
    ran = subprocess.run(
        [str(ROOT / "manifests" / "demo")],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    steps = re.split(r"^\$ ", ran.stdout, flags=re.MULTILINE)[1:]
    verbs = [step.split()[:2] for step in steps]
    assert [second for _, second in verbs] == [
        "validate", "plan", "apply", "plan", "outsider.py", "plan", "apply", "lock",
    ]  # fmt: skip
    first_plan, again, drifted = steps[1], steps[3], steps[5]
    assert "+ create  workload_identity.invoice-agent" in first_plan
    assert "No changes." in again
    assert re.search(r"changed outside.*\n +- https://rogue\.example/", drifted)
    assert max(len(line) for line in ran.stdout.splitlines() if "arn:" not in line) <= 100
