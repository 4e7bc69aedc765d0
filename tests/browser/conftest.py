"""A real Chromium for the HTML report: one for each worker, a new profile for each test, an ear for all that goes wrong."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from reconciler.model.report import ChangeReport
from reconciler.render.reports.html import report_html

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE = 60_000  # milliseconds, for a machine with much else to do
_EAR = "window.violations = []; addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective))"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser. A machine without one fails: nobody may take these tests for passed."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail(
            f"These tests need a browser, and none of {', '.join(_NAMES)} is on the PATH: apt-get install chromium, "
            "or leave them out: make test PYTEST='--ignore tests/browser'.",
            pytrace=False,
        )
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # as root, Chromium has none
        browser = playwright.chromium.launch(executable_path=found, args=[*sandbox, "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An opened page, and what it did besides being shown."""

    page: Page
    said: list[str] = field(default_factory=list)  # on the console, by errors, in dialogs
    asked: list[str] = field(default_factory=list)  # addresses, but for the page itself

    def quiet(self) -> bool:
        """Whether nothing was said, asked for or kept from running."""
        return (self.said, self.asked, self.page.evaluate("window.violations")) == ([], [], [])

    def open_changes(self) -> int:
        return self.page.locator("details.change[open]").count()

    def shown(self, of: str) -> list[str]:
        """The labels of the changes or findings that are shown."""
        found: list[str] = self.page.eval_on_selector_all(
            of,
            "all => all.filter(one => !one.closest('[hidden]')).map(one => one.querySelector('.number').textContent)",
        )
        return found

    def drawn(self) -> list[str]:
        """The labels of the boxes that are drawn."""
        return sorted(self.page.locator(".node:not(.off) .label").all_text_contents())


Show = Callable[..., Seen]


@pytest.fixture
def show(chromium: Browser, tmp_path: Path) -> Iterator[Show]:
    """Opens a report from a file. Keywords are those of the browser's context: `color_scheme`, `viewport`, …"""
    with contextlib.ExitStack() as stack:

        def opened(report: ChangeReport, **terms: Any) -> Seen:
            file = tmp_path / "report.html"
            file.write_text(report_html(report), encoding="utf-8")
            context = chromium.new_context(**({"viewport": {"width": 1280, "height": 900}} | terms))
            stack.callback(context.close)
            context.set_default_timeout(_PATIENCE)
            seen = Seen(page=context.new_page())

            def route(request: Any) -> None:
                own = request.request.url.partition("#")[0] == file.as_uri()
                if not own:
                    seen.asked.append(request.request.url)
                _ = request.continue_() if own else request.abort()

            context.route("**/*", route)
            seen.page.add_init_script(_EAR)
            seen.page.on("console", lambda message: seen.said.append(message.text))
            seen.page.on("pageerror", lambda error: seen.said.append(str(error)))
            seen.page.on("dialog", lambda dialog: (seen.said.append(dialog.message), dialog.dismiss()))
            seen.page.goto(file.as_uri())
            return seen

        yield opened
