"""A CloudFormation template, YAML or JSON, as nodes with their places. Short forms (`!Ref`) become the long ones.

Scalars are the text that stands there, for CloudFormation makes texts of them all; null is None. As CloudFormation does, this
takes no aliases and no merges.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.diagnostics import Diagnostic, Severity, Source
from reconciler.errors import InvalidInput

MAX_BYTES = 1 << 20
_DEEPEST = 100
_LONG = {"!Ref": "Ref", "!Condition": "Condition"}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\.")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it begins, both counted from 1."""

    value: str | tuple[Node, ...] | dict[str, Node] | None
    line: int
    column: int

    @property
    def members(self) -> Mapping[str, Node]:
        """Those of a mapping; none of anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """Those of a list; none of anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def text(self) -> str:
        """That of a scalar; "" of anything else."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def call(self) -> tuple[str, Node] | None:
        """The intrinsic function that it is, with its argument: `Ref`, `Condition`, `Fn::…`; None for plain data."""
        if isinstance(self.value, dict) and len(self.value) == 1:
            ((name, argument),) = self.value.items()
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                return name, argument
        return None


def compose(content: bytes, file: str) -> Node:
    """The template's nodes. Raises InvalidInput, with the place, for what is no template."""
    import yaml

    if len(content) > MAX_BYTES:
        raise _bad(file, 1, 1, f"it has more than the {MAX_BYTES >> 20} MiB that CloudFormation takes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad(file, 1, 1, "it is not UTF-8") from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        events = iter(yaml.parse(_as_yaml(text), Loader=loader))
        root = _document(events, file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _bad(file, line, column, f"it is no YAML and no JSON: {error.problem or 'it cannot be parsed'}") from None
    except (yaml.YAMLError, ValueError):
        raise _bad(file, 1, 1, "it is no YAML and no JSON") from None
    resources = root.members.get("Resources")
    if resources is None or not resources.members:
        raise _bad(file, root.line, root.column, "it has no Resources")
    return root


def _as_yaml(text: str) -> str:
    """JSON is YAML but for tabs and for characters in two halves."""
    if not text.lstrip().startswith("{"):
        return text
    return _PAIR.sub(_joined, text.replace("\t", " "))


def _joined(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0]
    return bytes.fromhex(match[1] + match[2]).decode("utf-16-be")


def _document(events: Iterator[Any], file: str) -> Node:
    import yaml

    for event in events:
        if isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
            continue
        if isinstance(event, yaml.StreamEndEvent):
            break
        root = _node(event, events, file, 0)
        if any(isinstance(one, yaml.DocumentStartEvent) for one in events):
            raise _bad(file, 1, 1, "it holds several documents")
        return root
    raise _bad(file, 1, 1, "it is empty")


def _node(event: Any, events: Iterator[Any], file: str, depth: int) -> Node:
    import yaml

    line, column = event.start_mark.line + 1, event.start_mark.column + 1
    if depth > _DEEPEST:
        raise _bad(file, line, column, "it nests deeper than any template does")
    value: str | tuple[Node, ...] | dict[str, Node] | None
    match event:
        case yaml.ScalarEvent():
            plain = event.style is None and event.implicit[0]
            value = None if plain and event.value in _NULLS and not event.tag else event.value
        case yaml.SequenceStartEvent():
            value = tuple(_rest(events, yaml.SequenceEndEvent, file, depth))
        case yaml.MappingStartEvent():
            value = _members(events, file, depth)
        case _:
            raise _bad(file, line, column, "it has an alias, and CloudFormation takes none")
    return _long(event.tag, Node(value, line, column))


def _rest(events: Iterator[Any], end: type, file: str, depth: int) -> Iterator[Node]:
    for event in events:
        if isinstance(event, end):
            return
        yield _node(event, events, file, depth + 1)


def _members(events: Iterator[Any], file: str, depth: int) -> dict[str, Node]:
    import yaml

    made: dict[str, Node] = {}
    nodes = _rest(events, yaml.MappingEndEvent, file, depth)
    for key, value in zip(nodes, nodes, strict=True):
        if not isinstance(key.value, str) or key.value == "<<":
            raise _bad(file, key.line, key.column, "it has a key that is no text")
        if key.value in made:
            raise _bad(file, key.line, key.column, f"it says {key.value!r} twice")
        made[key.value] = value
    return made


def _long(tag: str | None, node: Node) -> Node:
    """The long form of what a tag says."""
    if not tag or tag in ("!", "tag:yaml.org,2002:str") or not tag.startswith("!"):
        return node
    name = _LONG.get(tag, f"Fn::{tag[1:]}")
    if name == "Fn::GetAtt" and isinstance(node.value, str):
        parts = tuple(Node(part, node.line, node.column) for part in node.value.split(".", 1))
        node = Node(parts, node.line, node.column)
    return Node({name: node}, node.line, node.column)


def _bad(file: str, line: int, column: int, why: str) -> InvalidInput:
    found = Diagnostic(
        severity=Severity.ERROR,
        code="no-template",
        summary=f"This is no CloudFormation template that can be read: {why}",
        detail="Give a template in YAML or JSON, or the name of a deployed stack.",
        source=Source(file, line, column),
    )
    return InvalidInput(f"{file} could not be read; nothing was written", (found,), confidential=True)
