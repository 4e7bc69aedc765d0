"""Signals, kills and two runs at once: nothing is lost, nothing is done twice, and the next run knows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

NAMES = [f"agent-{number:02}" for number in range(12)]
HEAD = "environments: {prod: {region: us-east-1}}"


@pytest.fixture
def slow(project: Any, aws: Any) -> Any:
    """Twelve identities to make, on a directory that answers slowly."""
    project.declare(*NAMES, head=HEAD)
    aws.misbehaviour.latency = 0.3
    return project


def lock_of(project: Any) -> dict[str, Any]:
    lock: dict[str, Any] = json.loads((project.folder / "reconciler.prod.lock.json").read_text())
    return lock


def creates(aws: Any) -> int:
    return sum(seen.operation == "CreateWorkloadIdentity" for seen in list(aws.misbehaviour.calls))


def wait_for(process: subprocess.Popen[str], happened: Callable[[], bool], seconds: float = 30) -> None:
    """Return once it has happened; a process that ends before that has failed."""
    until = time.monotonic() + seconds
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


def test_an_interrupt_finishes_what_is_under_way_and_says_what_is_left(slow: Any, aws: Any) -> None:
    process = slow.spawn("apply", "--auto-approve", "--threads", "2")
    wait_for(process, lambda: creates(aws) >= 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 6, err
    assert "SIGINT" in err
    assert "never started" in out
    made = {entry["name"] for entry in aws_list(aws)}
    assert 0 < len(made) < len(NAMES)
    assert {f"workload_identity.{name}" for name in made} == set(lock_of(slow)["resources"])
    aws.misbehaviour.latency = 0
    assert slow.run("apply", "--auto-approve").code == 0
    assert len(lock_of(slow)["resources"]) == len(NAMES)


def test_sigterm_is_an_interrupt_too(slow: Any, aws: Any) -> None:
    process = slow.spawn("apply", "--auto-approve", "--threads", "2")
    wait_for(process, lambda: creates(aws) >= 3)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 6
    assert "never started" in out


def test_a_second_interrupt_ends_at_once_and_the_next_run_settles_it(slow: Any, aws: Any) -> None:
    aws.misbehaviour.latency = 2
    process = slow.spawn("apply", "--auto-approve", "--threads", "2", "--refresh", "none")
    wait_for(process, lambda: creates(aws) >= 1)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 6
    assert "ended at once" in err
    aws.misbehaviour.latency = 0
    check_that_the_next_run_settles(slow, aws)


def test_a_killed_apply_is_settled_by_the_next_one_and_only_looked_at_by_plan(slow: Any, aws: Any) -> None:
    process = slow.spawn("apply", "--auto-approve", "--threads", "3")
    wait_for(process, lambda: creates(aws) >= 4)
    process.kill()
    process.communicate()
    aws.misbehaviour.latency = 0
    check_that_the_next_run_settles(slow, aws)


def check_that_the_next_run_settles(project: Any, aws: Any) -> None:
    until = time.monotonic() + 30
    while len(aws_list(aws)) < creates(aws):  # the killed process waits for no answer, but its calls still arrive
        assert time.monotonic() < until
        time.sleep(0.05)
    journal = project.folder / "reconciler.prod.lock.json.journal"
    before = journal.read_bytes()
    status = json.loads(project.run("lock", "status", "--json").out)
    assert status["unfinished"]["command"] == "apply"
    assert status["holder"] is None
    plan = project.run("plan", "--out", "saved.plan")
    assert plan.code == 0, plan.err
    assert "was interrupted" in plan.err
    assert "apply settles it first" in plan.err
    assert journal.read_bytes() == before
    assert not (project.folder / "reconciler.prod.lock.json").exists()
    ran = project.run("apply", "--plan", "saved.plan")  # made on what settling will give, so it fits
    assert ran.code == 0, ran.err
    assert "Settled" in ran.err
    assert "Took over from a run that is gone: " in ran.err
    assert not journal.exists()
    assert len(lock_of(project)["resources"]) == len(NAMES)
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_of_two_applies_at_once_one_is_told_who_holds_the_state(slow: Any, aws: Any) -> None:
    first = slow.spawn("apply", "--auto-approve", "--threads", "2")
    wait_for(first, lambda: creates(aws) >= 1)
    second = slow.other("apply", "--auto-approve")
    assert second.code == 5, second
    assert f"process {first.pid}" in second.err
    patient = slow.spawn("apply", "--auto-approve", "--lock-timeout", "60")
    first.communicate(timeout=60)
    assert first.returncode == 0
    patient.communicate(timeout=60)
    assert patient.returncode == 0
    assert creates(aws) == len(NAMES)


def test_a_run_that_is_still_at_work_is_not_called_interrupted(slow: Any, aws: Any) -> None:
    looked = threading.Event()
    aws.misbehaviour.before("CreateWorkloadIdentity", lambda _: looked.wait(60), times=None)
    first = slow.spawn("apply", "--auto-approve", "--threads", "1")
    wait_for(first, lambda: creates(aws) >= 1)
    plan = slow.other("plan")
    status = slow.other("lock", "status")
    first.kill()
    looked.set()
    assert "Another run is at work: " in plan.err
    assert "was interrupted" not in plan.err
    assert "under way" in status.out
    assert "the next run settles it" not in status.out


def test_an_interrupt_while_calls_wait_for_their_turn_ends_within_seconds(slow: Any, aws: Any) -> None:
    aws.misbehaviour.latency = 0
    process = slow.spawn("apply", "--auto-approve", "--rate", "CreateWorkloadIdentity=0.1")
    wait_for(process, lambda: creates(aws) >= 1)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 8, "eleven creates would have taken two minutes"
    assert process.returncode == 6, err
    assert "never started" in out
    assert creates(aws) == len(lock_of(slow)["resources"]) == 1
    assert slow.run("apply", "--auto-approve").code == 0


def test_an_interrupt_while_the_directory_throttles_ends_within_seconds(slow: Any, aws: Any) -> None:
    aws.misbehaviour.latency = 0
    aws.misbehaviour.fail("CreateWorkloadIdentity", "ThrottlingException", times=None)
    process = slow.spawn("apply", "--auto-approve")
    wait_for(process, lambda: creates(aws) >= 6)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 8
    assert process.returncode == 6, err
    aws.misbehaviour.reset()
    assert slow.run("apply", "--auto-approve").code == 0


def test_an_interrupt_while_reading_ends_with_a_word_and_writes_nothing(slow: Any, aws: Any) -> None:
    aws.misbehaviour.latency = 15
    process = slow.spawn("plan")
    wait_for(process, lambda: len(aws.misbehaviour.calls) > 0)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - begun < 5, "no answer is waited for"
    assert process.returncode == 1
    assert "nothing was written" in err
    assert "Traceback" not in err


def test_what_is_not_answered_in_time_is_left_to_the_next_run(slow: Any, aws: Any) -> None:
    released = threading.Event()
    aws.misbehaviour.before("CreateWorkloadIdentity", lambda _: released.wait(60), name=NAMES[1])
    process = slow.spawn("apply", "--auto-approve", "--threads", "2", "--refresh", "none")
    wait_for(process, lambda: creates(aws) >= 4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 6, err
    assert "still under way 8 s after the run was to end" in out
    assert f"workload_identity.{NAMES[1]}" not in lock_of(slow)["resources"]
    assert f"workload_identity.{NAMES[0]}" in lock_of(slow)["resources"]
    status = json.loads(slow.run("lock", "status", "--json").out)
    assert status["unfinished"]["intents"] == [{"address": f"workload_identity.{NAMES[1]}", "action": "create"}]
    released.set()
    aws.misbehaviour.reset()
    assert slow.run("apply", "--auto-approve").code == 0
    assert len(lock_of(slow)["resources"]) == len(NAMES)
    assert slow.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_before_a_change_end_the_run_with_a_word_and_let_go_of_the_state(
    slow: Any, aws: Any, number: int
) -> None:
    aws.misbehaviour.latency = 1
    process = slow.spawn("apply", "--auto-approve")
    wait_for(process, lambda: len(aws.misbehaviour.calls) > 0)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Interrupted; nothing was written to the directory." in err
    assert not (slow.folder / "reconciler.prod.lock.json.holder").exists()
    assert creates(aws) == 0


def test_nohup_means_what_it_says(slow: Any, aws: Any) -> None:
    process = slow.spawn("apply", "--auto-approve", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    wait_for(process, lambda: creates(aws) >= 1)
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err


def test_a_terminal_that_is_closed_ends_the_run_in_order(slow: Any, aws: Any, terminal: Any) -> None:
    screen = terminal("apply", "--auto-approve", "--threads", "2", env={"AWS_ENDPOINT_URL": aws.url})
    screen.expect("created in")
    screen.hang_up()
    assert screen.process.wait(timeout=30) == 6
    made = {entry["name"] for entry in aws_list(aws)}
    assert 0 < len(made) < len(NAMES)
    assert {f"workload_identity.{name}" for name in made} == set(lock_of(slow)["resources"])
    assert not (slow.folder / "reconciler.prod.lock.json.journal").exists()


def aws_list(server: Any) -> list[dict[str, Any]]:
    import boto3

    client = boto3.client("bedrock-agentcore-control", region_name="us-east-1", endpoint_url=server.url)
    found = client.list_workload_identities(maxResults=20)["workloadIdentities"]
    client.close()
    return list(found)


def test_the_emulator_says_where_it_listens_answers_and_ends_on_a_signal(project: Any) -> None:
    import boto3

    process = project.spawn("emulator", "--port", "0", "--store", "kept.sqlite")
    line = process.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:"), process.stderr.read()
    client = boto3.client("bedrock-agentcore-control", region_name="us-east-1", endpoint_url=line.split()[-1])
    client.create_workload_identity(name="agent-a")
    client.close()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert (project.folder / "kept.sqlite").exists()


def test_without_the_extra_the_emulator_says_what_to_install(project: Any) -> None:
    program = (
        "import sys; sys.modules['moto'] = None\n"
        "from reconciler.cli.main import run\nraise SystemExit(int(run(['emulator'])))"
    )
    ran = subprocess.run([sys.executable, "-c", program], env=os.environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "agentcore-reconciler[emulator]" in ran.stderr


def test_what_an_interrupted_run_left_in_another_region_is_not_settled_here(
    project: Any, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking there would find nothing of it, and the lockfile would forget what stands."""
    project.declare("agent-a", "agent-b", head="environments: {prod: {}}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert project.run("apply", "--auto-approve").code == 0
    project.declare("agent-a", head="environments: {prod: {}}")
    aws.misbehaviour.latency = 3
    process = project.spawn("apply", "--auto-approve", "--refresh", "none")
    wait_for(process, (project.folder / "reconciler.prod.lock.json.journal").exists)
    process.kill()
    process.communicate()
    aws.misbehaviour.latency = 0
    journal = project.folder / "reconciler.prod.lock.json.journal"
    kept, lock = journal.read_bytes(), lock_of(project)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for command in (("apply", "--auto-approve"), ("plan",)):
        ran = project.run(*command)
        assert ran.code == 3, ran
        assert "was made in region us-east-1" in ran.err
        assert "Settled" not in ran.err
    assert journal.read_bytes() == kept
    assert lock_of(project) == lock
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_first_run_in_another_region_is_not_settled_here_either(
    project: Any, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.declare(*NAMES, head="environments: {prod: {}}")
    aws.misbehaviour.latency = 0.3
    process = project.spawn("apply", "--auto-approve", "--threads", "2")
    wait_for(process, lambda: creates(aws) >= 3)
    process.kill()
    process.communicate()
    aws.misbehaviour.latency = 0
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for command in (("apply", "--auto-approve"), ("plan",)):
        ran = project.run(*command)
        assert ran.code == 3, ran
        assert "journal" in ran.err
        assert "was made in region us-east-1" in ran.err
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert project.run("apply", "--auto-approve").code == 0
    assert len(lock_of(project)["resources"]) == len(NAMES)
