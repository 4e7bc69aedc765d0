"""Pure views of a plan, an apply, a lockfile, a directory: values in, text out. No I/O, no clock; whoever calls prints.

Colour is asked for by the caller; whether a terminal, `NO_COLOR` or a flag wants it is the command line's concern.
"""

from reconciler.render.apply_text import event_line, outcome_line, report_text, started_line
from reconciler.render.clean import clean, clean_lines
from reconciler.render.export import export_yaml, exported
from reconciler.render.export_terraform import export_terraform
from reconciler.render.findings import diagnostics_text
from reconciler.render.letting_go import cloudformation_farewell, removed_blocks, terraform_farewell
from reconciler.render.lock_text import lock_text
from reconciler.render.plan_markdown import plan_markdown
from reconciler.render.plan_text import plan_text
from reconciler.render.words import duration

__all__ = [
    "clean",
    "clean_lines",
    "cloudformation_farewell",
    "diagnostics_text",
    "duration",
    "event_line",
    "export_terraform",
    "export_yaml",
    "exported",
    "lock_text",
    "outcome_line",
    "plan_markdown",
    "plan_text",
    "removed_blocks",
    "report_text",
    "started_line",
    "terraform_farewell",
]
