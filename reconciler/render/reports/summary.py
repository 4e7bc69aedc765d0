"""A report as the page of a GitHub Actions run: the comment without its marker, with the room that such a page has."""

from __future__ import annotations

from reconciler.model.report import ChangeReport
from reconciler.render.cutting import Cut
from reconciler.render.reports.markdown import page

LIMIT = 1_000_000
"""Bytes. GitHub drops the page of a step that is over 1 MiB, and other commands may have written to it before."""


def report_summary(report: ChangeReport) -> str:
    """GitHub-flavoured Markdown of at most a million bytes."""
    return page(report, limit=LIMIT, lead="", told=_told, size=_bytes)


def _told(cut: Cut) -> str:
    return f"**Cut to fit this page:** {cut}. The text, JSON and HTML reports have all of it."


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
