"""What a foreign record says of our resources, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.diagnostics import Diagnostic, Severity, Source

VAULT = "default"
"""The name of the one token vault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One of our resources, as another tool holds it.

    `type` and `name`: as our addresses and the directory call it. `attributes`: what the record tells of it, named and shaped
    as a manifest has it, a secret as `{"source": "MANAGED"}` or as an EXTERNAL reference, never a value. `account`, `region`:
    where it is, "" where the record is silent. `source`: its address over there; `block`: that of the declaration it comes
    from, which may stand for several. `notes`: what a reader of the manifest should know. `hidden`: what the record does not
    tell and a manifest needs, with the way out. `secrets`: by attribute, where Secrets Manager has a MANAGED secret's value.
    `retained`: the other tool leaves it standing when it lets go.
    """

    type: str
    name: str
    attributes: Mapping[str, Any]
    source: str
    block: str
    account: str = ""
    region: str = ""
    notes: tuple[str, ...] = ()
    hidden: tuple[Diagnostic, ...] = ()
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    retained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A whole record. `others`: how many it holds of each foreign type. `instances`: of each block, all that come from it.

    `notes`: what was left out and why, as sentences.
    """

    found: tuple[Found, ...]
    others: Mapping[str, int] = field(default_factory=dict)
    instances: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def hidden(summary: str, detail: str, source: Source | None = None) -> Diagnostic:
    """What the record does not tell: which value, and how to have it all the same."""
    return Diagnostic(severity=Severity.ERROR, code="hidden-value", summary=summary, detail=detail, source=source)


def place_of(arn: object) -> tuple[str, str]:
    """Account and region in an ARN; two empty texts for what is none."""
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    return (parts[4], parts[3]) if len(parts) == 6 and parts[0] == "arn" else ("", "")
