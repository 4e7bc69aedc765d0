"""Risks of a change to what keeps a stack from harm: protection, limits, rates, and what variables move."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.manifest.documents import quoted
from reconciler.model.environments import Limit
from reconciler.model.report import Level
from reconciler.reviewing.difference import PROTECT
from reconciler.reviewing.risks.facts import Facts, Raised, Risk, count, counted, named
from reconciler.reviewing.risks.lifecycle import deleted

_FLOOR = 10  # deletes that a limit in percent allows always
_VAST = 1_000_000  # resources: more than any stack has


def _protection_lifted(facts: Facts) -> Iterator[Raised]:
    found = (
        Raised(
            level=facts.grave(Level.WARNING, Level.WARNING),
            about=str(one.address),
            summary=f"{one.address} is not protected any more",
            consequence="Once this is applied, the next change may delete it.",
            advice="Ask why; a deletion is better seen coming in a change of its own.",
            place=facts.place(one.address, PROTECT.partition(".")[0]),
        )
        for one in facts.revisions
        if one.before is not None and one.before.protect and one.after is not None and not one.after.protect
    )
    yield from counted(found, "resources are not protected any more")
    for amendment in facts.amendments:
        row = amendment.row("protect")
        if row is not None and row.before and amendment.after and not any(deleted(facts)):
            yield Raised(
                level=facts.grave(Level.CRITICAL, Level.CRITICAL),
                about=amendment.about,
                summary=f"Environment {facts.declared} is not protected any more",
                consequence="Everything in it may be deleted from now on, within the limits of one apply.",
                advice="Protect what must stay with `lifecycle: {protect: true}` where the environment cannot be.",
                place=facts.place_of(*amendment.path, "protect"),
            )


def _limits(facts: Facts) -> Iterator[Raised]:
    if facts.before is None or facts.after is None:
        return
    old, new = facts.before.environment.limit, facts.after.environment.limit
    size = max(len(facts.before.resources), len(facts.after.resources))
    if not _rises(old, new, size):
        return
    now = _most(new, size) > _most(old, size)
    for amendment in facts.amendments:
        if amendment.row("limits.deletes") is not None:
            yield Raised(
                level=facts.grave(Level.WARNING if now else Level.NOTICE, Level.NOTICE),
                about=amendment.about,
                summary=f"Environment {facts.declared} may lose more in one apply: {old} -> {new}",
                consequence=_consequence(facts, size, _most(old, size), _most(new, size)),
                advice="`--allow-deletes N` lets one apply delete more, and no other.",
                subject="limits.deletes",
                place=facts.place_of(*amendment.path, "limits"),
            )


def _rises(old: Limit, new: Limit, size: int) -> bool:
    """Whether the new one allows more in a stack of that size, or in one that it may grow to."""
    sizes = {size, _FLOOR, _VAST, old.count or 0, new.count or 0}
    return any(_most(new, one) > _most(old, one) for one in sizes if one >= size)


def _consequence(facts: Facts, size: int, old: int, new: int) -> str:
    of = count(size, "resource")
    if new <= old:
        said = f"of {of} there, one apply may delete as many as before; of more, more."
    else:
        said = f"of {of} there, one apply may delete {new}, where it might delete {old}."
    if facts.stays_protected:
        return f"{facts.environment} is protected: apply deletes nothing there. Once that is lifted, {said}"
    return said[0].upper() + said[1:]


def _most(limit: Limit, size: int) -> int:
    """How many of that many resources one apply may delete."""
    if limit.count is not None:
        return min(limit.count, size)
    return min(max(_FLOOR, size * (limit.percent or 0) // 100), size)


def _variables(facts: Facts) -> Iterator[Raised]:
    if facts.before is None or facts.after is None:
        return
    old, new = facts.before.environment.variables, facts.after.environment.variables
    for name in sorted({*old, *new}):
        if old.get(name) == new.get(name) or name not in old or name not in new:
            continue
        uses = re.compile(r"(?<!\$)\$\{" + re.escape(name) + r"\}")
        moved = [
            str(one.address)
            for one in facts.revisions
            if one.after is not None and uses.search(str(facts.head.entries[one.address].raw))
        ]
        if not moved:
            continue
        yield Raised(
            level=Level.INFO,
            about=f"environment.{facts.declared}",
            summary=f"The variable {name} is another one: {quoted(old[name])} -> {quoted(new[name])}",
            consequence=f"What changes with it, in {count(len(moved), 'entry', 'entries')}: {named(moved)}.",
            subject=f"variables.{name}",
            place=facts.place_of("environments", facts.declared, "variables", name),
        )


LIFTING = (
    Risk("limits-loosened", "One apply may delete more than before.", _limits),
    Risk("protection-lifted", "Protection of a resource or environment is taken away.", _protection_lifted),
    Risk("variable-changed", "A variable changes, and entries with it.", _variables),
)
