"""import cloudformation: templates, and stacks that moto's CloudFormation deployed into the emulated directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.cloudformation import parsing
from moto.cloudformation.models import cloudformation_backends
from moto.core.common_models import CloudFormationModel

TEMPLATE = Path(__file__).resolve().parents[2] / "manifests" / "import" / "template.yaml"
SECRET = "C4N4RY-of-github"
OPERATIONS = {
    "AWS::BedrockAgentCore::WorkloadIdentity": "create_workload_identity",
    "AWS::BedrockAgentCore::OAuth2CredentialProvider": "create_oauth2_credential_provider",
    "AWS::BedrockAgentCore::ApiKeyCredentialProvider": "create_api_key_credential_provider",
}


def _renamed(value: Any) -> Any:
    """Properties as the API's parameters."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _renamed(one) for key, one in value.items()}
    return [_renamed(one) for one in value] if isinstance(value, list) else value


def model(type_: str, control: Any) -> type[CloudFormationModel]:
    """What moto lacks: a resource of that type, made in the directory when a stack is deployed."""

    class Resource(CloudFormationModel):
        physical_resource_id = ""

        @staticmethod
        def cloudformation_name_type() -> str:
            return "Name"

        @staticmethod
        def cloudformation_type() -> str:
            return type_

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr == "CredentialProviderArn"

        def get_cfn_attribute(self, attribute_name: str) -> str:
            return self.physical_resource_id

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
        ) -> Any:
            properties = dict(cloudformation_json["Properties"])
            urls = properties.get("AllowedResourceOauth2ReturnUrls")
            if isinstance(urls, str):  # moto leaves a CommaDelimitedList in one piece
                properties["AllowedResourceOauth2ReturnUrls"] = urls.split(",")
            tags = {one["Key"]: one["Value"] for one in properties.pop("Tags", [])}
            made = getattr(control, OPERATIONS[type_])(**_renamed(properties), tags=tags)
            resource = cls()
            resource.physical_resource_id = made.get("credentialProviderArn") or made["name"]
            return resource

    return Resource


@pytest.fixture
def deployer(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A CloudFormation client of somebody who deploys agents."""
    control = boto3.client("bedrock-agentcore-control", region_name="us-east-1", endpoint_url=aws.url)
    models = [model(type_, control) for type_ in OPERATIONS]
    caches = (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map)
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", aws.url)
    client = boto3.client("cloudformation", region_name="us-east-1", config=Config(retries={"total_max_attempts": 1}))
    stacks = cloudformation_backends["123456789012"]["us-east-1"].stacks
    yield client
    stacks.clear()
    client.close()
    control.close()
    models.clear()
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def deployed(project: Any, deployer: Any) -> Any:
    """The example's template, deployed as the stack `agents`; its secret stands where the template says."""
    (project.folder / "reconciler.yaml").unlink()
    text = TEMPLATE.read_text().replace('"{{resolve:secretsmanager:prod/github:SecretString:clientSecret}}"', SECRET)
    deployer.create_stack(
        StackName="agents", TemplateBody=text, Parameters=[{"ParameterKey": "Stage", "ParameterValue": "beta"}]
    )
    return project


def test_a_deployed_stack_is_taken_over_and_plans_to_nothing(deployed: Any) -> None:
    ran = deployed.run("import", "cloudformation", "agents", "--env", "beta", "--auto-approve")
    assert ran.code == 0, ran
    assert "4 to adopt" in ran.out
    plan = deployed.run("plan", "--detailed-exitcode", "--refresh", "full")
    assert plan.code == 0, plan
    text = (deployed.folder / "reconciler.yaml").read_text()
    assert 'stack: "agents"' in text
    assert '"invoice-agent-beta":' in text
    assert "# CloudFormation: InvoiceAgent" in text
    assert "AuditAgent is left out: the stack agents has not made it." in ran.err
    assert "--stack-name agents" in ran.out
    assert "DeletionPolicy: Retain" in ran.out
    written = "".join(path.read_text() for path in deployed.folder.iterdir() if path.is_file())
    assert SECRET not in written + ran.out + ran.err


def test_a_template_of_the_same_is_taken_over_too(deployed: Any) -> None:
    ran = deployed.run(
        "import", "cloudformation", str(TEMPLATE), "--stack", "mine", "--parameter", "Stage=beta", "--auto-approve"
    )
    assert ran.code == 0, ran
    assert deployed.run("plan", "--detailed-exitcode").code == 0
    assert "fromSecretsManager" in (deployed.folder / "reconciler.yaml").read_text()


def test_a_template_that_hides_something_is_read_in_the_directory_or_refused(deployed: Any) -> None:
    text = TEMPLATE.read_text().replace("Default: Iv1.0123456789abcdef", "NoEcho: true")
    (deployed.folder / "t.yaml").write_text(text)
    command = ("import", "cloudformation", "t.yaml", "--stack", "mine", "--parameter", "Stage=beta")
    offline = deployed.run(*command, "--offline")
    assert offline.code == 1
    assert "Resources.Github.Properties.Oauth2ProviderConfigInput.GithubOauth2ProviderConfig.ClientId" in offline.err
    assert "--parameter GithubClientId=VALUE" in offline.err
    assert "t.yaml:37:" in offline.err
    assert not (deployed.folder / "reconciler.yaml").exists()
    assert deployed.run(*command, "--offline", "--parameter", "GithubClientId=abc", "--out", "o.yaml").code == 0
    assert 'clientId: "abc"' in (deployed.folder / "o.yaml").read_text()
    assert deployed.run(*command, "--auto-approve").code == 0
    assert 'clientId: "Iv1.0123456789abcdef"' in (deployed.folder / "reconciler.yaml").read_text()
    assert deployed.run("plan", "--detailed-exitcode").code == 0


def test_a_stack_that_is_not_there_is_told_from_a_file_that_is_not(deployed: Any) -> None:
    ran = deployed.run("import", "cloudformation", "agent", "--auto-approve")
    assert ran.code == 1
    assert "there is no stack 'agent' in us-east-1, and no file of that name" in ran.err
    other = deployed.run("import", "cloudformation", "agents", "--account", "999999999999", "--auto-approve")
    assert other.code == 3
    assert "the stack agents is of account 123456789012, not 999999999999" in other.err


def test_a_json_template_gets_its_snippet_in_json(project: Any) -> None:
    (project.folder / "t.json").write_text(
        '{"Resources": {"A": {"Type": "AWS::BedrockAgentCore::WorkloadIdentity", "Properties": {"Name": "agent"}}}}'
    )
    ran = project.run("import", "cloudformation", "t.json", "--stack", "s", "--offline", "--out", "m.yaml")
    assert ran.code == 0, ran
    assert '"DeletionPolicy": "Retain"' in ran.out


def test_a_manifest_that_would_hold_a_secret_is_not_written(project: Any) -> None:
    project.write(
        """\
        Parameters: {Stage: {Type: String, Default: prod}}
        Conditions: {Prod: !Equals [!Ref Stage, prod]}
        Resources:
          P:
            Type: AWS::BedrockAgentCore::OAuth2CredentialProvider
            Properties:
              Name: github
              CredentialProviderVendor: GithubOauth2
              Oauth2ProviderConfigInput:
                GithubOauth2ProviderConfig: !If
                  - Prod
                  - {ClientId: abc, ClientSecret: CANARY-prod}
                  - {ClientId: abd, ClientSecret: CANARY-dev}
        """,
        "leak.yaml",
    )
    ran = project.run(
        "import", "cloudformation", "leak.yaml", "--stack", "s", "--offline", "--out", "o.yaml", "--log-level", "debug"
    )
    assert ran.code == 1
    assert "nothing was written" in ran.err
    assert "CANARY" not in ran.out + ran.err
    assert not (project.folder / "o.yaml").exists()
