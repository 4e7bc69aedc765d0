"""output: names, ARNs and callback URLs, read alike by people, jq, a shell, dotenv and Terraform."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import dotenv
import hcl2
import pytest
from jsonschema import Draft202012Validator

from reconciler.errors import ReconcilerError
from reconciler.model.addresses import Address
from reconciler.render.outputs import Output, outputs_dotenv
from reconciler.schema_files import schema

MANIFEST = """\
version: 1
stack: payments
environments: {local: {directory: embedded}}
workloadIdentities:
  invoice-agent: {}
oauth2CredentialProviders:
  github:
    credentialProviderVendor: GithubOauth2
    config: {clientId: Iv1.abc}
    clientSecret: {fromEnv: GITHUB_SECRET, version: 1}
apiKeyCredentialProviders:
  stripe: {apiKey: {secretId: prod/stripe, jsonKey: key}}
tokenVault: {keyType: ServiceManagedKey}
"""
SECRET = "C4N4RY-of-github"


@pytest.fixture
def applied(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    project.write(MANIFEST)
    monkeypatch.setenv("GITHUB_SECRET", SECRET)
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 0, ran
    return project


def values(project: Any) -> dict[str, dict[str, str]]:
    """What the lockfile holds, by address."""
    return {
        address: {"name": one["name"], "arn": one["arn"], **{k: v for k, v in one.get("outputs", {}).items() if v}}
        for address, one in project.lock["resources"].items()
    }


def test_the_json_fits_its_published_schema_and_says_what_the_lockfile_holds(applied: Any) -> None:
    ran = applied.run("output", "--format", "json")
    assert ran.code == 0, ran
    said = json.loads(ran.out)
    assert list(Draft202012Validator(schema("output")).iter_errors(said)) == []
    assert {address: {k: v for k, v in one.items() if k != "type"} for address, one in said["resources"].items()} == (
        values(applied)
    )
    assert said["resources"]["oauth2_credential_provider.github"]["callbackUrl"].startswith("https://")
    assert (said["stack"], said["environment"], said["serial"]) == ("payments", "local", 1)
    assert SECRET not in ran.out


def test_the_table_is_for_people_and_only_what_was_asked_for_is_in_it(applied: Any) -> None:
    ran = applied.run("output", "oauth2_credential_provider.github")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["address", "output", "value"]
    assert [line.split()[-2] for line in lines[1:]] == ["arn", "callbackUrl", "name", "secretArn"]
    assert "stripe" not in ran.out
    assert applied.run("output", "reconciler.yaml", "oauth2_credential_provider.github") == ran


def test_a_shell_and_dotenv_read_the_same_bytes(applied: Any, tmp_path: Path) -> None:
    ran = applied.run("output", "--format", "dotenv")
    assert ran.code == 0, ran
    (tmp_path / "agents.env").write_text(ran.out)
    read = dotenv.dotenv_values(tmp_path / "agents.env", interpolate=True)
    shell = subprocess.run(
        ["sh", "-c", 'set -a; . ./agents.env; exec python3 -c "import os, json; print(json.dumps(dict(os.environ)))"'],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    there = json.loads(shell)
    assert {name: there[name] for name in read} == read
    docker = dict(line.split("=", 1) for line in ran.out.splitlines())  # its --env-file takes a value as it stands
    assert docker == read
    github = values(applied)["oauth2_credential_provider.github"]
    assert read["OAUTH2_CREDENTIAL_PROVIDER_GITHUB_CALLBACK_URL"] == github["callbackUrl"]
    assert read["WORKLOAD_IDENTITY_INVOICE_AGENT_NAME"] == "invoice-agent"


def test_terraform_gets_one_variable(applied: Any) -> None:
    ran = applied.run("output", "--format", "tfvars")
    read = hcl2.loads(ran.out)["reconciler"]
    github = {name: f'"{value}"' for name, value in values(applied)["oauth2_credential_provider.github"].items()}
    assert read["oauth2_credential_provider"] == {"github": github}
    assert set(read["workload_identity"]) == {"invoice-agent"}
    assert "token_vault" in read


def test_without_a_lockfile_or_for_what_it_does_not_hold_there_is_no_output(project: Any) -> None:
    none = project.run("output", "--format", "json")
    assert (none.code, none.out, "nothing is managed" in none.err) == (1, "", True)
    project.run("apply", "--auto-approve")
    missing = project.run("output", "workload_identity.nobody")
    assert (missing.code, missing.out) == (1, "")
    assert "does not hold workload_identity.nobody" in missing.err


def made(key: str, **values: str) -> Output:
    return Output(address=Address("workload_identity", key), values=values)


def test_two_names_that_would_be_one_variable_are_both_named() -> None:
    with pytest.raises(ReconcilerError) as caught:
        outputs_dotenv([made("a-b", arn="1"), made("a.b", arn="2")])
    assert "workload_identity.a-b arn and workload_identity.a.b arn" in caught.value.summary
    assert "WORKLOAD_IDENTITY_A_B_ARN" in caught.value.summary
    assert "--format json" in caught.value.detail


@pytest.mark.parametrize(
    "value", ["https://x/?a=b&c=$HOME#`id`", "a b", "", "x=y", "a?b*c!", '"double"', "!history", "~"]
)
def test_what_a_shell_would_read_otherwise_is_quoted(value: str, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text(outputs_dotenv([made("a", arn=value)]))
    shell = subprocess.run(
        ["sh", "-c", '. ./a.env; printf %s "$WORKLOAD_IDENTITY_A_ARN"'], cwd=tmp_path, capture_output=True, check=True
    )
    assert shell.stdout.decode() == value
    assert dotenv.dotenv_values(tmp_path / "a.env") == {"WORKLOAD_IDENTITY_A_ARN": value}


@pytest.mark.parametrize("value", ["it's", "back\\slash", "line\nbreak", "\u202e", "é"])
def test_what_cannot_be_written_for_all_of_them_is_refused(value: str) -> None:
    with pytest.raises(ReconcilerError, match=r"workload_identity\.a arn"):
        outputs_dotenv([made("a", arn=value)])


def test_the_callback_url_of_a_new_provider_is_printed_after_apply_and_once(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People have to register it at the identity provider, and nobody else tells them."""
    project.write(MANIFEST)
    monkeypatch.setenv("GITHUB_SECRET", SECRET)
    ran = project.run("apply", "--auto-approve")
    url = values(project)["oauth2_credential_provider.github"]["callbackUrl"]
    said = " ".join(ran.out.split())
    assert said.count(f"Register this callback URL at the identity provider: {url}") == 1

    project.write(MANIFEST.replace("version: 1}", "version: 2}"))
    assert "callback URL" not in project.run("apply", "--auto-approve").out
