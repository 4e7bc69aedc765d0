"""Which attributes of a resource differ, and who made them differ."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.changes import AttributeChange, Cause, Reason
from reconciler.model.values import Attributes


def attribute_changes(before: Attributes, after: Attributes, known: Attributes | None) -> tuple[AttributeChange, ...]:
    """Every attribute that differs between what stands (`before`) and what will (`after`), by name, with its cause.

    Without `known` nobody can say who made it differ.
    """
    return tuple(
        AttributeChange(
            name=name,
            before=before.get(name),
            after=after.get(name),
            cause=None if known is None else _cause(name, before, after, known),
        )
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def reason_of(changed: Iterable[AttributeChange]) -> Reason:
    """Why a resource is updated, from the causes of its attributes."""
    match {one.cause for one in changed}:
        case causes if causes == {Cause.MANIFEST}:
            return Reason.MANIFEST_CHANGED
        case causes if causes == {Cause.OUTSIDE}:
            return Reason.CHANGED_OUTSIDE
        case _:
            return Reason.CHANGED_BOTH


def _cause(name: str, live: Attributes, desired: Attributes, known: Attributes) -> Cause:
    match desired.get(name) != known.get(name), live.get(name) != known.get(name):
        case True, False:
            return Cause.MANIFEST
        case False, True:
            return Cause.OUTSIDE
        case _:
            return Cause.BOTH
