"""The directory as HCL: what another parser reads of it, for each kind, and that nothing secret or executable is in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hcl2
import pytest

from reconciler.model.addresses import Remote
from reconciler.model.environments import Target
from reconciler.model.kinds import API_KEY_PROVIDER, OAUTH2_PROVIDER, TOKEN_VAULT, WORKLOAD_IDENTITY, Kind
from reconciler.model.resources import Live
from reconciler.model.values import canonical
from reconciler.render import export_terraform, exported

TARGET = Target(stack="payments", environment="prod", account="222222222222", region="us-east-1")
EXTERNAL = {
    "source": "EXTERNAL",
    "secretId": "arn:aws:secretsmanager:us-east-1:222222222222:secret:x-AbCdEf",
    "jsonKey": "k",
}
MANAGED = {"source": "MANAGED"}
KMS = "arn:aws:kms:us-east-1:222222222222:key/11111111-2222-3333-4444-555555555555"


def live(kind: Kind, name: str, **attributes: Any) -> Live:
    return Live(remote=Remote(kind.type, name), arn=f"arn:{name}", attributes=canonical(kind, attributes))


def oauth2(name: str, vendor: str, config: Any, secret: Any = MANAGED) -> Live:
    return live(OAUTH2_PROVIDER, name, credentialProviderVendor=vendor, config=config, clientSecret=secret)


def written(*found: Live) -> str:
    return export_terraform(exported(found, target=TARGET, linked={}), target=TARGET)


def parsed(text: str) -> Any:
    """What python-hcl2 reads: blocks by type and label, strings without their quotes."""
    read = hcl2.loads(text)
    resources: dict[str, Any] = {}
    for block in read.get("resource", ()):
        ((type_, labelled),) = block.items()
        ((label, body),) = labelled.items()
        resources[f"{_bare(type_)}.{_bare(label)}"] = _bare(body)
    imports = {_bare(one["to"]): _bare(one["id"]) for one in read.get("import", ())}
    variables = {_bare(name): _bare(body) for one in read.get("variable", ()) for name, body in one.items()}
    return resources, imports, variables


_MARKS = ("__comments__", "__is_block__")


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {_bare(key): _bare(one) for key, one in value.items() if key not in _MARKS}
    if isinstance(value, list):
        return [_bare(one) for one in value]
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        return value[2:-1]
    return value[1:-1] if isinstance(value, str) and value.startswith('"') else value


def test_the_four_kinds_are_imported_by_the_documented_ids() -> None:
    found = [
        live(
            WORKLOAD_IDENTITY,
            "invoice.agent",
            allowedResourceOauth2ReturnUrls=["https://a", "https://b"],
            tags={"a b": "c"},
        ),
        live(WORKLOAD_IDENTITY, "bare"),
        live(API_KEY_PROVIDER, "stripe", apiKey=EXTERNAL),
        live(TOKEN_VAULT, "default", keyType="CustomerManagedKey", kmsKeyArn=KMS),
        oauth2("github", "GithubOauth2", {"clientId": "i"}, EXTERNAL),
    ]
    text = written(*found)
    resources, imports, variables = parsed(text)
    assert imports == {
        "aws_bedrockagentcore_workload_identity.bare": "bare",
        "aws_bedrockagentcore_workload_identity.invoice_agent": "invoice.agent",
        "aws_bedrockagentcore_oauth2_credential_provider.github": "github",
        "aws_bedrockagentcore_api_key_credential_provider.stripe": "stripe",
        "aws_bedrockagentcore_token_vault_cmk.default": "default",
    }
    assert set(resources) == set(imports)
    assert variables == {}
    assert resources["aws_bedrockagentcore_workload_identity.invoice_agent"] == {
        "name": "invoice.agent",
        "allowed_resource_oauth2_return_urls": ["https://a", "https://b"],
        "tags": {"a b": "c"},
    }
    reference = {"secret_id": EXTERNAL["secretId"], "json_key": "k"}
    assert resources["aws_bedrockagentcore_api_key_credential_provider.stripe"] == {
        "name": "stripe", "api_key_secret_source": "EXTERNAL", "api_key_secret_config": [reference],
    }  # fmt: skip
    assert resources["aws_bedrockagentcore_token_vault_cmk.default"] == {
        "kms_configuration": [{"key_type": "CustomerManagedKey", "kms_key_arn": KMS}]
    }
    (config,) = resources["aws_bedrockagentcore_oauth2_credential_provider.github"]["oauth2_provider_config"]
    assert config == {
        "github_oauth2_provider_config": [
            {"client_id": "i", "client_secret_source": "EXTERNAL", "client_secret_config": [reference]}
        ]
    }
    assert written(*reversed(found)) == text


def test_a_secret_that_the_service_keeps_is_a_sensitive_variable_and_write_only() -> None:
    resources, _, variables = parsed(
        written(live(API_KEY_PROVIDER, "a.b", apiKey=MANAGED), oauth2("gh", "SlackOauth2", {"clientId": "i"}))
    )
    assert {name: (one["sensitive"], one["ephemeral"], one["type"]) for name, one in variables.items()} == {
        "a_b_api_key": (True, True, "string"), "gh_client_secret": (True, True, "string"),
    }  # fmt: skip
    assert resources["aws_bedrockagentcore_api_key_credential_provider.a_b"] == {
        "name": "a.b", "api_key_wo": "var.a_b_api_key", "api_key_wo_version": 1,
    }  # fmt: skip
    (config,) = resources["aws_bedrockagentcore_oauth2_credential_provider.gh"]["oauth2_provider_config"]
    assert config["slack_oauth2_provider_config"] == [
        {"client_id_wo": "i", "client_secret_wo": "var.gh_client_secret", "client_credentials_wo_version": 1}
    ]


@pytest.mark.parametrize(
    ("discovery", "block"),
    [
        ({"discoveryUrl": "https://x"}, {"discovery_url": "https://x"}),
        (
            {"authorizationServerMetadata": {
                "issuer": "i", "authorizationEndpoint": "a", "tokenEndpoint": "t", "responseTypes": ["code"],
            }},
            {"authorization_server_metadata": [
                {"issuer": "i", "authorization_endpoint": "a", "token_endpoint": "t", "response_types": ["code"]}
            ]},
        ),
    ],
)  # fmt: skip
def test_a_custom_provider_has_its_discovery(discovery: Any, block: Any) -> None:
    config = {"clientId": "c", "oauthDiscovery": discovery}
    resources, _, _ = parsed(written(oauth2("c", "CustomOauth2", config, EXTERNAL)))
    (outer,) = resources["aws_bedrockagentcore_oauth2_credential_provider.c"]["oauth2_provider_config"]
    (inner,) = outer["custom_oauth2_provider_config"]
    assert inner["oauth_discovery"] == [block]


def test_what_the_provider_has_no_words_for_is_said() -> None:
    text = written(
        oauth2("n", "NotionOauth2", {"clientId": "i"}),
        oauth2("c", "CustomOauth2", {
            "clientId": "i", "oauthDiscovery": {"discoveryUrl": "u"},
            "onBehalfOfTokenExchangeConfig": {"grantType": "TOKEN_EXCHANGE"},
        }),
    )  # fmt: skip
    assert "# oauth2_credential_provider.n is left out: the AWS provider has no block for NotionOauth2\n" in text
    assert "# the AWS provider has no words for: onBehalfOfTokenExchangeConfig" in text
    assert set(parsed(text)[0]) == {"aws_bedrockagentcore_oauth2_credential_provider.c"}


def test_names_that_make_one_label_stay_two_resources() -> None:
    resources, imports, _ = parsed(written(live(WORKLOAD_IDENTITY, "a.b"), live(WORKLOAD_IDENTITY, "a_b")))
    assert imports == {
        "aws_bedrockagentcore_workload_identity.a_b": "a_b",
        "aws_bedrockagentcore_workload_identity.a_b_2": "a.b",
    }
    assert set(resources) == set(imports)


def test_what_is_not_ours_to_give_is_a_comment_and_never_a_block() -> None:
    mine = live(WORKLOAD_IDENTITY, "mine", tags={"a": "b"})
    owned = replace(mine, owner="payments/prod")
    found = [
        owned,
        live(WORKLOAD_IDENTITY, "unmanaged"),
        live(WORKLOAD_IDENTITY, "held"),
        replace(live(WORKLOAD_IDENTITY, "theirs"), owner="rt/prod"),
        replace(live(API_KEY_PROVIDER, "key", apiKey=MANAGED), owner="rt/prod"),
    ]
    linked = {"arn:held": "runtime invoice-AbCdEfGhIj"}
    text = export_terraform(exported(found, target=TARGET, linked=linked), target=TARGET)
    resources, imports, variables = parsed(text)
    assert (set(resources), variables) == (set(imports), {})
    assert set(imports.values()) == {"mine", "unmanaged"}
    assert "# workload_identity.held is left out: made by the service for runtime invoice-AbCdEfGhIj\n" in text
    assert "# workload_identity.theirs is left out: belongs to stack rt/prod\n" in text
    assert "# api_key_credential_provider.key is left out: belongs to stack rt/prod\n" in text
    assert "can be kept here" not in text
    assert "adopting it" not in text


def test_a_shell_can_set_every_variable_and_no_two_share_one() -> None:
    found = [live(API_KEY_PROVIDER, name, apiKey=MANAGED) for name in ("a-b", "a_b", "a.b", "1-x")]
    resources, _, variables = parsed(written(*found, oauth2("my-hub", "GithubOauth2", {"clientId": "i"})))
    assert set(variables) == {
        "_1_x_api_key", "a_b_api_key", "a_b_api_key_2", "a_b_2_api_key", "my_hub_client_secret",
    }  # fmt: skip
    sent = {one["api_key_wo"] for one in resources.values() if "api_key_wo" in one}
    assert sent == {f"var.{name}" for name in variables if "api_key" in name}


def test_templates_in_values_are_text() -> None:
    text = written(live(WORKLOAD_IDENTITY, "agent", allowedResourceOauth2ReturnUrls=["https://x/${file(1)}%{if a}"]))
    assert '["https://x/$${file(1)}%%{if a}"]' in text
