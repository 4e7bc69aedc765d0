"""import terraform, import cloudformation: what they hold becomes ours, the next plan is empty, no secret comes along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "manifests" / "import"
STATE, TEMPLATE = EXAMPLES / "terraform.tfstate", EXAMPLES / "template.yaml"
SECRET = "not-a-real-client-secret"
KMS = "arn:aws:kms:us-east-1:123456789012:key/0e4f2b1c-5d6a-4b7c-8d9e-0f1a2b3c4d5e"
STORED = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod"
CALLBACK = "https://app.example.com/invoice/callback"


@pytest.fixture
def control(aws: Any) -> Any:
    """A client of those who made the resources that are taken over."""
    client = boto3.client("bedrock-agentcore-control", region_name="us-east-1", endpoint_url=aws.url)
    yield client
    client.close()


@pytest.fixture
def standing(project: Any, control: Any) -> Any:
    """The directory as the example's state has it; the working folder holds no manifest yet."""
    (project.folder / "reconciler.yaml").unlink()
    team = {"team": "payments"}
    control.create_workload_identity(name="invoice-agent", allowedResourceOauth2ReturnUrls=[CALLBACK], tags=team)
    control.create_workload_identity(
        name="refund-agent",
        allowedResourceOauth2ReturnUrls=["https://app.example.com/refund/callback", "http://localhost:8080/callback"],
        tags=team,
    )
    control.create_workload_identity(name="ledger-agent")
    github = {"clientId": "Iv1.0123456789abcdef", "clientSecret": SECRET}
    control.create_oauth2_credential_provider(
        name="github",
        credentialProviderVendor="GithubOauth2",
        oauth2ProviderConfigInput={"githubOauth2ProviderConfig": github},
        tags=team,
    )
    metadata = {
        "issuer": "https://id.example.com",
        "authorizationEndpoint": "https://id.example.com/authorize",
        "tokenEndpoint": "https://id.example.com/token",
        "responseTypes": ["code"],
    }
    ledger = {
        "clientId": "ledger",
        "clientSecretSource": "EXTERNAL",
        "clientSecretConfig": {"secretId": f"{STORED}/ledger-AbCdEf", "jsonKey": "clientSecret"},
        "oauthDiscovery": {"authorizationServerMetadata": metadata},
    }
    control.create_oauth2_credential_provider(
        name="ledger",
        credentialProviderVendor="CustomOauth2",
        oauth2ProviderConfigInput={"customOauth2ProviderConfig": ledger},
    )
    control.create_api_key_credential_provider(name="exchange-rates", apiKey="not-a-real-key", tags=team)
    control.create_api_key_credential_provider(
        name="stripe",
        apiKeySecretSource="EXTERNAL",
        apiKeySecretConfig={"secretId": f"{STORED}/stripe-AbCdEf", "jsonKey": "key"},
    )
    control.set_token_vault_cmk(
        tokenVaultId="default", kmsConfiguration={"keyType": "CustomerManagedKey", "kmsKeyArn": KMS}
    )
    return project


def take(project: Any, *more: str, state: Path = STATE) -> Any:
    return project.run("import", "terraform", str(state), "--stack", "payments", "--auto-approve", *more)


def edited(project: Any, edit: Any) -> Path:
    """A state of one's own: the example's, after an edit of its resources by type and name."""
    raw = json.loads(STATE.read_text())
    edit({f"{one['type'].removeprefix('aws_bedrockagentcore_')}.{one['name']}": one for one in raw["resources"]})
    path: Path = project.folder / "state.json"
    path.write_text(json.dumps(raw))
    return path


def test_a_state_of_all_four_kinds_is_taken_over_and_plans_to_nothing(standing: Any, control: Any) -> None:
    ran = take(standing, "--env", "prod")
    assert ran.code == 0, ran
    assert "8 to adopt" in ran.out
    assert "removed {" in ran.out
    plan = standing.run("plan", "--detailed-exitcode", "--refresh", "full")
    assert plan.code == 0, plan
    lock = json.loads((standing.folder / "reconciler.prod.lock.json").read_text())
    assert (lock["account"], lock["region"], len(lock["resources"])) == ("123456789012", "us-east-1", 8)
    assert {one["origin"] for one in lock["resources"].values()} == {"adopted"}
    github = lock["resources"]["oauth2_credential_provider.github"]
    assert github["attributes"]["clientSecret"] == {"source": "MANAGED", "version": 1}
    assert github["outputs"]["callbackUrl"]
    arn = lock["resources"]["workload_identity.ledger-agent"]["arn"]
    assert control.list_tags_for_resource(resourceArn=arn)["tags"] == {"reconciler:stack": "payments/prod"}
    written = "".join(path.read_text() for path in standing.folder.iterdir() if path.is_file())
    assert SECRET not in written + ran.out + ran.err


def test_what_stands_goes_before_what_the_state_says(standing: Any, control: Any) -> None:
    control.update_workload_identity(name="ledger-agent", allowedResourceOauth2ReturnUrls=[CALLBACK])
    control.delete_workload_identity(name="refund-agent")
    ran = take(standing)
    assert ran.code == 0, ran
    assert "Left out: workload_identity refund-agent stands in" in ran.err
    text = (standing.folder / "reconciler.yaml").read_text()
    assert "# Terraform has it otherwise: allowedResourceOauth2ReturnUrls; this is how it stands" in text
    assert text.count("has it otherwise") == 1
    assert standing.run("plan", "--detailed-exitcode").code == 0
    # Of that block only one instance was taken over, so it cannot be let go of as a whole.
    assert "terraform state rm 'aws_bedrockagentcore_workload_identity.agent[\"invoice\"]'" in ran.out
    assert "from = aws_bedrockagentcore_workload_identity.agent\n" not in ran.out


def test_a_client_id_that_no_state_holds_is_read_in_the_directory(standing: Any) -> None:
    def edit(resources: Any) -> None:
        config = resources["oauth2_credential_provider.github"]["instances"][0]["attributes"]["oauth2_provider_config"]
        config[0]["github_oauth2_provider_config"][0] |= {"client_id": None, "client_credentials_wo_version": 3}

    state = edited(standing, edit)
    offline = take(standing, "--offline", state=state)
    assert offline.code == 1
    assert "clientId is write-only in Terraform" in offline.err
    assert not (standing.folder / "reconciler.yaml").exists()
    assert take(standing, state=state).code == 0
    assert 'clientId: "Iv1.0123456789abcdef"' in (standing.folder / "reconciler.yaml").read_text()
    assert standing.run("plan", "--detailed-exitcode").code == 0


def test_tags_of_ours_and_of_aws_in_a_state_do_not_come_into_the_manifest(standing: Any) -> None:
    def edit(resources: Any) -> None:
        attributes = resources["workload_identity.this"]["instances"][0]["attributes"]
        attributes["tags_all"] = {"reconciler:stack": "payments/default", "aws:cloudformation:stack-name": "x"}

    state = edited(standing, edit)
    assert take(standing, "--offline", "--out", "offline.yaml", state=state).code == 0
    assert take(standing, state=state).code == 0
    for name in ("offline.yaml", "reconciler.yaml"):
        text = (standing.folder / name).read_text()
        assert "reconciler:stack" not in text
        assert "aws:cloudformation" not in text
        assert "otherwise" not in text


def test_it_is_shown_and_asked_about_and_goes_on_where_it_stopped(standing: Any, terminal: Any) -> None:
    screen = terminal("import", "terraform", str(STATE), "--stack", "payments")
    screen.expect("Only 'yes' will be accepted")
    screen.type("no")
    assert screen.close() == 1
    assert "reconciler adopt reconciler.yaml --all-matching" in screen.seen
    assert not (standing.folder / "reconciler.default.lock.json").exists()
    assert take(standing).code == 0  # the manifest that it would write stands already


def test_what_another_stack_owns_is_refused_and_nothing_is_adopted(standing: Any, control: Any) -> None:
    arn = control.get_workload_identity(name="ledger-agent")["workloadIdentityArn"]
    control.tag_resource(resourceArn=arn, tags={"reconciler:stack": "other/prod"})
    ran = take(standing)
    assert ran.code == 3
    assert "other/prod" in ran.out + ran.err
    assert "removed {" not in ran.out
    assert not (standing.folder / "reconciler.default.lock.json").exists()
    hint = ran.err[ran.err.index("reconciler.yaml stands") :]
    assert "First take what is refused out of it, or have the stack that owns it forget it" in hint
    assert [line for line in hint.splitlines() if line.startswith("  ")] == ["  workload_identity.ledger-agent"]
    assert hint.index("ledger-agent") < hint.index("Only then go on: reconciler adopt reconciler.yaml")
    # What the hint says is enough: without that entry, the command that it ends with adopts the others.
    path = standing.folder / "reconciler.yaml"
    kept, inside = [], False
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith('  "') or not line.startswith("   "):
            inside = line.startswith('  "ledger-agent"')
        kept += [] if inside else [line]
    path.write_text("".join(kept))
    again = standing.run("adopt", "reconciler.yaml", "--all-matching", "*", "--auto-approve")
    assert (again.code, "7 to adopt" in again.out) == (0, True), again


def test_what_cannot_be_read_is_not_taken_for_gone(standing: Any, aws: Any) -> None:
    aws.misbehaviour.fail("GetApiKeyCredentialProvider", "AccessDeniedException", times=None, name="stripe")
    ran = take(standing)
    assert ran.code == 1
    assert "api_key_credential_provider stripe" in ran.err
    assert list(standing.folder.glob("*.yaml")) == []


def test_an_existing_manifest_is_never_replaced(standing: Any) -> None:
    standing.write("version: 1\nstack: mine\n")
    ran = take(standing)
    assert ran.code == 1
    assert "reconciler.yaml exists; nothing was written" in ran.err
    assert (standing.folder / "reconciler.yaml").read_text() == "version: 1\nstack: mine\n"
    assert take(standing, "--out", "x.default.lock.json").code == 1


def test_the_removed_blocks_go_into_a_file_of_their_own(standing: Any) -> None:
    ran = take(standing, "--removed", "removed.tf")
    assert ran.code == 0, ran
    assert (standing.folder / "removed.tf").read_text().count("removed {") == 7
    assert "put removed.tf beside it" in ran.out
    again = take(standing, "--removed", "removed.tf", "--out", "other.yaml")
    assert (again.code, "removed.tf exists" in again.err) == (1, True)
    assert not (standing.folder / "other.yaml").exists()


def test_offline_only_the_manifest_is_written_and_nobody_is_asked_anything(project: Any) -> None:
    (project.folder / "reconciler.yaml").unlink()
    ran = project.run("import", "terraform", str(STATE), "--stack", "payments", "--offline", "--out", "p.yaml")
    assert ran.code == 0, ran
    assert "Not looked at: 2 of other types: aws_iam_role (1), data.aws_caller_identity (1)." in ran.err
    assert "reconciler adopt p.yaml --all-matching '*'" in ran.out
    assert project.run("validate", "p.yaml").code == 0
    assert [path.name for path in project.folder.iterdir()] == ["p.yaml"]
    assert SECRET not in (project.folder / "p.yaml").read_text() + ran.out + ran.err


def test_from_standard_input_no_state_touches_the_disk(project: Any) -> None:
    (project.folder / "reconciler.yaml").unlink()
    with STATE.open() as state:
        ran = project.other("import", "terraform", "-", "--stack", "payments", "--offline", stdin=state)
    assert ran.code == 0, ran
    assert "Taken over from standard input (Terraform)." in (project.folder / "reconciler.yaml").read_text()
    refused = project.other("import", "terraform", "-", "--stack", "payments")
    assert (refused.code, "--auto-approve" in refused.err) == (1, True)


def test_several_accounts_or_regions_have_to_be_told_apart(project: Any) -> None:
    (project.folder / "reconciler.yaml").unlink()

    def edit(resources: Any) -> None:
        attributes = resources["workload_identity.this"]["instances"][0]["attributes"]
        arn = attributes["workload_identity_arn"]
        attributes["workload_identity_arn"] = arn.replace("us-east-1:123456789012", "eu-west-1:999999999999")

    state = edited(project, edit)
    ran = take(project, "--offline", state=state)
    assert ran.code == 1
    assert "several accounts: 123456789012 (6), 999999999999 (1)" in ran.err
    there = take(project, "--offline", "--account", "999999999999", "--region", "eu-west-1", state=state)
    assert there.code == 0, there
    assert "Left out: 7 in another account or region." in there.err
    assert 'region: "eu-west-1"' in (project.folder / "reconciler.yaml").read_text()
    assert take(project, "--offline", "--account", "111111111111", state=state).code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("terraform", "missing.tfstate", "--stack", "s"), "cannot read missing.tfstate"),
        (("terraform", str(STATE)), "--stack NAME"),
        (("terraform", "reconciler.yaml", "--stack", "s"), "state pull"),
        (("cloudformation", "missing.yaml", "--stack", "s"), "There is no missing.yaml"),
        (("cloudformation", str(TEMPLATE)), "--stack NAME"),
        (("cloudformation", str(TEMPLATE), "--stack", "s", "--parameter", "Stage"), "is no KEY=VALUE"),
        (("cloudformation", str(TEMPLATE), "--stack", "s", "--parameter", "Stge=x"), "declares no parameter Stge"),
    ],
)
def test_usage_that_cannot_be_says_the_way_out(project: Any, arguments: tuple[str, ...], said: str) -> None:
    ran = project.run("import", *arguments)
    assert ran.code == 1
    assert said in ran.err
    assert "Traceback" not in ran.err
