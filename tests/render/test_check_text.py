"""The comparison as people and programs read it."""

from __future__ import annotations

import json

from reconciler.access import agent_policy, check, read_policies
from reconciler.render.check_text import check_json, check_markdown, check_text
from tests.access.stack import GRANTS, INVOICE, VAULT

TEXT = f"""\
{{"Version": "2012-10-17", "Statement": [
  {{"Sid": "Vault", "Effect": "Allow", "Action": "bedrock-agentcore:GetResourceApiKey", "Resource": "{VAULT}/*"}},
  {{"Effect": "Deny", "Action": "bedrock-agentcore:GetWorkloadAccessTokenForJWT", "Resource": "*"}}
]}}
"""


def report():
    policies, _ = read_policies("role.json", TEXT.encode())
    return check(policies, GRANTS, [INVOICE], notes=["a boundary limits it as well"])


def test_the_text_names_file_line_and_statement_and_sums_up() -> None:
    text = check_text(report(), colour=False, width=100)
    assert text.startswith("role.json beside the grants of workload_identity.invoice-agent\n")
    assert "Too much:\n  + the resource" in text
    assert "role.json:2, statement Vault" in text
    assert "role.json:3, statement #2" in text
    assert "Missing:\n  - workload_identity.invoice-agent: " in text
    assert "Note: a boundary limits it as well" in text
    assert text.endswith("It differs: 1 excess, 3 lacks, 0 that cannot be told.\n")
    assert "\x1b" not in text
    assert "\x1b" in check_text(report(), colour=True, width=100)


def test_json_has_every_finding_with_its_place() -> None:
    made = json.loads(check_json(report()))
    assert made["matches"] is False
    assert made["summary"] == {"excess": 1, "lack": 3, "unclear": 0}
    first = made["findings"][0]
    assert (first["verdict"], first["code"], first["policy"], first["statement"], first["line"]) == (
        "excess", "whole-vault", "role.json", "Vault", 2,
    )  # fmt: skip


def test_markdown_keeps_what_comes_from_outside_in_fences() -> None:
    text = check_markdown(report())
    assert text.startswith("### `role.json` beside the grants of `workload_identity.invoice-agent`\n")
    assert "```diff\n+ the resource" in text
    assert text.count("```") == 6


def test_the_sum_claims_no_more_than_was_looked_at() -> None:
    own = agent_policy(INVOICE).documents[0]["Statement"]
    others = {
        "Effect": "Allow",
        "Action": ["iam:*", "secretsmanager:*", "bedrock-agentcore:InvokeCodeInterpreter"],
        "Resource": "*",
    }
    denied = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    policies, _ = read_policies("role.json", json.dumps({"Statement": [*own, others, denied]}).encode())
    made = check(policies, GRANTS, [INVOICE], role="arn:aws:iam::222222222222:role/agent")
    text = check_text(made, colour=False, width=100)
    assert text.startswith("role.json of arn:aws:iam::222222222222:role/agent beside")
    assert text.endswith(
        "Of AgentCore's data plane it allows what is granted, and nothing more.\n"
        "Not looked at: 2 actions of other services (iam:*, secretsmanager:*).\n"
        "Not looked at: 1 action of AgentCore beside identities and providers (bedrock-agentcore:InvokeCodeInterpreter).\n"
    )
    assert "Not looked at: 2 actions of other services" in check_markdown(made)
    assert json.loads(check_json(made))["not_looked_at"] == others["Action"]
    policies, _ = read_policies("role.json", json.dumps({"Statement": own}).encode())
    assert "Not looked at" not in check_text(check(policies, GRANTS, [INVOICE]), colour=False, width=100)
