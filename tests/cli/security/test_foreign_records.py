"""Secrets in Terraform states and CloudFormation templates: they come out nowhere, whatever happens to the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "manifests" / "import"
PREFIX = "aws_bedrockagentcore_"


@pytest.fixture
def state(project: Any, canaries: Any) -> Any:
    """The example's state with secrets wherever a state can hold some."""
    (project.folder / "reconciler.yaml").unlink()
    raw = json.loads((EXAMPLES / "terraform.tfstate").read_text())
    raw["outputs"] = {"key": {"value": canaries.mark, "type": "string", "sensitive": True}}
    for one in raw["resources"]:
        for instance in one["instances"]:
            attributes = instance["attributes"]
            instance["private"] = canaries.mark
            if one["type"] == f"{PREFIX}oauth2_credential_provider":
                (outer,) = attributes["oauth2_provider_config"]
                (inner,) = next(value for value in outer.values() if value)
                inner |= {
                    "client_secret": canaries.mark,
                    "client_secret_wo": canaries.mark,
                    "client_id_wo": canaries.mark,
                }
            if one["type"] == f"{PREFIX}api_key_credential_provider":
                attributes |= {"api_key": canaries.mark, "api_key_wo": canaries.mark, "tomorrows_key": canaries.mark}
            if one["type"] == "aws_iam_role":
                attributes["password"] = canaries.mark
    return raw


def keep(project: Any, raw: Any) -> None:
    text = raw if isinstance(raw, str) else json.dumps(raw)
    (project.folder / "state.json").write_text(text, encoding="utf-8")


def taken(project: Any, *more: str) -> Any:
    return project.run("import", "terraform", "state.json", "--stack", "s", "--log-level", "debug", *more)


def test_a_state_that_is_taken_over(project: Any, canaries: Any, state: Any, aws: Any) -> None:
    control = boto3.client("bedrock-agentcore-control", region_name="us-east-1", endpoint_url=aws.url)
    control.create_api_key_credential_provider(name="exchange-rates", apiKey=canaries.mark)
    control.create_workload_identity(name="invoice-agent")
    control.close()
    keep(project, state)
    said = [taken(project, "--auto-approve"), project.run("plan"), project.run("output"), project.run("export")]
    assert {ran.code for ran in said} == {0}, said
    said.append(taken(project, "--offline", "--out", "offline.yaml", "--removed", "removed.tf"))
    assert said[-1].code == 0
    assert canaries.came_out(*(ran.out + ran.err for ran in said), apart_from=("state.json",)) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-200],
        lambda text: text.replace('"name": "github"', '"name": 7'),
        lambda text: text.replace('"version": 4', '"version": 3'),
        lambda text: text.replace('"client_id"', '"client_secret"'),
        lambda text: text.replace('"github_oauth2_provider_config": [', '"github_oauth2_provider_config": [[], '),
        lambda text: "[" * 100_000 + text,
    ],
)
def test_a_state_that_cannot_be_read(project: Any, canaries: Any, state: Any, damage: Any) -> None:
    text = json.dumps(state)
    assert damage(text) != text
    keep(project, damage(text))
    ran = taken(project, "--offline")
    assert ran.code == 1, ran
    assert "internal error" not in ran.err
    assert canaries.came_out(ran.out, ran.err, apart_from=("state.json",)) == []


def test_a_template(project: Any, canaries: Any) -> None:
    (project.folder / "reconciler.yaml").unlink()
    text = (EXAMPLES / "template.yaml").read_text()
    secret = '"{{resolve:secretsmanager:prod/github:SecretString:clientSecret}}"'
    assert secret in text
    hidden = text.replace("Name: github", "Name: !Ref Missing")
    said = []
    twice = text.replace("          ClientSecret:", "          ClientSecret: x\n          ClientSecret:", 1)
    for number, content in enumerate((text, hidden, text[:-300] + "\n  x: [", twice, f"{secret}: [" + text), start=1):
        (project.folder / "t.yaml").write_text(content.replace(secret, canaries.mark))
        command = ("import", "cloudformation", "t.yaml", "--stack", "s", "--offline", "--log-level", "debug")
        said.append(project.run(*command, "--out", f"{number}.yaml"))
    assert [ran.code for ran in said] == [0, 1, 1, 1, 1]
    assert canaries.came_out(*(ran.out + ran.err for ran in said), apart_from=("t.yaml",)) == []
