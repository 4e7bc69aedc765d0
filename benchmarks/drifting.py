"""What a drift run costs: 10,000 identities of which 25 were changed outside, at the service's quota of 20 calls a second.

The far side is the emulator in a process of its own (`benchmarks.quota_server`), which notes every call that arrives, those to
CloudTrail too. Its trail holds what calls that read leave there as well, as CloudTrail's does. The first run, which has to read
everything, is made without a quota; it is what the others know. They are told the service's quotas, which `reconciler` knows of
everywhere but on this machine.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import boto3

from benchmarks.cases import Bench
from benchmarks.fleet import REGION, identity
from benchmarks.pacing import QUOTA, Server, applied_fleet, emulator
from reconciler.model.rates import DEFAULT_RATES

CHANGED = 25
HEADINGS = ("drift run", "calls", "time", "of these Get", "tags", "listing pages", "trail", "promised", "")
_LISTS, _TRAIL = "ListWorkloadIdentities", "LookupEvents"
_GET, _TAGS = "GetWorkloadIdentity", "ListTagsForResource"
_FREE = 1e6  # calls a second
_QUOTAS = [word for name, rate in DEFAULT_RATES.items() for word in ("--rate", f"{name}={rate:g}")]


def measure(bench: Bench) -> tuple[list[tuple[str, ...]], bool]:
    """The rows of the table, and whether what was promised was kept."""
    count = bench.size(10_000)
    folder = applied_fleet(bench, count, "drifting")
    rows, kept = [], True
    with emulator(count, reads=True) as server:
        server.set(_FREE)
        _run(bench, folder, server, ["--rate", "10000"])
        _change(server, count)
        memory = next(folder.glob("*.drift.json"))
        remembered = memory.read_bytes()
        server.set(QUOTA)
        for title, arguments, most in (
            ("incremental", [], 700),
            ("incremental, existence by the trail", ["--existence", "trail"], 60),
            ("full", ["--full"], None),
        ):
            memory.write_bytes(remembered)
            calls, seconds = _run(bench, folder, server, [*_QUOTAS, *arguments])
            total = sum(calls.values())
            met = "" if most is None or bench.scale != 1.0 else "met" if total < most else "MISSED"
            kept = kept and met != "MISSED"
            rows.append(_row(title, calls, seconds, "" if most is None else f"< {most}", met))
    least = Counter({_GET: count, _TAGS: count})
    rows.append(
        _row("one Get and one tag read for each, as a provider refreshes", least, count / QUOTA, "", "computed")
    )
    return rows, kept


def _run(bench: Bench, folder: Path, server: Server, arguments: Sequence[str]) -> tuple[Counter[str], float]:
    """The calls of one run by operation, and its time."""
    server.told()
    side = bench.ours(["drift", "fleet.yaml", *arguments], folder)
    environment = {
        **bench.environment(server.url),
        "AWS_ENDPOINT_URL_CLOUDTRAIL": server.url,
        "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": server.url,
    }
    begun = time.monotonic()
    ended = subprocess.run(side.command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 2):
        raise RuntimeError(f"{' '.join(side.command)} ended with {ended.returncode}: {ended.stderr}")
    return Counter(one.operation for one in server.told()), time.monotonic() - begun


def _change(server: Server, count: int) -> None:
    """What somebody does outside, spread over the fleet."""
    keys = {"aws_access_key_id": "outsider", "aws_secret_access_key": "outsider"}
    client = boto3.client("bedrock-agentcore-control", REGION, endpoint_url=server.url, **keys)
    with contextlib.closing(client):
        for number in range(0, count, max(1, count // CHANGED)):
            one = identity(number)
            urls = [*one.urls, "https://outside.example/callback"]
            client.update_workload_identity(name=one.name, allowedResourceOauth2ReturnUrls=urls)


def _row(title: str, calls: Counter[str], seconds: float, promised: str, met: str) -> tuple[str, ...]:
    named = (calls[_GET], calls[_TAGS], calls[_LISTS], calls[_TRAIL])
    return (title, f"{sum(calls.values()):,}", f"{seconds:.1f} s", *(f"{one:,}" for one in named), promised, met)
