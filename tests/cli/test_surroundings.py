"""The environment variables of the contract do what their options do, and an option wins."""

from __future__ import annotations

from typing import Any

import pytest

TWO = "environments: {one: {directory: embedded}, two: {directory: embedded}}"


def test_reconciler_env_chooses_the_environment_and_the_option_wins(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.declare("agent-a", head=TWO)
    assert project.run("plan").code == 1
    monkeypatch.setenv("RECONCILER_ENV", "two")
    assert "environment two" in project.run("plan").out
    assert "environment one" in project.run("plan", "--env", "one").out


def test_reconciler_log_sets_how_much_is_logged(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_LOG", "debug")
    (project.folder / "reconciler.yaml").unlink()
    ran = project.other("plan")
    assert ran.code == 1
    assert "Traceback" in ran.err
    assert "Traceback" not in project.other("plan", env={"RECONCILER_LOG": "warning"}).err
    assert project.run("plan", "--log-level", "loud").code == 1
