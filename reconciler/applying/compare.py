"""Whether what stands is what was there before a change, what should be there after it, or something between. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.kinds import Kind, Shape
from reconciler.model.values import Attributes, Value, without_tags


def same(kind: Kind, one: Attributes | None, other: Attributes | None, ignored: Iterable[str]) -> bool:
    """Whether both say the same, tags that belong to others apart."""
    if one is None or other is None:
        return one is other
    ignored = tuple(ignored)
    return without_tags(kind, one, ignored) == without_tags(kind, other, ignored)


def between(kind: Kind, live: Attributes, before: Attributes, after: Attributes, ignored: Iterable[str]) -> bool:
    """Whether `live` could be the change from `before` to `after` half done: each attribute, each tag on one of the sides."""
    ignored = tuple(ignored)
    live, before, after = (without_tags(kind, one, ignored) for one in (live, before, after))
    return all(
        _map_between(live.get(one.name), before.get(one.name), after.get(one.name))
        if one.shape is Shape.MAP
        else live.get(one.name) in (before.get(one.name), after.get(one.name))
        for one in kind.attributes
    )


def _map_between(live: Value, before: Value, after: Value) -> bool:
    here, then, later = (value if isinstance(value, dict) else {} for value in (live, before, after))
    return all(here.get(key) in (then.get(key), later.get(key)) for key in {*here, *then, *later})
