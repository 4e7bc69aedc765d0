"""Identities that are declared by what brings them, `runtime: NAME` or `gateway: NAME`; and the mistakes in that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.diagnostics import Diagnostic
from reconciler.manifest.entries import Entry
from reconciler.model.kinds import Text
from reconciler.model.parents import FOLLOWED, Parent

PARENT_NAMES: Mapping[str, Text] = {
    "runtime": Text(minimum=1, maximum=48, pattern=r"[a-zA-Z][a-zA-Z0-9_]{0,47}"),
    "gateway": Text(minimum=1, maximum=100, pattern=r"([0-9a-zA-Z][-]?){1,100}"),
}
"""What the service takes as the name of each (botocore, `bedrock-agentcore-control` 2023-06-05)."""


def parent_of(raw: Mapping[str, Any]) -> Parent | None:
    """The parent that the entry names, variables not yet in place; None for an entry that names none."""
    for kind in FOLLOWED:
        if raw.get(kind) is not None:
            return Parent(kind, raw[kind])
    return None


def parent_mistakes(entry: Entry) -> Iterator[Diagnostic]:
    """What does not go together with `runtime` or `gateway`, whatever the environment."""
    named = [one for one in (*FOLLOWED, "name") if entry.raw.get(one) is not None]
    if len(named) > 1 and named[0] != "name":
        detail = "Each of them says which identity it is. Keep one."
        yield entry.error(
            "parent-form", f"{entry.address} has {' and '.join(named)} at once", detail, named[1], key=True
        )
    lifecycle = entry.raw.get("lifecycle") or {}
    if parent_of(entry.raw) and lifecycle.get("updateOnly") is False:
        detail = f"A {named[0]} makes its identity itself, and nobody else can. Take updateOnly away: it is true here."
        yield entry.error(
            "parent-form", f"{entry.address} is a {named[0]}'s, and update-only", detail, "lifecycle", "updateOnly"
        )
