"""Where the published JSON Schemas stand: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Literal

SchemaName = Literal[
    "manifest",
    "lockfile",
    "plan",
    "output",
    "targets",
    "verify",
    "review",
    "drift",
    "drift-notification",
    "policy",
    "check",
    "acknowledgements",
]

_PACKAGE = Path(__file__).parent


def schema_text(name: SchemaName) -> str:
    """The schema as published, byte for byte. Raises FileNotFoundError when the installation lacks it."""
    file = f"{name}.schema.json"
    installed = _PACKAGE / "schemas" / file
    place = installed if installed.exists() else _PACKAGE.parent / "schemas" / file
    return place.read_text(encoding="utf-8")


@functools.cache
def schema(name: SchemaName) -> dict[str, Any]:
    """The schema as plain values, read once; nobody changes it."""
    loaded: dict[str, Any] = json.loads(schema_text(name))
    return loaded
