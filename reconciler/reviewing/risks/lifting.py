"""Risks of a change to what keeps a stack from harm: protection, limits."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.report import Level
from reconciler.reviewing.difference import PROTECT
from reconciler.reviewing.risks.facts import Facts, Raised, Risk


def _protection_lifted(facts: Facts) -> Iterator[Raised]:
    for one in facts.revisions:
        if one.before is not None and one.before.protect and one.after is not None and not one.after.protect:
            yield Raised(
                level=Level.WARNING,
                about=str(one.address),
                summary=f"{one.address} is not protected any more",
                consequence="Once this is applied, the next change may delete it.",
                advice="Ask why; a deletion is better seen coming in a change of its own.",
                place=facts.place(one.address, PROTECT.partition(".")[0]),
            )
    for amendment in facts.amendments:
        row = amendment.row("protect")
        if row is not None and row.before and amendment.after:
            yield Raised(
                level=Level.CRITICAL,
                about=amendment.about,
                summary=f"Environment {facts.environment} is not protected any more",
                consequence="Everything in it may be deleted from now on, within the limits of one apply.",
                advice="Protect what must stay with `lifecycle: {protect: true}` where the environment cannot be.",
                place=facts.place_of(*amendment.path, "protect"),
            )


LIFTING = (Risk("protection-lifted", "Protection of a resource or environment is taken away.", _protection_lifted),)
