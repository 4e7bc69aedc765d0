"""axe-core's judgement of the HTML report: nothing serious or critical, light or dark, wide or narrow, whatever it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from reconciler.model.report import ChangeReport
from tests.sample_reports import drifted, hostile, large, planned, sample

Show = Callable[..., Any]

LIVE = sample(also=(planned(),))
SCREENS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 320, "height": 640}},
}
CASES = {
    "review light": (LIVE, "light"),
    "review dark": (LIVE, "dark"),
    "review phone": (LIVE, "phone"),
    "hostile light": (hostile(LIVE), "light"),
    "hostile phone": (hostile(LIVE), "phone"),
    "drift dark": (drifted(), "dark"),
    "large phone": (large(64, identities=20), "phone"),
}


@pytest.mark.parametrize(("report_", "screen"), CASES.values(), ids=CASES)
def test_axe_finds_nothing_serious(show: Show, report_: ChangeReport, screen: str) -> None:
    seen = show(report_, bypass_csp=True, **SCREENS[screen])  # axe is a script, too
    seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(seen.page).response
    assert len(found["passes"]) > 20
    grave = [
        (one["id"], one["impact"], [node["target"] for node in one["nodes"]][:3], one["nodes"][0]["failureSummary"])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert grave == []
    assert [one["id"] for one in found["violations"]] == []
