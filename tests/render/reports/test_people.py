"""What people read in a pull request: the comment and the step summary, whole or cut, and no stage for what others wrote."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.model.report import ChangeReport, Level
from reconciler.render.cutting import NOTE, Block, Cut, Form, fitted
from reconciler.render.reports import report_markdown, report_summary, report_text
from tests.render.reports.samples import BOTH, FINDINGS, REVIEW, at, finding, hostile, many
from tests.render.test_hostile import safe, several_more
from tests.render.test_markup import REFERENCE

OURS = {"<br>", "<details>", "<details open>", "</details>"}
CUT = re.compile(r"\*\*Cut to fit [a-z ]+:\*\* (.+?)\. The text")


def leaves(markdown: str) -> list[Token]:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [leaf for token in tokens for leaf in (token.children or [token])]


def test_the_verdict_stands_right_below_the_marker_and_the_title() -> None:
    marker, title, _, verdict, *_ = report_markdown(REVIEW).split("\n")
    assert marker == "<!-- reconciler:review payments/ -->"
    assert title == "### Review of stack `payments`, environments `prod`, `staging`"
    assert verdict.startswith("🔴 **2 critical findings:")


def test_the_step_summary_is_the_comment_without_its_marker() -> None:
    assert report_markdown(REVIEW).split("\n", 1)[1] == report_summary(REVIEW)


@settings(max_examples=150, deadline=None)
@given(several_more)
def test_what_others_wrote_is_code_or_plain_words(texts: list[str]) -> None:
    marker, shown = report_markdown(hostile(texts)).split("\n", 1)
    assert re.fullmatch(r"<!-- reconciler:review [\w.~%+-]*/[\w.~%+-]* -->", marker, re.ASCII)
    assert safe(shown, colour=False)
    for token in leaves(shown):
        assert token.type not in {"link_open", "image", "hr", "table_open", "html_inline"} or token.content == "<br>"
        if token.type == "text":
            assert not REFERENCE.search(token.content.replace("[!CAUTION]", "")), token.content
        if token.type == "html_block":
            assert token.content.strip().split("<summary>")[0] in OURS


@settings(max_examples=60, deadline=None)
@given(several_more)
def test_the_text_is_safe_on_a_terminal(texts: list[str]) -> None:
    for colour in (True, False):
        assert safe(report_text(hostile(texts), colour=colour, verbose=True), colour=colour)


@pytest.mark.parametrize(("write", "limit"), [(report_markdown, 60_000), (report_summary, 1_000_000)])
def test_ten_thousand_changes_fit_and_what_is_cut_is_counted(write: Callable[[ChangeReport], str], limit: int) -> None:
    report = many(10_000)
    shown = write(report)
    size = len(shown) if write is report_markdown else len(shown.encode())
    assert limit * 0.8 < size <= limit
    cut = CUT.search(shown)
    assert cut is not None
    left, brief = counted(cut.group(1))
    findings = len(re.findall(r"^- [🔴🟠🔵⚪]", shown, re.MULTILINE))
    changes = len(re.findall(r"^[-+!] workload_identity", shown, re.MULTILINE))
    assert left.get("finding", 0) + findings == 5_000
    assert left.get("change", 0) + changes == 10_000
    full = len(re.findall(r"<br>$", shown, re.MULTILINE))
    assert brief.get("finding", 0) == findings - full


def test_everything_that_a_finding_on_many_is_about_is_listed_for_who_asks() -> None:
    others = tuple(f"workload_identity.agent-{number}" for number in range(40))
    report = replace(REVIEW, findings=(replace(FINDINGS[0], others=others),))
    short, long = (report_text(report, colour=False, verbose=verbose) for verbose in (False, True))
    assert not set(others) & set(re.findall(r"[\w.-]*[\w]", short))
    assert {FINDINGS[0].about, *others} <= set(re.findall(r"[\w.-]*[\w]", long))
    assert "All 41: " in long


def counted(said: str) -> tuple[dict[str, int], dict[str, int]]:
    """What is left out, and what is shown without details, by noun."""
    found: list[dict[str, int]] = []
    for words in ("left out", "shown without details"):
        part = next((one for one in said.split(", ") if one.endswith(words)), "")
        head = said[: said.index(part) + len(part)] if part else ""
        head = head.partition("left out, ")[2] or head
        found.append({noun.rstrip("s"): int(n) for n, noun in re.findall(r"(\d+) (findings?|changes?)", head)})
    return found[0], found[1]


def test_critical_findings_outlive_everything_else() -> None:
    shown = report_markdown(many(10_000))
    assert "🔴 **critical**" in shown
    assert "⚪ **info**" not in shown
    assert "🔵 **notice**" not in shown


def test_details_of_what_matters_little_go_before_anything_that_matters() -> None:
    report = many(400)
    shown = report_markdown(report)
    critical = sum(one.level is Level.CRITICAL for one in report.findings)
    assert len(re.findall(r"^- 🔴", shown, re.MULTILINE)) == critical
    assert len(re.findall(r"^- 🔴.*<br>$", shown, re.MULTILINE)) == critical
    assert len(re.findall(r"^[-+!] workload_identity", shown, re.MULTILINE)) == 400
    assert "changes shown without details" in shown


def test_a_finding_that_would_fill_the_page_is_shown_in_short() -> None:
    long = finding(Level.CRITICAL, "x", "a", "word " * 20_000, source=at(1), environments=BOTH)
    shown = report_markdown(replace(REVIEW, findings=(long, *FINDINGS)))
    assert len(shown) < 60_000
    assert "…" in shown
    assert "`new-domain`" in shown


def test_many_reasons_environments_and_approvals_are_cut_as_well() -> None:
    shown = report_markdown(replace(REVIEW, unread=tuple(f"{n} could not be read: {'x' * 300}" for n in range(2_000))))
    assert len(shown) <= 60_000
    assert re.search(r"\d+ reasons", shown)


def test_what_does_not_fit_at_all_leaves_its_count() -> None:
    two = Counter({("thing", "things"): 2})
    block = Block(entries=[(Form(1, "x" * 100),)] * 3, noun=("thing", "things"), lead="<", close=">")
    shown = fitted(["head", NOTE, block], 800, told=str)
    assert shown == f"head\n\n<{'x' * 100}\n{'x' * 100}\n{'x' * 100}>\n"
    small = fitted(["head", NOTE, block], 310, told=lambda cut: f"cut: {cut}")
    assert small == "head\n\ncut: 3 things left out\n\nLeft out here: 3 things.\n"
    assert str(Cut(hidden=two, brief=two)) == "2 things left out, 2 things shown without details"


def test_once_something_found_no_room_nothing_less_important_does() -> None:
    """A small thing that matters little would fit where a large one that matters does not, and mislead."""
    grave = Block(entries=[(Form(0, "g" * 900),)], noun=("grave", "graves"))
    mild = Block(entries=[(Form(1, "m"),)], noun=("mild", "milds"))
    assert "m\n" not in fitted(["head", NOTE, mild, grave], 905, told=str)
    assert "m\n" in fitted(["head", NOTE, mild, grave], 2_000, told=str)


@pytest.mark.parametrize("limit", range(3_000, 12_000, 750))
def test_what_always_stands_and_every_frame_are_reckoned_with(limit: int) -> None:
    blocks = [
        Block(
            entries=[(Form(n % 3, "x" * 20), Form(5 + n % 3, "x" * 200)) for n in range(40)],
            noun=("thing", "things"), lead="<" * 50, close=">" * 50, between="=" * 10,
        )
        for _ in range(3)
    ]  # fmt: skip
    shown = fitted(["h" * 1_500, NOTE, *blocks], limit, told=lambda cut: f"{cut} " * 3)
    assert limit - 1_000 < len(shown) <= limit
