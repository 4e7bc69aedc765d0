"""What answers come to: levels, places, exemptions and their days, messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from reconciler.confined import Bounds, answers
from reconciler.model.report import Level
from reconciler.policy import ask, remarks
from reconciler.policy.messages import filled
from tests.policy.conftest import TODAY, change, plan, read

RULE = """\
version: 1
rules:
  - code: owned
    severity: critical
    message: "${name} of ${stack} in ${environment}: ${action}, ${value}, ${after.tags.team}, $${x}"
    must: {required: [owner]}
    exemptions:
      - {address: workload_identity.old-*, owner: team-a, reason: r, expires: "2026-12-01"}
"""


def test_a_violation_says_what_of_whom_and_where(judged: Callable[..., Any]) -> None:
    (one,), failed = judged(plan(change("a", tags={"team": "x"}), change("b", owner="o")), rules=RULE)
    assert failed == ()
    assert (
        one.message
        == 'a of payments in prod: create, {"allowedResourceOauth2ReturnUrls":[],"tags":{"team":"x"}}, x, ${x}'
    )
    assert (str(one.rule), str(one.source), one.level) == ("rules.yaml:3:5", "m.yaml:7:3", Level.CRITICAL)
    assert (one.exemption, one.lapsed) == (None, None)


@pytest.mark.parametrize(
    ("today", "stands", "remark"),
    [
        (date(2026, 11, 16), False, None),
        (date(2026, 11, 17), False, "exemption-expires"),
        (date(2026, 11, 30), False, "exemption-expires"),
        (date(2026, 12, 1), True, "exemption-expired"),
    ],
)
def test_an_exemption_counts_until_its_day(
    judged: Callable[..., Any], today: date, stands: bool, remark: str | None
) -> None:
    found, _ = judged(plan(change("old-a"), change("new")), today=today, rules=RULE)
    old = next(one for one in found if one.address == "workload_identity.old-a")
    assert (old.exemption is None) == stands
    assert (old.lapsed is not None) == stands
    new = next(one for one in found if one.address == "workload_identity.new")
    assert new.exemption is new.lapsed is None
    said = [one.code for one in remarks(read(rules=RULE)[0], "prod", found, today)]
    assert said == ([remark] if remark else [])


@pytest.mark.parametrize(
    ("name", "more", "let_off"),
    [
        ("old-a", "", True),
        ("old-b", "", True),
        ("invoice-agent", "", False),
        ("invoice-agent", "name: invoice-*, ", True),
        ("old-a", "name: invoice-*, ", False),
    ],
)
def test_an_exemption_is_of_the_name_in_the_directory_too(
    judged: Callable[..., Any], name: str, more: str, *, let_off: bool
) -> None:
    text = RULE.replace("{address:", f"{{{more}address:")
    (one,), _ = judged(plan(change("old-a", "update") | {"name": name}), rules=text)
    assert (one.exemption is not None) == let_off


def test_an_exemption_of_everything_needs_no_name(judged: Callable[..., Any]) -> None:
    (one,), _ = judged(plan(change("a") | {"name": "b"}), rules=RULE.replace("workload_identity.old-*", "'*'"))
    assert one.exemption is not None


def test_an_address_that_a_message_names_earns_no_exemption(judged: Callable[..., Any]) -> None:
    """What a message holds may be a tag, in which anybody can name somebody else."""
    exempt = (
        "version: 1\nexemptions: [{rule: main.deny, address: workload_identity.old, owner: o, reason: r, "
        "expires: '2027-01-01'}]\n"
    )
    module = "package main\n\ndeny contains msg if msg := input.resource_changes[0].change.after.tags.team\n"
    entry = change("evil", tags={"team": "see workload_identity.old"})
    (one,), _ = judged(plan(entry, change("old", "no-op")), rules=exempt, lib=module)
    assert (one.address, one.exemption) == ("workload_identity.old", None)
    said = module.replace("contains msg", "contains {`msg`: msg, `address`: `workload_identity.old`}")
    (one,), _ = judged(plan(entry, change("old", "no-op")), rules=exempt, lib=said)
    assert one.exemption is not None
    (one,), _ = judged(plan(entry), rules=exempt.replace("workload_identity.old", "'*'"), lib=module)
    assert one.exemption is not None


def test_rules_and_exemptions_of_other_environments_say_nothing(judged: Callable[..., Any]) -> None:
    text = RULE.replace("    must:", "    for: {environments: [prod]}\n    must:")
    for environment, number in (("prod", 1), ("prod@eu", 1), ("production", 0), ("dev", 0)):
        found, _ = judged(plan(change("a"), environment=environment), rules=text)
        assert len(found) == number, environment
    elsewhere = RULE.replace("owner: team-a", "environments: [dev], owner: team-a")
    (one,), _ = judged(plan(change("old-a")), rules=elsewhere)
    assert one.exemption is None


def test_types_actions_and_parts_choose_what_is_looked_at(judged: Callable[..., Any]) -> None:
    text = (
        "version: 1\nrules: [{code: a, severity: info, message: m, for: {actions: [delete, update]}, of: before, "
        "mustNot: {properties: {tags: {required: [keep]}}}}]\n"
    )
    kept = {"tags": {"keep": "1"}}
    of = plan(change("a", "delete", **kept), change("b", "update", **kept), change("c", **kept), change("d", "delete"))
    assert [one.address for one in judged(of, rules=text)[0]] == ["workload_identity.a", "workload_identity.b"]
    other = text.replace("actions: [delete, update]", "types: [token_vault]")
    assert judged(of, rules=other)[0] == ()


def test_urls_are_taken_apart_as_browsers_do(judged: Callable[..., Any]) -> None:
    text = (
        "version: 1\nrules: [{code: a, severity: info, message: '${value}', "
        "rego: 'some value in after.allowedResourceOauth2ReturnUrls; not urls[value].host in {`good.test`}'}]\n"
    )
    bad = [
        "https://good.test@evil.test/",
        "https://evil.test\\@good.test/",
        "https://good.test.evil.test/",
        "https://x:y/",
    ]
    good = ["https://GOOD.test/cb", "https://good.test.:443/"]
    found, failed = judged(plan(change("a", allowedResourceOauth2ReturnUrls=[*bad, *good])), rules=text)
    assert failed == ()
    assert sorted(one.message for one in found) == sorted(bad)


def test_texts_are_compared_and_told_as_they_are(judged: Callable[..., Any]) -> None:
    text = 'q"b\\c\nd é 😀 \\@ ${x} %s'
    literal = 'value := after.tags.t; value == "q\\"b\\\\c\\nd é 😀 \\\\@ ${x} %s"; after.tags[value] == "1"'
    rules = {"version": 1, "rules": [{"code": "a", "severity": "info", "message": "${value}", "rego": literal}]}
    (one,), failed = judged(plan(change("a", tags={"t": text, text: "1"})), rules=json.dumps(rules, ensure_ascii=False))
    assert failed == ()
    assert one.message == text


MODULE = """\
package main

deny[msg] { msg := "first of all" }

deny[{"msg": msg, "severity": "notice", "address": a}] {
  a := input.resource_changes[_].address
  msg := sprintf("second for %s", [a])
}

warn_more contains "workload_identity.a is odd" if true
warn_two contains "workload_identity.a and workload_identity.b differ" if true
violation { count(input.resource_changes) > 1 }
"""


def test_results_of_rego_files_in_every_form_find_their_rule(judged: Callable[..., Any]) -> None:
    found, failed = judged(plan(change("a"), change("b")), lib=MODULE)
    assert failed == ()
    told = {(one.code, one.message): (one.level.value, one.address, one.rule.line) for one in found}
    a, b = "workload_identity.a", "workload_identity.b"
    assert told == {
        ("main.deny", "first of all"): ("critical", None, 3),
        ("main.deny", f"second for {a}"): ("notice", a, 5),
        ("main.deny", f"second for {b}"): ("notice", b, 5),
        ("main.warn_more", f"{a} is odd"): ("notice", a, 10),
        ("main.warn_two", f"{a} and {b} differ"): ("notice", None, 11),
        ("main.violation", "The rule says no, and gives no message."): ("critical", None, 12),
    }


@pytest.mark.parametrize("result", ["1", '{"message": "m"}', "[1]"])
def test_a_result_that_is_no_message_is_no_pass(judged: Callable[..., Any], result: str) -> None:
    found, failed = judged(plan(), lib=f"package main\n\ndeny contains x if x := {result}\n")
    assert found == ()
    assert [one.code for one in failed] == ["policy-result"]


def test_all_packages_are_asked_and_one_file_uses_another(judged: Callable[..., Any]) -> None:
    library = "package lib\n\nis_odd(x) if x.name == `a`\n"
    rules = "package aws.agents\n\nimport data.lib\n\ndeny contains rc.name if {\n  some rc in input.resource_changes\n"
    rules += "  lib.is_odd(rc)\n}\n"
    found, failed = judged(plan(change("a"), change("b")), library=library, rules=rules)
    assert failed == ()
    assert [(one.code, one.message) for one in found] == [("aws.agents.deny", "a")]


def test_a_value_is_no_variable_and_has_an_end() -> None:
    entry = change("a", tags={"team": "${address}", "long": "x" * 1000})
    target = {"stack": "s", "environment": "e"}
    assert filled("${after.tags.team}", entry, target, None) == "${address}"
    assert filled("${before.tags.team} ${value}", entry, target, None) == "(none) (none)"
    assert len(filled("${after.tags.long}", entry, target, None)) == 200


def test_the_same_rules_and_plan_give_the_same_answers() -> None:
    policy, _ = read(rules=RULE, lib=MODULE)
    of = plan(change("a"), change("b"))
    first, second = (answers(ask(policy, of), Bounds()) for _ in range(2))
    assert first == second
    assert TODAY.year == 2026
