"""Programs that know nothing of us change an identity, and our plan sees it: AWS's own Python client and the AWS CLI."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

HEAD = 'environments: {prod: {account: "123456789012", region: us-east-1}}'


IDENTITY_CLIENT = """
import sys
from bedrock_agentcore.services.identity import IdentityClient
getattr(IdentityClient("us-east-1"), sys.argv[1])(sys.argv[2], [sys.argv[3]])
"""


def identity_client(call: str, name: str, url: str) -> None:
    """In a process of its own, as the agents' code runs it; it finds the emulator by the usual endpoint variable."""
    subprocess.run([sys.executable, "-c", IDENTITY_CLIENT, call, name, url], check=True, capture_output=True)


@pytest.fixture
def applied(project: Any, aws: Any) -> Any:
    project.declare("agent-a", head=HEAD)
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("plan", "--detailed-exitcode").code == 0
    return project


def test_a_change_by_the_identity_client_of_bedrock_agentcore_shows_as_drift(applied: Any) -> None:
    identity_client("update_workload_identity", "agent-a", "https://elsewhere.example.net/callback")
    ran = applied.run("plan", "--detailed-exitcode")
    assert ran.code == 2
    assert "elsewhere.example.net" in ran.out
    assert "outside" in ran.out


def test_an_identity_that_the_identity_client_makes_is_counted_and_left_alone(applied: Any) -> None:
    identity_client("create_workload_identity", "theirs-agent", "https://theirs.example.net/callback")
    ran = applied.run("plan", "--detailed-exitcode")
    assert ran.code == 0
    assert "1 unmanaged (theirs-agent)" in ran.out


def test_a_change_and_a_tag_by_the_aws_command_line_show_as_drift(applied: Any) -> None:
    def cli(*arguments: str) -> None:
        command = [sys.executable, "-m", "awscli", "--region", "us-east-1", "bedrock-agentcore-control"]
        subprocess.run([*command, *arguments], check=True, capture_output=True)

    urls = '["https://cli.example.net/callback"]'
    cli("update-workload-identity", "--name", "agent-a", "--allowed-resource-oauth2-return-urls", urls)
    arn = (
        "arn:aws:bedrock-agentcore:us-east-1:123456789012:workload-identity-directory/default/workload-identity/agent-a"
    )
    cli("tag-resource", "--resource-arn", arn, "--tags", "owner=somebody")
    ran = applied.run("plan", "--detailed-exitcode")
    assert ran.code == 2
    assert "cli.example.net" in ran.out
    assert "somebody" in ran.out
    assert applied.run("apply", "--auto-approve").code == 0
    assert applied.run("plan", "--detailed-exitcode").code == 0
