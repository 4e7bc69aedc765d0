"""A report that others belong to: the gravest of all stands on top, in every format, with the same numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

from reconciler.model.report import Level
from reconciler.render.reports import (
    report_annotations,
    report_html,
    report_json,
    report_junit,
    report_labels,
    report_markdown,
    report_sarif,
    report_summary,
    report_text,
)
from tests.render.reports.samples import FINDINGS, LIVE, PLAN, finding

CALM = finding(Level.NOTICE, "owner-changed", "invoice-agent", "somebody else answers for it", environments=("prod",))
WORSE = (finding(Level.CRITICAL, "deletion", "a", "a goes"), finding(Level.CRITICAL, "deletion", "b", "b goes"))
REFUSED = replace(PLAN, findings=WORSE, unread=(), refused=("it would delete too much",))
LIVE_AND_GRAVE = replace(LIVE, findings=(CALM,), also=(REFUSED,))
VERDICT = "2 critical findings: tokens, consents or ownership are at stake. Apply will refuse this."


def test_people_read_it_first() -> None:
    text, page = report_text(LIVE_AND_GRAVE, colour=False, width=200), report_html(LIVE_AND_GRAVE)
    assert text.split("\n")[2] == f"{VERDICT} In all: 2 critical, 1 notice."
    for shown in (report_markdown(LIVE_AND_GRAVE), report_summary(LIVE_AND_GRAVE)):
        assert f"🔴 **{VERDICT}** In all: 2 critical, 1 notice." in shown[: shown.index("From ")]
    assert f'id="verdict">{VERDICT[:-1]}</h2>' in page
    assert "2 critical</span>" in page[: page.index("<nav")]


def test_programs_count_it() -> None:
    raw = json.loads(report_json(LIVE_AND_GRAVE))
    assert (raw["worst"], raw["also"][0]["worst"]) == ("critical", "critical")
    assert raw["summary"]["findings"] == {"critical": 2, "warning": 0, "notice": 1, "info": 0}
    assert "reconciler/risk-critical" in report_labels(LIVE_AND_GRAVE)
    levels = [one["level"] for one in json.loads(report_sarif(LIVE_AND_GRAVE))["runs"][0]["results"]]
    assert levels == ["error", "error", "note"]
    kinds = [line.split(" ")[0] for line in report_annotations(LIVE_AND_GRAVE).splitlines()]
    assert kinds == ["::error", "::error", "::warning", "::notice"]
    assert ET.fromstring(report_junit(LIVE_AND_GRAVE)).get("failures") == "3"


def test_what_is_told_in_several_counts_once() -> None:
    twice = replace(LIVE, findings=FINDINGS[:1], also=(replace(PLAN, findings=FINDINGS[:1]),))
    assert json.loads(report_json(twice))["summary"]["findings"]["critical"] == 1
    assert "**1 critical finding:" in report_markdown(twice)


def test_a_plan_that_is_refused_is_not_said_to_have_nothing_to_do() -> None:
    refused = replace(REFUSED, items=(), findings=())
    assert "nothing to do" not in report_text(refused, colour=False)
    assert "nothing to do" in report_text(replace(refused, refused=()), colour=False)


def test_a_part_says_its_own() -> None:
    shown = report_markdown(replace(LIVE_AND_GRAVE, also=(replace(REFUSED, findings=(), refused=()), REFUSED)))
    _, first, second = shown.split("\n#### ")
    assert "Nothing speaks against it." in first
    assert VERDICT in second
