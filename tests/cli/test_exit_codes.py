"""The contract's exit codes, for every command: 0, 1, 2, 3, 4, 5, 6, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.state import LocalState

Prepare = Callable[[Any], None]
URLS = ["https://app.example.com/x"]


def fresh(project: Any) -> None:
    """As the fixture leaves it: a manifest, nothing applied."""


def applied(project: Any) -> None:
    assert project.run("apply", "--auto-approve").code == 0


def planned(project: Any) -> None:
    assert project.run("plan", "--out", "saved.plan").code == 0


def edited(project: Any) -> None:
    planned(project)
    saved = project.folder / "saved.plan"
    saved.write_text(saved.read_text().replace("app.example.com", "evil.example.com"))


def stale(project: Any) -> None:
    planned(project)
    applied(project)


def mistaken(project: Any) -> None:
    project.write("version: 1\nstack: payments\nworkloadIdentities: {x: {}}\n")


def without_manifest(project: Any) -> None:
    (project.folder / "reconciler.yaml").unlink()


def two_environments(project: Any) -> None:
    project.declare("agent-a", head="environments: {one: {directory: embedded}, two: {directory: embedded}}")


def foreign(project: Any) -> None:
    """One of the declared identities exists, and is nobody's."""
    with project.outside() as client:
        client.create_workload_identity(name="invoice-agent", allowedResourceOauth2ReturnUrls=URLS)


def refused(project: Any) -> None:
    foreign(project)
    assert project.run("plan", "--out", "saved.plan").code == 3


def many_gone(project: Any) -> None:
    project.declare(*(f"agent-{number}" for number in range(20)))
    applied(project)
    project.declare("agent-0")


def emptied(project: Any) -> None:
    applied(project)
    project.declare()


def protected(project: Any) -> None:
    project.write(
        "version: 1\nstack: payments\nenvironments: {local: {directory: embedded}}\n"
        "workloadIdentities: {agent-a: {lifecycle: {protect: true}}}\n"
    )
    applied(project)


def damaged(project: Any) -> None:
    applied(project)
    project.lockfile.write_text(project.lockfile.read_text()[:100])


def s3_state(project: Any) -> None:
    project.declare("agent-a", head="environments: {local: {directory: embedded, state: 's3://bucket/prefix'}}")


A = "workload_identity.invoice-agent"
TABLE: list[tuple[Prepare, str, int]] = [
    (fresh, "validate", 0),
    (fresh, "validate --format json", 0),
    (mistaken, "validate", 1),
    (mistaken, "validate --format json", 1),
    (without_manifest, "validate", 1),
    (two_environments, "validate", 0),
    (fresh, "plan", 0),
    (fresh, "plan --detailed-exitcode", 2),
    (fresh, "plan --detailed-exitcode --format json", 2),
    (fresh, "plan --detailed-exitcode --refresh none", 2),
    (applied, "plan --detailed-exitcode", 0),
    (applied, "plan --detailed-exitcode --refresh changed", 0),
    (applied, "plan --detailed-exitcode --refresh none", 0),
    (foreign, "plan", 3),
    (foreign, "plan --detailed-exitcode", 3),
    (many_gone, "plan --detailed-exitcode", 2),
    (mistaken, "plan", 1),
    (mistaken, "plan --detailed-exitcode", 1),
    (damaged, "plan", 1),
    (s3_state, "plan", 1),
    (two_environments, "plan", 1),
    (two_environments, "plan --env three", 1),
    (two_environments, "plan --env two", 0),
    (fresh, "plan --target a --exclude b", 1),
    (fresh, "plan --out no/such/folder/x.plan", 1),
    (fresh, "plan --refresh sometimes", 1),
    (fresh, "plan --no-such-option", 1),
    (fresh, "apply --auto-approve", 0),
    (applied, "apply --auto-approve", 0),
    (applied, "apply", 0),  # nothing to do, so nobody has to be asked
    (fresh, "apply", 1),
    (foreign, "apply --auto-approve", 3),
    (many_gone, "apply --auto-approve", 3),
    (many_gone, "apply --auto-approve --allow-deletes 19", 0),
    (emptied, "apply --auto-approve", 3),
    (emptied, "apply --auto-approve --allow-empty", 0),
    (planned, "apply --plan saved.plan", 0),
    (planned, "apply --plan saved.plan --env local", 0),
    (planned, "apply --plan saved.plan --env prod", 4),
    (planned, "apply --plan saved.plan --max-age 2h", 0),
    (planned, "apply --plan saved.plan --max-age none", 0),
    (planned, "apply --plan saved.plan --max-age yesterday", 1),
    (planned, "apply --plan saved.plan --verify-with alias/plans --max-age 2h", 3),
    (fresh, "apply --auto-approve --max-age 2h", 1),
    (fresh, "apply --auto-approve --verify-with alias/plans", 1),
    (fresh, "plan --sign-with alias/plans", 1),
    (fresh, "plan --out saved.plan --sign-with alias/plans", 1),  # an embedded environment has no credentials
    (planned, "apply reconciler.yaml --plan saved.plan", 0),
    (planned, "apply --plan saved.plan --target x", 1),
    (stale, "apply --plan saved.plan", 4),
    (edited, "apply --plan saved.plan", 4),
    (refused, "apply --plan saved.plan", 3),
    (fresh, "apply --plan missing.plan", 1),
    (fresh, "apply --plan reconciler.yaml", 1),
    (planned, "show saved.plan", 0),
    (planned, "show saved.plan --format json", 0),
    (planned, "show saved.plan --format markdown", 0),
    (edited, "show saved.plan", 4),
    (planned, "show saved.plan --verify-with alias/plans", 3),
    (fresh, "show missing.plan", 1),
    (fresh, "show reconciler.yaml", 1),
    (fresh, "show", 1),
    (fresh, "destroy --auto-approve", 0),
    (applied, "destroy --auto-approve", 0),
    (applied, "destroy", 1),
    (protected, "destroy --auto-approve", 3),
    (foreign, f"adopt {A} --auto-approve", 0),
    (foreign, f"adopt {A}", 1),
    (foreign, "adopt --all-matching *invoice* --auto-approve", 0),
    (fresh, "adopt --all-matching * --auto-approve", 0),
    (fresh, f"adopt {A} --auto-approve", 3),
    (fresh, "adopt", 1),
    (fresh, "adopt invoice-agent", 1),
    (applied, f"forget {A} --auto-approve", 0),
    (applied, f"forget {A}", 1),
    (applied, "forget workload_identity.nobody --auto-approve", 1),
    (fresh, "forget", 1),
    (fresh, "export", 0),
    (applied, "export --matching *invoice* --out all.yaml", 0),
    (fresh, "export --out no/such/folder/x.yaml", 1),
    (mistaken, "export", 1),
    (fresh, "lock show", 0),
    (applied, "lock show", 0),
    (applied, "lock show --json", 0),
    (damaged, "lock show", 1),
    (fresh, "lock status", 0),
    (applied, "lock status --json", 0),
    (damaged, "lock status", 1),
    (fresh, "lock", 1),
    (fresh, "lock pick", 1),
    (fresh, "schema manifest", 0),
    (fresh, "schema lockfile", 0),
    (fresh, "schema plan", 0),
    (fresh, "schema", 1),
    (fresh, "schema drift-of-snow", 1),
    (fresh, "emulator --port 99999", 1),
    (fresh, "nonsense", 1),
]


@pytest.mark.parametrize(
    ("prepare", "command", "code"), TABLE, ids=[f"{prepare.__name__}: {command}" for prepare, command, _ in TABLE]
)
def test_a_command_ends_with_its_code(project: Any, prepare: Prepare, command: str, code: int) -> None:
    prepare(project)
    ran = project.run(*command.split())
    assert ran.code == code, ran
    assert "Traceback" not in ran.out + ran.err
    assert "internal error" not in ran.err
    if code == 1 and "json" not in command:
        assert ran.err.strip()


@pytest.mark.parametrize("verb", ["apply", "destroy"])
def test_a_state_that_another_writer_holds_is_exit_5(project: Any, verb: str) -> None:
    applied(project)
    with LocalState(project.lockfile).exclusive("apply"):
        ran = project.other(verb, "--auto-approve")
    assert ran.code == 5
    assert "locked" in ran.err
    assert "--lock-timeout" in ran.err


def test_reading_verbs_do_not_wait_for_a_writer(project: Any) -> None:
    applied(project)
    with LocalState(project.lockfile).exclusive("apply"):
        assert project.other("plan").code == 0
        status = project.other("lock", "status", "--json")
    assert status.code == 0
    assert json.loads(status.out)["holder"]["command"] == "apply"


def test_one_identity_that_could_not_be_read_is_exit_1_and_wins_over_changes(project: Any, aws: Any) -> None:
    project.declare("agent-a", "agent-b", head='environments: {prod: {account: "123456789012", region: us-east-1}}')
    assert project.run("apply", "--auto-approve").code == 0
    project.declare(
        "agent-a", "agent-b", "agent-c", head='environments: {prod: {account: "123456789012", region: us-east-1}}'
    )
    aws.misbehaviour.fail("GetWorkloadIdentity", "AccessDeniedException", name="agent-a", times=None)
    ran = project.run("plan", "--detailed-exitcode")
    assert ran.code == 1
    assert "agent-a" in ran.out
    assert project.run("apply", "--auto-approve").code == 3
    assert project.run("apply", "--auto-approve", "--allow-incomplete").code == 0


def test_an_apply_of_which_one_change_fails_is_exit_6_and_the_others_are_done(project: Any, aws: Any) -> None:
    project.declare("agent-a", "agent-b", head="environments: {prod: {region: us-east-1}}")
    aws.misbehaviour.fail("CreateWorkloadIdentity", "AccessDeniedException", name="agent-a", times=None)
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 6
    lock = json.loads((project.folder / "reconciler.prod.lock.json").read_text())
    assert list(lock["resources"]) == ["workload_identity.agent-b"]
