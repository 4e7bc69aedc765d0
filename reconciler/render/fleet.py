"""What all views of a run over several targets share: which of them say the same, and what each came to in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.model.fleet import Ended, Failure, FleetResult, TargetResult
from reconciler.model.plan import Plan
from reconciler.render import words
from reconciler.render.apply_text import outcome_sums
from reconciler.render.clean import clean

ANY = "TARGET"
"""Stands for the name of the target in a plan that is the same in several."""

_NAMES = 6  # of those that are alike, told in text; JSON has them all


@dataclass(frozen=True, slots=True)
class Alike:
    """Targets whose plan, report or failure reads the same, but for the target's own name."""

    members: tuple[TargetResult, ...]
    text: str

    @property
    def names(self) -> str:
        """`prod@a`, or `5 targets: prod@a, prod@b, …`."""
        listed = words.some([one.name for one in self.members], _NAMES)
        return listed if len(self.members) == 1 else f"{len(self.members)} targets: {listed}"


def folded(results: Iterable[TargetResult], say: Callable[[TargetResult], str]) -> list[Alike]:
    """Those that say something, in groups that say the same, in the order of their first."""
    groups: dict[str, list[TargetResult]] = {}
    for one in results:
        if text := say(one):
            groups.setdefault(text, []).append(one)
    return [Alike(tuple(members), text) for text, members in groups.items()]


def nameless(plan: Plan) -> Plan:
    """The plan as it would read in any target."""
    return replace(plan, target=replace(plan.target, environment=ANY, account="", region=""))


def worth_a_look(plan: Plan) -> bool:
    """Whether there is more to a plan than that it is empty."""
    return not plan.empty or not plan.complete or bool(plan.diagnostics) or bool(plan.drift)


def in_short(one: TargetResult) -> str:
    """What the target came to, in one line."""
    if one.failure is not None:
        done = f"; {outcome_sums(one.report.outcomes)}" if one.report else ""
        return f"{one.ended.value}: {clean(one.failure.summary)}{done}"
    if one.report is not None:
        lead = "interrupted: " if one.report.interrupted else "" if one.report.whole else "in part: "
        return lead + outcome_sums(one.report.outcomes)
    if one.left or one.plan is None:
        return Ended.LEFT.value
    if one.refused:
        return f"refused: {clean(one.guards[0].summary)}"
    said = words.sums(one.plan) if not one.plan.empty else "no changes"
    if not one.plan.complete:
        said = f"incomplete; {said}"
    return f"{said}; refused in part" if one.plan.errored else f"{said}; apply will refuse this" if one.guards else said


def sums(result: FleetResult) -> str:
    """`12 targets: 9 applied, 2 unchanged, 1 locked`."""
    counts = Counter(_kind(one) for one in result.targets)
    order = ("applied", "changes", "unchanged", *(one.value for one in Ended))
    parts = [f"{counts[word]} {_PLURAL.get(word, word)}" for word in dict.fromkeys(order) if counts[word]]
    return ", ".join(parts) if parts else "nothing to do"


_PLURAL = {"changes": "with changes", "error": "with an error"}


def _kind(one: TargetResult) -> str:
    if one.ended is not Ended.PLANNED or one.plan is None:
        return one.ended.value
    return "unchanged" if one.plan.empty else "changes"


def failures(results: Sequence[TargetResult]) -> list[tuple[Failure, tuple[str, ...]]]:
    """Each failure once, with the targets that had it."""
    found: dict[Failure, list[str]] = {}
    for one in results:
        if one.failure is not None:
            found.setdefault(one.failure, []).append(one.name)
    return [(failure, tuple(names)) for failure, names in found.items()]
