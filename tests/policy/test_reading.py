"""Mistakes in rule files: all of them at once, each where it stands."""

from __future__ import annotations

import pytest

from tests.policy.conftest import read

MISTAKES = """\
version: 1
rules:
  - code: Bad_Code
    severity: severe
    mesage: m
    must: {}
  - code: two
    severity: info
    message: m
    must: {}
    rego: "true"
  - code: none
    severity: info
    message: m
exemptions:
  - {rule: two, address: "*", owner: o, reason: r, expires: soon}
"""
LATER = """\
version: 1
rules:
  - code: schema
    severity: info
    message: "${adress} ${after.tags.team} $${literal}"
    must: {properties: {name: {type: strin}}}
  - code: out
    severity: info
    message: m
    mustNot: {anyOf: [{$ref: "https://example.com/x.json"}]}
  - code: body
    severity: info
    message: m
    rego: |
      some url in after.allowedResourceOauth2ReturnUrl
      startswith(ulr, "http:")
  - code: body
    severity: info
    message: m
    rego: resource.adress == "x"
    exemptions: [{address: "*", owner: o, reason: r, expires: "2026-02-30"}]
  - code: whole
    severity: info
    message: m
    for: {actions: [delete]}
    each: plan
    of: before
    rego: plan.sumary.delete > 3
"""


def told(**files: str) -> list[tuple[str, int, int]]:
    return [(one.code, one.source.line, one.source.column) for one in read(**files)[1] if one.source]


def test_what_the_schema_refuses_is_told_at_once_with_its_place() -> None:
    assert told(a=MISTAKES) == [
        ("missing-key", 3, 5),
        ("wrong-value", 3, 11),
        ("wrong-value", 4, 15),
        ("unknown-key", 5, 5),
        ("policy-condition", 7, 5),
        ("policy-condition", 12, 5),
        ("wrong-value", 16, 61),
    ]
    near = next(one for one in read(a=MISTAKES)[1] if one.code == "unknown-key")
    assert 'Did you mean "message"?' in near.detail


def test_what_the_schema_cannot_see_is_told_as_well() -> None:
    assert told(a=LATER) == [
        ("policy-message", 5, 14),
        ("policy-schema", 6, 38),
        ("policy-schema", 10, 30),
        ("policy-not-in-plan", 15, 25),
        ("policy-unbound", 16, 18),
        ("policy-code", 17, 5),
        ("policy-not-in-plan", 20, 20),
        ("wrong-value", 21, 63),
        ("policy-condition", 25, 10),
        ("policy-condition", 27, 9),
        ("policy-not-in-plan", 28, 16),
    ]


def test_yaml_that_is_none_and_text_that_is_none_are_no_tracebacks() -> None:
    assert told(a="version: 1\nrules: [\n")[0][0].startswith("yaml")
    assert [code for code, _, _ in told(a="- 1\n")] == ["wrong-value"]
    assert [code for code, _, _ in told(a="version: 2\n")] == ["wrong-value"]
    assert [code for code, _, _ in told(a="")] == ["empty-file"]


def test_an_exemption_names_a_rule_that_there_is() -> None:
    text = (
        "version: 1\nexemptions:\n"
        '  - {rule: main.deny, address: "*", owner: o, reason: r, expires: "2027-01-01"}\n'
        '  - {rule: main.dney, address: "*", owner: o, reason: r, expires: "2027-01-01"}\n'
    )
    policy, found = read(a=text, b='package main\n\ndeny contains "x" if input.complete\n')
    assert [(one.code, one.source and one.source.line) for one in found] == [("policy-exemption", 4)]
    assert 'Did you mean "main.deny"?' in found[0].detail
    assert [one.rule for one in policy.exemptions] == ["main.deny", "main.dney"]


UNBOUND = [
    "deny contains msg if { msg := urll }",
    "deny contains mgs if { input.complete }",
    'deny contains "x" if { rsource.type == "x" }',
    'deny contains "x" if { endswith(nam, "x") }',
    'deny contains {"msg": mesage} if { input.complete }',
    'deny contains "x" if { some a in input.resource_changes; a == b }',
]
BOUND = [
    "deny[msg] { rc := input.resource_changes[i]; msg := rc.address }",
    "deny[msg] { some i, rc in input.resource_changes; msg = rc.address }",
    "deny contains msg if { walk(input, [path, v]); v == 1; msg := `m` }",
    "f(x, unused) := 1 if x\ndeny contains `m` if f(1, 2) == 1",
    "deny contains `m` if { [left, _] := split(`a b`, ` `); time.parse_ns(`a`, `b`) > 1 }",
    "import input as tf\ndeny contains `m` if { every rc in tf.resource_changes { rc.name } }",
    "import data.lib.helper\ndefault allow := false\ndeny contains `m` if { helper.check(`x`) } # typo in a comment",
    'deny contains sprintf("%s lone words in a text", [rc.name]) if { some rc in input.resource_changes }',
]


@pytest.mark.parametrize("text", UNBOUND)
def test_a_name_that_nothing_binds_would_pass_everything_and_is_a_mistake(text: str) -> None:
    assert [code for code, _, _ in told(a=f"package main\n\n{text}\n")] == ["policy-unbound"]


@pytest.mark.parametrize("text", BOUND)
def test_names_that_are_bound_or_bind_are_none(text: str) -> None:
    assert told(a=f"package main\n\n{text}\n") == []


def test_a_module_that_asks_for_what_our_plans_lack_is_warned_of() -> None:
    text = "package main\n\nimport input as tf\n\ndeny contains `m` if { tf.planned_values; input.resource_changes }\n"
    assert told(a=text) == [("policy-not-in-plan", 5, 27)]


def test_exceptions_of_conftest_are_not_passed_over() -> None:
    text = 'package main\n\ndeny_a[msg] { msg := "m" }\n\nexception[rules] { rules := ["a"] }\n'
    assert told(a=text) == [("policy-exception", 5, 1)]
