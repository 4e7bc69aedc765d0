"""Another value into a manifest's text, and nothing else: every comment, and every line that means the same, stays as it is.

What is kept is not written anew, so that no layout is lost. Leaves out whether the result means what it should: whoever
writes it loads it first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from reconciler.manifest.layout import Node, comments_of, first_pair, nodes_of
from reconciler.manifest.scalars import read_plain
from reconciler.model.values import canonical_json

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@?&=%+~-]*(?::[A-Za-z0-9_./@?&=%+~-]+)*")
"""Text that needs no quotes anywhere, if it is not a word that means something else."""

_WIDE = 88
"""Characters up to which a new list or mapping is written in one line."""


class CannotRewrite(Exception):
    """The text has a layout in which the value cannot be put without risk; the words say which, as the end of a sentence."""


class Edit(NamedTuple):
    """Characters `start` to before `end` give way to `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An entry in a text: where the line of its key begins, its section, its key, and what it holds, aliases resolved."""

    line: int
    section: str
    key: str
    raw: Mapping[str, Any]


def rewritten(text: str, place: Place, wanted: Mapping[str, Any], meaning: Callable[[str], str]) -> str:
    """The text with other values for some attributes of an entry. `meaning`: what a text in it stands for, variables in place.

    Raises CannotRewrite.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    ended = text.endswith("\n")
    whole = text if ended else text + newline
    writer = _Writer(whole, newline, meaning)
    try:
        key, entry = _entry(whole, place, writer)
        raw = {**place.raw, **wanted}
        edits = sorted(writer.put_mapping(key, entry, place.raw, raw, only=frozenset(wanted)))
    except yaml.YAMLError as error:
        raise CannotRewrite("is written in a way that this cannot read piece by piece") from error
    changed = writer.text
    for edit in reversed(edits):
        changed = changed[: edit.start] + edit.text + changed[edit.end :]
    changed = whole[: writer.base] + changed
    return changed if ended else changed.removesuffix(newline)


def _offset(text: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.index("\n", at) + 1
    return at


def _entry(text: str, place: Place, writer: _Writer) -> tuple[Node, Node]:
    """The key and value of the entry; of one that does not begin a line, in the whole of the text."""
    writer.base = _offset(text, place.line)
    writer.text = text[writer.base :]
    try:
        key, value = first_pair(writer.text)
        if key.text == place.key:
            return key, value
    except (yaml.YAMLError, StopIteration):
        pass
    writer.base, writer.text = 0, text
    pair = nodes_of(writer.text).get(place.section)
    if pair is not None and place.key != place.section:
        pair = pair[1].get(place.key)
    if pair is None:
        raise CannotRewrite("stands where an alias leads")
    return pair


class _Writer:
    """What is written where, in one text. `base`: how much of the file stands before it."""

    def __init__(self, text: str, newline: str, meaning: Callable[[str], str]) -> None:
        self.base = 0
        self.text = text
        self.newline = newline
        self.meaning = meaning

    def put(self, key: Node | None, node: Node, raw: Any, want: Any) -> Iterator[Edit]:
        """Edits that make the value mean what is wanted."""
        if self.same(raw, want):
            return
        if node.kind == "mapping" and isinstance(raw, dict) and isinstance(want, dict):
            yield from self.put_mapping(key, node, raw, want)
        elif node.kind == "list" and isinstance(raw, list) and isinstance(want, list):
            yield from self.put_list(key, node, raw, want)
        else:
            if node.shared:
                raise CannotRewrite("holds a value that is marked with & for use elsewhere")
            style = node.style if node.kind == "scalar" else '"'
            blank = " " if node.start == node.end else ""
            yield Edit(node.start, node.end, blank + self.shown(want, style, flow=True))

    def put_mapping(
        self, key: Node | None, node: Node, raw: Any, want: Mapping[str, Any], *, only: frozenset[str] | None = None
    ) -> Iterator[Edit]:
        """The same for a mapping. `only`: the keys that are looked at; all others stay."""
        if node.kind != "mapping":  # nothing stands there yet, or an alias
            if node.kind == "alias" and only is not None:
                raise CannotRewrite("is an alias of another entry, which would change with it")
            fresh = {name: one for name, one in want.items() if only is None or name in only}
            yield from self.put(key, node, None, fresh)
            return
        names = node.pairs[0][0].style if node.pairs else ""
        if node.shared and (only is None or node.anchored):
            raise CannotRewrite("holds a value that is marked with & for use elsewhere")
        cells: list[tuple[int, int]] = []
        gone: list[int] = []
        for index, (name, value) in enumerate(node.pairs):
            cells.append((name.start, max(name.end, value.end)))
            if only is not None and name.text not in only:
                continue
            if name.text not in want and raw.get(name.text) is not None:
                gone.append(index)
            elif name.text in want:
                yield from self.put(name, value, raw.get(name.text), want[name.text])
        added = [(name, one) for name, one in want.items() if name not in raw and (only is None or name in only)]
        style = next((value.style for _, value in node.pairs if value.kind == "scalar" and value.style != "|"), '"')
        made = [f"{self.shown(name, names, flow=True)}: {self.shown(one, style, flow=True)}" for name, one in added]
        if not node.flow:
            column = self.column(cells[0][0])
            made = [self.block(name, one, style, column) for name, one in added]
        yield from self.put_cells(key, node, cells, gone, made, lead="")

    def put_list(self, key: Node | None, node: Node, raw: Sequence[Any], want: Sequence[Any]) -> Iterator[Edit]:
        """The same for a list, whose order means nothing."""
        if node.shared:
            raise CannotRewrite("holds a value that is marked with & for use elsewhere")
        cells = [(one.start, one.end) for one in node.items]
        gone = [index for index, one in enumerate(raw) if not any(self.same(one, other) for other in want)]
        fresh = [one for one in want if not any(self.same(other, one) for other in raw)]
        style = next((one.style for one in node.items if one.kind == "scalar"), '"')
        made = [self.shown(one, style, flow=True) for one in fresh]
        yield from self.put_cells(key, node, cells, gone, made, lead="- ")

    def put_cells(
        self, key: Node | None, node: Node, cells: list[tuple[int, int]], gone: list[int], made: list[str], *, lead: str
    ) -> Iterator[Edit]:
        """Take some of the parts of a list or mapping out, and put others in."""
        if not gone and not made:
            return
        if node.flow:
            yield from self.put_flow_cells(node, cells, gone, made)
            return
        starts = [self.begin(start, lead) for start, _ in cells]
        for index in gone:
            line, end = self.line_start(starts[index]), self.line_end(cells[index][1])
            kept = "".join(
                " " * self.column(starts[index]) + one + self.newline for one in comments_of(self.text[line:end])
            )
            yield Edit(line, end, kept)
        after = self.line_end(cells[-1][1])
        indent = " " * self.column(starts[0])
        if made:
            yield Edit(after, after, "".join(f"{indent}{lead}{one}{self.newline}" for one in made))
        elif len(gone) == len(cells):
            if key is None:
                raise CannotRewrite("holds a list in a list")
            colon = self.text.index(":", key.end) + 1
            yield Edit(colon, colon, " []" if lead else " {}")

    def put_flow_cells(
        self, node: Node, cells: list[tuple[int, int]], gone: list[int], made: list[str]
    ) -> Iterator[Edit]:
        """The same in brackets."""
        inner = self.text[node.start : node.end]
        kept = [index for index in range(len(cells)) if index not in gone]
        commented = "#" in inner and bool(comments_of(inner))
        if commented:
            for index in gone:
                yield Edit(*cells[index], "")
                yield from self.comma(cells[index][1], cells[index + 1][0] if cells[index + 1 :] else node.end - 1)
        elif not kept and cells:
            yield Edit(cells[0][0], cells[-1][1], "")
            yield from self.comma(cells[-1][1], node.end - 1)
        else:
            for index in gone:
                if index < kept[-1]:
                    yield Edit(cells[index][0], cells[index + 1][0], "")
            if kept and kept[-1] + 1 < len(cells):
                yield Edit(cells[kept[-1]][1], cells[-1][1], "")
        if not made:
            return
        if not cells:
            yield Edit(self.bracket(node), self.bracket(node), ", ".join(made))
        elif commented or not kept or "\n" in inner:  # what stands behind the last one may be a comment: so in front
            first = cells[0][0]
            alone = not self.text[self.line_start(first) : first].strip()
            between = f",{self.newline}{' ' * self.column(first)}" if alone else ", "
            yield Edit(first, first, between.join([*made, ""] if kept else made))
        else:
            yield Edit(cells[-1][1], cells[-1][1], "".join(f", {one}" for one in made))

    def comma(self, start: int, end: int) -> Iterator[Edit]:
        """Take away the comma between two places, if there is one outside of comments."""
        at = start
        while at < end:
            if self.text[at] == "#":
                at = self.line_end(at)
            elif self.text[at] == ",":
                yield Edit(at, at + 1, "")
                return
            else:
                at += 1

    def bracket(self, node: Node) -> int:
        """Just behind the opening bracket of an empty list or mapping, which an anchor may stand before."""
        return next(at for at in range(node.start, node.end) if self.text[at] in "[{") + 1

    def begin(self, start: int, lead: str) -> int:
        """Where a part of a block begins, with its dash. Raises CannotRewrite where something else stands in its line."""
        line = self.line_start(start)
        before = self.text[line:start]
        if before.strip() != lead.strip() or len(before.rstrip()) - len(before.rstrip().rstrip("-")) > 1:
            raise CannotRewrite("has several values in one line")
        return line + len(before) - len(before.lstrip()) if lead else start

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        return self.text.index("\n", at) + 1

    def column(self, at: int) -> int:
        return at - self.line_start(at)

    def block(self, name: str, value: Any, style: str, column: int) -> str:
        """A new pair, in one line if it is short, else with each part on a line of its own."""
        key = self.shown(name, "", flow=False)
        short = f"{key}: {self.shown(value, style, flow=True)}"
        if column + len(short) <= _WIDE or not value or not isinstance(value, dict | list):
            return short
        indent = f"{self.newline}{' ' * (column + 2)}"
        if isinstance(value, dict):
            return key + ":" + "".join(indent + self.block(one, held, style, column + 2) for one, held in value.items())
        return key + ":" + "".join(f"{indent}- {self.shown(one, style, flow=True)}" for one in value)

    def shown(self, value: Any, style: str, *, flow: bool) -> str:
        """The value in YAML, in one line; text in the style of its neighbours, where that can hold it."""
        match value:
            case None | bool() | int():
                return json.dumps(value)
            case str():
                return self.scalar(value, style, flow=flow)
            case dict():
                pairs = (
                    f"{self.shown(key, '', flow=True)}: {self.shown(one, style, flow=True)}"
                    for key, one in value.items()
                )
                return "{" + ", ".join(pairs) + "}"
            case _:
                return "[" + ", ".join(self.shown(one, style, flow=True) for one in value) + "]"

    def scalar(self, text: str, style: str, *, flow: bool) -> str:
        if not style and _PLAIN.fullmatch(text) and read_plain(text) == text and not (flow and "?" in text[:1]):
            return text
        if style == "'" and "\\" not in canonical_json(text):
            return "'" + text.replace("'", "''") + "'"
        return canonical_json(text)

    def same(self, raw: Any, want: Any) -> bool:
        """Whether what stands there means what is wanted. Lists have no order; what is null does not stand."""
        return bool(_key(raw, self.meaning) == _key(want, self.meaning))


def _key(value: Any, meaning: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return canonical_json(meaning(value))
    if isinstance(value, dict):
        return canonical_json({name: _key(one, meaning) for name, one in value.items() if one is not None})
    if isinstance(value, list):
        return canonical_json(sorted({_key(one, meaning) for one in value}))
    return canonical_json(value)
