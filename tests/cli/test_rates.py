"""Rates on the command line: what is asked for is kept, travels with a saved plan, and the plan says what it comes to."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

NAMES = [f"agent-{number}" for number in range(6)]
HEAD = "environments: {prod: {region: us-east-1}}"
AT_FOUR = "settings: {rates: {CreateWorkloadIdentity: 4}}\n"
LEAST = 4 / 4  # seconds that six creates take at four a second: the first goes at once, one more may catch up


def took(project: Any, *words: str) -> float:
    """Seconds of a command that has to end well."""
    begun = time.monotonic()
    ran = project.run(*words)
    assert ran.code == 0, ran.err
    return time.monotonic() - begun


def test_the_manifests_rates_are_kept(project: Any) -> None:
    project.declare(*NAMES, extra=AT_FOUR)
    assert took(project, "apply", "--auto-approve") >= LEAST


def test_a_rate_on_the_command_line_goes_before_the_manifest(project: Any) -> None:
    project.declare(*NAMES, extra="settings: {rates: {'*': 9000}}\n")
    assert took(project, "apply", "--auto-approve", "--rate", "500", "--rate", "CreateWorkloadIdentity=4") >= LEAST
    assert took(project, "destroy", "--auto-approve", "--rate", "DeleteWorkloadIdentity=4") >= LEAST


def test_a_saved_plan_is_applied_at_its_rates(project: Any) -> None:
    project.declare(*NAMES)
    assert project.run("plan", "--rate", "CreateWorkloadIdentity=4", "--out", "saved.plan").code == 0
    assert json.loads((project.folder / "saved.plan").read_text())["route"]["rates"] == {"CreateWorkloadIdentity": 4}
    assert took(project, "apply", "--plan", "saved.plan") >= LEAST


@pytest.mark.parametrize("verb", ["adopt", "forget"])
def test_adopting_and_forgetting_keep_to_them_too(project: Any, verb: str) -> None:
    addresses = [f"workload_identity.{name}" for name in NAMES]
    project.declare(*NAMES)
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("forget", *addresses, "--auto-approve").code == 0
    operation = "TagResource" if verb == "adopt" else "UntagResource"
    if verb == "forget":
        assert project.run("adopt", *addresses, "--auto-approve").code == 0
    assert took(project, verb, *addresses, "--auto-approve", "--rate", f"{operation}=4") >= LEAST


def test_export_keeps_to_them_too(project: Any) -> None:
    project.declare(*NAMES)
    assert project.run("apply", "--auto-approve").code == 0
    assert took(project, "export", "--rate", "GetWorkloadIdentity=4") >= LEAST


def test_a_plan_says_how_many_calls_apply_makes_and_how_long_that_takes(project: Any) -> None:
    project.declare(*(f"agent-{number:03}" for number in range(240)), head=HEAD)
    plan = project.run("plan", "--refresh", "none")
    sentence = "Apply makes about 240 calls, which takes at least 12 s: 240 CreateWorkloadIdentity at 20 a second."
    assert sentence in " ".join(plan.out.split())
    assert sentence in project.run("plan", "--refresh", "none", "--format", "markdown").out
    cost = json.loads(project.run("plan", "--refresh", "none", "--format", "json").out)["cost"]
    assert cost == {"calls": {"CreateWorkloadIdentity": 240}, "total": 240, "seconds": 12}
    quick = project.run("plan", "--refresh", "none", "--rate", "100")
    assert "Apply makes" not in quick.out, "what takes a moment is not worth a line"


def test_an_emulator_on_this_machine_is_not_said_to_take_long(project: Any, aws: Any) -> None:
    project.declare(*(f"agent-{number:03}" for number in range(240)), head=HEAD)
    assert json.loads(project.run("plan", "--format", "json").out)["cost"]["seconds"] is None


@pytest.mark.parametrize("verb", ["plan", "apply", "destroy", "export"])
@pytest.mark.parametrize("word", ["0", "-1", "fast", "nan", "inf", "20000", "GetWorkloadIdentity=", "=x"])
def test_a_word_that_is_no_rate_is_refused(project: Any, verb: str, word: str) -> None:
    ran = project.run(verb, f"--rate={word}")
    assert ran.code == 1
    assert f"{word!r}" in ran.err
    assert "--rate GetWorkloadIdentity=40" in ran.err or "reconciler calls no operation" in ran.err


def test_an_operation_that_does_not_exist_is_asked_about(project: Any) -> None:
    ran = project.run("plan", "--rate", "GetWorkloadIdentty=9")
    assert ran.code == 1
    assert "Did you mean GetWorkloadIdentity?" in ran.err


def test_an_unknown_operation_in_the_manifest_is_told_with_its_place(project: Any) -> None:
    project.declare("agent-a", extra="settings: {rates: {GetWorkloadIdentty: 9}}\n")
    ran = project.run("validate")
    assert ran.code == 1
    assert "reconciler.yaml:4:20" in ran.err
    assert 'Did you mean "GetWorkloadIdentity"?' in ran.err
