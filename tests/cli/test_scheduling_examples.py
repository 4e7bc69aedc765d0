"""The command lines of the examples, run as cron and Kubernetes run them: silent, told or failed, by the exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.state import Disk
from reconciler.state.memory import memory_on_disk
from tests.scheduling.examples import SCHEDULING

ROGUE = "https://rogue.example/callback"


def shell(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env={**os.environ, "PATH": path, **env},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def cron_line() -> str:
    lines = (SCHEDULING / "crontab").read_text(encoding="utf-8").splitlines()
    (found,) = [one for one in lines if re.match(r"\d+ \* \* \* \* ", one)]
    assert "%" not in found, "cron takes it for a line break"
    return found.split(maxsplit=5)[5]


def test_cron_mails_what_is_new_and_what_failed_and_nothing_else(project: Any) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    command = cron_line().replace("/srv/identities", str(project.folder))

    def run() -> tuple[int, bool]:
        ran = shell(command, Path("/"), RECONCILER_ENV="local")
        return ran.returncode, bool(ran.stdout + ran.stderr)

    assert run() == (0, False)
    with project.outside() as client:
        client.update_workload_identity(name="invoice-agent", allowedResourceOauth2ReturnUrls=[ROGUE])
    assert run() == (2, True)
    assert run() == (0, False)
    with memory_on_disk(project.lockfile, "drift", Disk()):
        assert run() == (0, False)
    project.write("version: [")
    assert run() == (1, True)


@pytest.fixture
def mounted(project: Any, aws: Any, buckets: Any, tmp_path: Path) -> Any:
    """A stack with its state in a bucket, and its manifest mounted as Kubernetes mounts a ConfigMap."""
    state = f"s3://{buckets.make()}/state"
    manifest = project.declare("agent-a", head=f"environments: {{prod: {{region: us-east-1, state: '{state}'}}}}")
    assert project.run("apply", "--auto-approve").code == 0
    folder = tmp_path / "mounted"
    (folder / "..2026_11_24").mkdir(parents=True)
    manifest.rename(folder / "..2026_11_24" / "reconciler.yaml")
    (folder / "..data").symlink_to("..2026_11_24")
    (folder / "reconciler.yaml").symlink_to("..data/reconciler.yaml")
    return folder


def test_the_container_fails_for_drift_and_not_because_another_run_is_at_work(
    mounted: Any, aws: Any, buckets: Any, project: Any
) -> None:
    jobs = yaml.safe_load_all((SCHEDULING / "cronjob.yaml").read_text(encoding="utf-8"))
    (container,) = list(jobs)[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["/bin/sh", "-c"]
    (command,) = container["args"]
    command = command.replace("/manifest", str(mounted))
    assert shell(command, Path("/")).returncode == 0
    assert {one.name for one in mounted.iterdir()} == {"..2026_11_24", "..data", "reconciler.yaml"}
    ran = shell(command.replace("drift ", "drift --without-trail --env nowhere "), Path("/"))
    assert ran.returncode == 1
    buckets.deny("PUT", ".drift.json.lease")
    assert shell(command, Path("/")).returncode == 1
