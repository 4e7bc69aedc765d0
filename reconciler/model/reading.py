"""What stands, as far as a reading shows it, beside what was recorded or is wanted: the rest is taken on the record's word.

A Get never shows a secret or its version, some members of a provider's configuration, nor what only manifest and lockfile
hold. Compared as it comes, all of that would look changed for ever. Leaves out what follows from a difference: `planning`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.kinds import Kind, Shape
from reconciler.model.resources import Live
from reconciler.model.secrets import EXTERNAL, MANAGED, names_secret
from reconciler.model.values import Attributes, Value


def beside(kind: Kind, live: Live, other: Attributes) -> Attributes:
    """The live attributes as they compare with `other`: equal to it in all that the reading does not contradict.

    Returns the very same object where nothing had to be taken from `other`.
    """
    out: dict[str, Value] | None = None
    for one in kind.blurred:
        found, said = live.attributes.get(one.name), other.get(one.name)
        if found == said:
            continue
        if one.local:
            out = {name: value for name, value in (out or live.attributes).items() if name != one.name}
            if said is not None:
                out[one.name] = said
            continue
        seen = _secret(live, one.name, found, said) if one.shape is Shape.REFERENCE else _clear(found, said, one.vague)
        if seen != found:
            out = dict(live.attributes) if out is None else out
            out[one.name] = seen
    return live.attributes if out is None else out


def blind(kind: Kind, before: Attributes, after: Attributes) -> bool:
    """Whether the two differ in something that no reading tells apart: that it was written, only the writer knows."""
    for one in kind.blurred:
        then, later = before.get(one.name), after.get(one.name)
        if one.local or then == later:
            continue
        if one.shape is Shape.REFERENCE:
            if _managed(then) or _managed(later):
                return True
        elif any(_at(then, path) != _at(later, path) for path in one.vague):
            return True
    return False


def respelt(kind: Kind, live: Live, attributes: Attributes, other: Attributes) -> Attributes:
    """The attributes with each secret's id as `other` spells it, where both spell the very secret that stands."""
    out: dict[str, Value] | None = None
    for one in kind.blurred:
        mine, theirs = attributes.get(one.name), other.get(one.name)
        if one.shape is not Shape.REFERENCE or mine == theirs or not (_external(mine) and _external(theirs)):
            continue
        if (
            isinstance(mine, dict)
            and isinstance(theirs, dict)
            and all(_stands(live, one.name, str(side["secretId"])) for side in (mine, theirs))
        ):
            out = dict(attributes) if out is None else out
            out[one.name] = {**mine, "secretId": theirs["secretId"]}
    return attributes if out is None else out


def _secret(live: Live, name: str, found: Value, said: Value) -> Value:
    if _managed(found):
        # Nobody declares one where the service keeps one by itself; and which version it is, the record alone knows.
        return said if said is None or _managed(said) else found
    if isinstance(found, dict) and isinstance(said, dict) and _external(said):
        return {**found, "secretId": said["secretId"]} if _stands(live, name, str(said["secretId"])) else found
    return found


def _stands(live: Live, name: str, spelt: str) -> bool:
    """Whether the secret that stands is the one that is spelt so. Where attributes were believed, its ARN is an output."""
    held = live.attributes.get(name)
    arn = live.outputs.get("secretArn") or (str(held.get("secretId")) if isinstance(held, dict) else "")
    _, _, _, region, account, *_ = [*live.arn.split(":"), *[""] * 5]
    return names_secret(spelt, arn, account=account, region=region)


def _managed(value: Value) -> bool:
    return isinstance(value, dict) and value.get("source") == MANAGED


def _external(value: Value) -> bool:
    return isinstance(value, dict) and value.get("source") == EXTERNAL


def _clear(found: Value, said: Value, vague: tuple[str, ...]) -> Value:
    """What was found, with each vague path as `said` has it wherever only one of the two has it."""
    value: Any = found if isinstance(found, dict) else {}
    for path in vague:
        mine, theirs = _at(value, path), _at(said, path)
        if (mine is None) != (theirs is None):
            value = _with(value, path.split("."), theirs)
    return dict(value)


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _with(value: Mapping[str, Any], path: list[str], leaf: Any) -> dict[str, Any]:
    """The mapping with the leaf at that path, or without it where it is None; nothing is made on the way."""
    step, *rest = path
    if rest:
        inner = value.get(step)
        return {**value, step: _with(inner, rest, leaf)} if isinstance(inner, Mapping) else dict(value)
    if leaf is None:
        return {key: one for key, one in value.items() if key != step}
    return dict(sorted({**value, step: leaf}.items()))
