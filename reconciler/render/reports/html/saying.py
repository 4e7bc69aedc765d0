"""What the page says in its own words, where not in those that all formats share (`wording`): by the topic of the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.diagnostics import Source
from reconciler.model.changes import Action, Cause
from reconciler.model.kinds import KINDS
from reconciler.model.report import BESIDE, ChangeReport, Item, Level, Mark, Topic
from reconciler.render.reports import wording
from reconciler.render.words import plural

TITLES: Mapping[Topic, str] = {Topic.REVIEW: "Review", Topic.PLAN: "Plan", Topic.DRIFT: "Drift"}
MARKS: Mapping[Mark, str] = {
    Mark.ADDED: "added",
    Mark.REMOVED: "removed",
    Mark.CHANGED: "changed",
    Mark.KEPT: "unchanged",
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

_KINDS: Mapping[str, str] = {kind.type: kind.singular for kind in KINDS} | {"host": "return host"}


def action(topic: Topic, of: Item) -> str:
    """`to remove`, `to delete`, `deleted`, `taken over`: as the topic puts it."""
    if of.action is Action.NO_OP:
        return "in the lockfile only"
    word = wording.called(of, topic)
    return word if topic is Topic.DRIFT else f"to {word}"


def kind(type_: str) -> str:
    """What a node is, in words; a kind that is not known yet by its own."""
    return _KINDS.get(type_, type_)


def place(source: Source | None, prefix: str, *, gone: bool) -> str:
    """`manifests/prod.yaml:12`, from the root of the repository; "" for none."""
    if source is None:
        return ""
    file = source.file if source.file.startswith("/") else f"{prefix}{source.file}"
    return f"{file}:{source.line}" + (" (in the base version)" if gone else "")


def number(count: int) -> str:
    """`2,000`."""
    return f"{count:,}"


def joined(words: Iterable[str]) -> str:
    """Names one after the other, as in a table's cell."""
    return ", ".join(words)


def tally(found: Mapping[Level, int]) -> tuple[tuple[str, str], ...]:
    """The level, and `2 critical` or `3 warnings`, for each that there is, the gravest first."""
    several = {Level.WARNING: "warnings", Level.NOTICE: "notices"}
    return tuple(
        (level.value, f"{number(count)} {several.get(level, level.value) if count > 1 else level.value}")
        for level in wording.GRAVEST_FIRST
        if (count := found.get(level, 0))
    )


def tone(of: ChangeReport) -> str:
    """The colour of the verdict, that of the gravest: never a calm one for what is refused or unread."""
    found = of.levels()
    if found[Level.CRITICAL] or of.refused:
        return "critical"
    if found[Level.WARNING] or not of.complete:
        return "warning"
    return "notice" if found[Level.NOTICE] else "calm"


def sums(report: ChangeReport) -> str:
    """`6 resources change. 1 change beside resources. 38 stay as they are.` How many of each action stands beside it."""
    total = _resources(report)
    beside = sum(one.kind in BESIDE for one in report.items)
    said = []
    if total:
        each = " (each environment counted)" if len(report.places) > 1 else ""
        said.append(f"{number(total)} {'resource changes' if total == 1 else 'resources change'}{each}.")
    if beside:
        said.append(f"{plural(beside, 'change')} beside resources.")
    if report.unchanged:
        said.append("1 stays as it is." if report.unchanged == 1 else f"{number(report.unchanged)} stay as they are.")
    if report.hidden:
        said.append(
            f"{plural(report.hidden, 'finding')} of earlier runs {'is' if report.hidden == 1 else 'are'} left out."
        )
    return " ".join(said)


def _resources(report: ChangeReport) -> int:
    """How many change, in each environment for itself; once also where several things became of one."""
    found = [one for one in report.items if one.kind not in BESIDE]
    named = {(one.about, name) for one in found for name in one.environments}
    return len(named) + sum(not one.environments for one in found)
