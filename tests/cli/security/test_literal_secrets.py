"""A secret that somebody wrote into a manifest is refused, and shown nowhere: not in the words, not in the line they quote."""

from __future__ import annotations

import pytest

CANARY = "sk-canary-5f1e"
HEAD = "version: 1\nstack: s\nenvironments: {local: {directory: embedded}}\n"


@pytest.mark.parametrize(
    "entry",
    [
        f"apiKeyCredentialProviders: {{s: {{apiKey: {CANARY}}}}}\n",
        f"apiKeyCredentialProviders:\n  s:\n    apiKey: {CANARY}\n    tag: {{}}\n",
        f"apiKeyCredentialProviders:\n  s:\n    apiKey:\n      {CANARY}\n",
        f"apiKeyCredentialProviders:\n  s:\n    apiKey: |\n      {CANARY}\n     bad: [\n",
        f"apiKeyCredentialProviders:\n  s:\n    apiKey:\n      value: {CANARY}\n",
        f"apiKeyCredentialProviders: {{s: {{apiKey: {{value: {CANARY}}}, tag: {{}}}}}}\n",
        f'apiKeyCredentialProviders:\n  s:\n    apiKey: "{CANARY}\n',
        f"apiKeyCredentialProviders:\n  s: {{apiKey:\n {CANARY}}}\n",
        f"apiKeyCredentialProviders:\n  s:\n    apiKey: {{fromEnv: {CANARY}, version: 1}}\n",
        "oauth2CredentialProviders:\n  g:\n    credentialProviderVendor: GithubOauth2\n    config:\n      clientId: a\n"
        f"      clientSecret: {CANARY}\n",
    ],
)
@pytest.mark.parametrize("verb", ["validate", "plan", "apply --auto-approve", "validate --format json"])
def test_it_is_refused_and_never_shown(project, entry, verb):
    project.write(HEAD + entry)

    ran = project.run(*verb.split(), "--log-level", "debug")

    assert ran.code == 1
    assert "reconciler.yaml" in ran.out + ran.err
    assert "canary" not in ran.out + ran.err
