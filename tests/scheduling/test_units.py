"""Examples for systemd and Kubernetes: valid by what judges them there, and as confined as they say."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.scheduling.examples import SCHEDULING

SERVICE, TIMER = (SCHEDULING / f"reconciler-drift.{one}" for one in ("service", "timer"))
CRONJOB = SCHEDULING / "cronjob.yaml"
INSTALLED = "/opt/reconciler/bin/reconciler"


def unit(path: Path) -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None, comment_prefixes=("#",))
    found.optionxform = str  # names of options keep their capitals
    found.read_string(path.read_text(encoding="utf-8"))
    return found


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    files = [str(folder / one.name) for one in (SERVICE, TIMER)]
    command = ["systemd-analyze", "verify", "--man=no", *files]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """By systemd itself where it is installed; what matters most of them is compared in any case."""
    for one in (SERVICE, TIMER):
        text = (
            one.read_text(encoding="utf-8").replace(INSTALLED, sys.executable).replace("/srv/identities", str(tmp_path))
        )
        (tmp_path / one.name).write_text(text, encoding="utf-8")
    if shutil.which("systemd-analyze"):
        ran = verified(tmp_path)
        assert (ran.returncode, ran.stderr) == (0, "")
        broken = tmp_path / SERVICE.name
        broken.write_text(broken.read_text(encoding="utf-8").replace("Type=oneshot", "Type=often"), encoding="utf-8")
        assert "often" in verified(tmp_path).stderr
    service, timer = unit(SERVICE)["Service"], unit(TIMER)["Timer"]
    assert service["ExecStart"] == f"{INSTALLED} drift --new-only"
    assert (service["Type"], service["SuccessExitStatus"].split()) == ("oneshot", ["2", "5"])
    assert (service["ProtectSystem"], service["ReadWritePaths"]) == ("strict", service["WorkingDirectory"])
    assert service["User"] != "root"
    assert timer["Persistent"] == "true"
    assert unit(TIMER)["Install"]["WantedBy"] == "timers.target"


@pytest.mark.parametrize("version", ["1.31", "1.33", "1.35"])
def test_kubernetes_takes_the_cronjob(version: str) -> None:
    for one in objects():
        kubernetes_validate.validate(one, version, strict=True)


def test_its_schema_would_notice() -> None:
    job = objects()[1]
    job["spec"]["concurrencyPolice"] = "Forbid"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, "1.33", strict=True)


def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(CRONJOB.read_text(encoding="utf-8")))


def test_the_cronjob_is_alone_bounded_and_confined() -> None:
    account, job = objects()
    spec = job["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    run = spec["jobTemplate"]["spec"]
    assert 0 < run["activeDeadlineSeconds"] < 3600
    pod = run["template"]["spec"]
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].endswith("role/identities-drift")
    assert pod["securityContext"]["runAsNonRoot"] is True
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert set(container["resources"]) == {"requests", "limits"}
    assert "@sha256:" in container["image"]
    assert not any("SECRET" in one["name"] or "KEY" in one["name"] for one in container["env"] if "value" in one)
