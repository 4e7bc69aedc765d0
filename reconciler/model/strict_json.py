"""JSON from outside, read so that no two readers can see two different things in it."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class Repeated(ValueError):
    """An object says the same key twice: which of the two counts, readers disagree. Its text is the key."""


def load_json(text: str | bytes) -> Any:
    """The value. Raises Repeated, json.JSONDecodeError, ValueError for numbers that JSON does not have, RecursionError."""
    return json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_no_number)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Repeated(key)
            seen.add(key)
    return made


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number in JSON")
