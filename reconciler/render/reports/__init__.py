"""Every format of a report, each a pure function of one `ChangeReport`; none can say what another does not. Pure."""

from collections.abc import Callable, Mapping
from functools import partial

from reconciler.model.report import ChangeReport
from reconciler.model.report_formats import ReportFormat
from reconciler.render.reports.annotations import report_annotations
from reconciler.render.reports.code_quality import report_code_quality
from reconciler.render.reports.encode import encode_report, report_json
from reconciler.render.reports.html import report_html
from reconciler.render.reports.junit import report_junit
from reconciler.render.reports.labels import report_labels, report_labels_text
from reconciler.render.reports.markdown import report_markdown
from reconciler.render.reports.sarif import report_sarif
from reconciler.render.reports.summary import report_summary
from reconciler.render.reports.text import report_text

FORMATS: Mapping[ReportFormat, Callable[[ChangeReport], str]] = {
    ReportFormat.TEXT: partial(report_text, colour=False),
    ReportFormat.JSON: report_json,
    ReportFormat.MARKDOWN: report_markdown,
    ReportFormat.HTML: report_html,
    ReportFormat.SARIF: report_sarif,
    ReportFormat.ANNOTATIONS: report_annotations,
    ReportFormat.SUMMARY: report_summary,
    ReportFormat.GITLAB: report_code_quality,
    ReportFormat.JUNIT: report_junit,
    ReportFormat.LABELS: report_labels_text,
}
"""What writes each."""

__all__ = [
    "FORMATS",
    "encode_report",
    "report_annotations",
    "report_code_quality",
    "report_html",
    "report_json",
    "report_junit",
    "report_labels",
    "report_labels_text",
    "report_markdown",
    "report_sarif",
    "report_summary",
    "report_text",
]
