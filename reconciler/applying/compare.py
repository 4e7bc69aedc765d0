"""Whether what stands is what was there before a change, what should be there after it, or something between. Pure.

What a reading does not show counts as what it is compared with: see `reconciler.model.reading`.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.kinds import Kind, Shape
from reconciler.model.reading import beside
from reconciler.model.resources import Live
from reconciler.model.values import Attributes, Value, without_tags


def same(kind: Kind, live: Live, attributes: Attributes | None, ignored: Iterable[str]) -> bool:
    """Whether that is what stands, tags that belong to others apart."""
    if attributes is None:
        return False
    ignored = tuple(ignored)
    seen = without_tags(kind, beside(kind, live, attributes), ignored)
    return all(
        seen.get(one.name, one.default) == wanted.get(one.name, one.default)
        for wanted in (without_tags(kind, attributes, ignored),)
        for one in kind.attributes
    )


def between(kind: Kind, live: Live, before: Attributes, after: Attributes, ignored: Iterable[str]) -> bool:
    """Whether `live` could be the change from `before` to `after` half done: each attribute, each tag on one of the sides."""
    ignored = tuple(ignored)
    sides = [
        (without_tags(kind, beside(kind, live, one), ignored), without_tags(kind, one, ignored))
        for one in (before, after)
    ]
    (then_seen, then), (later_seen, later) = sides
    return all(
        _map_between(then_seen.get(one.name), then.get(one.name), later.get(one.name))
        if one.shape is Shape.MAP
        else then_seen.get(one.name) == then.get(one.name) or later_seen.get(one.name) == later.get(one.name)
        for one in kind.attributes
    )


def _map_between(live: Value, before: Value, after: Value) -> bool:
    here, then, later = (value if isinstance(value, dict) else {} for value in (live, before, after))
    return all(here.get(key) in (then.get(key), later.get(key)) for key in {*here, *then, *later})
