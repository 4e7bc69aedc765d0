"""A rule's message with the plan's values in it: one pass, so that no value is read as a variable, and none without an end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.values import canonical_json

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}")
_SIDES = ("after", "before")
_PLAIN = frozenset({"address", "type", "name", "action", "stack", "environment", "value"})
_LONGEST = 200
NOTHING = "(none)"


def unknown_names(message: str) -> Iterator[str]:
    """The variables in it that are none."""
    for found in _VARIABLE.finditer(message):
        name = found[1]
        if name is not None and name not in _PLAIN and name.partition(".")[0] not in _SIDES:
            yield name


def filled(message: str, change: Mapping[str, Any] | None, target: Mapping[str, Any], value: Any) -> str:
    """The message about that change of the plan, or (None) about all of it. `$${` is a literal `${`."""
    known: dict[str, Any] = {"stack": target["stack"], "environment": target["environment"], "value": value}
    if change is not None:
        known |= {name: change[name] for name in ("address", "type", "name")}
        known["action"] = change["change"]["actions"][0]

    def replaced(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "${"
        side, *path = name.split(".")
        if side not in _SIDES:
            return shown(known.get(name))
        inner = change["change"][side] if change is not None else None
        for step in path:
            inner = inner.get(step) if isinstance(inner, Mapping) else None
        return shown(inner)

    return _VARIABLE.sub(replaced, message)


def shown(value: Any) -> str:
    """A value on one line, shortened: text as it is, all else as JSON."""
    if value is None:
        return NOTHING
    text = value if isinstance(value, str) else canonical_json(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
