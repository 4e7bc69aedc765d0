"""Risks of a stack that declares what another stack owns, as far as the lockfiles of the repository tell."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import Remote
from reconciler.model.kinds import kind_of
from reconciler.model.report import Level
from reconciler.reviewing.risks.facts import Facts, Raised, Risk


def _claims(facts: Facts) -> Iterator[Raised]:
    for one in facts.revisions:
        if one.after is None or not one.after.name or kind_of(one.address.type).singleton:
            continue
        if one.before is not None and not one.renamed:
            continue
        owner = facts.claimed.get(Remote(one.address.type, one.after.name))
        if owner is not None:
            yield Raised(
                level=Level.INFO if facts.played else Level.CRITICAL,
                about=str(one.address),
                summary=f"{one.address} is called {one.after.name}, which {owner} holds already",
                consequence="The plan refuses it while the other stack's tag stands on it; without that tag, two stacks change "
                "it back and forth.",
                advice="Choose another name; or have the other stack forget it, and adopt it here.",
                subject=one.after.name,
                place=facts.place(one.address, "name"),
            )


CLAIMING = (Risk("claims-another-stacks", "What is declared here is another stack's.", _claims),)
