"""A resource whose day has come, or comes soon, by the clock of the machine that the command runs on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reconciler.cli.age import today

A = "workload_identity.invoice-agent"
ENTRY = """\
version: 1
stack: payments
environments: {{local: {{directory: embedded}}}}
workloadIdentities:
  invoice-agent:
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/cb"]
    owner: team-payments
    expires: {day}
"""


def test_what_expires_is_announced_and_then_goes(project: Any) -> None:
    day = today()
    project.write(ENTRY.format(day=day + timedelta(days=10)))
    said = project.run("validate")
    assert (said.code, "expires-soon" in said.err) == (0, True)
    assert "(owner team-payments)" in said.err
    assert project.run("validate", "--strict").code == 1

    ran = project.run("apply", "--auto-approve")
    assert (ran.code, "expires-soon" in ran.out) == (0, True), ran.err
    assert project.lock["resources"][A]["attributes"]["expires"] == str(day + timedelta(days=10))

    project.write(ENTRY.format(day=day - timedelta(days=1)))
    plan = project.run("plan", "--detailed-exitcode")
    assert (plan.code, "expired: its day has come" in plan.out) == (2, True)
    for refresh in ("changed", "none"):
        assert "1 to delete" in project.run("plan", "--refresh", refresh).out
    assert project.run("apply", "--auto-approve").code == 0
    assert project.lock["resources"] == {}
    again = project.run("plan", "--detailed-exitcode")
    assert (again.code, "so it is not created" in again.out) == (0, True)
    assert project.run("adopt", A, "--auto-approve").code == 3
