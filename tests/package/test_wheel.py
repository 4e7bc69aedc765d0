"""The built wheel works by itself: installed elsewhere, run outside the checkout, schemas inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ("lockfile", "manifest", "plan")
MANIFEST = """\
version: 1
stack: elsewhere
environments: {local: {directory: embedded}}
workloadIdentities:
  invoice-agent:
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/oauth/callback"]
"""
Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the package as pip installs it, beside the dependencies of this interpreter."""
    folder = tmp_path_factory.mktemp("site")
    offline = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "install", *offline, "--target", str(folder), str(wheel)], check=True)
    return folder


@pytest.fixture
def reconciler(installed: Path, tmp_path: Path) -> Run:
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1", "RECONCILER_INPUT": "0"}

    def run(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "reconciler", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def test_the_package_that_runs_is_the_installed_one(installed: Path, tmp_path: Path) -> None:
    program = "import reconciler; print(reconciler.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == str(installed / "reconciler" / "__init__.py")


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_travel_with_the_wheel(reconciler: Run, name: str) -> None:
    ran = reconciler(["schema", name])
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


def test_the_wheel_holds_the_package_and_the_licence_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"reconciler", "agentcore_reconciler"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "reconciler/py.typed" in names


def test_the_html_report_finds_its_template_style_and_script(installed: Path, tmp_path: Path) -> None:
    program = (
        "from reconciler.model.report import ChangeReport, Topic\n"
        "from reconciler.render.reports.html import report_html\n"
        "print(report_html(ChangeReport(topic=Topic.PLAN, stack='payments', places=(), items=(), findings=())))"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert "<h1>payments</h1>" in ran.stdout
    assert "--critical" in ran.stdout
    assert "addEventListener" in ran.stdout


def test_a_manifest_is_validated_planned_and_applied_outside_the_checkout(reconciler: Run, tmp_path: Path) -> None:
    (tmp_path / "agents.yaml").write_text(MANIFEST, encoding="utf-8")
    for arguments in (
        ["validate", "agents.yaml"],
        ["plan", "agents.yaml", "--out", "agents.plan"],
        ["apply", "--plan", "agents.plan", "--auto-approve"],
        ["plan", "agents.yaml", "--detailed-exitcode"],
    ):
        ran = reconciler(arguments)
        assert ran.returncode == 0, (arguments, ran.stderr)
    assert (tmp_path / "agents.local.lock.json").exists()
