"""The ways to compare a policy with the grants of a stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from reconciler.access import Reach, Report, check, read_policies
from tests.access.stack import GRANTS, INVOICE


@pytest.fixture
def compare() -> Callable[..., Report]:
    """`compare(*statements)`: the report on a policy of these statements, for the invoice agent."""

    def run(*statements: dict[str, Any], of: Sequence[Reach] = (INVOICE,), version: str = "2012-10-17") -> Report:
        text = json.dumps({"Version": version, "Statement": list(statements)}, indent=2)
        policies, found = read_policies("role.json", text.encode())
        assert found == ()
        return check(policies, GRANTS, of)

    return run
