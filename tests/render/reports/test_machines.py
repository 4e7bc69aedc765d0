"""What programs read back: JSON by its schema, SARIF by OASIS' schema and GitHub's wishes, GitLab's array, JUnit, labels."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from jsonschema import Draft4Validator, Draft202012Validator
from junitparser import JUnitXml

from reconciler.model.changes import Action
from reconciler.model.report import Approval, ChangeReport, Level, Topic
from reconciler.model.visible import is_visible
from reconciler.render.reports import (
    report_annotations,
    report_code_quality,
    report_json,
    report_junit,
    report_labels,
    report_labels_text,
    report_markdown,
    report_sarif,
    report_text,
)
from reconciler.render.reports.sarif import MOST
from reconciler.schema_files import schema
from tests.render.reports.samples import BOTH, FINDINGS, PLAN, REVIEW, SAMPLES, at, finding, hostile, many
from tests.render.test_hostile import several_more

OASIS = Draft4Validator(
    json.loads((Path(__file__).parent / "oasis" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
)
EVERY = pytest.mark.parametrize("report", SAMPLES.values(), ids=list(SAMPLES))


def sarif(report: ChangeReport) -> Any:
    log = json.loads(report_sarif(report))
    assert list(OASIS.iter_errors(log)) == []
    return log["runs"][0]


@EVERY
def test_the_json_is_as_its_schema_says(report: ChangeReport) -> None:
    Draft202012Validator.check_schema(schema("review"))
    raw = json.loads(report_json(report))
    assert list(Draft202012Validator(schema("review")).iter_errors(raw)) == []
    assert raw["complete"] == report.complete
    assert raw["has_changes"] == (not report.empty)
    assert raw["summary"]["findings"]["critical"] == report.levels()[Level.CRITICAL]


def test_the_json_keeps_terraforms_names_and_says_what_differs() -> None:
    raw = json.loads(report_json(REVIEW))
    by_address = {one["address"]: one for one in raw["resource_changes"]}
    created, renamed = by_address["workload_identity.refund-agent"], by_address["workload_identity.transfer-agent"]
    assert created["change"]["before"] is None
    assert created["change"]["after"] == {"allowedResourceOauth2ReturnUrls": ["https://app.example.com/refund"]}
    assert renamed["change"]["actions"] == ["create"]
    assert (renamed["action"], renamed["previous_address"]) == ("replace", "workload_identity.payout-agent")
    assert [one["about"] for one in raw["manifest_changes"]] == ["environment.prod"]
    assert raw["findings"][0]["fingerprint"] == FINDINGS[0].fingerprint


def test_a_finding_on_many_names_every_one_of_them_to_programs() -> None:
    others = tuple(f"workload_identity.agent-{number}" for number in range(299))
    report = replace(REVIEW, findings=(replace(FINDINGS[0], others=others),))
    (found,) = json.loads(report_json(report))["findings"]
    assert found["others"] == list(others)
    (result,) = sarif(report)["results"]
    assert result["properties"]["others"] == list(others)


@settings(max_examples=60, deadline=None)
@given(several_more)
def test_the_json_gives_back_the_very_words(texts: list[str]) -> None:
    report = hostile(texts)
    shown = report_json(report)
    assert is_visible(shown.rstrip("\n"))
    raw = json.loads(shown)
    assert raw["stack"] == report.stack
    assert [one["summary"] for one in raw["findings"]] == [one.summary for one in report.findings]
    assert raw["also"][0]["resource_changes"][0]["name"] == report.items[0].name


@EVERY
def test_sarif_is_valid_and_every_result_has_rule_place_and_fingerprints(report: ChangeReport) -> None:
    run = sarif(report)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        place = location["physicalLocation"]["artifactLocation"]
        assert place["uriBaseId"] == "%SRCROOT%"
        assert urlsplit(place["uri"]).scheme == ""
        assert set(result["partialFingerprints"]) == {"primaryLocationLineHash", "reconcilerFinding/v1"}
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["markdown"]
        assert 0 < float(rule["properties"]["security-severity"]) <= 10


def test_sarif_names_places_from_the_root_and_no_old_line_of_what_is_gone() -> None:
    run = sarif(REVIEW)
    there, gone, other, nowhere, allowed = run["results"]
    assert there["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "stacks/payments.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12, "startColumn": 3},
    }
    assert "region" not in gone["locations"][0]["physicalLocation"]
    assert other["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "stacks/grants.yaml"
    assert nowhere["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "stacks/payments.yaml"
    assert allowed["suppressions"][0]["status"] == "accepted"
    assert [one["level"] for one in run["results"]] == ["error", "error", "warning", "note", "none"]
    assert [one.get("kind", "fail") for one in run["results"]] == ["fail"] * 4 + ["informational"]
    assert run["automationDetails"]["id"] == "reconciler-review/payments/"


def test_sarif_says_what_is_no_result_in_notifications() -> None:
    (invocation,) = sarif(PLAN)["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [one["descriptor"]["id"] for one in invocation["toolExecutionNotifications"]] == ["incomplete", "refused"]


def test_sarif_without_any_place_keeps_what_was_found_as_notifications() -> None:
    bare = replace(REVIEW, items=(), findings=(replace(FINDINGS[0], source=None),))
    run = sarif(bare)
    assert run["results"] == []
    assert [one["descriptor"]["id"] for one in run["invocations"][0]["toolExecutionNotifications"]] == ["new-domain"]


@pytest.mark.parametrize(
    ("prefix", "file", "uri"),
    [
        ("", "a b/ü#?.yaml", "a%20b/%C3%BC%23%3F.yaml"),
        ("x/", "../y.yaml", "y.yaml"),
        ("", "a:b.yaml", "a%3Ab.yaml"),
        ("", "./c.yaml", "c.yaml"),
    ],
)
def test_sarif_writes_a_path_as_a_relative_uri(prefix: str, file: str, uri: str) -> None:
    run = sarif(replace(REVIEW, prefix=prefix, items=(), findings=(replace(FINDINGS[0], source=at(1, file)),)))
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize("file", ["/etc/passwd", "../../up.yaml"])
def test_a_path_out_of_the_repository_is_no_place_in_it(file: str) -> None:
    run = sarif(replace(REVIEW, findings=(replace(FINDINGS[0], source=at(1, file)),)))
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "stacks/payments.yaml"


def test_sarif_cuts_by_gravity_where_github_would_refuse_it() -> None:
    found = [
        finding(Level.CRITICAL if number == MOST + 1 else Level.INFO, "x", f"a{number}", "x", source=at(1))
        for number in range(MOST + 2)
    ]
    ordered = tuple(sorted(found, key=lambda one: -one.level.rank))
    run = json.loads(report_sarif(replace(REVIEW, findings=ordered)))["runs"][0]
    assert len(run["results"]) == MOST
    assert run["results"][0]["level"] == "error"
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == (
        "The 2 findings that matter least found no room: a run holds 25,000 results. The JSON report has all."
    )


@settings(max_examples=60, deadline=None)
@given(several_more)
def test_nothing_in_a_sarif_message_is_a_link_or_a_placeholder(texts: list[str]) -> None:
    shown = report_sarif(hostile(texts))
    assert is_visible(shown.rstrip("\n"))
    run = sarif(hostile(texts))
    for result in run["results"]:
        text = result["message"]["text"].replace("\\\\", "")
        assert "[" not in text.replace("\\[", "")
        assert "]" not in text.replace("\\]", "")
        assert "{" not in text.replace("{{", "")
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert not unquote(uri).startswith(("/", "../"))


@EVERY
def test_gitlab_gets_unique_fingerprints_and_a_place_for_each(report: ChangeReport) -> None:
    found = json.loads(report_code_quality(report))
    assert len({one["fingerprint"] for one in found}) == len(found)
    for one in found:
        assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert one["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert one["location"]["path"]
        assert one["location"]["lines"]["begin"] >= 1


def test_gitlab_shows_two_findings_alike_in_two_places_as_two() -> None:
    one, other = replace(FINDINGS[0], source=at(3)), replace(FINDINGS[0], source=at(4))
    found = json.loads(report_code_quality(replace(REVIEW, findings=(one, other))))
    assert len({entry["fingerprint"] for entry in found}) == 2


def test_gitlab_blocks_on_what_could_not_be_read() -> None:
    assert json.loads(report_code_quality(PLAN))[0]["severity"] == "blocker"


@pytest.mark.parametrize(
    ("summary", "environments", "shown"),
    [
        ("a may return elsewhere", BOTH, "a may return elsewhere (prod, staging)"),
        ("a may return elsewhere", ("prod",), "a may return elsewhere (prod)"),
        ("Environment prod may lose more", ("prod",), "Environment prod may lose more"),
        ("Environment prod may lose more", BOTH, "Environment prod may lose more (prod, staging)"),
        ("reproduced", ("prod",), "reproduced (prod)"),
    ],
)
def test_a_finding_names_its_environments_once(summary: str, environments: tuple[str, ...], shown: str) -> None:
    report = replace(REVIEW, findings=(finding(Level.CRITICAL, "x", "a", summary, environments=environments),))
    assert sarif(report)["results"][0]["message"]["text"].split("\n")[0] == shown
    assert json.loads(report_code_quality(report))[0]["description"].startswith(f"{shown}. ")
    assert f"::{shown}%0A" in report_annotations(report)
    assert f"critical[x]: {shown}\n" in report_text(report, colour=False)
    assert f": {shown}<br>" in report_markdown(report).replace("`", "")


def test_junit_lists_each_finding_by_name_and_is_never_empty() -> None:
    suite = next(iter(JUnitXml.fromstring(report_junit(REVIEW).encode())))
    names = [case.name for case in suite]
    assert names[0] == "everything could be read"
    assert "new-domain: workload_identity.invoice-agent login.example.net (prod)" in names
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (7, 3, 0, 2)
    quiet = next(iter(JUnitXml.fromstring(report_junit(SAMPLES["nothing"]).encode())))
    assert (quiet.tests, quiet.failures, quiet.errors) == (2, 0, 0)
    broken = next(iter(JUnitXml.fromstring(report_junit(PLAN).encode())))
    assert (broken.failures, broken.errors) == (2, 1)


@pytest.mark.parametrize(
    ("report", "result"),
    [
        (REVIEW, "skipped"),
        (replace(REVIEW, unread=("payments.yaml has mistakes",)), "skipped"),
        (replace(REVIEW, topic=Topic.DRIFT), "skipped"),
        (PLAN, "failure"),
        (replace(PLAN, refused=()), "skipped"),
        (replace(PLAN, refused=(), unread=()), None),
        (replace(REVIEW, also=(replace(PLAN, refused=(), unread=()),)), None),
        (replace(REVIEW, also=(PLAN,)), "failure"),
    ],
)
def test_junit_says_that_apply_takes_it_only_where_a_plan_that_saw_everything_does(
    report: ChangeReport, result: str | None
) -> None:
    root = ET.fromstring(report_junit(report))
    (case,) = (one for one in root.iter("testcase") if one.get("name") == "apply will take it")
    assert [one.tag for one in case] == ([result] if result else [])


def test_junit_never_names_two_cases_alike() -> None:
    twice = replace(REVIEW, findings=(replace(FINDINGS[0], source=at(3)), replace(FINDINGS[0], source=at(4))))
    names = [case.get("name") for case in ET.fromstring(report_junit(twice)).iter("testcase")]
    assert len(set(names)) == len(names)


@settings(max_examples=60, deadline=None)
@given(several_more)
def test_junit_is_xml_with_our_elements_alone(texts: list[str]) -> None:
    shown = report_junit(hostile(texts))
    assert is_visible(shown.replace("\n", ""))
    root = ET.fromstring(shown)
    assert {one.tag for one in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out",
    }  # fmt: skip
    names = [case.get("name") for case in root.iter("testcase")]
    assert len(next(iter(JUnitXml.fromstring(shown.encode())))) == len(set(names)) == len(names)


def test_labels_say_what_happens_how_grave_it_is_and_who_has_to_approve() -> None:
    assert report_labels(REVIEW) == (
        "reconciler/add", "reconciler/change", "reconciler/destroy", "reconciler/risk-critical",
        "reconciler/require-security",
    )  # fmt: skip
    assert report_labels(SAMPLES["nothing"]) == ("reconciler/risk-none",)
    assert report_labels(PLAN) == ("reconciler/change", "reconciler/risk-warning", "reconciler/incomplete")
    assert report_labels(SAMPLES["live"])[-2:] == ("reconciler/risk-critical", "reconciler/incomplete")
    assert {one.action for one in PLAN.items} == {Action.UPDATE, Action.NO_OP, Action.ADOPT}


def test_two_approvers_are_never_one_label() -> None:
    long = "platform-identity-and-access-management"
    names = [f"{long}-europe", f"{long}-america", "-team", "team-", "team", "a" * 31, "a" * 32, ""]
    asked = replace(REVIEW, approvals=tuple(Approval(require=one, because=("stack",)) for one in names))
    demands = [one for one in report_labels(asked) if one.startswith("reconciler/require-")]
    assert len(demands) == len(names)
    assert all(len(one) <= 50 for one in demands)
    assert demands[0].startswith("reconciler/require-platform-identity-and")
    assert demands[4:6] == [
        "reconciler/require-team",
        "reconciler/require-" + "a" * 31,
    ]  # what has room stands as it is


@settings(max_examples=60, deadline=None)
@given(several_more)
def test_a_label_is_one_word_that_no_shell_reads(texts: list[str]) -> None:
    for line in report_labels_text(hostile(texts)).splitlines():
        assert line.startswith("reconciler/")
        assert line.removeprefix("reconciler/").replace("-", "").replace("_", "").replace(".", "").isalnum()
        assert len(line) <= 50


def test_ten_thousand_changes_fit() -> None:
    report = many(10_000)
    assert len(sarif(report)["results"]) == 5_000
    assert len(report_sarif(report)) < 9_000_000  # GitHub takes 10 MB, compressed
