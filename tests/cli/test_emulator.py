"""`reconciler emulator`: its options reach the directory that it serves."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

ONCE = Config(retries={"total_max_attempts": 1})


@contextlib.contextmanager
def served(project: Any, *options: str) -> Iterator[Any]:
    """A client of an emulator that runs with these options."""
    process = project.spawn("emulator", "--port", "0", *options)
    line = process.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:"), process.stderr.read()
    url = line.split()[-1]
    client = boto3.client("bedrock-agentcore-control", region_name="us-east-1", endpoint_url=url, config=ONCE)
    yield client
    client.close()
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_quota_is_kept_by_each_operation_and_lets_a_seconds_worth_come_at_once(project: Any) -> None:
    with served(project, "--quota", "0.5") as client:
        client.list_workload_identities()
        client.create_workload_identity(name="agent-a")
        with pytest.raises(client.exceptions.ThrottlingException):
            client.list_workload_identities()
    with served(project, "--quota", "3") as client:
        for _ in range(3):
            client.list_workload_identities()


def test_a_directory_that_is_full_is_full(project: Any) -> None:
    with served(project, "--max-identities", "1") as client:
        client.create_workload_identity(name="agent-a")
        with pytest.raises(client.exceptions.ServiceQuotaExceededException):
            client.create_workload_identity(name="agent-b")


def test_strict_and_latency_make_it_as_hard_as_the_service(project: Any) -> None:
    with served(project, "--strict", "--latency-ms", "30") as client:
        client.create_workload_identity(name="agent-a")
        client.delete_workload_identity(name="agent-a")
        begun = time.monotonic()
        with pytest.raises(client.exceptions.ValidationException, match="already exists"):
            client.create_workload_identity(name="agent-a")
        assert time.monotonic() - begun >= 0.03
