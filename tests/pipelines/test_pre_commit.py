"""The hooks under the real pre-commit, which installs this checkout into an environment of its own; without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipelines.jobs import MANIFEST, ROOT

Run = Callable[..., "subprocess.CompletedProcess[str]"]
PROJECT = (".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE", "schemas", "reconciler")


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
    ran = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds this checkout as it is now."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in PROJECT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "the hooks")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environments that it makes."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(hooks: Path, home: Path, tmp_path: Path) -> Run:
    """`run(hook)` in a repository with a manifest: everything that it would look at."""
    (tmp_path / "reconciler.yaml").write_text(MANIFEST, encoding="utf-8")
    config = f"repos: [{{repo: '{hooks}', rev: {git(hooks, 'rev-parse', 'HEAD')}, hooks: [HOOKS]}}]\n"
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "the manifest")
    offline = {
        "PRE_COMMIT_HOME": str(home), "PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0",
        "PYTHONPATH": sysconfig.get_paths()["purelib"],
    }  # fmt: skip

    def hook(name: str, arguments: str = "") -> subprocess.CompletedProcess[str]:
        listed = f"{{id: {name}{', args: [' + arguments + ']' if arguments else ''}}}"
        (tmp_path / ".pre-commit-config.yaml").write_text(config.replace("HOOKS", listed), encoding="utf-8")
        git(tmp_path, "add", "--all")
        command = [
            str(Path(sys.executable).parent / "pre-commit"),
            "run",
            "--all-files",
            "--verbose",
            "--color",
            "never",
            name,
        ]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, **offline},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return hook


def test_a_manifest_that_is_fine_passes(run: Run) -> None:
    ran = run("reconciler-validate")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Passed" in ran.stdout


def test_a_mistake_fails_the_commit_with_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(MANIFEST.replace("stack:", "stock:"), encoding="utf-8")
    ran = run("reconciler-validate")
    assert ran.returncode == 1
    assert "reconciler.yaml:2" in ran.stdout


def test_a_manifest_elsewhere_is_named_as_an_argument(run: Run, tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "broken.yaml").write_text("version: [", encoding="utf-8")
    assert run("reconciler-validate", "reconciler.yaml").returncode == 0
    assert run("reconciler-validate", "manifests/broken.yaml").returncode == 1


def test_a_review_shows_the_change_and_fails_for_a_critical_finding_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(MANIFEST.replace("/oauth/callback", "/oauth/back"), encoding="utf-8")
    ran = run("reconciler-review")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "/oauth/back" in ran.stdout
