"""A saved plan is applied as it was reviewed, or not at all: elsewhere in time and process, once, where it was made for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

PROD = 'environments: {prod: {account: "123456789012", region: us-east-1}}'


def test_a_saved_plan_needs_no_manifest(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    (project.folder / "reconciler.yaml").unlink()
    ran = project.other("apply", "--plan", "saved.plan")
    assert ran.code == 0, ran.err
    assert set(project.lock["resources"]) == {"workload_identity.invoice-agent", "workload_identity.ledger-agent"}
    with project.outside() as client:
        shown = client.get_workload_identity(name="invoice-agent")
    assert shown["allowedResourceOauth2ReturnUrls"] == ["https://app.example.com/oauth/callback"]


def test_what_is_applied_is_the_plan_and_not_the_manifest_of_today(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    project.declare("something-else")
    assert project.run("apply", "--plan", "saved.plan").code == 0
    assert "workload_identity.something-else" not in project.lock["resources"]


def test_a_saved_plan_is_applied_once(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    assert project.run("apply", "--plan", "saved.plan").code == 0
    before = project.lockfile.read_bytes()
    ran = project.run("apply", "--plan", "saved.plan")
    assert ran.code == 4
    assert "already" in ran.err
    assert project.lockfile.read_bytes() == before


def test_a_plan_that_another_apply_overtook_is_stale(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    project.run("apply", "--auto-approve", "--target", "*.ledger-agent")
    ran = project.run("apply", "--plan", "saved.plan")
    assert ran.code == 4
    assert set(project.lock["resources"]) == {"workload_identity.ledger-agent"}


def test_an_edited_plan_is_stale(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    text = Path("saved.plan").read_text()
    Path("saved.plan").write_text(text.replace("app.example.com/oauth", "evil.example.com/oauth"))
    ran = project.run("apply", "--plan", "saved.plan")
    assert ran.code == 4
    assert not project.lockfile.exists()


@pytest.mark.parametrize("junk", ["", "{}", "[]", "null", '{"format_version": "9.0"}', "\x00", "[" * 100_000])
def test_a_file_that_is_no_plan_is_an_error_in_words(project: Any, junk: str) -> None:
    Path("saved.plan").write_text(junk)
    for command in (["apply", "--plan", "saved.plan"], ["show", "saved.plan"]):
        ran = project.run(*command)
        assert ran.code == 1
        assert "saved.plan" in ran.err
        assert "internal error" not in ran.err


def test_a_file_that_is_no_text_is_an_error_in_words(project: Any) -> None:
    Path("saved.plan").write_bytes(b"\xff\xfe\x00")
    ran = project.run("apply", "--plan", "saved.plan")
    assert ran.code == 1
    assert "UTF-8" in ran.err


def test_what_changed_since_the_plan_is_refused_and_the_rest_is_done(project: Any) -> None:
    project.run("apply", "--auto-approve")
    project.write((project.folder / "reconciler.yaml").read_text().replace("app.example.com", "new.example.com"))
    project.run("plan", "--out", "saved.plan")
    with project.outside() as client:
        client.update_workload_identity(
            name="invoice-agent", allowedResourceOauth2ReturnUrls=["https://x.example.com/"]
        )
    ran = project.run("apply", "--plan", "saved.plan")
    assert ran.code == 6
    with project.outside() as client:
        kept = client.get_workload_identity(name="invoice-agent")
        changed = client.get_workload_identity(name="ledger-agent")
    assert kept["allowedResourceOauth2ReturnUrls"] == ["https://x.example.com/"]
    assert changed["allowedResourceOauth2ReturnUrls"] == ["https://new.example.com/ledger/callback"]


def test_the_guards_stand_before_a_saved_plan_too(project: Any) -> None:
    project.declare(*(f"agent-{number:02}" for number in range(20)))
    project.run("apply", "--auto-approve")
    project.declare("agent-00")
    project.run("plan", "--out", "saved.plan")
    ran = project.run("apply", "--plan", "saved.plan")
    assert ran.code == 3
    assert "--allow-deletes" in ran.err
    assert project.run("apply", "--plan", "saved.plan", "--allow-deletes", "19").code == 0


def test_a_plan_for_another_account_is_refused_before_anything_is_read(
    project: Any, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.declare("agent-a", head=PROD.replace("123456789012", "222222222222"))
    assert project.run("plan", "--out", "saved.plan").code == 0  # an endpoint on this machine: not checked, and said so
    assert aws.url in project.run("plan").err
    # The emulator's STS still answers for account 123456789012.
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", "https://directory.invalid")
    for command, code in {
        ("plan",): 3,
        ("apply", "--auto-approve"): 3,
        ("apply", "--plan", "saved.plan"): 4,  # the plan is one for elsewhere
        ("export",): 3,
    }.items():
        ran = project.run(*command)
        assert ran.code == code, ran
        assert "123456789012" in ran.err
        assert "222222222222" in ran.err


def test_a_lockfile_that_is_no_lockfile_is_not_written_to(project: Any) -> None:
    from reconciler.model.values import digest

    project.run("plan", "--out", "saved.plan")
    for place in ("victim.txt", "../victim", "x.lock.json\x00", "/dev/null"):
        saved = json.loads(Path("saved.plan").read_text())
        saved["route"]["lockfile"] = place
        del saved["digest"]
        saved["digest"] = digest(saved)
        Path("forged.plan").write_text(json.dumps(saved))
        ran = project.run("apply", "--plan", "forged.plan")
        assert ran.code == 1, ran
        assert not Path("victim.txt").exists()


def test_a_lockfile_is_never_reached_through_a_link(project: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (project.folder / "stack").mkdir()
    (project.folder / "reconciler.yaml").rename(project.folder / "stack" / "reconciler.yaml")
    assert project.run("plan", "stack/reconciler.yaml", "--refresh", "none", "--out", "saved.plan").code == 0
    (project.folder / "stack").rename(project.folder / "real")
    (project.folder / "stack").symlink_to(elsewhere)
    ran = project.run("apply", "--plan", "saved.plan")
    assert ran.code == 1
    assert "symbolic link" in ran.err
    assert list(elsewhere.iterdir()) == []


def test_a_plan_applied_from_another_folder_is_told_so(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.run("apply", "--auto-approve", "--target", "*.ledger-agent")
    project.run("plan", "--out", "saved.plan")
    (project.folder / "below").mkdir()
    monkeypatch.chdir(project.folder / "below")
    ran = project.run("apply", "--plan", "../saved.plan")
    assert ran.code == 4
    assert "reconciler.local.lock.json" in ran.err
    assert "below" in ran.err


def test_show_says_what_apply_will_refuse_as_plan_did(project: Any) -> None:
    project.run("apply", "--auto-approve")
    project.declare()
    for form in ("text", "markdown"):
        planned = project.run("plan", "--out", "saved.plan", "--format", form)
        assert "--allow-empty" in planned.out
        assert project.run("show", "saved.plan", "--format", form).out == planned.out


def test_show_gives_back_the_bytes_that_plan_printed(project: Any) -> None:
    for form in ("text", "json", "markdown"):
        planned = project.run("plan", "--out", "saved.plan", "--format", form)
        assert project.run("show", "saved.plan", "--format", form).out == planned.out


def test_the_warnings_of_the_manifest_are_in_the_plan_for_whoever_reviews_it(project: Any) -> None:
    project.write(Path("reconciler.yaml").read_text().replace("https://app", "http://app"))
    ran = project.run("plan", "--format", "json", "--out", "saved.plan")
    codes = [one["code"] for one in json.loads(ran.out)["diagnostics"]]
    assert "plain-http" in codes
    assert "plain-http" in project.run("show", "saved.plan").out
    assert "plain-http" in project.run("show", "saved.plan", "--format", "markdown").out


def test_a_plan_that_apply_would_refuse_is_not_advertised(project: Any) -> None:
    with project.outside() as client:
        client.create_workload_identity(name="invoice-agent")
    ran = project.run("plan", "--out", "saved.plan")
    assert ran.code == 3
    assert "apply will refuse it" in ran.err
    assert "To apply exactly this" not in ran.err


def test_the_command_that_applies_a_saved_plan_can_be_pasted_into_a_shell(project: Any) -> None:
    assert "reconciler apply --plan 'my plan'" in project.run("plan", "--out", "my plan").err


def test_a_manifest_whose_name_is_no_utf_8_can_be_planned_and_applied(project: Any) -> None:
    Path("reconciler.yaml").rename("caf\udce9.yaml")
    assert project.run("plan", "caf\udce9.yaml", "--out", "saved.plan").code == 0
    assert project.run("apply", "--plan", "saved.plan").code == 0
    assert Path("caf\udce9.local.lock.json").exists()


def test_what_is_no_file_is_no_plan(project: Any) -> None:
    os.mkfifo(project.folder / "pipe.plan")
    ran = project.run("show", "pipe.plan")
    assert ran.code == 1
    assert "pipe.plan is no file" in ran.err


def test_with_a_path_the_manifest_has_to_say_what_the_plan_was_made_from(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    text = (project.folder / "reconciler.yaml").read_text(encoding="utf-8")
    project.write(text.replace("callback", "elsewhere", 1))
    ran = project.run("apply", "--plan", "saved.plan", "reconciler.yaml")
    assert ran.code == 4
    assert "was made from another version of reconciler.yaml: for local, it says something else" in ran.err
    assert not project.lockfile.exists()
    project.write("# a comment, and another layout\n\n" + text)
    assert project.run("apply", "--plan", "saved.plan", "reconciler.yaml").code == 0
    assert len(project.lock["resources"]) == 2


def test_with_a_path_a_change_of_another_environment_is_no_difference(project: Any) -> None:
    head = "environments: {local: {directory: embedded}, other: {directory: embedded}}"
    entry = "  far-agent: {environments: [other], allowedResourceOauth2ReturnUrls: ['https://%s.example.com/x']}\n"
    project.declare("near-agent", head=head)
    file = project.folder / "reconciler.yaml"
    project.write(file.read_text(encoding="utf-8") + entry % "one")
    project.run("plan", "--env", "local", "--out", "saved.plan")
    project.write(file.read_text(encoding="utf-8").replace("one.example", "two.example"))
    assert project.run("apply", "--plan", "saved.plan", "reconciler.yaml").code == 0


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (
            "version: 1\nstack: payments\nenvironments: {prod: {directory: embedded}}\n",
            4,
            "which reconciler.yaml does not declare",
        ),
        ("version: 1\nstack: [", 1, "has mistakes"),
    ],
)
def test_with_a_path_a_manifest_that_cannot_be_compared_is_no_basis(
    project: Any, text: str, code: int, said: str
) -> None:
    project.run("plan", "--out", "saved.plan")
    project.write(text)
    ran = project.run("apply", "--plan", "saved.plan", "reconciler.yaml")
    assert ran.code == code
    assert said in ran.err
    assert not project.lockfile.exists()
