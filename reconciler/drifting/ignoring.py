"""What `settings.drift.ignore` leaves out of a run: whole findings, or elements of one. What is left out is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.model.drift import DriftClass, Drifted, Ignored, Standing
from reconciler.model.environments import OWNER_TAG
from reconciler.model.ignoring import IgnoreRule
from reconciler.model.values import Value


def without_ignored(
    found: Iterable[Drifted], rules: Sequence[IgnoreRule]
) -> tuple[tuple[Drifted, ...], tuple[Ignored, ...]]:
    """The findings that are told, less the elements that are not, and what each rule left out.

    `rules`: those that hold today. What a rule leaves out of an attribute is in neither side of the finding, so that its
    fingerprint does not move when that does.
    """
    told = []
    left: dict[int, list[str]] = {}
    for one in found:
        kept: Drifted | None = one
        for index, rule in enumerate(rules):
            if kept is None:
                break
            rest = _rest(kept, rule)
            if rest != kept:
                left.setdefault(index, []).append(one.about)
            kept = rest
        if kept is not None:
            told.append(kept)
    return tuple(told), tuple(
        Ignored(rule=rules[index], count=len(about), about=tuple(sorted(set(about))))
        for index, about in sorted(left.items())
    )


def still_told(standing: Mapping[str, Standing], rules: Sequence[IgnoreRule]) -> dict[str, Standing]:
    """Of earlier findings, those that the rules leave whole. What they leave out now is not over, only not told any more."""
    kept = {}
    for fingerprint, one in standing.items():
        told, _ = without_ignored((one.drifted,), rules)
        if told == (one.drifted,):
            kept[fingerprint] = one
    return kept


def _rest(one: Drifted, rule: IgnoreRule) -> Drifted | None:
    """What the rule leaves of the finding: all, a part, or None."""
    if one.what is DriftClass.NEWCOMER:
        unread = one.after is None  # so it may carry our ownership tag, and is then everybody's news
        return one if unread or not rule.takes_newcomer(one.remote.type, one.remote.name) else None
    if one.what is not DriftClass.CHANGED or one.address is None or not rule.speaks_of(one.address, one.remote.name):
        return one
    if one.attribute == OWNER_TAG:  # whose it is, is everybody's news
        return one
    if rule.takes_attribute(one.attribute):
        return None
    before, after = (_less(side, one.attribute, rule) for side in (one.before, one.after))
    if (before, after) == (one.before, one.after):
        return one
    return None if (before or None) == (after or None) else replace(one, before=before, after=after)


def _less(value: Value, attribute: str, rule: IgnoreRule, path: tuple[str, ...] = ()) -> Any:
    """The value without what the rule leaves out; a mapping that held nothing else goes with it."""
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for key, held in value.items():
        here = (*path, key)
        if rule.takes_element(attribute, ".".join(here)):
            continue
        rest = _less(held, attribute, rule, here)
        if rest or not isinstance(held, dict) or not held:
            out[key] = rest
    return out
