"""`check` on the command line: each example with a plan that passes and one that does not; exit codes, forms, bounds."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.forge import check_marked
from reconciler.schema_files import schema

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "policies"
HEAD = "version: 1\nstack: payments\nenvironments: {prod: {directory: embedded}}\n"
AGENT = """\
workloadIdentities:
  invoice-agent:
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/cb"]
    tags: {team: payments}
    expires: "2099-01-01"
"""
GITHUB = """\
oauth2CredentialProviders:
  github:
    credentialProviderVendor: GithubOauth2
    config: {clientId: c}
    clientSecret: {secretId: prod/github, jsonKey: clientSecret}
"""
KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
VIOLATIONS = {  # file: what the plan has instead of AGENT, and what is then said of whom
    "return-url-hosts.yaml": (AGENT.replace("app.example.com", "app.example.com.evil.test"), "known-return-hosts"),
    "team-tag.yaml": (AGENT.replace("    tags: {team: payments}\n", ""), "team-tag"),
    "no-loopback.yaml": (AGENT.replace("https://app.example.com", "http://2130706433:8080"), "no-loopback"),
    "federation-needs-urls.yaml": (
        GITHUB + "workloadIdentities:\n  invoice-agent:\n"
        "    access: [{oauth2: github, scopes: [repo], flows: [USER_FEDERATION]}]\n",
        "federation-needs-urls",
    ),
    "expiry-required.yaml": (AGENT.replace('    expires: "2099-01-01"\n', ""), "expiry-required"),
    "naming.yaml": (AGENT.replace("invoice-agent", "InvoiceBot"), "naming"),
}


def save(project: Any, body: str, *options: str) -> None:
    project.write(HEAD + body)
    ran = project.run("plan", "--out", "p.plan", *options)
    assert ran.code == 0, ran


def checked(project: Any, policy: Path | str, *options: str, code: int) -> dict[str, Any]:
    """The report, which fits its schema and says what the exit code says."""
    ran = project.run("check", "p.plan", "--policy", str(policy), "--format", "json", "--fail-on", "notice", *options)
    assert ran.code == code, ran
    said: dict[str, Any] = json.loads(ran.out)
    assert list(Draft202012Validator(schema("check")).iter_errors(said)) == []
    assert said["verdict"] in {0: ("passed",), 3: ("violated",), 1: ("unknown", "failed")}[code]
    return said


def rule(project: Any, text: str, name: str = "rules.yaml") -> str:
    folder = project.folder / "policy"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return "policy"


@pytest.mark.parametrize("file", sorted(VIOLATIONS))
def test_an_example_passes_what_it_should_and_objects_to_what_it_should(project: Any, file: str) -> None:
    save(project, AGENT)
    assert checked(project, POLICIES / file, code=0)["violations"] == []
    body, code = VIOLATIONS[file]
    save(project, body)
    (found,) = checked(project, POLICIES / file, code=3)["violations"]
    assert found["code"] == code
    assert found["address"].startswith("workload_identity.")
    line = (project.folder / found["source"]["file"]).read_text().splitlines()[found["source"]["line"] - 1]
    assert found["address"].partition(".")[2] in line
    assert code in (POLICIES / file).read_text().splitlines()[found["rule"]["line"] - 1]


def test_a_return_url_that_stands_already_is_not_held_against_a_change_of_something_else(project: Any) -> None:
    old = AGENT.replace("app.example.com", "old.example.com")
    project.write(HEAD + old)
    assert project.run("apply", "--auto-approve").code == 0
    save(project, old.replace("payments}", "ledger}"))
    checked(project, POLICIES / "return-url-hosts.yaml", code=0)
    save(project, old.replace("/cb", "/other"))
    checked(project, POLICIES / "return-url-hosts.yaml", code=3)


def test_deletes_in_prod_are_refused_but_for_those_that_are_let_off(project: Any) -> None:
    names = ["trial-a", "invoice-agent", "ledger-agent", "stock-agent"]
    project.write(HEAD + "workloadIdentities:\n" + "".join(f"  {name}: {{}}\n" for name in names))
    assert project.run("apply", "--auto-approve").code == 0
    save(project, "workloadIdentities: {invoice-agent: {}, ledger-agent: {}, stock-agent: {}}\n")
    said = checked(project, POLICIES / "no-deletes-in-prod.yaml", code=0)
    assert [one["exemption"]["owner"] for one in said["violations"]] == ["team-growth"]
    checked(project, POLICIES / "few-deletes.yaml", code=0)
    save(project, "workloadIdentities: {other-agent: {tags: {cost-center: a}}}\n")
    said = checked(project, POLICIES / "no-deletes-in-prod.yaml", code=3)
    standing = [one["address"] for one in said["violations"] if one["exemption"] is None]
    assert standing == [f"workload_identity.{name}" for name in sorted(names) if name != "trial-a"]
    (found,) = checked(project, POLICIES / "few-deletes.yaml", code=3)["violations"]
    assert (found["address"], found["source"]) == (None, None)
    assert "4 resources in prod" in found["message"]
    conftest = checked(project, POLICIES / "conftest", code=3)["violations"]
    assert [one["code"] for one in conftest] == ["main.deny"] * 4


def test_secrets_that_the_service_keeps_are_found_for_both_kinds(project: Any, monkeypatch: Any) -> None:
    keys = "apiKeyCredentialProviders:\n  stripe: {apiKey: {secretId: prod/stripe, jsonKey: key}}\n"
    save(project, GITHUB + keys)
    checked(project, POLICIES / "external-secrets.yaml", code=0)
    monkeypatch.setenv("STRIPE", "sk")
    monkeypatch.setenv("GITHUB", "gh")
    kept = GITHUB.replace("secretId: prod/github, jsonKey: clientSecret", "fromEnv: GITHUB, version: 1")
    save(project, kept + "apiKeyCredentialProviders:\n  stripe: {apiKey: {fromEnv: STRIPE, version: 1}}\n")
    said = checked(project, POLICIES / "external-secrets.yaml", code=3)
    assert [one["code"] for one in said["violations"]] == ["external-api-keys", "external-client-secrets"]


def test_the_vault_needs_a_key_of_ours(project: Any) -> None:
    save(project, f"tokenVault: {{keyType: CustomerManagedKey, kmsKeyArn: '{KEY}'}}\n")
    checked(project, POLICIES / "vault-key.yaml", code=0)
    assert project.run("apply", "--auto-approve").code == 0
    save(project, "tokenVault: {keyType: ServiceManagedKey}\n")
    (found,) = checked(project, POLICIES / "vault-key.yaml", code=3)["violations"]
    assert "ServiceManagedKey" in found["message"]


def test_what_people_have_for_conftest_runs_as_it_is(project: Any) -> None:
    save(project, AGENT.replace("team: payments", "cost-center: '1'"))
    checked(project, POLICIES / "conftest", code=0)
    save(project, AGENT)
    (found,) = checked(project, POLICIES / "conftest", code=3)["violations"]
    assert (found["code"], found["severity"]) == ("main.warn", "notice")
    assert found["message"] == "workload_identity.invoice-agent has no cost-center tag"
    assert found["source"]["line"] == 5
    assert "warn[msg]" in (POLICIES / "conftest/terraform.rego").read_text().splitlines()[found["rule"]["line"] - 1]
    assert project.run("check", "p.plan", "--policy", str(POLICIES / "conftest")).code == 0, (
        "a warn alone fails nothing"
    )
    save(project, "workloadIdentities:\n" + "".join(f"  agent-{n}: {{tags: {{cost-center: a}}}}\n" for n in range(51)))
    (found,) = checked(project, POLICIES / "conftest", code=3)["violations"]
    assert (found["code"], found["message"]) == (
        "main.violation",
        "the plan creates 51 resources at once; 50 is the most",
    )


def test_all_examples_together_pass_a_good_plan_and_there_are_ten_and_one(project: Any) -> None:
    save(project, AGENT.replace("payments}", "payments, cost-center: a}"))
    said = checked(project, POLICIES, code=0)
    assert f"({said['rules']} rules over {said['changes']} change;" in (ROOT / "docs/policy.md").read_text("utf-8")
    assert len(list(POLICIES.glob("*.yaml"))) == 10
    rules = Draft202012Validator(schema("policy"))
    from yaml import safe_load

    for file in POLICIES.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        assert list(rules.iter_errors(safe_load(text))) == [], file
        assert all(one.get("description") for one in safe_load(text)["rules"]), file
        assert file.name in (ROOT / "docs/policy.md").read_text(encoding="utf-8")


HOSTILE = {
    "no-end": "count({x | some a in r; some b in r; x := count([c | some c in r; c > a + b])}) == 0",
    "expression": "regex.match(`^(a+)+$`, `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab!`)",
}


@pytest.mark.parametrize("how", sorted(HOSTILE))
def test_a_rule_without_end_ends_in_time_and_passes_nothing(project: Any, how: str) -> None:
    save(project, AGENT)
    rule(
        project,
        f"package main\n\nimport rego.v1\n\nr := numbers.range(1, 3000)\n\n"
        f'deny contains "no" if {{\n\t{HOSTILE[how]}\n}}\n',
        "a.rego",
    )
    rule(project, "version: 1\nrules: [{code: b, severity: info, message: m, must: true}]\n")
    began = time.monotonic()
    said = checked(project, "policy", "--timeout", "2", code=1)
    assert time.monotonic() - began < 20
    (failure,) = said["failures"]
    assert failure["summary"].startswith("main.deny could not be evaluated: it ")
    assert failure["source"] == {"file": "policy/a.rego", "line": 7, "column": 1}


def test_recursion_is_told_where_it_stands(project: Any) -> None:
    save(project, AGENT)
    rule(project, "package main\n\ndeny contains msg if msg := f(1)\n\nf(x) := y if y := f(x + 1)\n", "a.rego")
    ran = project.run("check", "p.plan", "--policy", "policy")
    assert ran.code == 1
    assert "Recursion" in ran.err
    assert "policy/a.rego:3:1" in ran.err
    assert ran.out == ""


def test_nesting_that_breaks_the_engine_breaks_nothing_else(project: Any) -> None:
    save(project, AGENT)
    deep = "[" * 200_000 + "]" * 200_000
    rule(project, f'package main\n\ndeny contains "no" if input == {deep}\n', "a.rego")
    assert project.run("check", "p.plan", "--policy", "policy").code == 1


def test_a_rule_that_fails_has_not_passed_and_hides_no_other(project: Any) -> None:
    save(project, AGENT)
    rule(
        project,
        "version: 1\nrules:\n"
        "  - {code: broken, severity: info, message: m, rego: to_number(resource.name) > 1}\n"
        "  - {code: sound, severity: critical, message: 'm ${value}', must: {required: [owner]}}\n",
    )
    said = checked(project, "policy", code=1)
    assert [one["source"]["line"] for one in said["failures"]] == [3]
    assert [one["code"] for one in said["violations"]] == ["sound"]


@pytest.mark.parametrize(
    "ask", ["http.send({})", "opa.runtime()", "time.now_ns()", "time [`now_ns`]()", "uuid.rfc4122(`a`)"]
)
def test_what_leads_out_of_the_plan_is_refused_before_anything_runs(project: Any, ask: str) -> None:
    save(project, AGENT)
    rule(project, f'package main\n\ndeny contains "x" if {{\n  {ask}\n}}\n', "a.rego")
    ran = project.run("check", "p.plan", "--policy", "policy")
    assert ran.code == 1
    assert "policy-forbidden" in ran.err
    assert "policy/a.rego:4:3" in ran.err


def test_an_incomplete_plan_is_never_a_pass(project: Any, aws: Any) -> None:
    head = HEAD.replace("{directory: embedded}", "{account: '123456789012', region: us-east-1}")
    project.write(head + AGENT)
    assert project.run("apply", "--auto-approve").code == 0
    project.write(head + AGENT + "  ledger-agent: {tags: {team: ledger}}\n")
    aws.misbehaviour.fail("GetWorkloadIdentity", "AccessDeniedException", times=None, name="invoice-agent")
    assert project.run("plan", "--refresh", "full", "--out", "p.plan").code == 1
    said = checked(project, POLICIES / "team-tag.yaml", code=1)
    assert said["verdict"] == "unknown"
    assert "invoice-agent could not be read" in said["not_in_plan"][0]
    assert "Cannot be told" in project.run("check", "p.plan", "--policy", str(POLICIES / "team-tag.yaml")).out
    checked(project, POLICIES / "expiry-required.yaml", code=3)


def test_exit_codes_of_levels_and_an_edited_plan(project: Any) -> None:
    save(project, AGENT)
    rule(project, "version: 1\nrules: [{code: b, severity: warning, message: m, must: false}]\n")
    check = ("check", "p.plan", "--policy", "policy")
    assert project.run(*check).code == 3
    assert project.run(*check, "--fail-on", "critical").code == 0
    plan = project.folder / "p.plan"
    plan.write_text(plan.read_text().replace("payments", "paymenty"))
    ran = project.run(*check)
    assert (ran.code, ran.out) == (4, "")
    assert project.run("check", "none.plan", "--policy", "policy").code == 1
    save(project, AGENT)
    assert project.run("check", "p.plan", "--policy", "nowhere").code == 1
    (project.folder / "policy/rules.yaml").write_text("version: 1\n")
    ran = project.run(*check)
    assert ran.code == 1
    assert "holds no rule" in ran.err


def test_hostile_values_act_in_no_form(project: Any) -> None:
    save(project, AGENT)
    message = r"a\u001b[2J ``` @team <b> ${after.tags.team}"
    rule(project, f'version: 1\nrules: [{{code: b, severity: warning, message: "{message}", must: false}}]\n')
    for form in ("text", "markdown"):
        ran = project.run("check", "p.plan", "--policy", "policy", "--format", form)
        assert ran.code == 3
        assert "\x1b" not in ran.out
    assert ran.out.count("````") == 2


def test_the_sum_counts_in_words_that_fit(project: Any) -> None:
    save(project, "workloadIdentities: {a-agent: {}, b-agent: {}}\n")
    text = "version: 1\nrules:\n" + "".join(
        f"  - {{code: {one}, severity: {one}, message: m, must: false}}\n" for one in ("critical", "warning", "notice")
    )
    said = project.run("check", "p.plan", "--policy", rule(project, text)).out
    assert "Refused: 2 critical, 2 warnings, 2 notices (" in said
    rule(project, "version: 1\nrules: [{}]\n")
    assert "Error: the rules in policy cannot be used\n" in project.run("check", "p.plan", "--policy", "policy").err


def test_reports_come_out_whatever_the_exit_code_and_the_comment_is_one_for_ci(project: Any) -> None:
    save(project, AGENT)
    policy = rule(project, "version: 1\nrules: [{code: b, severity: warning, message: m, must: false}]\n")
    check = ("check", "p.plan", "--policy", policy)
    ran = project.run(*check, "--output", "markdown=c.md", "--output", "json=c.json", "--output", "text=c.txt")
    assert (ran.code, (project.folder / "c.txt").read_text()) == (3, ran.out)
    assert (project.folder / "c.json").read_text() == project.run(*check, "--format", "json").out
    shown = (project.folder / "c.md").read_text()
    assert shown == project.run(*check, "--format", "markdown").out
    assert shown.startswith("<!-- reconciler:check payments/prod -->\n### Policy: stack `payments`")
    assert check_marked(shown, file="c.md")
    assert project.run(*check, "--output", "markdown=-").out == shown
    assert project.run(*check, "--output", "text=/dev/full").code == 1


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("html=x.html", "a check has no report in that format"),
        ("json=p.plan", "is the plan that is checked already"),
        ("json=policy/rules.yaml", "is a file of the policy already"),
        ("json=reconciler.yaml", "would replace the manifest"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_read(project: Any, word: str, said: str) -> None:
    save(project, AGENT)
    policy = rule(project, "version: 1\nrules: [{code: b, severity: warning, message: m, must: false}]\n")
    before = {one: one.read_bytes() for one in project.folder.rglob("*") if one.is_file()}
    ran = project.run("check", "p.plan", "--policy", policy, "--output", word)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert {one: one.read_bytes() for one in project.folder.rglob("*") if one.is_file()} == before


def test_a_comment_on_very_many_violations_fits_and_counts_what_it_left_out(project: Any) -> None:
    save(project, "workloadIdentities:\n" + "".join(f"  agent-{n:04}: {{}}\n" for n in range(1_500)))
    policy = rule(
        project,
        "version: 1\nrules:\n  - {code: mild, severity: notice, message: 'm ${address}', must: false}\n"
        "  - {code: grave, severity: critical, message: g, each: plan, rego: plan.summary.create > 3}\n",
    )
    shown = project.run("check", "p.plan", "--policy", policy, "--format", "markdown").out
    assert 40_000 < len(shown) <= 60_000
    (left,) = re.findall(r"([\d,]+) violations left out", shown)
    assert int(left.replace(",", "")) + shown.count("notice[mild]") == 1_500
    assert "critical[grave]" in shown


def test_without_the_engine_rego_says_how_to_get_it_and_json_schema_works(project: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "regopy", None)
    save(project, AGENT)
    checked(project, POLICIES / "team-tag.yaml", code=0)
    ran = project.run("check", "p.plan", "--policy", str(POLICIES / "no-loopback.yaml"))
    assert ran.code == 1
    assert "agentcore-reconciler[policy]" in ran.err
