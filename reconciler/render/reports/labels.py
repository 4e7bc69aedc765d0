"""Labels for a pull request, one a line: what happens, how grave it is, who has to approve."""

from __future__ import annotations

import re

from reconciler.model.changes import Action
from reconciler.model.report import BESIDE, ChangeReport, Item, Level
from reconciler.model.values import digest

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
_LONGEST = 50 - len(_PREFIX)  # characters of a label on GitHub
_MARK = 8
"""Digits that tell names apart which would have become one label."""


def report_labels(report: ChangeReport) -> tuple[str, ...]:
    """The labels, in their one order: add, change, destroy, risk, incomplete, require."""
    whole = (report, *report.also)
    found = {_word_of(one) for part in whole for one in part.items}
    worst = max((part.worst for part in whole if part.worst), key=lambda one: one.rank, default=None)
    labels = [one for one in _ORDER if one in found]
    if not report.complete and (worst is None or worst.rank < Level.WARNING.rank):
        worst = Level.WARNING  # what nobody could read is at least worth a question
    labels.append(f"risk-{worst.value if worst else 'none'}")
    if not report.complete:
        labels.append("incomplete")
    labels += [_demand(one.require) for one in report.approvals]
    return tuple(dict.fromkeys(f"{_PREFIX}{one}" for one in labels))


def _word_of(item: Item) -> str | None:
    """What happens to the thing; nothing is destroyed with what a manifest says beside its resources."""
    found = _OF_ACTION.get(item.action)
    return "change" if found == "destroy" and item.kind in BESIDE else found


def report_labels_text(report: ChangeReport) -> str:
    """One a line, for `gh pr edit --add-label` and its like."""
    return "".join(f"{one}\n" for one in report_labels(report))


def _demand(name: str) -> str:
    """The label of who has to approve, with no blank, comma or anything that a shell reads.

    A name that does not stand there as it is (long, or of other signs) ends with digits of its own: no two approvers are one.
    """
    label = f"require-{_UNFIT.sub('-', name)}"
    if name and label == f"require-{name}" and len(label) <= _LONGEST:
        return label
    mark = digest(name).removeprefix("sha256:")[:_MARK]
    return f"{label[: _LONGEST - _MARK - 1]}-{mark}"
