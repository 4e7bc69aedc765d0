"""Where the parts of a resolved resource stand in its manifest: the line of a URL, a tag, a grant, not only of the entry.

A resolved value has its variables in place and no order; what is looked for here is the part of the entry that it came from.
"""

from __future__ import annotations

from typing import Any

from reconciler.diagnostics import Source
from reconciler.manifest.entries import Entry
from reconciler.manifest.references import provider_of
from reconciler.manifest.templates import substitute, variables_of
from reconciler.model.environments import Environment


def element_source(entry: Entry, environment: Environment, attribute: str, element: str | None = None) -> Source:
    """Where an attribute of the entry stands, or one element of it: a string of a list, the provider of a grant, a dotted key.

    Where it does not stand, because it is a default or comes from elsewhere, the nearest that does.
    """
    value = entry.raw.get(attribute)
    if element is None or not value:
        return entry.source(attribute, key=True) if attribute in entry.raw else entry.source()
    if isinstance(value, list):
        known = variables_of(environment)
        for index, one in enumerate(value):
            named = substitute(one, known, environment.name)[0] if isinstance(one, str) else _provider(one)
            if named == element:
                return entry.source(attribute, index)
        return entry.source(attribute, key=True)
    return entry.source(attribute, *_steps(value, element), key=True)


def _provider(grant: Any) -> str:
    return str(provider_of(grant)) if isinstance(grant, dict) else ""


def _steps(value: Any, dotted: str) -> tuple[str, ...]:
    """The keys on the way to what is called so, as far as they stand. Keys may hold dots themselves."""
    if not isinstance(value, dict):
        return ()
    for key in sorted(value, key=len, reverse=True):
        if dotted == key:
            return (key,)
        if dotted.startswith(f"{key}."):
            return (key, *_steps(value[key], dotted[len(key) + 1 :]))
    return ()
