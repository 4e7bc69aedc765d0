"""Nobody is called but AWS, and nobody at all where a verb is offline; an audit hook sees every connection of the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

WATCHED = Path(__file__).with_name("watched.py")
OFFLINE = (
    ["--help"],
    ["--version"],
    ["validate"],
    ["validate", "--format", "json"],
    ["schema", "manifest"],
    ["plan", "--refresh", "none", "--out", "none.plan"],
    ["show", "none.plan"],
    ["show", "none.plan", "--format", "markdown"],
    ["lock", "show"],
    ["lock", "status", "--json"],
)
ONLINE = (
    ["plan", "--out", "saved.plan"],
    ["apply", "--plan", "saved.plan"],
    ["verify"],
    ["export"],
    ["forget", "workload_identity.agent-a", "--auto-approve"],
    ["adopt", "workload_identity.agent-a", "--auto-approve"],
    ["destroy", "--auto-approve"],
)
HEAD = "environments: {prod: {region: us-east-1}}"


def watched(project: Any, *commands: list[str], **env: str) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, str(WATCHED), json.dumps(commands)],
        cwd=project.folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    seen: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return seen


def test_what_is_offline_opens_no_connection_and_starts_no_program(project: Any) -> None:
    project.declare("agent-a", head=HEAD)
    seen = watched(project, *OFFLINE)
    assert seen == {"codes": [0] * len(OFFLINE), "connected": [], "started": []}


def test_the_embedded_directory_opens_no_connection(project: Any) -> None:
    project.declare("agent-a")
    commands = [["apply", "--auto-approve"], *ONLINE[:1], *ONLINE[2:]]
    seen = watched(project, *commands)
    assert seen == {"codes": [0] * len(commands), "connected": [], "started": []}


def test_all_other_verbs_call_the_endpoint_of_aws_and_nobody_else(project: Any, aws: Any) -> None:
    project.declare("agent-a", head=HEAD)
    seen = watched(project, *ONLINE)
    assert seen["codes"] == [0] * len(ONLINE)
    assert seen["started"] == []
    place = urlsplit(aws.url)
    host, port = str(place.hostname), str(place.port)
    assert {tuple(one[1:3]) for one in seen["connected"]} == {(host, port)}


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "file:///etc/passwd", "https://collector.example/?x="]
)
def test_what_stands_in_a_manifest_is_never_called(project: Any, url: str) -> None:
    project.write(
        f"version: 1\nstack: payments\nenvironments: {{local: {{directory: embedded}}}}\n"
        f"workloadIdentities: {{agent-a: {{allowedResourceOauth2ReturnUrls: ['{url}']}}}}\n"
    )
    seen = watched(project, ["validate"], ["plan", "--out", "saved.plan"], ["apply", "--plan", "saved.plan"])
    assert (seen["connected"], seen["started"]) == ([], [])


def test_the_watch_sees_a_connection(project: Any, aws: Any) -> None:
    """The hook itself: without credentials in the environment, the SDK asks the metadata service of the machine."""
    project.declare("agent-a", head=HEAD)
    seen = watched(project, ["plan"], AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_EC2_METADATA_DISABLED="false",
                   AWS_EC2_METADATA_SERVICE_ENDPOINT="http://127.0.0.1:9")  # fmt: skip
    assert seen["codes"] == [1]
    assert [*seen["connected"][-1][1:3]] == ["127.0.0.1", "9"]
