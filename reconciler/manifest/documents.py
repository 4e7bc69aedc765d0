"""A manifest file as values with the place of each key and value, and how findings about them are made.

Leaves out how YAML becomes such values: see `reconciler.manifest.composing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.model.addresses import Address
from reconciler.model.kinds import KINDS, Shape

Keys = tuple[str | int, ...]
"""Keys and indexes from the top of a file to a value."""

Place = int
"""A line and a column in one number, which is all that ten thousand entries can afford."""

_KIND_OF = {kind.section: kind for kind in KINDS}


REFERENCES = frozenset(one.name for kind in KINDS for one in kind.attributes if one.shape is Shape.REFERENCE)
"""The keys under which a manifest says where a secret is."""

REFERENCE_FORMS = (
    "A manifest never holds secrets. Say where it is: {secretId: …, jsonKey: …} in Secrets Manager, or "
    "{fromEnv: VARIABLE, version: 1}. What stood here counts as known to others: change it."
)


def place_at(line: int, column: int) -> Place:
    """The place of a line and column that count from 0, as YAML parsers do."""
    return (line + 1) << 32 | (column + 1)


class Branch:
    """The places of a mapping or list: its own, its keys', and those of what it holds.

    `children` is keyed as the value is, by key or by index.
    """

    __slots__ = ("children", "keys", "place")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.keys: dict[str, Place] = {}
        self.children: dict[str, Marks] | list[Marks] = {}

    def child(self, step: str | int) -> Marks | None:
        """The places of what stands at that key or index, or None."""
        children = self.children
        if isinstance(children, dict):
            return children.get(step) if isinstance(step, str) else None
        return children[step] if isinstance(step, int) and step < len(children) else None


Marks = Branch | Place


class ManifestFile(NamedTuple):
    """A file's name, as users shall see it, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's content. `value` is made of dict, list, str, int, bool and None; aliases are shared, never circular."""

    file: str
    value: Any
    marks: Marks

    def source(self, path: Sequence[str | int] = (), *, key: bool = False) -> Source:
        """Where the value at that path stands, or (`key`) its key; where the path ends early, the last that stands."""
        return source_in(self.file, self.marks, path, key=key)


def source_in(file: str, marks: Marks, path: Sequence[str | int], *, key: bool = False) -> Source:
    """`Document.source`, from any branch of a file's places."""
    place = marks if isinstance(marks, int) else marks.place
    for depth, step in enumerate(path, start=1):
        if isinstance(marks, int):
            break
        child = marks.child(step)
        if child is None:
            break
        place = child if isinstance(child, int) else child.place
        if key and depth == len(path) and isinstance(step, str):
            place = marks.keys[step]
        marks = child
    return source_of(file, place)


def source_of(file: str, place: Place) -> Source:
    """The place as users read it."""
    return Source(file, place >> 32, place & 0xFFFFFFFF)


def dotted(path: Sequence[str | int]) -> str:
    """The path as messages write it: `workloadIdentities.invoice-agent.tags.team`, `…Urls[0]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def address_of(path: Sequence[str | int]) -> str | None:
    """The resource that the path leads into, or None."""
    kind = _KIND_OF.get(str(path[0])) if path else None
    if kind is None:
        return None
    if kind.singleton:
        return str(Address(kind.type, kind.singleton))
    return str(Address(kind.type, str(path[1]))) if len(path) > 1 else None


def holds_secret(path: Sequence[str | int]) -> bool:
    """Whether the path leads to where a secret is spoken of: what stands there may be one, and is never repeated."""
    kind = _KIND_OF.get(str(path[0])) if path else None
    return (
        kind is not None
        and len(path) > 2
        and any(one.name in path[2:4] for one in kind.attributes if one.shape is Shape.REFERENCE)
    )


def error(
    code: str, summary: str, detail: str = "", *, source: Source | None = None, address: str | None = None
) -> Diagnostic:
    """A mistake that stops every command."""
    return Diagnostic(
        severity=Severity.ERROR, code=code, summary=summary, detail=detail, source=source, address=address
    )


def did_you_mean(word: str, known: Mapping[str, object] | Sequence[str] | frozenset[str]) -> str:
    """`Did you mean "x"? ` when one of the known words is near, else ""."""
    import difflib

    near = difflib.get_close_matches(word, sorted(known), n=1)
    return f'Did you mean "{near[0]}"? ' if near else ""


def quoted(text: str) -> str:
    """The text in quotes for a message: shortened, and escaped so that nothing in it can act on a terminal."""
    shown = text if len(text) <= 80 else f"{text[:77]}…"
    return '"' + "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in shown) + '"'
