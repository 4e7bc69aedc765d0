"""A report that a verb has made: printed in one format, and written in all that `--output` asks for."""

from __future__ import annotations

from reconciler.cli.console import Console
from reconciler.cli.options import Format
from reconciler.cli.report_files import ReportFiles
from reconciler.model.report import ChangeReport
from reconciler.model.report_formats import ReportFormat


def tell_report(console: Console, report: ChangeReport, files: ReportFiles, form: Format, *, verbose: bool) -> None:
    """Write all, whatever the exit code will be; then raise ReconcilerError where one of them could not be written."""
    from reconciler.render.reports import FORMATS, report_text

    def text(wanted: ReportFormat) -> str:
        return (
            report_text(report, colour=False, verbose=verbose)
            if wanted is ReportFormat.TEXT
            else FORMATS[wanted](report)
        )

    failed = files.write(console, text)
    if not files.on_stdout:
        if form is Format.TEXT:
            console.show(report_text(report, colour=console.colour_out, width=console.width, verbose=verbose))
        else:
            console.show(FORMATS[ReportFormat(form.value)](report))
    if failed is not None:
        raise failed
