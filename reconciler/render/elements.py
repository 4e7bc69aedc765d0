"""Two values of one attribute, compared by element, in the words of a plan; text and markdown show the same elements.

A set's elements are its strings, a map's its keys, a nested value's its leaves by their dotted path, a scalar is its own
single element. Everything returned is cleaned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.model.values import Value
from reconciler.render.clean import clean

_BARE = re.compile(r"[A-Za-z0-9._:/@+-]+")


class Element(NamedTuple):
    """One element: `sign` is `+`, `-`, `~`, or a space where it stays; `key` is that of a map, else "".

    `before` and `after` are the raw values, None on the side where the element is missing.
    """

    sign: str
    key: str
    before: str | int | bool | None
    after: str | int | bool | None

    @property
    def text(self) -> str:
        """`https://…`, `team = payments`, `stage: test -> prod`, `30 -> 60`: without the sign."""
        if self.sign == "~":
            return f"{_word(self.key)}: {self._change}" if self.key else self._change
        return self.side(self.before if self.after is None else self.after)

    def side(self, value: str | int | bool | None) -> str:
        """The element with one of its values: `team = payments`, or the value alone."""
        if self.key:
            return f"{_word(self.key)} = {_word(value)}"
        return clean(value) if isinstance(value, str) else _word(value)

    @property
    def _change(self) -> str:
        return f"{_word(self.before)} -> {_word(self.after)}"


def elements(before: Value, after: Value) -> list[Element]:
    """Every element of both values: a set's and a map's in their own order, an unchanged one with a space as its sign."""
    if isinstance(before, dict) or isinstance(after, dict):
        return _of_maps(*(leaves(side) if isinstance(side, dict) else {} for side in (before, after)))
    if isinstance(before, tuple) or isinstance(after, tuple):
        return _of_sets(before if isinstance(before, tuple) else (), after if isinstance(after, tuple) else ())
    if before is None and after is None:
        return []
    if before is None or after is None:
        return [Element("+" if before is None else "-", "", before, after)]
    return [Element(" " if before == after else "~", "", before, after)]


def leaves(value: Mapping[str, Any], path: str = "") -> dict[str, str | int | bool]:
    """What a nested value holds, by dotted path; a list of words is one leaf, and so is what is empty."""
    found: dict[str, str | int | bool] = {}
    for key, one in value.items():
        here = f"{path}{key}"
        if isinstance(one, dict) and one:
            found |= leaves(one, f"{here}.")
        elif isinstance(one, tuple) and any(isinstance(inner, dict) for inner in one):
            for index, inner in enumerate(one):
                found |= leaves(inner, f"{here}[{index}].")
        elif isinstance(one, tuple):
            found[here] = ", ".join(map(str, one))
        else:
            found[here] = "granted" if one == {} else one
    return found


def made_outside(element: Element, known: Value) -> str:
    """What somebody outside did to the element ("added outside"), or "" if the difference is the manifest's doing.

    `element` leads from live to desired; `known` is what the lockfile held of the whole attribute.
    """
    if element.sign == " ":
        return ""
    if isinstance(known, dict):
        held: object = leaves(known).get(element.key)
    elif isinstance(known, tuple):
        text = element.after if element.before is None else element.before
        held = text if text in known else None
    else:
        held = known
    if element.before == held:
        return ""
    if element.before is None:
        return "removed outside"
    return "added outside" if held is None else "changed outside"


def _of_maps(before: Mapping[str, str | int | bool], after: Mapping[str, str | int | bool]) -> list[Element]:
    found = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        sign = " " if old == new else "+" if old is None else "-" if new is None else "~"
        found.append(Element(sign, key, old, new))
    return found


def _of_sets(before: tuple[str, ...], after: tuple[str, ...]) -> list[Element]:
    old, new = set(before), set(after)
    found = []
    for text in sorted(old | new):
        sign = " " if text in old and text in new else "+" if text in new else "-"
        found.append(Element(sign, "", text if text in old else None, text if text in new else None))
    return found


def _word(value: str | int | bool | None) -> str:
    """A value inside a sentence: bare where it cannot be misread, else in quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if _BARE.fullmatch(text) and "->" not in text:
        return clean(text)
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{clean(quoted)}"'
