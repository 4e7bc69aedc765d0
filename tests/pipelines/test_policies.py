"""The policies in the documentation are those that `access policy --for` prints for the manifest beside them."""

from __future__ import annotations

import json
import re

import pytest

from reconciler.access import Purpose, own_policy
from reconciler.access.own_policy import means_of
from reconciler.cli.workspace import offline_target, open_workspace
from reconciler.render.policy_json import policy_json
from tests.pipelines.jobs import ROOT

PIPELINES = ROOT / "docs" / "pipelines"


@pytest.mark.parametrize("purpose", list(Purpose), ids=lambda one: one.value)
def test_the_policy_of_each_job_is_the_one_that_is_printed(purpose: Purpose) -> None:
    workspace = open_workspace(PIPELINES / "reconciler.yaml", "prod")
    target = offline_target(workspace.stack.name, workspace.environment, None)
    printed = policy_json([own_policy(purpose, target, means_of(workspace.stack, None))])
    assert (PIPELINES / "policies" / f"{purpose.value}.json").read_text(encoding="utf-8").strip() == printed.strip()


@pytest.mark.parametrize("purpose", ["plan", "drift"])
def test_a_job_that_does_not_apply_may_write_nothing_but_its_memory(purpose: str) -> None:
    policy = json.loads((PIPELINES / "policies" / f"{purpose}.json").read_text(encoding="utf-8"))
    writing = [
        one
        for one in policy["Statement"]
        if not all(action.partition(":")[2].startswith(("Get", "List", "Lookup")) for action in one["Action"])
    ]
    places = [place for one in writing for place in one["Resource"]]
    memory = "arn:aws:s3:::acme-identities/state/*.drift.json"
    assert places == ([memory, f"{memory}.lease"] if purpose == "drift" else [])


def test_the_trust_of_each_role_is_json_and_names_whom_it_trusts() -> None:
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    trusts = [json.loads(one) for one in re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
    assert len(trusts) == 3
    for trust in trusts:
        (statement,) = trust["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        conditions = json.dumps(statement["Condition"])
        assert ":aud" in conditions
        assert ":sub" in conditions
        assert '"*"' not in conditions, "whom it trusts has a name"
