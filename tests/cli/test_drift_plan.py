"""`drift --plan FILE`: the plan that brings the directory back to what was applied, and to nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

URL = "https://app.example.com/oauth/callback"
ROGUE = "https://rogue.example/callback"


@pytest.fixture
def applied(project: Any) -> Any:
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("drift").code == 0
    return project


def urls(project: Any, name: str) -> list[str]:
    with project.outside() as client:
        return list(client.get_workload_identity(name=name)["allowedResourceOauth2ReturnUrls"])


def meddle(project: Any, name: str, *found: str) -> None:
    with project.outside() as client:
        client.update_workload_identity(name=name, allowedResourceOauth2ReturnUrls=list(found))


def test_what_it_saves_is_applied_and_the_next_run_finds_nothing(applied: Any) -> None:
    meddle(applied, "invoice-agent", URL, ROGUE)
    with applied.outside() as client:
        arn = client.get_workload_identity(name="invoice-agent")["workloadIdentityArn"]
        client.tag_resource(resourceArn=arn, tags={"team": "thieves"})
        client.delete_workload_identity(name="ledger-agent")
    before = applied.lock["resources"]
    ran = applied.run("drift", "--plan", "back.plan")
    assert ran.code == 2
    assert "reconciler apply --plan back.plan" in " ".join(ran.err.split())
    done = applied.run("apply", "--plan", "back.plan")
    assert done.code == 0, done.err
    assert urls(applied, "invoice-agent") == [URL]
    assert urls(applied, "ledger-agent") == ["https://app.example.com/ledger/callback"]
    ran = applied.run("drift")
    assert ran.code == 0, ran.out
    assert {name: one["attributes"] for name, one in applied.lock["resources"].items()} == {
        name: one["attributes"] for name, one in before.items()
    }


def test_where_it_cannot_be_saved_the_option_is_named_that_there_is(applied: Any) -> None:
    ran = applied.run("drift", "--plan", "nowhere/back.plan")
    assert ran.code == 1
    assert "Choose another file for --plan" in ran.err
    assert "--out" not in ran.err


def test_it_leads_to_what_was_applied_and_not_to_the_manifest_of_today(applied: Any) -> None:
    meddle(applied, "invoice-agent", ROGUE)
    applied.declare("invoice-agent", "new-agent")  # another URL, one more, and the ledger is gone
    applied.run("drift", "--plan", "back.plan")
    assert applied.run("apply", "--plan", "back.plan").code == 0
    assert urls(applied, "invoice-agent") == [URL]
    assert set(applied.lock["resources"]) == {"workload_identity.invoice-agent", "workload_identity.ledger-agent"}


def test_what_the_run_believes_unread_is_not_touched(applied: Any) -> None:
    applied.run("drift")
    meddle(applied, "invoice-agent", ROGUE)
    assert applied.run("drift", "--plan", "back.plan").code == 2
    plan = json.loads((applied.folder / "back.plan").read_text(encoding="utf-8"))
    acting = [one for one in plan["resource_changes"] if one["change"]["actions"] != ["no-op"]]
    assert [one["address"] for one in acting] == ["workload_identity.invoice-agent"]
    meddle(applied, "ledger-agent", ROGUE)  # after the plan was made
    assert applied.run("apply", "--plan", "back.plan").code == 0
    assert urls(applied, "ledger-agent") == [ROGUE]
    ran = applied.run("drift")
    assert ran.code == 2
    assert "workload_identity.ledger-agent" in ran.out


def test_what_changed_since_it_was_saved_is_left_alone(applied: Any) -> None:
    meddle(applied, "invoice-agent", ROGUE)
    applied.run("drift", "--plan", "back.plan")
    meddle(applied, "invoice-agent", "https://somebody.example/else")
    assert applied.run("apply", "--plan", "back.plan").code != 0
    assert urls(applied, "invoice-agent") == ["https://somebody.example/else"]


def test_a_plan_that_an_apply_overtook_is_stale(applied: Any) -> None:
    meddle(applied, "invoice-agent", ROGUE)
    applied.run("drift", "--plan", "back.plan")
    applied.run("apply", "--auto-approve")
    assert applied.run("apply", "--plan", "back.plan").code == 4


def test_what_is_another_stacks_now_is_refused(applied: Any) -> None:
    meddle(applied, "invoice-agent", ROGUE)
    with applied.outside() as client:
        arn = client.get_workload_identity(name="invoice-agent")["workloadIdentityArn"]
        client.tag_resource(resourceArn=arn, tags={"reconciler:stack": "billing/prod"})
    ran = applied.run("drift", "--plan", "back.plan")
    assert ran.code == 2
    assert "apply will refuse it" in ran.err
    assert applied.run("apply", "--plan", "back.plan").code == 3
    assert urls(applied, "invoice-agent") == [ROGUE]


def test_newcomers_are_not_in_it(applied: Any) -> None:
    with applied.outside() as client:
        client.create_workload_identity(name="stranger")
    assert applied.run("drift", "--plan", "back.plan").code == 2
    assert applied.run("apply", "--plan", "back.plan").code == 0
    with applied.outside() as client:
        assert client.get_workload_identity(name="stranger")["name"] == "stranger"


def test_protection_changes_nothing_of_bringing_back(project: Any) -> None:
    project.declare("one-agent", head="environments: {local: {directory: embedded, protect: true}}")
    project.run("apply", "--auto-approve")
    meddle(project, "one-agent", ROGUE)
    assert project.run("drift", "--plan", "back.plan").code == 2
    assert project.run("apply", "--plan", "back.plan").code == 0
    assert urls(project, "one-agent") == ["https://app.example.com/one-agent"]


PROVIDER = """\
version: 1
stack: payments
environments: {local: {directory: embedded}}
apiKeyCredentialProviders:
  stripe: {apiKey: {fromEnv: STRIPE_KEY, version: 1}}
"""


@pytest.fixture
def deleted(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A provider with a managed secret, deleted outside."""
    monkeypatch.setenv("STRIPE_KEY", "sk-live-0815")
    project.write(PROVIDER)
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("drift").code == 0
    with project.outside() as client:
        client.delete_api_key_credential_provider(name="stripe")
    return project


def test_what_is_made_again_gets_its_secret_from_where_the_manifest_says(
    deleted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deleted.run("drift", "--plan", "back.plan").code == 2
    assert "sk-live" not in (deleted.folder / "back.plan").read_text(encoding="utf-8")
    monkeypatch.delenv("STRIPE_KEY")
    lacking = deleted.run("apply", "--plan", "back.plan")
    assert lacking.code == 1
    assert "STRIPE_KEY" in lacking.err
    monkeypatch.setenv("STRIPE_KEY", "sk-live-0815")
    assert deleted.run("apply", "--plan", "back.plan").code == 0
    assert deleted.run("drift").code == 0


@pytest.mark.parametrize(
    "manifest", [PROVIDER.replace("version: 1}", "version: 2}"), PROVIDER.partition("apiKey")[0]], ids=["moved", "gone"]
)
def test_what_cannot_get_the_secret_it_had_is_refused_and_not_made_otherwise(deleted: Any, manifest: str) -> None:
    deleted.write(manifest)
    ran = deleted.run("drift", "--plan", "back.plan")
    assert ran.code == 2
    assert "apply will refuse it" in ran.err
    assert "nobody says where the value of apiKey is read from" in deleted.run("show", "back.plan").out
    assert deleted.run("apply", "--plan", "back.plan").code == 3
    with deleted.outside() as client:
        assert client.list_api_key_credential_providers()["credentialProviders"] == []


def test_an_incomplete_reading_makes_a_plan_that_says_so(aws: Any, project: Any) -> None:
    project.declare("one-agent", "two-agent", head="environments: {prod: {region: us-east-1}}")
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("drift").code == 0
    outside = aws.misbehaviour
    outside.fail("GetWorkloadIdentity", "AccessDeniedException", name="one-agent", times=None)
    ran = project.run("drift", "--full", "--plan", "back.plan")
    assert ran.code == 1
    assert json.loads((project.folder / "back.plan").read_text(encoding="utf-8"))["complete"] is False
    done = project.run("apply", "--plan", "back.plan")
    assert done.code == 3
    assert "could not be read, so the plan is incomplete" in done.err
