"""A YAML text as it is laid out: which characters are which value, where comments stand, in which style it is written.

Read by the parser that reads manifests, so that the two cannot disagree. Leaves out what the values mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from reconciler.manifest.composing import LOADER


@dataclass(slots=True, kw_only=True)
class Node:
    """A value from character `start` to before `end`. `kind`: scalar, list, mapping or alias.

    `flow`: in brackets. `style` of a scalar: "" for plain, ' or ", | or >. `items` of a list; `pairs` of a mapping.
    """

    kind: str
    start: int
    end: int
    flow: bool = False
    style: str = ""
    text: str = ""
    anchored: bool = False
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)

    def get(self, key: str) -> tuple[Node, Node] | None:
        """The key and value of that name in a mapping, or None."""
        return next(((name, value) for name, value in self.pairs if name.text == key), None)

    @property
    def shared(self) -> bool:
        """Whether anything in it is marked for use elsewhere."""
        inside = [*self.items, *(one for pair in self.pairs for one in pair)]
        return self.anchored or any(one.shared for one in inside)


def nodes_of(text: str) -> Node:
    """The first document of a text. Raises yaml.YAMLError."""
    events = iter(_events(text))
    for event in events:
        if type(event) is yaml.DocumentStartEvent:
            return _trimmed(_node(next(events), events), text)
    raise yaml.YAMLError("no document")


def first_pair(text: str) -> tuple[Node, Node]:
    """The key and value with which a text begins, whatever follows. Raises yaml.YAMLError where it begins otherwise."""
    events = iter(_events(text))
    for event in events:
        if type(event) is yaml.MappingStartEvent:
            pair = (_node(next(events), events), _node(next(events), events))
            _trimmed(Node(kind="mapping", start=0, end=0, pairs=[pair]), text)
            return pair
    raise yaml.YAMLError("no mapping")


def comments_of(text: str) -> list[str]:
    """Every comment from its # to the end of its line. Raises yaml.YAMLError.

    What stands between two tokens is blank or a comment, so that a # inside of a value is none.
    """
    found: list[str] = []
    at = 0
    for token in _tokens(text):
        found += _comments_in(text[at : max(at, token.start_mark.index)])
        at = max(at, token.end_mark.index)
    return found + _comments_in(text[at:])


def _comments_in(gap: str) -> list[str]:
    found = []
    for line in gap.splitlines():
        _, mark, comment = line.partition("#")
        if mark:
            found.append(f"#{comment}".rstrip())
    return found


def _events(text: str) -> Iterator[Any]:
    parser: Any = LOADER(text)
    while (event := parser.get_event()) is not None:
        yield event


def _tokens(text: str) -> Iterator[Any]:
    scanner: Any = LOADER(text)
    while (token := scanner.get_token()) is not None:
        yield token


def _node(event: Any, events: Iterator[Any]) -> Node:
    start, end = event.start_mark.index, event.end_mark.index
    anchored = getattr(event, "anchor", None) is not None
    if type(event) is yaml.AliasEvent:
        return Node(kind="alias", start=start, end=end)
    if type(event) is yaml.ScalarEvent:
        style = event.style or ""
        return Node(kind="scalar", start=start, end=end, style=style, text=event.value, anchored=anchored)
    closing = yaml.MappingEndEvent if type(event) is yaml.MappingStartEvent else yaml.SequenceEndEvent
    is_map = closing is yaml.MappingEndEvent
    node = Node(
        kind="mapping" if is_map else "list", start=start, end=end, flow=bool(event.flow_style), anchored=anchored
    )
    last = next(events)
    while type(last) is not closing:
        held = _node(last, events)
        if is_map:
            node.pairs.append((held, _node(next(events), events)))
        else:
            node.items.append(held)
        last = next(events)
    node.end = _index(last.end_mark)
    return node


def _index(mark: Any) -> int:
    return int(mark.index)


def _trimmed(node: Node, text: str) -> Node:
    """The node with the ends of block collections where what they hold ends, and not where the next thing begins."""
    for one in node.items:
        _trimmed(one, text)
    for pair in node.pairs:
        for one in pair:
            _trimmed(one, text)
    if node.kind in ("list", "mapping") and not node.flow:
        held = [*node.items, *(value if value.end > value.start else key for key, value in node.pairs)]
        node.end = max((one.end for one in held), default=node.start)
        for key, value in node.pairs:
            if value.end <= value.start:  # nothing stands there: it ends after the colon
                value.start = value.end = text.index(":", key.end) + 1
                node.end = max(node.end, value.end)
    elif node.style in ("|", ">"):
        node.end = node.start + len(text[node.start : node.end].rstrip())
    return node
