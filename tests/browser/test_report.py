"""The HTML report in a browser: it opens, answers to mouse and keyboard, and can be read without any of that."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.model.report import ChangeReport, Drawing
from tests.sample_reports import PAYLOADS, drifted, hostile, large, planned, sample

Show = Callable[..., Any]

LIVE = sample(also=(planned(),))
REPORTS = {
    "review": sample(),
    "plan": planned(),
    "drift": drifted(),
    "live": LIVE,
    "empty": sample(items=(), findings=(), reach=Drawing(), approvals=(), places=()),
    "large": large(300, identities=400),
}
every_report = pytest.mark.parametrize("report_", REPORTS.values(), ids=REPORTS)
narrow = {"viewport": {"width": 320, "height": 640}}


@every_report
def test_it_opens_without_a_word_or_a_request(show: Show, report_: ChangeReport) -> None:
    seen = show(report_)
    assert seen.page.locator("h1").is_visible()
    assert seen.quiet()


def test_searching_narrows_lists_and_drawing_together(show: Show) -> None:
    seen = show(sample())
    assert len(seen.drawn()) == 13
    seen.page.fill("#search", "Paymentz")
    assert (seen.shown(".change"), seen.shown(".finding")) == (["C3"], ["F1"])
    assert seen.drawn() == ["app.example.com", "github", "invoice-agent", "login.paymentz.example", "old.example.com"]
    assert seen.page.locator("[role=status]").text_content() == "1 of 7 changes and 1 of 6 findings shown"
    assert seen.page.locator(".group:visible").count() == 1
    seen.page.fill("#search", "nobody has this")
    assert (seen.shown(".change"), seen.shown(".finding"), seen.drawn()) == ([], [], [])
    assert seen.page.locator(".none:visible").all_text_contents() == [
        "No finding fits the filter.",
        "No change fits the filter.",
    ]
    seen.page.keyboard.press("Escape")
    assert (len(seen.shown(".change")), len(seen.shown(".finding")), len(seen.drawn())) == (7, 6, 13)
    assert seen.page.input_value("#search") == ""
    assert seen.quiet()


def test_a_host_is_found_in_the_drawing_by_who_reaches_it(show: Show) -> None:
    seen = show(sample())
    seen.page.fill("#search", "/support/callback")
    assert seen.drawn() == ["app.example.com", "staging.example.com", "support-agent"]


@pytest.mark.parametrize(
    ("control", "choice", "changes", "findings", "boxes"),
    [
        ("#level", "critical", ["C1", "C3"], ["F1", "F2"], 7),
        ("#level", "warning critical", ["C1", "C3", "C4", "C5"], ["F1", "F2", "F3", "F4"], 9),
        ("#action", "delete", ["C1"], [], 2),
        ("#environment", "staging", ["C4", "C5", "C6", "C7"], ["F3", "F4"], 6),
    ],
)
def test_each_filter_narrows_lists_and_drawing(
    show: Show, control: str, choice: str, changes: list[str], findings: list[str], boxes: int
) -> None:
    seen = show(sample())
    by = {"label": choice} if control == "#environment" else {"value": choice}
    seen.page.select_option(control, **by)
    assert (seen.shown(".change"), seen.shown(".finding"), len(seen.drawn())) == (changes, findings, boxes)
    seen.page.click("#clear")
    assert (len(seen.shown(".change")), len(seen.drawn())) == (7, 13)
    assert seen.page.evaluate("document.activeElement.id") == "search"


def test_what_is_left_in_the_drawing_closes_up(show: Show) -> None:
    seen = show(large(300, identities=400))
    whole = seen.page.locator(".drawing").bounding_box()["height"]
    seen.page.fill("#search", "agent-00007")
    assert "agent-00007" in seen.drawn()
    assert seen.page.locator(".drawing").bounding_box()["height"] < whole / 10
    seen.page.fill("#search", "")
    assert seen.page.locator(".drawing").bounding_box()["height"] == whole


def test_all_that_is_shown_can_be_opened_and_closed(show: Show) -> None:
    seen = show(large(40))
    assert seen.open_changes() == 0
    seen.page.select_option("#action", "delete")
    seen.page.click("#expand")
    assert seen.open_changes() == 10
    seen.page.select_option("#action", "")
    seen.page.click("#expand")
    assert seen.open_changes() == 40
    seen.page.click("#collapse")
    assert seen.open_changes() == 0
    seen.page.click(".change summary >> nth=3")
    assert seen.open_changes() == 1


def test_pointing_at_a_node_brings_out_its_links(show: Show) -> None:
    seen = show(sample())
    seen.page.hover(".node:has-text('stripe')")
    assert sorted(seen.page.locator(".node.hot .label").all_text_contents()) == ["payout-agent", "stripe"]
    assert seen.page.locator(".line.hot").count() == 1
    other, own = (
        float(seen.page.locator(which).first.evaluate("one => getComputedStyle(one.closest('g')).opacity"))
        for which in (".lit .line:not(.hot)", ".line.hot")
    )
    assert other <= 1
    assert own == 1


def test_a_node_that_is_clicked_shows_its_own_and_nothing_else(show: Show) -> None:
    seen = show(sample())
    seen.page.click(".node:has-text('stripe')")
    assert seen.drawn() == ["payout-agent", "stripe"]
    assert (seen.shown(".change"), seen.shown(".finding")) == (["C4", "C6"], ["F3"])
    assert seen.page.locator("[aria-pressed=true]").count() == 1
    assert "stripe" in seen.page.locator(".picked:visible span").text_content()
    seen.page.click(".release")
    assert (len(seen.drawn()), len(seen.shown(".change"))) == (13, 7)
    assert seen.page.locator(".picked:visible").count() == 0
    seen.page.click(".node:has-text('stripe')")
    seen.page.keyboard.press("Escape")
    assert (len(seen.drawn()), len(seen.shown(".change"))) == (13, 7)


def test_a_finding_leads_to_its_change_even_where_that_is_folded_and_filtered(show: Show) -> None:
    seen = show(large(300))
    link = seen.page.locator(".finding a").first
    target = link.get_attribute("href")
    seen.page.select_option("#action", "delete")
    link.evaluate("one => one.click()")
    assert seen.page.locator(f"details:has({target})").evaluate("one => one.open && !one.hidden")
    assert seen.page.locator(f"details:has({target})").is_visible()
    assert seen.page.evaluate("document.activeElement.tagName") == "SUMMARY"


def _press(seen: Any, *keys: str) -> str:
    """What has the focus after the keys: the id, or else the text."""
    for key in keys:
        seen.page.keyboard.press(key)
    focused: str = seen.page.evaluate(
        "(one => one.id || (one.querySelector('.label') || one).textContent)(document.activeElement)"
    )
    return focused


def test_everything_can_be_done_from_the_keyboard(show: Show) -> None:
    seen = show(sample())
    assert _press(seen, "Tab") == "Skip to the verdict"
    assert _press(seen, "Enter") == "main"
    assert _press(seen, "/") == "search"
    assert _press(seen, "/") == "search"
    assert seen.page.input_value("#search") == "/"
    _press(seen, "Escape")
    assert seen.page.input_value("#search") == ""
    assert [_press(seen, "Tab") for _ in range(6)] == ["level", "action", "environment", "expand", "collapse", "clear"]
    seen.page.focus(".canvas")
    first = _press(seen, "Tab")
    assert first == "import.example.com"
    assert _press(seen, "ArrowRight") == "legacy-importer"
    assert _press(seen, "ArrowDown") == "payout-agent"
    assert _press(seen, "ArrowRight") == "stripe"
    assert _press(seen, "ArrowLeft", "End") == "refund-agent"
    assert _press(seen, "Home", "ArrowDown", "Enter") == "payout-agent"
    assert seen.drawn() == ["github", "payout-agent", "stripe"]
    _press(seen, " ")
    assert len(seen.drawn()) == 13
    assert _press(seen, "Tab") == "table"
    _press(seen, "Enter")
    assert seen.page.locator(".scroll").is_visible()
    assert seen.quiet()


def test_what_has_the_focus_is_seen_to_have_it(show: Show) -> None:
    seen = show(sample())
    for stop in range(12):
        seen.page.keyboard.press("Tab")
        outline = seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", f"stop {stop}"


def test_all_of_it_can_be_read_without_javascript(show: Show) -> None:
    seen = show(LIVE, java_script_enabled=False)
    page = seen.page
    assert page.locator(".tools").is_hidden()
    assert page.locator(".keys").is_hidden()
    assert page.locator(".finding").count() == page.locator(".finding:visible").count() == 11
    assert page.locator(".change summary:visible").count() >= 12
    assert page.locator(".node:visible").count() == 26
    page.click(".table summary >> nth=0")
    assert page.locator(".scroll >> nth=0").is_visible()
    page.click(".change > summary >> nth=0")
    assert page.locator(".change .body >> nth=0").is_hidden()


def test_printed_it_is_open_and_has_no_controls(show: Show) -> None:
    seen = show(large(40))
    body = seen.page.locator("#c20 ins >> nth=0")
    assert not body.evaluate(
        "one => one.checkVisibility({contentVisibilityProperty: true, contentVisibilityAuto: true})"
    )
    seen.page.emulate_media(media="print")
    assert body.evaluate("one => one.checkVisibility({contentVisibilityProperty: true, contentVisibilityAuto: true})")
    assert seen.page.locator(".tools").is_hidden()
    assert seen.page.locator("nav").is_hidden()
    seen.page.emulate_media(media="screen")
    seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert seen.open_changes() == 40
    seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert seen.open_changes() == 0


@pytest.mark.parametrize("report_", [LIVE, hostile(LIVE), large(100, identities=100)], ids=["live", "hostile", "large"])
def test_a_phone_never_scrolls_the_page_sideways(show: Show, report_: ChangeReport) -> None:
    seen = show(report_, **narrow)
    seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_hostile_manifest_runs_nothing(show: Show) -> None:
    seen = show(hostile(LIVE))
    page = seen.page
    page.click("#expand")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for query in PAYLOADS[:3]:
        page.fill("#search", query)
    page.keyboard.press("Escape")
    page.evaluate(
        """document.querySelectorAll('main *').forEach(one => {
            for (const name of ['mouseover', 'mouseenter', 'focus', 'click', 'error', 'load', 'animationstart', 'begin'])
                one.dispatchEvent(new Event(name));
            if (one.matches('a')) one.click();
        })"""
    )
    assert page.evaluate("typeof window.hacked") == "undefined"
    for tag in ("iframe", "img", "object", "embed", "base", "link", "form", "foreignObject", "animate", "set"):
        assert page.locator(tag).count() == 0, tag
    assert [page.locator(tag).count() for tag in ("script", "style", "main", "h1")] == [1, 1, 1, 1]
    assert page.locator("meta[http-equiv]").count() == 1
    assert seen.quiet()


def test_the_policy_would_hold_where_escaping_did_not(show: Show) -> None:
    """What the page relies on in the second place: a script or style that got in all the same is not run."""
    seen = show(sample())
    seen.page.evaluate(
        """() => {
            const script = document.createElement('script');
            try { script.text = 'window.hacked = 1' } catch { }
            document.body.append(script);
            document.body.setAttribute('style', 'color: red');
            const image = new Image();
            image.src = 'https://evil.example/x';
            document.body.append(image);
        }"""
    )
    seen.page.wait_for_function("window.violations.length >= 3")
    assert seen.page.evaluate("typeof window.hacked") == "undefined"
    assert seen.asked == []


def test_two_thousand_changes_are_few_enough_elements_and_hardly_laid_out(show: Show) -> None:
    seen = show(large(2000, identities=2000))
    assert len(seen.shown(".change")) == 2000
    assert seen.page.evaluate("document.querySelectorAll('*').length") < 2000 * 60
    laid_out = "all => all.slice(0, 20).filter(one => one.checkVisibility({contentVisibilityProperty: true})).length"
    assert seen.page.eval_on_selector_all(".change > .body", laid_out) == 0
    assert seen.quiet()


def test_reports_that_belong_together_are_filtered_together(show: Show) -> None:
    seen = show(dataclasses.replace(LIVE, also=(*LIVE.also, planned(stack="other"))))
    seen.page.fill("#search", "legacy-importer")
    assert seen.shown(".change") == ["C1", "C1", "C1"]
    assert seen.drawn() == ["import.example.com"] * 3 + ["legacy-importer"] * 3
    seen.page.click(".node:visible:has-text('legacy-importer') >> nth=1")
    assert seen.shown(".change") == ["C1"]
