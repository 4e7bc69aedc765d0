"""What lockfiles say to a change, where it is an account or region that the manifest names for the first time."""

from __future__ import annotations

import pytest

from reconciler.model.report import ChangeReport
from reconciler.model.resources import Lock
from reconciler.reviewing import with_locks
from tests.reviewing.versions import HEAD, reviewed

NAMED = HEAD + "workloadIdentities: {agent: {}}\n"
OPEN = NAMED.replace('account: "222222222222", region: us-east-1, ', "").replace('account: "111111111111", ', "")


def _lock(environment: str, account: str, region: str = "us-east-1") -> Lock:
    return Lock(
        lineage="x",
        serial=1,
        stack="payments",
        environment=environment,
        account=account,
        region=region,
        resources={},
    )


def _levels(report: ChangeReport) -> dict[str, str]:
    told = {f"{'/'.join(one.environments)} {one.subject}": one.level.value for one in report.findings}
    return told | {one.about: one.level.value for one in report.items if one.level}


UNKNOWN = {
    "prod account": "warning",
    "prod region": "warning",
    "dev account": "notice",
    "environment.prod": "warning",
    "environment.dev": "notice",
}


@pytest.mark.parametrize(
    ("locks", "told"),
    [
        ({}, {}),
        ({"prod": None, "dev": None}, {}),
        ({"dev": _lock("dev", "111111111111")}, {"dev account": "info", "environment.dev": "info"}),
        ({"dev": _lock("dev", "999999999999")}, {}),
        ({"dev": _lock("dev", "")}, {}),
        ({"prod": _lock("prod", "222222222222", "eu-west-1")}, {"prod account": "notice"}),
        (
            {"prod": _lock("prod", "222222222222")},
            {"prod account": "notice", "prod region": "notice", "environment.prod": "notice"},
        ),
    ],
)
def test_what_the_lockfile_confirms_is_milder(locks: dict[str, Lock | None], told: dict[str, str]) -> None:
    report = reviewed(OPEN, NAMED)
    assert _levels(report) == UNKNOWN
    assert _levels(with_locks(report, locks)) == UNKNOWN | told


def test_a_move_is_as_grave_whatever_the_lockfile_says() -> None:
    moved = NAMED.replace('prod: {account: "222222222222"', 'prod: {account: "333333333333"')
    report = with_locks(reviewed(NAMED, moved), {"prod": _lock("prod", "333333333333")})
    assert _levels(report)["prod account"] == "critical"
