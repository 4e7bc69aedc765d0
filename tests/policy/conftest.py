"""Rules and plans in a few words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from reconciler.confined import Bounds, answers
from reconciler.diagnostics import Diagnostic, has_errors
from reconciler.manifest.documents import ManifestFile
from reconciler.policy import Policy, Violation, ask, judge, read_policy

TODAY = date(2026, 11, 24)


def change(name: str, action: str = "create", **after: Any) -> dict[str, Any]:
    """An entry of `resource_changes`, in line 7 of the manifest."""
    attributes = {"allowedResourceOauth2ReturnUrls": [], "tags": {}, **after}
    return {
        "address": f"workload_identity.{name}",
        "type": "workload_identity",
        "name": name,
        "change": {
            "actions": [action],
            "before": None if action == "create" else attributes,
            "after": None if action == "delete" else attributes,
        },
        "source": {"file": "m.yaml", "line": 7, "column": 3},
    }


def plan(*changes: dict[str, Any], environment: str = "prod") -> dict[str, Any]:
    """What rules look at, as far as they look at it here."""
    return {"target": {"stack": "payments", "environment": environment}, "resource_changes": list(changes)}


def read(**files: str) -> tuple[Policy, tuple[Diagnostic, ...]]:
    """The files by their stem; those that begin with `package` are Rego."""
    return read_policy(
        [
            ManifestFile(f"{name}.{'rego' if text.startswith('package') else 'yaml'}", text.encode())
            for name, text in files.items()
        ]
    )


Judged = tuple[tuple[Violation, ...], tuple[Diagnostic, ...]]


@pytest.fixture
def judged() -> Callable[..., Judged]:
    """Violations and failures of a plan by these files."""

    def run(of: dict[str, Any], today: date = TODAY, **files: str) -> Judged:
        policy, found = read(**files)
        assert not has_errors(found), found
        job = ask(policy, of)
        return judge(policy, job, answers(job, Bounds(seconds=20)), today)

    return run
