"""`access policy`, `access matrix`, `access check` and `graph`, as they are run; exit codes and streams by the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest
from moto import mock_aws

from reconciler.manifest import load, resolve

ROOT = Path(__file__).resolve().parents[2]
AGENT, OTHER = "workload_identity.invoice-agent", "workload_identity.support-agent"
MANIFEST = """\
version: 1
stack: payments
environments:
  local: {directory: embedded}
  far: {account: "222222222222", region: eu-west-1}
  nowhere: {}
oauth2CredentialProviders:
  github:
    credentialProviderVendor: GithubOauth2
    config: {clientId: Iv1.abc}
    clientSecret: {secretId: prod/github, jsonKey: clientSecret}
  slack:
    credentialProviderVendor: SlackOauth2
    config: {clientId: "333"}
    clientSecret: {secretId: prod/slack, jsonKey: clientSecret}
workloadIdentities:
  invoice-agent:
    inbound: jwt
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/oauth/callback"]
    access:
      - {oauth2: github, scopes: [repo], flows: [USER_FEDERATION, M2M]}
  support-agent:
    inbound: userId
    access:
      - {oauth2: slack, scopes: ["chat:write"], flows: [USER_FEDERATION]}
      - {oauth2: warehouse, external: true, flows: [M2M]}
"""


@pytest.fixture
def granted(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stack, applied to its embedded directory."""
    project.write(MANIFEST)
    monkeypatch.setenv("RECONCILER_ENV", "local")
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 0, ran.err
    return project


def save(project: Any, *statements: dict[str, Any], name: str = "role.json") -> str:
    (project.folder / "policies").mkdir(exist_ok=True)
    file = Path("policies") / name
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2), encoding="utf-8")
    return str(file)


def printed(project: Any, address: str = AGENT) -> list[dict[str, Any]]:
    ran = project.run("access", "policy", address)
    assert ran.code == 0, ran.err
    statements: list[dict[str, Any]] = json.loads(ran.out)["Statement"]
    return statements


def test_the_policy_has_the_arns_of_the_lockfile_and_stands_on_standard_output_alone(granted: Any) -> None:
    ran = granted.run("access", "policy", AGENT)
    assert (ran.code, ran.err) == (0, "")
    named = {arn for one in json.loads(ran.out)["Statement"] for arn in one["Resource"]}
    resources = granted.lock["resources"]
    assert {resources[AGENT]["arn"], resources["oauth2_credential_provider.github"]["arn"]} <= named
    assert granted.run("access", "policy", AGENT).out == ran.out


def test_what_is_not_applied_is_an_error_unless_it_may_be_planned(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(MANIFEST)
    monkeypatch.setenv("RECONCILER_ENV", "far")
    ran = project.run("access", "policy", AGENT)
    assert (ran.code, ran.out) == (1, "")
    assert "not applied yet" in ran.err
    assert "reconciler apply" in ran.err
    planned = project.run("access", "policy", AGENT, "--planned")
    assert planned.code == 0
    assert (
        "arn:aws:bedrock-agentcore:eu-west-1:222222222222:token-vault/default/oauth2credentialprovider/github"
        in planned.out
    )
    assert "not as the API returned it" in planned.err


def test_without_an_account_nothing_can_be_planned(project: Any) -> None:
    project.write(MANIFEST)
    for arguments in (["access", "policy", AGENT, "--planned"], ["access", "policy", "--for", "plan"]):
        ran = project.run(*arguments, "--env", "nowhere")
        assert (ran.code, ran.out) == (1, "")
        assert "names no account and region" in ran.err


def test_a_provider_of_another_stack_is_spelled_and_said_to_be(granted: Any) -> None:
    ran = granted.run("access", "policy", OTHER)
    assert ran.code == 0
    assert "oauth2credentialprovider/warehouse" in ran.out
    assert "not as the API returned it: oauth2_credential_provider.warehouse" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["access", "policy"], "no address"),
        (["access", "policy", AGENT, OTHER], "one address at a time"),
        (["access", "policy", "workload_identity.nobody"], "is not an identity of this stack"),
        (["access", "policy", AGENT, "--user-id", "ada"], "no user id is there"),
        (["access", "policy", OTHER, "--jwt-issuer", "https://x"], "no JWT is there"),
        (["access", "policy", AGENT, "--for", "plan"], "takes no address"),
        (["access", "check", AGENT], "--policy FILE or --role ARN"),
        (["access", "check", AGENT, "--policy", "missing.json"], "cannot read missing.json"),
        (["access", "matrix", "--format", "yaml"], "--format"),
        (["access", "matrix", "--from", "lock", "--env", "far"], "no lockfile yet"),
        (["graph", "--out", "reconciler.yaml"], "reconciler.yaml"),
    ],
)
def test_what_cannot_be_is_a_usage_error(granted: Any, arguments: list[str], said: str) -> None:
    ran = granted.run(*arguments)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err


@pytest.mark.parametrize("purpose", ["plan", "apply", "drift"])
def test_reconcilers_own_policy_is_of_the_account_and_region(project: Any, purpose: str) -> None:
    project.write(MANIFEST)
    ran = project.run("access", "policy", "--for", purpose, "--env", "far")
    assert (ran.code, ran.err) == (0, "")
    assert ("CreateWorkloadIdentity" in ran.out) is (purpose == "apply")
    assert ":eu-west-1:222222222222:" in ran.out


def test_a_matching_policy_exits_0_and_a_differing_one_2(granted: Any) -> None:
    own = printed(granted)
    assert granted.run("access", "check", "--policy", save(granted, *own)).code == 0
    wide = {"Sid": "Wide", "Effect": "Allow", "Action": "bedrock-agentcore:*", "Resource": "*"}
    ran = granted.run("access", "check", AGENT, "--policy", save(granted, *own, wide))
    assert ran.code == 2
    assert "statement Wide" in ran.out
    assert "policies/role.json:" in ran.out
    assert ran.err == ""
    made = json.loads(granted.run("access", "check", AGENT, "--policy", save(granted, wide), "--format", "json").out)
    assert {one["code"] for one in made["findings"]} == {"everything", "wildcard-action"}


def test_several_files_are_one_roles_policies(granted: Any) -> None:
    first, *rest = printed(granted)
    files = [save(granted, first, name="a.json"), save(granted, *rest, name="b.json")]
    assert granted.run("access", "check", "--policy", files[0]).code == 2
    assert granted.run("access", "check", "--policy", files[0], "--policy", files[1]).code == 0


def test_a_policy_that_names_nobody_needs_an_address(granted: Any) -> None:
    file = save(granted, {"Effect": "Allow", "Action": "*", "Resource": "*"})
    ran = granted.run("access", "check", "--policy", file)
    assert ran.code == 1
    assert "nobody knows whose grants" in ran.err
    assert granted.run("access", "check", AGENT, "--policy", file).code == 2


def test_a_broken_policy_is_an_error_with_its_line(granted: Any) -> None:
    Path("bad.json").write_text('{"Statement": [\n  {"Effect": "Allow"}\n]}', encoding="utf-8")
    ran = granted.run("access", "check", AGENT, "--policy", "bad.json")
    assert (ran.code, ran.out) == (1, "")
    assert "bad.json:2" in ran.err


def test_a_role_is_read_from_iam_and_compared(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    head = 'version: 1\nstack: payments\nenvironments: {prod: {account: "123456789012", region: us-east-1}}\n'
    project.write(head + MANIFEST[MANIFEST.index("oauth2CredentialProviders") :])
    with mock_aws():
        iam = boto3.client("iam", region_name="us-east-1")
        arn = iam.create_role(RoleName="agent", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        document = project.run("access", "policy", AGENT, "--planned").out
        iam.put_role_policy(RoleName="agent", PolicyName="own", PolicyDocument=document)
        arguments = ["access", "check", AGENT, "--planned", "--role", arn]
        ran = project.run(*arguments)
        assert (ran.code, f"inline own of {arn} beside the grants" in ran.out) == (0, True)
        wide = json.loads(document)
        wide["Statement"][0]["Resource"] = "*"
        iam.put_role_policy(RoleName="agent", PolicyName="own", PolicyDocument=json.dumps(wide))
        ran = project.run(*arguments)
        assert ran.code == 2
        assert "inline own, statement TokenOfThisIdentityForJwt" in ran.out
        missing = project.run(*arguments[:-1], arn.replace("agent", "nobody"))
        assert (missing.code, missing.out) == (1, "")
        assert "not found" in missing.err


@pytest.mark.parametrize("form", ["text", "json", "csv", "markdown"])
@pytest.mark.parametrize("whose", ["manifest", "lock"])
def test_the_matrix_is_the_same_from_manifest_and_lockfile_once_applied(granted: Any, form: str, whose: str) -> None:
    ran = granted.run("access", "matrix", "--format", form, "--from", whose)
    assert (ran.code, ran.err) == (0, "")
    assert "github" in ran.out
    assert "warehouse" in ran.out
    other = granted.run("access", "matrix", "--format", form, "--from", "lock").out
    assert ran.out.replace('"from": "manifest"', '"from": "lock"') == other


@pytest.mark.parametrize("form", ["mermaid", "dot", "svg"])
def test_the_graph_goes_to_standard_output_or_a_file(granted: Any, form: str) -> None:
    ran = granted.run("graph", "--format", form, "--hosts")
    assert (ran.code, ran.err) == (0, "")
    assert "app.example.com" in ran.out
    written = granted.run("graph", "--format", form, "--hosts", "--out", "access.out")
    assert (written.code, written.out) == (0, "")
    assert Path("access.out").read_text(encoding="utf-8") == ran.out
    if form == "svg":
        ElementTree.fromstring(ran.out)


def test_the_example_declares_grants_of_every_sort() -> None:
    loaded = load(ROOT / "manifests" / "grants.yaml")
    assert loaded.manifest is not None
    stack = resolve(loaded.manifest, "local").stack
    assert stack is not None
    inbounds = {one.attributes.get("inbound") for one in stack.resources.values() if "access" in one.attributes}
    assert inbounds == {None, "jwt", "userId"}


def test_the_example_runs_as_its_first_lines_say(project: Any) -> None:
    text = (ROOT / "manifests" / "grants.yaml").read_text(encoding="utf-8")
    project.write(text, "grants.yaml")
    assert project.run("apply", "grants.yaml", "--auto-approve").code == 0
    assert project.run("access", "matrix", "grants.yaml").code == 0
    ran = project.run("access", "policy", "grants.yaml", AGENT)
    assert ran.code == 0
    Path("role.json").write_text(ran.out, encoding="utf-8")
    assert project.run("access", "check", "grants.yaml", "--policy", "role.json").code == 0
    assert project.run("graph", "grants.yaml", "--format", "svg", "--hosts", "--out", "access.svg").code == 0


def test_while_a_rename_is_under_way_the_old_one_has_its_grants(granted: Any) -> None:
    before = granted.run("access", "policy", AGENT).out
    Path("old.json").write_text(before, encoding="utf-8")
    outputs = granted.lock["resources"]["oauth2_credential_provider.github"]["outputs"]
    text = MANIFEST.replace("  github:\n", "  github:\n    name: github-2\n")
    granted.write(text.replace("  invoice-agent:\n", "  invoice-agent:\n    name: invoice-2\n"))
    assert granted.run("apply", "--auto-approve").code == 0
    old = f"{AGENT}~invoice-agent"
    left = granted.lock["resources"]["oauth2_credential_provider.github~github"]
    assert left["outputs"] == outputs
    assert left["updated"]
    assert outputs["callbackUrl"] in granted.run("output").out

    matrix = json.loads(granted.run("access", "matrix", "--from", "lock", "--format", "json").out)
    rows = {one["address"]: [grant["provider"] for grant in one["grants"]] for one in matrix["identities"]}
    assert rows[AGENT] == ["oauth2_credential_provider.github"]
    assert rows[old] == ["oauth2_credential_provider.github~github"]
    assert "~" not in granted.run("access", "matrix").out
    for form in ("mermaid", "dot", "svg"):
        drawn = granted.run("graph", "--from", "lock", "--format", form).out
        assert "invoice-agent~invoice-agent" in drawn.replace("#126;", "~")

    assert granted.run("access", "policy", old).out == before
    ran = granted.run("access", "check", "--policy", "old.json")
    assert (ran.code, f"beside the grants of {old}" in ran.out) == (0, True), ran
    assert granted.run("access", "check", AGENT, "--policy", "old.json").code == 2


def test_identities_that_have_expired_are_left_out_and_counted(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_ENV", "local")
    project.write(
        MANIFEST.replace("  support-agent:\n", "  support-agent:\n    owner: team-a\n    expires: 2020-01-01\n")
    )
    for arguments in (["access", "matrix", "--format", "csv"], ["graph"]):
        ran = project.run(*arguments)
        assert (ran.code, "invoice-agent" in ran.out, "support-agent" in ran.out) == (0, True, False), ran
        assert "Left out, for their day has come: 1 identity." in ran.err
