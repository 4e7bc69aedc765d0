"""A report as one web page that needs nothing else: no network, no server, not even JavaScript to be read."""

from reconciler.render.reports.html.page import report_html

__all__ = ["report_html"]
