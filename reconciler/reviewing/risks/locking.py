"""Risks of a change that writes lockfiles itself: plans believe them, and nobody but apply has a reason to write one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.diagnostics import Source
from reconciler.model.addresses import Address
from reconciler.model.report import Level
from reconciler.reviewing.lockfiles import LockEdit
from reconciler.reviewing.risks.facts import Facts, Raised, Risk, count, named


def _changed(facts: Facts) -> Iterator[Raised]:
    edit = facts.edit
    if edit is None:
        return
    word = "taken away" if edit.after is None and not edit.why else "new" if edit.before is None else "changed"
    yield Raised(
        level=Level.CRITICAL,
        about=f"environment.{facts.declared}",
        summary=f"The lockfile of {facts.environment} is {word} by this change: {edit.path}",
        consequence=" ".join(_said(edit)),
        advice="Apply writes lockfiles, and nobody else. Take it out of this change; if it is what an apply wrote, compare "
        "it with that run.",
        subject="lockfile",
        place=(Source(edit.path), edit.after is None and not edit.why),
    )


def _said(edit: LockEdit) -> Iterator[str]:
    yield "Plans believe it: what it holds is this stack's to delete, and what it protects nobody deletes."
    if edit.why:
        yield f"As it is now, it cannot be read: {edit.why.rstrip('.')}."
        return
    if edit.before and edit.after:
        old, new = edit.before, edit.after
        if (old.account, old.region, old.stack, old.environment) != (
            new.account,
            new.region,
            new.stack,
            new.environment,
        ):
            yield "It says another stack or place than before."
        if old.lineage != new.lineage or new.serial <= old.serial:
            yield f"It is not what an apply would have written after the one before (serial {old.serial} -> {new.serial})."
    yield from _counted(edit.unprotected, "It takes protection from")
    yield from _counted(edit.dropped, "It lets go of")
    yield from _counted(edit.claimed, "It claims")
    yield from _counted([one for one in edit.altered if one not in edit.unprotected], "It says something else of")


def _counted(addresses: Sequence[Address], what: str) -> Iterator[str]:
    if addresses:
        yield f"{what} {count(len(addresses), 'resource')}: {named([str(one) for one in addresses])}."


LOCKING = (Risk("lockfile-changed", "The change writes a lockfile itself.", _changed),)
