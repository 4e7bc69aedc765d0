"""Labels for a pull request, one a line: what happens, how grave it is, who has to approve."""

from __future__ import annotations

import re

from reconciler.model.changes import Action
from reconciler.model.report import ChangeReport

_PREFIX = "reconciler/"
_OF_ACTION = {
    Action.CREATE: "add",
    Action.UPDATE: "change",
    Action.REPLACE: "change",
    Action.DELETE: "destroy",
    Action.ADOPT: "change",
}
_ORDER = ("add", "change", "destroy")
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 50  # characters of a label on GitHub


def report_labels(report: ChangeReport) -> tuple[str, ...]:
    """The labels, in their one order: add, change, destroy, risk, incomplete, require."""
    whole = (report, *report.also)
    found = {_OF_ACTION.get(one.action) for part in whole for one in part.items}
    worst = max((part.worst for part in whole if part.worst), key=lambda one: one.rank, default=None)
    labels = [one for one in _ORDER if one in found]
    labels.append(f"risk-{worst.value if worst else 'none'}")
    if not report.complete:
        labels.append("incomplete")
    labels += [f"require-{_word(one.require)}" for one in report.approvals]
    return tuple(dict.fromkeys(f"{_PREFIX}{one}"[:_LONGEST] for one in labels))


def report_labels_text(report: ChangeReport) -> str:
    """One a line, for `gh pr edit --add-label` and its like."""
    return "".join(f"{one}\n" for one in report_labels(report))


def _word(name: str) -> str:
    """What of a name may stand in a label: no blank, comma or anything that a shell reads."""
    return _UNFIT.sub("-", name).strip("-") or "somebody"
