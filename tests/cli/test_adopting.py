"""adopt, forget and export: resources become ours and cease to be, and stay as they are."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from reconciler.emulator import ACCOUNT, Scope, Store

A = "workload_identity.invoice-agent"
URLS = ["https://app.example.com/oauth/callback"]


@pytest.fixture
def standing(project: Any) -> Any:
    """The first of the two declared identities stands already, made by somebody else."""
    with project.outside() as client:
        client.create_workload_identity(
            name="invoice-agent", allowedResourceOauth2ReturnUrls=URLS, tags={"team": "payments", "cost": "7"}
        )
    return project


def test_adoption_takes_it_as_it_is_and_the_next_plan_says_what_differs(standing: Any) -> None:
    ran = standing.run("adopt", A, "--auto-approve")
    assert ran.code == 0, ran.err
    assert standing.lock["resources"][A]["origin"] == "adopted"
    with standing.outside() as client:
        arn = standing.lock["resources"][A]["arn"]
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {
            "team": "payments", "cost": "7", "reconciler:stack": "payments/local",
        }  # fmt: skip
    plan = standing.run("plan")
    assert "~ update" in plan.out
    assert "cost" in plan.out


def test_the_refusal_to_take_what_is_not_ours_names_the_way_out(standing: Any) -> None:
    ran = standing.run("plan")
    assert ran.code == 3
    assert f"reconciler adopt {A}" in ran.out


def test_all_matching_takes_what_is_declared_and_live_and_leaves_the_rest(standing: Any) -> None:
    with standing.outside() as client:
        client.create_workload_identity(name="undeclared-agent")
    assert standing.run("adopt", "--all-matching", "workload_identity.*", "--auto-approve").code == 0
    assert set(standing.lock["resources"]) == {A}
    again = standing.run("adopt", "--all-matching", "workload_identity.*", "--auto-approve")
    assert again.code == 0


def test_with_nothing_to_adopt_nothing_is_claimed_of_what_was_not_compared(project: Any) -> None:
    ran = project.run("adopt", "--all-matching", "*", "--auto-approve")  # declared, but not live
    assert ran.code == 0
    assert "There is nothing to do." in ran.out
    assert "manifest" not in ran.out
    project.run("apply", "--auto-approve")
    ran = project.run("adopt", A)
    assert "managed already" in ran.out
    assert "as declared" not in ran.out
    assert "--refresh" not in ran.out + project.run("forget", A, "--auto-approve").out


def test_a_glob_that_matches_nothing_declared_is_a_mistake(standing: Any) -> None:
    ran = standing.run("adopt", "--all-matching", "workload_identity.invioce-*", "--auto-approve")
    assert ran.code == 1
    assert "invioce" in ran.err
    assert "reconciler export" in ran.err
    assert not standing.lockfile.exists()


def test_adoption_is_asked_about(standing: Any, terminal: Any) -> None:
    screen = terminal("adopt", "reconciler.yaml", A)
    screen.expect("Only 'yes' will be accepted")
    screen.type("no")
    assert screen.close() == 1
    assert not standing.lockfile.exists()


def test_a_forgotten_resource_stands_as_before_but_for_the_ownership_tag(project: Any) -> None:
    project.run("apply", "--auto-approve")
    arn = project.lock["resources"][A]["arn"]
    ran = project.run("forget", A, "--auto-approve")
    assert ran.code == 0, ran.err
    assert A not in project.lock["resources"]
    with project.outside() as client:
        assert client.get_workload_identity(name="invoice-agent")["allowedResourceOauth2ReturnUrls"] == URLS
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "payments"}
    assert project.run("plan").code == 3  # it exists, and is not ours any more


def test_what_is_not_managed_cannot_be_forgotten(project: Any) -> None:
    ran = project.run("forget", A, "--auto-approve")
    assert ran.code == 1
    assert A in ran.err
    assert "lock show" in ran.err


def test_a_first_word_that_is_no_address_is_the_manifest(standing: Any) -> None:
    (standing.folder / "reconciler.yaml").rename(standing.folder / "other.yaml")
    assert standing.run("adopt", "other.yaml", A, "--auto-approve").code == 0
    ran = standing.run("adopt", "invoice-agent", "--auto-approve")
    assert ran.code == 1
    assert "workload_identity.invoice-agent" in ran.err


def test_an_export_plans_to_nothing_after_its_entries_are_adopted(project: Any) -> None:
    with project.outside() as client:
        client.create_workload_identity(name="invoice-agent", allowedResourceOauth2ReturnUrls=URLS, tags={"no": "010"})
        client.create_workload_identity(name="bare-agent")
    exported = project.run("export", "--out", "all.yaml")
    assert exported.code == 0, exported.err
    assert project.run("validate", "all.yaml").code == 0
    assert project.run("adopt", "all.yaml", "--all-matching", "*", "--auto-approve").code == 0
    ran = project.run("plan", "all.yaml", "--detailed-exitcode")
    assert ran.code == 0, ran.out


def test_an_export_says_which_entries_are_service_linked_and_these_plan_to_nothing_too(project: Any) -> None:
    project.run("apply", "--auto-approve")  # some are ours already
    with contextlib.closing(Store(project.folder / ".reconciler" / "directory.sqlite")) as store:
        store.link(Scope(ACCOUNT, "us-east-1"), "runtime", "invoice-AbCdEfGhIj")
    ran = project.run("export")
    assert ran.code == 0, ran.err
    exported = project.write(ran.out).read_text()
    assert "service-linked: runtime invoice-AbCdEfGhIj" in exported
    assert exported.count("updateOnly") == 1
    assert project.run("adopt", "--all-matching", "*", "--auto-approve").code == 0
    ran = project.run("plan", "--detailed-exitcode")
    assert ran.code == 0, ran.out
    assert set(project.lock["resources"]) == {
        A, "workload_identity.ledger-agent", "workload_identity.invoice-AbCdEfGhIj", "token_vault.default",
    }  # fmt: skip


def test_export_takes_only_what_matches(project: Any) -> None:
    project.run("apply", "--auto-approve")
    ran = project.run("export", "--matching", "*ledger*")
    assert "ledger-agent" in ran.out
    assert "invoice-agent" not in ran.out
