"""What the page says in its own words: the verdict in one line, actions, kinds and marks, by the topic of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from reconciler.diagnostics import Source
from reconciler.model.changes import Action, Cause
from reconciler.model.kinds import KINDS
from reconciler.model.report import BESIDE, ChangeReport, Level, Mark, Topic
from reconciler.render.words import plural

TITLES: Mapping[Topic, str] = {Topic.REVIEW: "Review", Topic.PLAN: "Plan", Topic.DRIFT: "Drift"}
MARKS: Mapping[Mark, str] = {
    Mark.ADDED: "added",
    Mark.REMOVED: "removed",
    Mark.CHANGED: "changed",
    Mark.KEPT: "unchanged",
}
LEVELS: Mapping[Level, tuple[str, str]] = {
    Level.CRITICAL: ("critical", "critical"),
    Level.WARNING: ("warning", "warnings"),
    Level.NOTICE: ("notice", "notices"),
    Level.INFO: ("for information", "for information"),
}
CAUSES: Mapping[Cause | None, str] = {
    None: "",
    Cause.MANIFEST: "the manifest changed it",
    Cause.OUTSIDE: "changed outside",
    Cause.BOTH: "the manifest and somebody outside changed it",
}
GRAVEST_ACTIONS = (
    Action.DELETE,
    Action.REPLACE,
    Action.UPDATE,
    Action.CREATE,
    Action.ADOPT,
    Action.FORGET,
    Action.NO_OP,
)
"""The order in which changes are shown: what cannot be taken back first."""

_REVIEW: Mapping[Action, str] = {
    Action.CREATE: "added",
    Action.UPDATE: "changed",
    Action.DELETE: "removed",
    Action.REPLACE: "renamed",
    Action.ADOPT: "taken over",
    Action.FORGET: "let go",
    Action.NO_OP: "in the lockfile only",
}
_PLAN: Mapping[Action, str] = {action: f"to {action.word}" for action in Action} | {
    Action.NO_OP: "in the lockfile only"
}
_DRIFT: Mapping[Action, str] = _PLAN | {
    Action.CREATE: "made outside",
    Action.UPDATE: "changed outside",
    Action.DELETE: "deleted outside",
    Action.REPLACE: "made anew outside",
}
_ACTIONS: Mapping[Topic, Mapping[Action, str]] = {Topic.REVIEW: _REVIEW, Topic.PLAN: _PLAN, Topic.DRIFT: _DRIFT}
_KINDS: Mapping[str, str] = {kind.type: kind.singular for kind in KINDS} | {"host": "return host"}


def action(topic: Topic, of: Action) -> str:
    """`removed`, `to delete`, `deleted outside`: as the topic puts it."""
    return _ACTIONS[topic][of]


def kind(type_: str) -> str:
    """What an item or a node is, in words; a kind that is not known yet by its own."""
    return _KINDS.get(type_, type_)


def place(source: Source | None, prefix: str, *, gone: bool) -> str:
    """`manifests/prod.yaml:12`, from the root of the repository; "" for none."""
    if source is None:
        return ""
    file = source.file if source.file.startswith("/") else f"{prefix}{source.file}"
    return f"{file}:{source.line}" + (" (in the base version)" if gone else "")


def several(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def number(count: int) -> str:
    """`2,000`."""
    return f"{count:,}"


def tally(found: Mapping[Level, int]) -> str:
    """`2 critical, 3 warnings`, or "" for none."""
    return ", ".join(
        f"{number(found[level])} {LEVELS[level][found[level] != 1]}"
        for level in reversed(Level)
        if found.get(level)
    )


def sums(report: ChangeReport) -> str:
    """`12 changes: 2 removed, 5 changed and 5 added.`, with what else differs, and what stays."""
    counts = report.counts()
    parts = [f"{number(counts[one])} {action(report.topic, one)}" for one in GRAVEST_ACTIONS if counts[one]]
    total = counts.total()
    said = [f"{number(total)} {'resource changes' if total == 1 else 'resources change'}: {several(parts)}."] if parts else []
    if beside := sum(one.kind in BESIDE for one in report.items):
        said.append(f"{plural(beside, 'change')} to the stack, its environments and its settings.")
    if report.unchanged:
        stays = "1 stays as it is." if report.unchanged == 1 else f"{number(report.unchanged)} stay as they are."
        said.append(stays)
    return " ".join(said) or "There is nothing to compare."


def levels(report: ChangeReport) -> Counter[Level]:
    """How many findings there are of each level, with those of the reports that belong to it."""
    return sum((levels(one) for one in report.also), report.levels())


def refused(report: ChangeReport) -> bool:
    """Whether apply would not run this, or what belongs to it."""
    return bool(report.refused) or any(map(refused, report.also))


def headline(report: ChangeReport) -> str:
    """What somebody has to know who reads nothing else. Nothing calms that is not known to be so."""
    found = levels(report)
    if count := found[Level.CRITICAL]:
        return f"{plural(count, 'critical finding')}: tokens, consents or ownership are at stake"
    if count := found[Level.WARNING]:
        return f"{plural(count, 'warning')}: ask why before this goes on"
    if refused(report):
        return "Apply refuses this"
    if not report.complete:
        return "Not everything could be read: this is not the whole truth"
    if count := found[Level.NOTICE]:
        return f"{plural(count, 'thing')} that a reviewer should have seen"
    if report.empty:
        return "No drift" if report.topic is Topic.DRIFT else "Nothing changes"
    return "Drift, and nothing risky found in it" if report.topic is Topic.DRIFT else "Nothing risky found"


def tone(report: ChangeReport) -> str:
    """The colour of the verdict: that of the gravest finding, but never a calm one for what is refused or unread."""
    found = levels(report)
    if found[Level.CRITICAL] or refused(report):
        return "critical"
    if found[Level.WARNING] or not report.complete:
        return "warning"
    return "notice" if found[Level.NOTICE] else "calm"


def joined(words: Iterable[str]) -> str:
    """Names one after the other, as in a table's cell."""
    return ", ".join(words)
