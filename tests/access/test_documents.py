"""Policies as people and the AWS CLI write them, with their lines; and every mistake as a diagnostic."""

from __future__ import annotations

import json

import pytest

from reconciler.access import agent_policy, read_policies
from tests.access.stack import INVOICE

DOCUMENT = agent_policy(INVOICE).documents[0]


@pytest.mark.parametrize(
    "value",
    [
        DOCUMENT,
        [DOCUMENT],
        {"RoleName": "r", "PolicyName": "p", "PolicyDocument": DOCUMENT},
        {"PolicyVersion": {"Document": DOCUMENT, "VersionId": "v1"}},
    ],
    ids=["document", "list", "get-role-policy", "get-policy-version"],
)
def test_every_wrapping_is_taken(value: object) -> None:
    (policy,), found = read_policies("p.json", json.dumps(value).encode())
    assert found == ()
    assert [rule.where.statement for rule in policy.rules] == [one["Sid"] for one in DOCUMENT["Statement"]]


@pytest.mark.parametrize("indent", [None, 2, "\t"], ids=["one line", "spaces", "tabs"])
def test_a_statement_of_json_has_its_line(indent: int | str | None) -> None:
    text = json.dumps(DOCUMENT, indent=indent)
    (policy,), _ = read_policies("p.json", text.encode())
    lines = text.split("\n")
    for rule in policy.rules:
        at = next(number for number, line in enumerate(lines, 1) if f'"{rule.where.statement}"' in line)
        assert rule.where.line == (at - 1 if indent else 1)


def test_yaml_is_taken_with_its_lines_and_its_version_without_quotes() -> None:
    text = """\
Version: 2012-10-17
Statement:
  - Effect: Allow
    Action: s3:GetObject
    Resource: "*"
  - Sid: Second
    Effect: Deny
    NotAction: [iam:*]
    NotResource: ["arn:aws:s3:::x"]
    Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}
"""
    (policy,), found = read_policies("p.yaml", text.encode())
    assert found == ()
    first, second = policy.rules
    assert (first.where.statement, first.where.line, second.where.line) == ("#1", 3, 6)
    assert second.but_actions
    assert second.but_resources
    assert [(one.operator, one.key, one.values) for one in second.conditions] == [
        ("Bool", "aws:MultiFactorAuthPresent", ("true",))
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("{", 1, "not JSON"),
        ('{"Statement": [], "Statement": []}', 1, "twice"),
        ("[1]", 1, "no policy"),
        ("hello", 1, "no policy"),
        ('{"Statement": [\n{"Effect": "Allow", "Action": "*"}]}', 2, "needs Resource or NotResource"),
        ('{"Statement": [\n{"Effect": "allow", "Action": "*", "Resource": "*"}]}', 2, "neither Allow nor Deny"),
        ('{"Statement": {"Effect": "Allow", "Action": 1, "Resource": "*"}}', 1, "a text or a list of texts"),
        ('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Conditions": {}}}', 1, "does not know"),
        ('{"Statement": {"Effect": "Allow", "Action": "*", "Principal": "*"}}', 1, "trust or resource policy"),
        ('{"Version": "2012-10-18", "Statement": []}', 1, "Version is"),
        ('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": []}}', 1, "object of objects"),
        ("a: b: c", 1, ""),
        ("[" * 100_000, 1, ""),
    ],
)
def test_a_mistake_has_its_place(text: str, line: int, said: str) -> None:
    policies, found = read_policies("p.json", text.encode())
    assert policies == ()
    assert any(said in one.summary and one.source and one.source.line == line for one in found), found
