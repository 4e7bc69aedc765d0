"""Risks of the keys of entries: one that changes, and one that was never another."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.report import Level
from reconciler.reviewing.risks.facts import Facts, Raised, Risk, counted


def _key_changed(facts: Facts) -> Iterator[Raised]:
    found = (
        Raised(
            level=facts.grave(Level.WARNING, Level.NOTICE),
            about=str(one.address),
            summary=f"{one.address} is what {one.before.address} was",
            consequence="The directory keeps it. Rules, exemptions and approvers that speak of keys take it for another one.",
            advice="Look for the old key, and for patterns that the new one fits, in your policy and settings.",
            subject=str(one.before.address),
            place=facts.place(one.address),
        )
        for one in facts.revisions
        if one.before and one.after and one.before.address != one.address and not one.renamed
    )
    yield from counted(found, "resources go on under another key")


def _previously_odd(facts: Facts) -> Iterator[Raised]:
    old = facts.before.resources if facts.before else {}
    for address, one in facts.after.resources.items() if facts.after and facts.before else ():
        if one.previously is None or (address in old and old[address].previously == one.previously):
            continue
        if address in old:
            what = "and stood beside it before"
            why = "The entry stays what it was; what the other one was is deleted or left behind."
        elif one.previously not in old:
            what, why = (
                "which the version before does not declare here",
                "It is created anew, and goes on with nothing.",
            )
        else:
            continue
        yield Raised(
            level=facts.grave(Level.WARNING, Level.NOTICE),
            about=str(address),
            summary=f"{address} says that it was {one.previously.key}, {what}",
            consequence=why,
            advice="Give the key that the entry had in the version before, or take `previously` away.",
            subject=str(one.previously),
            place=facts.place(address, "previously"),
        )


KEYS = (
    Risk("key-changed", "An entry goes on under another key.", _key_changed),
    Risk("previously-odd", "An entry says that it was another one before, and was not.", _previously_odd),
)
