"""What was changed outside was right: the manifest says it then, and nothing else in it has changed."""

from __future__ import annotations

from typing import Any

import pytest

ADDRESS = "workload_identity.invoice-agent"
URL = "https://app.example.com/oauth/callback"
SECOND = "https://app.example.com/second"
HEAD = """\
# the payments team's
version: 1   # of the format
stack: payments
environments: {local: {directory: embedded}}
"""
COMMENTED = f"""\
{HEAD}
workloadIdentities:
  # about invoices
  invoice-agent:   # who to ask: jane
    allowedResourceOauth2ReturnUrls:  # reviewed in March
      # the first
      - "{URL}"   # since 2025

      # the old one
      - {SECOND}   # to go soon
      # that was all
    tags:
      team:   payments  # never another
      # how much it matters
      tier: "standard"

  # the ledger
  ledger-agent:
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/ledger/callback"]
"""


def applied(project: Any, text: str) -> None:
    project.write(text)
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 0, ran.err


def outside(project: Any, urls: list[str] | None = None, tags: dict[str, str] | None = None, *gone: str) -> None:
    with project.outside() as client:
        found = client.get_workload_identity(name="invoice-agent")
        if urls is not None:
            client.update_workload_identity(name="invoice-agent", allowedResourceOauth2ReturnUrls=urls)
        if tags:
            client.tag_resource(resourceArn=found["workloadIdentityArn"], tags=tags)
        if gone:
            client.untag_resource(resourceArn=found["workloadIdentityArn"], tagKeys=list(gone))


def accept(project: Any, *more: str) -> Any:
    return project.run("drift", "accept", ADDRESS, "--auto-approve", *more)


def text_of(project: Any, name: str = "reconciler.yaml") -> str:
    return str((project.folder / name).read_bytes().decode("utf-8"))


def converged(project: Any, *more: str) -> bool:
    """Whether a plan changes nothing in the directory: the lockfile alone has something to learn."""
    ran = project.run("plan", *more)
    assert ran.code == 0, ran.err
    return "0 to create, 0 to update, 0 to replace, 0 to delete, 1 in the lockfile only" in ran.out


def test_every_comment_and_every_other_line_stays(project: Any) -> None:
    applied(project, COMMENTED)
    outside(
        project, [URL, "https://new.example/a", "https://new.example/b?c=d#e"], {"tier": "critical", "corp:x": "no"}
    )
    ran = accept(project)
    assert ran.code == 0, ran.err
    after = text_of(project)
    assert after == COMMENTED.replace(f"      - {SECOND}   # to go soon\n", "      # to go soon\n").replace(
        "      # that was all\n",
        '      - "https://new.example/a"\n      - "https://new.example/b?c=d#e"\n      # that was all\n',
    ).replace('      tier: "standard"\n', '      tier: "critical"\n      corp:x: no\n').replace(
        "corp:x: no", 'corp:x: "no"'
    )
    assert ran.out.startswith("--- a/reconciler.yaml\n+++ b/reconciler.yaml\n@@ ")
    assert f"\n-      - {SECOND}   # to go soon\n" in ran.out


def test_the_next_plan_changes_nothing_and_apply_records_it(project: Any) -> None:
    applied(project, COMMENTED)
    outside(project, [URL], {"tier": "critical"})
    assert project.run("drift").code == 2
    ran = accept(project)
    assert "`reconciler apply`: it records that in the lockfile" in " ".join(ran.err.split())
    assert converged(project)
    assert project.run("drift").code == 2, "the lockfile says the old value still"
    with project.outside() as client:
        before = client.get_workload_identity(name="invoice-agent")["lastUpdatedTime"]
    done = project.run("apply", "--auto-approve")
    assert done.code == 0, done.err
    with project.outside() as client:
        assert client.get_workload_identity(name="invoice-agent")["lastUpdatedTime"] == before
    assert project.lock["resources"][ADDRESS]["attributes"]["tags"] == {"team": "payments", "tier": "critical"}
    assert project.run("drift").code == 0


def test_only_the_attribute_that_is_named(project: Any) -> None:
    applied(project, COMMENTED)
    outside(project, [URL], {"tier": "critical"})
    assert accept(project, "--attribute", "tags").code == 0
    assert text_of(project) == COMMENTED.replace('"standard"', '"critical"')
    ran = accept(project, "--attribute", "colour")
    assert ran.code == 1
    assert "has no attribute 'colour'" in ran.err


def test_nothing_is_written_unless_somebody_agrees(project: Any, terminal: Any) -> None:
    applied(project, COMMENTED)
    outside(project, [URL])
    alone = project.run("drift", "accept", ADDRESS)
    assert alone.code == 1
    assert "--auto-approve" in alone.err
    screen = terminal("drift", "accept", ADDRESS)
    screen.expect("Only 'yes' will be accepted")
    screen.type("no")
    assert screen.close() == 1
    assert text_of(project) == COMMENTED
    screen = terminal("drift", "accept", ADDRESS)
    screen.expect("Only 'yes' will be accepted")
    screen.type("yes")
    assert screen.close() == 0
    assert text_of(project) != COMMENTED


def test_it_reads_what_stands_now_and_not_what_a_run_remembers(project: Any) -> None:
    applied(project, COMMENTED)
    outside(project, [URL, "https://one.example/"])
    project.run("drift")
    outside(project, [URL, "https://two.example/"])
    assert accept(project).code == 0
    assert "two.example" in text_of(project)
    assert "one.example" not in text_of(project)


@pytest.mark.parametrize(("mark", "ending"), [("", ""), ("\ufeff", "\r\n")])
def test_bytes_that_cannot_be_seen_stay(project: Any, mark: str, ending: str) -> None:
    text = f"{mark}{HEAD}workloadIdentities:\n  invoice-agent:\n    tags:\n      team: a # x"
    text = text.replace("\n", ending or "\n")
    (project.folder / "reconciler.yaml").write_bytes(text.encode("utf-8"))
    assert project.run("apply", "--auto-approve").code == 0
    outside(project, [URL], {"new": "1", "team": "b"})
    ran = accept(project)
    assert ran.code == 0, ran.err
    newline = ending or "\n"
    added = f'{newline}      new: "1"{newline}    allowedResourceOauth2ReturnUrls: ["{URL}"]'
    assert text_of(project) == text.replace("team: a", "team: b") + added
    assert converged(project)


SEVERAL = """\
version: 1
stack: payments
environments:
  local: {directory: embedded, variables: {host: app.example.com}}
  other: {directory: embedded, account: "111111111111", variables: {host: other.example.com}}
workloadIdentities:
  invoice-agent:
    allowedResourceOauth2ReturnUrls: ["https://${host}/oauth/callback"]
    tags: {team: payments}
"""


def test_what_several_environments_share_is_not_changed_for_one_of_them(project: Any) -> None:
    project.write(SEVERAL)
    assert project.run("apply", "--env", "local", "--auto-approve").code == 0
    outside(project, [URL, SECOND])
    ran = accept(project, "--env", "local")
    assert ran.code == 3
    said = " ".join(ran.err.split())
    assert (
        "one entry for several environments, and others would change as well (other: allowedResourceOauth2Retu" in said
    )
    assert f'allowedResourceOauth2ReturnUrls: ["{URL}","{SECOND}"]' in said
    assert text_of(project) == SEVERAL
    ran = accept(project, "--env", "local", "--everywhere")
    assert ran.code == 0
    assert "changes what is wanted elsewhere as well (other: allowedResourceOauth2ReturnUrls)" in " ".join(
        ran.err.split()
    )
    assert f'["https://${{host}}/oauth/callback", "{SECOND}"]' in text_of(project), "a template that holds is kept"


def test_what_changes_for_one_environment_alone_is_written(project: Any) -> None:
    text = SEVERAL.replace("    tags:", "    environments: [local]\n    tags:")
    project.write(text)
    assert project.run("apply", "--env", "local", "--auto-approve").code == 0
    outside(project, None, {"team": "a b"})
    ran = accept(project, "--env", "local")
    assert ran.code == 0, ran.err
    assert "tags: {team: " in text_of(project)
    assert converged(project, "--env", "local")


def test_a_literal_that_looks_like_a_template_is_written_as_a_literal(project: Any) -> None:
    text = SEVERAL.replace("    tags:", "    environments: [local]\n    tags:")
    project.write(text)
    assert project.run("apply", "--env", "local", "--auto-approve").code == 0
    outside(project, ["https://x.example/${host}/$${y}"])
    assert accept(project, "--env", "local").code == 0
    assert "https://x.example/$${host}/" in text_of(project)
    assert converged(project, "--env", "local")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("  invoice-agent:\n    tags: &t {team: a}\n  other-agent:\n    tags: *t\n", "marked with & for use elsewhere"),
        ("  other-agent: &e\n    tags: {team: a}\n  invoice-agent: *e\n", "an alias of another entry"),
    ],
)
def test_what_is_shared_by_an_anchor_is_refused_and_said(project: Any, entry: str, why: str) -> None:
    text = f"{HEAD}workloadIdentities:\n{entry}"
    applied(project, text)
    outside(project, None, {"team": "b"})
    ran = accept(project)
    assert ran.code == 3
    assert why in " ".join(ran.err.split())
    assert '  tags: {"team":"b"}' in ran.err
    assert text_of(project) == text


def test_an_alias_gives_way_to_a_value_of_the_entrys_own(project: Any) -> None:
    text = f"{HEAD}workloadIdentities:\n  ann: {{tags: &t {{team: a}}}}\n  invoice-agent:\n    tags: *t  # as ann's\n"
    applied(project, text)
    outside(project, None, {"team": "b"})
    assert accept(project).code == 0
    assert text_of(project) == text.replace("*t", '{team: "b"}')


def test_only_the_file_that_holds_the_entry_is_written(project: Any) -> None:
    folder = project.folder / "m"
    folder.mkdir()
    (folder / "a.yaml").write_text(f"{HEAD}workloadIdentities: {{ann: {{}}}}\n")
    (folder / "b.yaml").write_text("version: 1\nstack: payments\nworkloadIdentities:\n  invoice-agent: {}\n")
    assert project.run("apply", "m", "--auto-approve").code == 0
    store = folder / ".reconciler"
    store.rename(project.folder / ".reconciler")
    outside(project, [URL])
    (project.folder / ".reconciler").rename(store)
    ran = project.run("drift", "accept", "m", ADDRESS, "--auto-approve")
    assert ran.code == 0
    assert ran.out.startswith("--- a/m/b.yaml\n")
    assert text_of(project, "m/a.yaml") == f"{HEAD}workloadIdentities: {{ann: {{}}}}\n"


def test_what_was_deleted_outside_is_explained_and_left(project: Any) -> None:
    applied(project, COMMENTED)
    with project.outside() as client:
        client.delete_workload_identity(name="invoice-agent")
    ran = accept(project)
    assert ran.code == 1
    assert "take its entry out (reconciler.yaml:8:3)" in " ".join(ran.err.split())
    assert text_of(project) == COMMENTED


def test_what_another_stack_took_over_is_refused(project: Any) -> None:
    applied(project, COMMENTED)
    outside(project, [URL], {"reconciler:stack": "billing/prod"})
    ran = accept(project)
    assert ran.code == 3
    assert "carries the ownership tag of billing/prod" in ran.err
    assert text_of(project) == COMMENTED


def test_a_manifest_that_was_changed_as_well_keeps_its_change_unless_it_is_named(project: Any) -> None:
    applied(project, COMMENTED)
    text = COMMENTED.replace('"standard"', '"low"')
    project.write(text)
    outside(project, [URL], {"tier": "critical"})
    ran = accept(project)
    assert ran.code == 0
    assert "tags is not taken over: the manifest was changed as well" in " ".join(ran.err.split())
    assert '"low"' in text_of(project)
    assert accept(project, "--attribute", "tags").code == 0
    assert '"critical"' in text_of(project)


def test_a_change_of_the_manifest_that_waits_is_no_drift(project: Any) -> None:
    applied(project, COMMENTED)
    text = COMMENTED.replace('"standard"', '"low"')
    project.write(text)
    ran = accept(project)
    assert (ran.code, ran.out) == (0, "")
    assert "nothing to take over" in ran.err
    assert text_of(project) == text


def test_tags_that_others_decide_are_not_written(project: Any) -> None:
    rules = 'settings:\n  ignoreTags: ["corp:*"]\n  drift: {ignore: [{attributes: ["tags.cost-*"], reason: r}]}\n'
    applied(project, COMMENTED.replace("environments:", f"{rules}environments:"))
    outside(project, None, {"tier": "critical", "corp:x": "1", "cost-center": "2"})
    assert accept(project).code == 0
    assert '"critical"' in text_of(project)
    assert "corp:x" not in text_of(project)
    assert "cost-center" not in text_of(project)


def test_what_nobody_manages_or_declares_is_refused(project: Any) -> None:
    applied(project, COMMENTED)
    ran = project.run("drift", "accept", "workload_identity.stranger", "--auto-approve")
    assert ran.code == 1
    assert "does not declare workload_identity.stranger" in ran.err
    project.write(COMMENTED + "  new-agent: {}\n")
    ran = project.run("drift", "accept", "workload_identity.new-agent", "--auto-approve")
    assert ran.code == 1
    assert "does not hold workload_identity.new-agent" in ran.err


PROVIDER = """\
version: 1
stack: payments
environments: {local: {directory: embedded}}
oauth2CredentialProviders:
  github:
    credentialProviderVendor: CustomOauth2   # ours
    config:
      clientId: abc   # the app's
      # where to find it
      oauthDiscovery:
        discoveryUrl: https://idp.example.com/.well-known/openid-configuration
    clientSecret: {fromEnv: GITHUB_SECRET, version: 1}
"""


def test_the_configuration_of_a_provider_is_taken_over_member_by_member(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SECRET", "s3cr3t-s3cr3t")
    applied(project, PROVIDER)
    with project.outside() as client:
        client.update_oauth2_credential_provider(
            name="github",
            credentialProviderVendor="CustomOauth2",
            oauth2ProviderConfigInput={
                "customOauth2ProviderConfig": {
                    "clientId": "xyz",
                    "clientSecret": "other-secret",
                    "oauthDiscovery": {"discoveryUrl": "https://idp2.example.com/.well-known/openid-configuration"},
                }
            },
        )
    ran = project.run("drift", "accept", "oauth2_credential_provider.github", "--auto-approve")
    assert ran.code == 0, ran.err
    assert text_of(project) == PROVIDER.replace("abc ", "xyz ").replace("idp.", "idp2.")
    assert "secret" not in ran.out.replace("clientSecret: {fromEnv: GITHUB_SECRET", "")
