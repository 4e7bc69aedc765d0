"""Every format of every sample is what its golden file holds. `--update-cases` rewrites them; read the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.model.report_formats import ReportFormat
from reconciler.render.reports import FORMATS, report_text
from tests.render.reports.samples import REVIEW, SAMPLES

GOLDEN = Path(__file__).parent / "golden"
SUFFIXES = {
    ReportFormat.TEXT: "txt", ReportFormat.JSON: "json", ReportFormat.MARKDOWN: "md", ReportFormat.SARIF: "sarif",
    ReportFormat.ANNOTATIONS: "annotations.txt", ReportFormat.SUMMARY: "summary.md", ReportFormat.GITLAB: "gitlab.json",
    ReportFormat.JUNIT: "junit.xml", ReportFormat.LABELS: "labels.txt",
}  # fmt: skip


@pytest.mark.parametrize("form", SUFFIXES, ids=lambda one: one.value)
@pytest.mark.parametrize("sample", SAMPLES)
def test_format(sample: str, form: ReportFormat, request: pytest.FixtureRequest) -> None:
    text = FORMATS[form](SAMPLES[sample]).replace(f'version":"{__version__}"', 'version":"VERSION"')
    if form in (ReportFormat.JSON, ReportFormat.SARIF, ReportFormat.GITLAB):
        text = text.replace("},{", "},\n{").replace("],", "],\n")  # the same JSON, in lines that can be compared
    file = GOLDEN / f"{sample}.{SUFFIXES[form]}"
    if request.config.getoption("--update-cases"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_every_format_is_here_and_has_a_purpose() -> None:
    assert set(FORMATS) == set(ReportFormat) >= set(SUFFIXES)
    assert all(one.purpose for one in ReportFormat)


def test_the_terminal_has_colours_and_what_the_settings_allow_on_request() -> None:
    plain = report_text(REVIEW, colour=False)
    assert "\x1b" not in plain
    assert "\x1b[1;31mcritical[new-domain]:\x1b[0m" in report_text(REVIEW, colour=True)
    assert "info[new-host]" not in plain
    assert "info[new-host]" in report_text(REVIEW, colour=False, verbose=True)
    assert "Allowed by settings.review.hosts." in report_text(REVIEW, colour=False, verbose=True)


def test_a_narrow_terminal_gets_no_line_that_could_be_folded() -> None:
    for line in report_text(REVIEW, colour=False, width=60).split("\n"):
        assert len(line) <= 60 or " " not in line.strip() or "payments.yaml" in line or "workload_identity" in line, (
            line
        )
