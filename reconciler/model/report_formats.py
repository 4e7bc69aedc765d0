"""The formats that a report is written in, by the names that the command line knows. Leaves out how they look."""

from __future__ import annotations

import enum


class ReportFormat(enum.Enum):
    """What `--output FORMAT=FILE` takes; the value is the word."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    SARIF = "sarif"
    ANNOTATIONS = "annotations"
    SUMMARY = "summary"
    GITLAB = "gitlab"
    JUNIT = "junit"
    LABELS = "labels"

    @property
    def purpose(self) -> str:
        """What it is for, in a few words."""
        return _PURPOSES[self]


_PURPOSES = {
    ReportFormat.TEXT: "people, at a terminal or in a log",
    ReportFormat.JSON: "programs",
    ReportFormat.MARKDOWN: "a pull-request comment",
    ReportFormat.HTML: "a page that needs nothing else, with a drawing of who reaches what",
    ReportFormat.SARIF: "GitHub code scanning and whatever else reads SARIF 2.1.0",
    ReportFormat.ANNOTATIONS: "GitHub Actions: findings beside the lines of the diff",
    ReportFormat.SUMMARY: "the page of a GitHub Actions run ($GITHUB_STEP_SUMMARY)",
    ReportFormat.GITLAB: "GitLab's code quality report",
    ReportFormat.JUNIT: "Jenkins, GitLab and whatever else shows JUnit XML",
    ReportFormat.LABELS: "labels of a pull request, one a line",
}
