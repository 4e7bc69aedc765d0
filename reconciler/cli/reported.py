"""A report that a verb has made: printed in one format, and written in all that `--output` asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.cli.console import Console
from reconciler.cli.options import Format
from reconciler.cli.report_files import ReportFiles
from reconciler.model.report import ChangeReport
from reconciler.model.report_formats import ReportFormat


def tell_report(
    console: Console,
    report: ChangeReport,
    files: ReportFiles,
    form: Format,
    *,
    verbose: bool,
    own: Mapping[ReportFormat, Callable[[], str]] | None = None,
    silent: bool = False,
) -> None:
    """Write all, whatever the exit code will be; then raise ReconcilerError where one of them could not be written.

    `silent`: only the files are. `own`: formats that the verb makes by itself, because its reports hold more than all have in
    common.
    """
    from reconciler.render.reports import FORMATS, report_text

    own = own or {}

    def text(wanted: ReportFormat) -> str:
        if wanted in own:
            return own[wanted]()
        return (
            report_text(report, colour=False, verbose=verbose)
            if wanted is ReportFormat.TEXT
            else FORMATS[wanted](report)
        )

    failed = files.write(console, text)
    if not files.on_stdout and not silent:
        if form is Format.TEXT:
            console.show(report_text(report, colour=console.colour_out, width=console.width, verbose=verbose))
        else:
            console.show(text(ReportFormat(form.value)))
    if failed is not None:
        raise failed
