"""What is to be verified follows from the manifest: names, inbound, URLs, grants by their remote names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from reconciler.access import Inbound
from reconciler.errors import UsageError
from reconciler.manifest import load, resolve
from reconciler.model.addresses import Address
from reconciler.model.resources import Stack
from reconciler.verifying import subjects_of

MANIFEST = """\
version: 1
stack: payments
environments: {prod: {region: us-east-1}, test: {region: us-east-1}}
oauth2CredentialProviders:
  github:
    name: github-${environment}
    credentialProviderVendor: GithubOauth2
    config: {clientId: c}
    clientSecret: {secretId: s, jsonKey: k}
apiKeyCredentialProviders:
  stripe: {apiKey: {secretId: s, jsonKey: k}}
workloadIdentities:
  b-agent:
    name: b-agent-${environment}
    inbound: jwt
    allowedResourceOauth2ReturnUrls: ["https://b.example/2", "https://b.example/1"]
    access:
      - {oauth2: shared, external: true, flows: [M2M], scopes: [z, a]}
      - {oauth2: github, flows: [USER_FEDERATION, M2M]}
      - {apiKey: stripe}
  a-agent: {}
  prod-agent: {environments: [prod]}
  c-agent: {expires: "2027-03-01"}
"""


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    (tmp_path / "reconciler.yaml").write_text(MANIFEST)
    manifest = load(tmp_path / "reconciler.yaml").manifest
    assert manifest is not None
    found = resolve(manifest, "test").stack
    assert found is not None
    return found


def test_all_identities_of_the_environment_in_order(stack: Stack) -> None:
    assert [one.identity.key for one in subjects_of(stack)] == ["a-agent", "b-agent", "c-agent"]


def test_what_an_identity_is_granted_under_which_names(stack: Stack) -> None:
    plain, granted, _ = subjects_of(stack)
    assert (plain.name, plain.inbound, plain.return_urls, plain.grants) == ("a-agent", Inbound.IAM, (), ())
    assert (granted.name, granted.inbound) == ("b-agent-test", Inbound.JWT)
    assert granted.return_urls == ("https://b.example/1", "https://b.example/2")
    assert [(str(one.provider.address), one.provider.name, one.scopes, one.flows) for one in granted.grants] == [
        ("api_key_credential_provider.stripe", "stripe", (), ()),
        ("oauth2_credential_provider.github", "github-test", (), ("M2M", "USER_FEDERATION")),
        ("oauth2_credential_provider.shared", "shared", ("a", "z"), ("M2M",)),
    ]


def test_those_named_once_each(stack: Stack) -> None:
    one = Address("workload_identity", "b-agent")
    assert [found.identity for found in subjects_of(stack, [one, one])] == [one]


def test_what_has_expired_is_left_out_unless_it_is_named(stack: Stack) -> None:
    day, address = date(2027, 3, 1), Address("workload_identity", "c-agent")
    assert address in {one.identity for one in subjects_of(stack, today=date(2027, 2, 28))}
    assert address not in {one.identity for one in subjects_of(stack, today=day)}
    assert [one.identity for one in subjects_of(stack, [address], today=day)] == [address]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workload_identity.nobody", "not declared in environment test"),
        ("workload_identity.prod-agent", "not declared in environment test"),
        ("oauth2_credential_provider.github", "is no workload identity"),
        ("token_vault.default", "is no workload identity"),
    ],
)
def test_what_cannot_be_verified_is_refused(stack: Stack, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        subjects_of(stack, [Address.parse(text)])
    assert refused.value.detail
