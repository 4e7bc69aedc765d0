"""A rename: the new one beside the old one, both alive, until somebody says that it is finished."""

from __future__ import annotations

from typing import Any

A, LEFT = "workload_identity.invoice-agent", "workload_identity.invoice-agent~invoice-agent"
RENAMED = """\
version: 1
stack: payments
environments: {local: {directory: embedded}}
workloadIdentities:
  invoice-agent:
    name: invoice-agent-2
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/oauth/callback"]
    tags: {team: payments}
  ledger-agent:
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/ledger/callback"]
"""


def names(project: Any) -> list[str]:
    with project.outside() as client:
        return sorted(one["name"] for one in client.list_workload_identities()["workloadIdentities"])


def test_both_live_until_the_rename_is_finished(project: Any) -> None:
    project.run("apply", "--auto-approve")
    project.write(RENAMED)
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 0, ran.err
    assert "invoice-agent stays beside it until apply --finish-renames." in ran.out
    assert names(project) == ["invoice-agent", "invoice-agent-2", "ledger-agent"]
    assert project.lock["resources"].keys() == {A, LEFT, "workload_identity.ledger-agent"}

    for refresh in ("full", "changed", "none"):
        waiting = project.run("plan", "--detailed-exitcode", "--refresh", refresh)
        assert (waiting.code, "is kept until --finish-renames" in waiting.out) == (0, True)
    assert project.run("apply", "--auto-approve").code == 0
    assert "invoice-agent" in names(project)

    assert project.run("plan", "--finish-renames", "--detailed-exitcode").code == 2
    assert project.run("plan", "--finish-renames", "--out", "finish.plan").code == 0
    both = project.run("apply", "--plan", "finish.plan", "--finish-renames")
    assert (both.code, "--plan says everything" in both.err) == (1, True)
    assert project.run("apply", "--plan", "finish.plan").code == 0
    assert names(project) == ["invoice-agent-2", "ledger-agent"]
    assert LEFT not in project.lock["resources"]
    again = project.run("plan", "--finish-renames", "--detailed-exitcode")
    assert (again.code, "finish-renames" in again.out) == (0, False)


def test_what_a_rename_left_behind_can_be_let_go_of_or_goes_with_the_stack(project: Any) -> None:
    project.run("apply", "--auto-approve")
    project.write(RENAMED)
    project.run("apply", "--auto-approve")
    assert project.run("forget", LEFT, "--auto-approve").code == 0
    assert names(project) == ["invoice-agent", "invoice-agent-2", "ledger-agent"]
    project.write(RENAMED.replace("invoice-agent-2", "invoice-agent-3"))
    project.run("apply", "--auto-approve")
    assert project.run("destroy", "--auto-approve").code == 0
    assert names(project) == ["invoice-agent"]
