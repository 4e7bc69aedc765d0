"""What credential providers, the token vault and grants in a manifest come to, and that no secret in one is ever repeated."""

from __future__ import annotations

import pytest

from reconciler.model.addresses import Address
from reconciler.model.secrets import SecretSource

HEAD = "version: 1\nstack: s\n"
WHOLE = """\
version: 1
stack: payments
environments:
  prod: {variables: {client: Iv1.prod, idp: idp.example.com, key: 11111111-2222-3333-4444-555555555555}}
oauth2CredentialProviders:
  github:
    name: github-${environment}
    credentialProviderVendor: GithubOauth2
    config: {clientId: "${client}"}
    clientSecret: {secretId: "${environment}/github", jsonKey: secret}
    tags: {team: payments}
    lifecycle: {protect: true}
  idp:
    credentialProviderVendor: CustomOauth2
    config:
      clientId: agent
      oauthDiscovery:
        authorizationServerMetadata:
          issuer: "https://${idp}"
          authorizationEndpoint: "https://${idp}/authorize"
          tokenEndpoint: "https://${idp}/token"
          responseTypes: [token, code, token]
    clientSecret: {fromEnv: IDP_SECRET, version: 2}
apiKeyCredentialProviders:
  stripe:
    apiKey: {fromSecretsManager: {secretId: "${environment}/stripe", jsonKey: key}, version: 3}
    owner: team-${environment}
    expires: 2027-03-01
tokenVault:
  keyType: CustomerManagedKey
  kmsKeyArn: arn:aws:kms:us-east-1:222222222222:key/${key}
workloadIdentities:
  invoice-agent:
    inbound: jwt
    access:
      - {oauth2: github, scopes: [repo, "read:user", repo], flows: [USER_FEDERATION, M2M]}
      - {apiKey: stripe}
      - {oauth2: shared, flows: [M2M], external: true}
"""


def test_every_word_of_a_provider_reaches_the_model(stack_of):
    found = stack_of(WHOLE, "prod").resources
    github = found[Address("oauth2_credential_provider", "github")]
    idp = found[Address("oauth2_credential_provider", "idp")]
    stripe = found[Address("api_key_credential_provider", "stripe")]

    assert (github.name, github.protect) == ("github-prod", True)
    assert github.attributes == {
        "credentialProviderVendor": "GithubOauth2",
        "config": {"clientId": "Iv1.prod"},
        "clientSecret": {"source": "EXTERNAL", "secretId": "prod/github", "jsonKey": "secret"},
        "tags": {"team": "payments"},
    }
    assert github.secrets == {}
    assert idp.attributes["clientSecret"] == {"source": "MANAGED", "version": 2}
    assert idp.secrets == {"clientSecret": SecretSource(env="IDP_SECRET")}
    metadata = idp.attributes["config"]["oauthDiscovery"]["authorizationServerMetadata"]
    assert metadata["issuer"] == "https://idp.example.com"
    assert metadata["responseTypes"] == ("code", "token")
    assert stripe.attributes["apiKey"] == {"source": "MANAGED", "version": 3}
    assert stripe.secrets == {"apiKey": SecretSource(secret_id="prod/stripe", json_key="key")}
    assert (stripe.attributes["owner"], stripe.attributes["expires"]) == ("team-prod", "2027-03-01")


def test_the_vault_is_one_and_never_made_or_deleted(stack_of):
    vault = stack_of(WHOLE, "prod").resources[Address("token_vault", "default")]

    assert (vault.name, vault.update_only) == ("default", True)
    assert vault.attributes == {
        "keyType": "CustomerManagedKey",
        "kmsKeyArn": "arn:aws:kms:us-east-1:222222222222:key/11111111-2222-3333-4444-555555555555",
    }


def test_grants_come_to_addresses_with_what_is_asked_of_each(stack_of):
    identity = stack_of(WHOLE, "prod").resources[Address("workload_identity", "invoice-agent")]

    assert identity.attributes["inbound"] == "jwt"
    assert identity.attributes["access"] == {
        "api_key_credential_provider.stripe": {},
        "oauth2_credential_provider.github": {"flows": ("M2M", "USER_FEDERATION"), "scopes": ("read:user", "repo")},
        "oauth2_credential_provider.shared": {"external": True, "flows": ("M2M",)},
    }


def test_what_nobody_declares_is_in_no_attribute(stack_of):
    identity = stack_of(HEAD + "workloadIdentities: {abc: {}}\n").resources[Address("workload_identity", "abc")]

    assert set(identity.attributes) == {"allowedResourceOauth2ReturnUrls", "tags"}


def test_a_configuration_is_checked_again_with_its_variables_in_place(findings):
    text = """\
    version: 1
    stack: s
    environments: {a: {variables: {long: "%s"}}, b: {variables: {long: short}}}
    oauth2CredentialProviders:
      g:
        credentialProviderVendor: GoogleOauth2
        config: {clientId: "${long}"}
    """

    (found,) = findings(text % ("x" * 257))
    assert (found.code, str(found.source)) == ("invalid-value", "m.yaml:7:24")
    assert found.summary.endswith("in environment a")
    assert "at most 256 characters" in found.detail


@pytest.mark.parametrize(
    "written",
    [
        "s3cr3t-canary",
        "'${s3cr3t-canary}'",
        "[s3cr3t-canary]",
        "{secretId: [s3cr3t-canary], jsonKey: a}",
        "{secretId: a, jsonKey: {s: s3cr3t-canary}}",
        "{fromEnv: s3cr3t-canary!, version: 1}",
        "{fromEnv: s3cr3t_canary, version: 1}",
        "{fromEnv: A, version: s3cr3t-canary}",
        "{fromSecretsManager: s3cr3t-canary, version: 1}",
        "{fromSecretsManager: {secretId: 1, jsonKey: s3cr3t-canary}, version: 1}",
        "{secretId: '${s3cr3t-canary', jsonKey: a}",
    ],
)
@pytest.mark.parametrize(
    "entry",
    [
        "apiKeyCredentialProviders: {s: {apiKey: %s}}\n",
        "oauth2CredentialProviders: {s: {credentialProviderVendor: XOauth2, config: {clientId: a}, clientSecret: %s}}\n",
        "oauth2CredentialProviders: {s: {credentialProviderVendor: XOauth2, config: {clientId: a, clientSecret: %s}}}\n",
    ],
)
def test_what_may_be_a_secret_is_refused_and_never_repeated(findings, entry, written):
    found = findings(HEAD + entry % written)

    assert any(one.severity.value == "error" for one in found)
    assert "canary" not in "".join(f"{one.summary} {one.detail}" for one in found)
