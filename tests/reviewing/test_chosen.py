"""What a review of some environments leaves out: all that is so in the others alone."""

from __future__ import annotations

import pytest

from reconciler.model.report import ChangeReport
from reconciler.reviewing import review
from tests.reviewing.versions import HEAD, version

BASE = HEAD + "workloadIdentities:\n  agent: {environments: [dev]}\n"
BROKEN = (
    HEAD + "workloadIdentities:\n  agent: {environments: [dev]}\n  other: {name: 'x${nowhere}', environments: [prod]}\n"
)
WARNED = HEAD + "workloadIdentities:\n  agent: {environments: [dev]}\n  bare-agent: {environments: [prod]}\n"


def _of(head: str, environment: str) -> ChangeReport:
    return review(version(BASE), version(head), lambda name: name == environment)


def test_mistakes_of_other_environments_are_not_told() -> None:
    assert _of(BROKEN, "dev").findings == ()
    assert _of(BROKEN, "dev").complete
    assert [one.code for one in _of(BROKEN, "prod").findings] == ["unknown-variable"]
    assert not _of(BROKEN, "prod").complete


@pytest.mark.parametrize(("environment", "codes"), [("dev", set()), ("prod", {"no-return-urls"})])
def test_warnings_of_other_environments_are_not_told(environment: str, codes: set[str]) -> None:
    assert {one.code for one in _of(WARNED, environment).findings} == codes
