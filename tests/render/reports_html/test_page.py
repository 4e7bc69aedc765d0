"""The HTML report by its structure: what it says, in which order, and that nothing in it can act. See tests/browser, too."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.changes import Action
from reconciler.model.report import ChangeReport, Drawing, Item, Level, Link, Mark, Node, Topic
from reconciler.model.visible import is_visible
from reconciler.render.reports.html import report_html
from tests.render.reports_html.reading import Element, read
from tests.sample_reports import IDENTITY, PAYLOADS, URLS, drifted, hostile, large, planned, row, sample

GOLDEN = Path(__file__).parent
REPORTS = {
    "review": sample(),
    "plan": planned(),
    "drift": drifted(),
    "live": sample(also=(planned(), planned())),
    "empty": sample(items=(), findings=(), reach=Drawing(), approvals=(), places=()),
    "nameless": ChangeReport(topic=Topic.PLAN, stack="", places=(), items=(), findings=()),
}
every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


@pytest.mark.parametrize("name", ["review", "plan", "drift"])
def test_it_reads_in_this_order(name: str) -> None:
    golden = GOLDEN / f"{name}.outline.txt"
    assert "\n".join(read(report_html(REPORTS[name])).outline()) + "\n" == golden.read_text(encoding="utf-8")


@every_report
def test_the_policy_admits_the_pages_own_style_and_script_and_nothing_else(report: ChangeReport) -> None:
    page = report_html(report)
    root = read(page)
    (policy,) = (
        one.attributes["content"] for one in root.all("meta") if "Policy" in one.attributes.get("http-equiv", "")
    )
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"
        root.one(tag)
    assert directives["default-src"] == "'none'"
    assert directives["base-uri"] == directives["form-action"] == "'none'"


@every_report
def test_nothing_in_it_loads_or_acts(report: ChangeReport) -> None:
    for one in read(report_html(report)).walk():
        assert one.tag not in {"img", "iframe", "object", "embed", "link", "base", "form", "foreignObject", "use"}
        assert not {"style", "src", "srcset", "action", "formaction", "xlink:href"} & set(one.attributes)
        assert not [name for name in one.attributes if name.startswith("on")]
        assert one.attributes.get("href", "#").startswith("#")


@every_report
def test_every_link_and_every_label_leads_somewhere(report: ChangeReport) -> None:
    root = read(report_html(report))
    names = [one.attributes["id"] for one in root.walk() if "id" in one.attributes]
    assert len(names) == len(set(names))
    led = [one.attributes["href"].removeprefix("#") for one in root.all("a")]
    led += [name for one in root.walk() for name in one.attributes.get("aria-labelledby", "").split()]
    led += [one.attributes["for"] for one in root.all("label")]
    assert led
    assert set(led) <= set(names)


@every_report
def test_headings_go_down_one_step_at_a_time(report: ChangeReport) -> None:
    steps = [int(one.tag[1]) for one in read(report_html(report)).walk() if re.fullmatch("h[1-6]", one.tag)]
    assert steps[0] == 1
    assert steps.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(steps))


CALM = sample(findings=(), reach=Drawing(), items=())


@pytest.mark.parametrize(
    ("fields", "tone", "headline"),
    [
        ({}, "calm", "No changes: both versions mean the same"),
        ({"topic": Topic.DRIFT}, "calm", "No drift: what stands is what was applied"),
        ({"unread": ("prod was not read.",)}, "warning", "Not all could be read, so this is not the whole truth"),
        ({"refused": ("Too many deletes.",)}, "critical", "Apply will refuse this"),
        ({"also": (planned(findings=(), unread=()),)}, "critical", "Apply will refuse this"),
        ({"items": sample().items}, "calm", "No risk found in what changes"),
        ({"findings": sample().findings[-2:]}, "notice", "Nothing grave: 1 notice to have seen"),
        ({"findings": sample().findings[-1:], "items": sample().items}, "calm", "No risk found in what changes"),
        ({"findings": sample().findings[2:]}, "warning", "2 warnings: ask why before this goes on"),
        ({"findings": sample().findings[1:]}, "critical", "1 critical finding: tokens, consents or ownership are at stake"),
        ({"also": (planned(refused=()),)}, "critical", "2 critical findings: tokens, consents or ownership are at stake"),
    ],
)  # fmt: skip
def test_the_verdict_says_the_gravest_and_calms_only_over_what_is_known(
    fields: dict[str, Any], tone: str, headline: str
) -> None:
    verdict = read(report_html(dataclasses.replace(CALM, **fields))).all("section", of="verdict")[0]
    assert (verdict.classes - {"verdict"}, verdict.one("h2").text) == ({tone}, headline)


def test_what_is_unread_and_what_is_refused_stands_above_all_findings() -> None:
    page = report_html(planned())
    unread, refused = page.index("throttled until the time ran out"), page.index("Pass --allow-deletes 2")
    assert unread < page.index('id="f1"')
    assert refused < page.index('id="f1"')
    assert [one.one(of="flag").text for one in read(page).all(of="alarm")] == ["Incomplete", "Refused"]


def test_what_a_plan_beside_could_not_read_or_is_refused_stands_at_the_top_as_well() -> None:
    page = report_html(sample(also=(planned(),)))
    assert page.index("Pass --allow-deletes 2") < page.index('id="f1"')
    assert [one.one(of="flag").text for one in read(page).all(of="alarm")] == ["Incomplete", "Refused"] * 2


def test_findings_know_their_change_and_changes_their_findings() -> None:
    root = read(report_html(sample()))
    for finding in root.all(of="finding"):
        (link,) = finding.all("a")
        change = root.by_id(link.attributes["href"].removeprefix("#"))
        assert f"#{finding.attributes['id']}" in [one.attributes["href"] for one in change.all("a")]


def test_a_finding_of_another_environment_is_not_of_the_change() -> None:
    one = sample().items[0]
    report = sample(items=(dataclasses.replace(one, environments=("staging",)), one))
    first, second = read(report_html(report)).all(of="change")
    assert (first.all(of="raised"), len(second.all(of="raised"))) == ([], 1)


def test_a_finding_that_names_no_environment_is_of_all() -> None:
    one = dataclasses.replace(sample().findings[0], environments=())
    root = read(report_html(sample(findings=(one,))))
    assert root.one(of="finding").one("a").attributes["href"] == "#c3"
    assert root.by_id("c3").one(of="raised").one("a").attributes["href"] == "#f1"


def test_everything_that_a_finding_on_many_is_about_is_there_folded() -> None:
    report = sample()
    hostile_name = "workload_identity.<b>agent</b>"
    first = dataclasses.replace(report.findings[0], others=(f"{IDENTITY}.payout-agent", hostile_name))
    folded = read(report_html(dataclasses.replace(report, findings=(first,)))).one("details", of="others")
    assert folded.one("summary").text == "All 3"
    assert [one.text for one in folded.all("code")] == [first.about, *first.others]


def test_what_was_told_before_is_counted() -> None:
    assert "1 finding of earlier runs is left out." in report_html(drifted(hidden=1))
    assert "3 findings of earlier runs are left out." in report_html(drifted(hidden=3))


def test_many_findings_are_folded_after_the_gravest() -> None:
    root = read(report_html(large(400)))
    (rest,) = root.all(of="rest")
    assert rest.one("summary").text == "70 more findings"
    assert len(rest.all(of="finding")) == 70
    assert {one.one(of="level").text for one in rest.all(of="finding")} <= {"critical", "warning", "notice"}
    assert root.all(of="finding")[0].one(of="level").text == "critical"


def test_of_what_stays_some_is_shown_and_all_is_counted() -> None:
    old = tuple(f"https://app.example.com/{at:03}" for at in range(60))
    one = Item(
        action=Action.UPDATE, kind=IDENTITY, about=f"{IDENTITY}.a", rows=(row(URLS, old, (*old[1:], "https://b/")),)
    )
    body = read(report_html(sample(items=(one,), findings=()))).by_id("c1")
    assert [each.text for each in body.all("ins")] == ["+ added: https://b/"]
    assert [each.text for each in body.all("del")] == ["− removed: https://app.example.com/000"]
    kept = body.one("details", of="kept")
    assert kept.one("summary").text == "59 unchanged"
    assert kept.all("li")[-1].text == "and 39 more"


def test_the_drawing_and_its_table_say_the_same() -> None:
    root = read(report_html(sample()))
    drawn = {one.one("title").text.split(":")[0] for one in root.all("g", of="line")}
    rows = [
        [cell.text for cell in row.all() if cell.tag in ("td", "th")] for row in root.one(of="scroll").all("tr")[1:]
    ]
    said = {f"{who} to {whom.split()[-1]}, {mark.split()[-1]}" for mark, who, whom, _, _ in rows}
    assert drawn == said
    assert len(rows) == len(sample().reach.links)


def test_marks_are_told_by_sign_and_word_too() -> None:
    root = read(report_html(sample()))
    for mark, sign in (("added", "+"), ("removed", "−"), ("changed", "~")):
        for one in root.all("g", of=mark):
            assert sign in [each.text for each in one.all("text")]
            assert mark in one.one("title").text


def test_of_a_large_stack_what_is_gravest_is_drawn_and_the_rest_counted() -> None:
    report = large(3000, identities=10_000)
    worst = Node(key=f"{IDENTITY}.zz", kind=IDENTITY, label="zz", mark=Mark.KEPT, level=Level.CRITICAL)
    reach = dataclasses.replace(report.reach, nodes=(*report.reach.nodes, worst), omitted=5)
    root = read(report_html(dataclasses.replace(report, reach=reach)))
    drawn = root.all("g", of="node")
    assert len([one for one in drawn if "identity" in one.classes]) == 120
    assert "zz" in [one.one(of="label").text for one in drawn]
    assert (
        root.one(of="reach")
        .all("p")[0]
        .text.endswith(
            f"{10_110 - len(drawn):,} more of 10,110 are not drawn: what is gravest stands here. "
            "The table holds the 2,000 gravest links of 20,000. "
            "5 identities that neither change nor share a host or provider with a change are left out."
        )
    )


def test_a_link_that_leads_nowhere_is_left_out() -> None:
    one = sample().reach
    stray = Link(start="workload_identity.nobody", end="host:nowhere", mark=Mark.ADDED)
    reach = dataclasses.replace(one, links=(*one.links, stray))
    assert report_html(sample(reach=reach)) == report_html(sample())


def test_the_page_grows_with_the_changes_and_no_faster() -> None:
    few, many = (report_html(large(count)) for count in (200, 2200))
    assert (len(many) - len(few)) / 2000 < 2_000  # characters for a change
    assert (many.count("<") - few.count("<")) / 2000 / 2 < 55  # elements


def _shape(root: Element) -> Counter[tuple[str, ...]]:
    """Every element with the names of its attributes, but for code: words between backticks are."""
    return Counter((one.tag, *one.attributes) for one in root.walk() if one.tag != "code")


def _tame(report: ChangeReport) -> Counter[tuple[str, ...]]:
    return _shape(read(report_html(hostile(report, lambda at: "word"))))


WHOLE = sample(also=(planned(),))


def test_whatever_texts_say_they_make_no_markup() -> None:
    page = report_html(hostile(WHOLE))
    assert _shape(read(page)) == _tame(WHOLE)
    assert is_visible(page.replace("\n", ""))
    page.encode("utf-8")
    for payload in PAYLOADS:
        assert payload not in page or not re.search("[<\"']", payload)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.one_of(st.text(min_size=1), st.sampled_from(PAYLOADS)), min_size=1, max_size=5))
def test_no_text_at_all_makes_markup(texts: list[str]) -> None:
    page = report_html(hostile(WHOLE, lambda at: texts[at % len(texts)]))
    assert _shape(read(page)) == _tame(WHOLE)
    assert is_visible(page.replace("\n", ""))


def test_the_same_report_gives_the_same_bytes() -> None:
    assert report_html(sample()) == report_html(sample())


def test_a_finding_links_to_every_change_that_it_is_about_and_each_of_them_back() -> None:
    first, second, *_ = (one for one in sample().items if one.about.startswith(IDENTITY))
    finding = dataclasses.replace(sample().findings[0], about=first.about, others=(second.about,), environments=())
    page = report_html(sample(findings=(finding,)))
    (trace,) = (one for one in re.findall(r'<p class="trace">.*</p>', page) if "change C" in one)
    linked = re.findall(r'<a href="#(c\d+)" aria-label="change C\d+, ([\w.-]+)">', trace)
    assert {about for _, about in linked} == {first.about, second.about}
    assert page.count('href="#f1"') == len(linked)
    many = dataclasses.replace(finding, others=tuple(one.about for one in large(40).items))
    page = report_html(dataclasses.replace(large(40), findings=(many,)))
    assert re.search(r'<span class="soft">and \d+ more</span></p>', page)


def test_no_line_can_break_within_an_arrow() -> None:
    finding = dataclasses.replace(sample().findings[0], summary="it may lose more: 2 -> 8")
    page = report_html(sample(findings=(finding,)))
    assert "it may lose more: 2 → 8" in page
    assert "2 -&gt; 8" not in page
