"""The examples in `manifests/` about credentials run as they stand: applied, planned to nothing, changed, destroyed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "manifests"


@pytest.fixture
def example(project: Any) -> Any:
    """`example("token-vault")`: the example's text, in the folder where commands run."""

    def take(name: str) -> str:
        text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
        project.write(text)
        return text

    return take


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_CLIENT_SECRET", "MAILER_KEY"):
        monkeypatch.setenv(name, f"the value of {name}")


def test_credential_providers_are_made_changed_and_destroyed(project: Any, example: Any, variables: None) -> None:
    text = example("credential-providers")
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 0, ran
    assert "callback" in ran.out, "people have to register it"
    assert project.run("plan", "--detailed-exitcode").code == 0
    assert project.run("plan", "--detailed-exitcode", "--refresh", "full").code == 0

    project.write(text.replace("GITHUB_CLIENT_SECRET, version: 1", "GITHUB_CLIENT_SECRET, version: 2"))
    ran = project.run("apply", "--auto-approve")
    assert (ran.code, "1 to update" in ran.out) == (0, True)
    assert project.run("plan", "--detailed-exitcode").code == 0

    ran = project.run("destroy", "--auto-approve", "--allow-deletes", "99")
    assert ran.code == 3, "github is protected"
    project.write(
        text.replace("GITHUB_CLIENT_SECRET, version: 1", "GITHUB_CLIENT_SECRET, version: 2").replace(
            "protect: true", "protect: false"
        )
    )
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("destroy", "--auto-approve", "--allow-deletes", "99").code == 0
    assert project.lock["resources"] == {}
    with project.outside() as client:
        assert client.list_oauth2_credential_providers()["credentialProviders"] == []
        assert client.list_api_key_credential_providers()["credentialProviders"] == []


def test_the_vault_gets_its_key_and_keeps_it_when_it_is_let_go_of(project: Any, example: Any) -> None:
    text = example("token-vault")
    ran = project.run("apply", "--auto-approve")
    assert (ran.code, "vault-key-changes" in ran.out) == (0, True)
    assert project.run("plan", "--detailed-exitcode").code == 0
    project.write(text.partition("# The vault stands always")[0])
    ran = project.run("apply", "--auto-approve", "--allow-empty")
    assert (ran.code, project.lock["resources"]) == (0, {})
    with project.outside() as client:
        assert client.get_token_vault()["kmsConfiguration"]["keyType"] == "CustomerManagedKey"
