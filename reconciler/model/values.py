"""Attribute values in their one canonical form, so that equal means `==` and the same value has the same bytes.

A SET is a sorted tuple without repetition, a MAP a dict in key order, a SCALAR itself; a NESTED and a REFERENCE are dicts in
key order whose lists are sorted tuples, without what is null. Nobody changes one after it was made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from reconciler.model.kinds import Kind, Shape
from reconciler.model.visible import COMMAND, is_visible

Value = str | int | bool | None | tuple[Any, ...] | dict[str, Any]
Attributes = Mapping[str, Value]


def canonical(kind: Kind, raw: Mapping[str, Any]) -> dict[str, Value]:
    """Every attribute of the kind in canonical form; a missing or null one takes the service's default.

    What the service knows nothing of stands there only where it says something.
    """
    out: dict[str, Value] = {}
    for attribute in kind.attributes:
        value = raw.get(attribute.name)
        if attribute.local and not value:
            continue
        if value is None:
            out[attribute.name] = attribute.default
        elif attribute.shape is Shape.SET:
            out[attribute.name] = tuple(sorted(set(value)))
        elif attribute.shape is Shape.MAP:
            out[attribute.name] = dict(sorted(value.items()))
        elif attribute.shape is Shape.SCALAR:
            out[attribute.name] = value
        else:
            out[attribute.name] = _nested(value)
    return out


_TEXT = frozenset({str})


def _nested(value: Any) -> Any:
    """The value with sorted keys and lists. What is null is left out, at any depth."""
    if isinstance(value, dict):  # of text alone, or of lists of it, is nearly all that is nested: so it stays short
        pairs = sorted(value.items())
        return {key: one if type(one) is str else _nested(one) for key, one in pairs if one is not None}
    if isinstance(value, list | tuple):
        if _TEXT.issuperset(map(type, value)):
            return tuple(sorted(set(value)))
        return tuple(sorted(map(_nested, value), key=canonical_json))
    return _nested(dict(value)) if isinstance(value, Mapping) else value


def without_tags(kind: Kind, attributes: Attributes, ignored: Iterable[str]) -> Attributes:
    """The attributes less the tags that are not ours to see: `aws:*` and those that match an `ignored` glob.

    Returns the very same object where nothing had to go.
    """
    patterns = ("aws:*", *ignored)
    out: dict[str, Value] | None = None
    for attribute in kind.attributes:
        value = attributes.get(attribute.name)
        if not attribute.tagging or not isinstance(value, dict) or not value:
            continue
        kept = {key: text for key, text in value.items() if not any(fnmatchcase(key, one) for one in patterns)}
        if len(kept) != len(value):
            out = dict(attributes) if out is None else out
            out[attribute.name] = kept
    return attributes if out is None else out


def canonical_json(value: object, *, indent: int | None = None) -> str:
    """JSON whose bytes depend on the value alone: sorted keys, no trailing newline.

    What cannot be seen (see `reconciler.model.visible`) and what begins a CI runner's command stands there as an escape, so
    that the text can be shown anywhere; everything else as itself.
    """
    separators = (",", ": ") if indent is not None else (",", ":")
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=indent, separators=separators)
    if not is_visible(text if indent is None else text.replace("\n", "")):
        text = "".join(one if one == "\n" or is_visible(one) else _escaped(one) for one in text)
    return COMMAND.sub(r"\\u0023#", text) if "##" in text else text


def _escaped(character: str) -> str:
    """JSON's escape of a character, two of them for one beyond the first plane."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def digest(value: object) -> str:
    """`sha256:` and the hex digest of the value's canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()
