"""Where the boxes and lines of a graph of grants go: columns side by side, in an order in which few lines cross.

The longer of two columns is stacked; the other's boxes stand as near as they can to the middle of what they are joined to.
Lengths are in pixels; a character of the monospaced face takes `CHARACTER` of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

CHARACTER = 7.3
HEIGHT, GAP = 30.0, 12.0
_BETWEEN, _FARTHEST = (
    190.0,
    460.0,
)  # between two columns; tall ones stand farther apart, or the lines would be too steep
_LONGEST = 44  # characters of a label; what is longer is cut in its middle
_SWEEPS = 8
_PADDING = 34.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What is to be drawn: a key of its own, the text in the box, its sort, and what a reader is told who points at it."""

    key: str
    label: str
    sort: str
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A line between the nodes of two columns that stand side by side."""

    start: str
    end: str
    style: str
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A node at its place: the upper left corner and the size. `label` fits into it."""

    node: Node
    label: str
    x: float
    y: float
    width: float
    height: float = HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A link from one point to another."""

    link: Link
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Everything at its place, from (0, 0) to (`width`, `height`)."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


def lay_out(columns: Sequence[Sequence[Node]], links: Sequence[Link]) -> Layout:
    """The drawing of columns, left to right, whose nodes come in the order that breaks ties. The same for the same input."""
    used = [list(column) for column in columns if column]
    around = _neighbours(links)
    ordered = _ordered(used, around)
    tops = _tops(ordered, around)
    boxes: dict[str, Box] = {}
    x = 0.0
    between = min(_BETWEEN + 2.5 * max(map(len, ordered), default=0), _FARTHEST)
    for column in ordered:
        width = max(len(_cut(node.label)) for node in column) * CHARACTER + _PADDING
        for node in column:
            boxes[node.key] = Box(node=node, label=_cut(node.label), x=x, y=tops[node.key], width=width)
        x += width + between
    return Layout(
        boxes=tuple(boxes.values()),
        lines=_lines(links, boxes),
        width=max(x - between, 0.0),
        height=max((box.y + box.height for box in boxes.values()), default=0.0),
    )


def crossings(left: Sequence[str], right: Sequence[str], pairs: Sequence[tuple[str, str]]) -> int:
    """How many of the lines between two columns cross."""
    place = {key: at for at, key in enumerate(right)}
    rank = {key: at for at, key in enumerate(left)}
    ends = [place[end] for start, end in sorted(pairs, key=lambda pair: (rank[pair[0]], place[pair[1]]))]
    sums, crossed = [0] * (len(right) + 1), 0
    for seen, end in enumerate(ends):
        at, before = end + 1, 0
        while at:
            before += sums[at]
            at &= at - 1
        crossed += seen - before
        at = end + 1
        while at <= len(right):
            sums[at] += 1
            at += at & -at
    return crossed


def _neighbours(links: Sequence[Link]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for link in links:
        found.setdefault(link.start, []).append(link.end)
        found.setdefault(link.end, []).append(link.start)
    return {key: tuple(keys) for key, keys in found.items()}


def _ordered(columns: list[list[Node]], around: Mapping[str, tuple[str, ...]]) -> list[list[Node]]:
    """Each node near the middle of its neighbours, swept to and fro; what has none goes to the end. The best sweep wins."""
    current = [_last_alone(column, around) for column in columns]
    best, fewest = current, _crossed(current, around)
    for sweep in range(_SWEEPS):
        current = [list(column) for column in current]
        indexes = range(len(current)) if sweep % 2 else reversed(range(len(current)))
        for index in indexes:
            place = {node.key: at for column in current for at, node in enumerate(column)}
            beside = {node.key for near in (index - 1, index + 1) if 0 <= near < len(current) for node in current[near]}
            current[index] = _by_middle(current[index], place, beside, around)
        count = _crossed(current, around)
        if count < fewest:
            best, fewest = current, count
    return best


def _last_alone(column: Sequence[Node], around: Mapping[str, tuple[str, ...]]) -> list[Node]:
    return sorted(column, key=lambda node: node.key not in around)


def _by_middle(
    column: Sequence[Node], place: Mapping[str, int], beside: set[str], around: Mapping[str, tuple[str, ...]]
) -> list[Node]:
    def middle(node: Node) -> tuple[bool, float]:
        near = [place[key] for key in around.get(node.key, ()) if key in beside]
        return not near, sum(near) / len(near) if near else 0.0

    return sorted(column, key=middle)


def _crossed(columns: Sequence[Sequence[Node]], around: Mapping[str, tuple[str, ...]]) -> int:
    count = 0
    for left, right in pairwise(columns):
        there = {node.key for node in right}
        pairs = [(node.key, key) for node in left for key in around.get(node.key, ()) if key in there]
        count += crossings([node.key for node in left], [node.key for node in right], pairs)
    return count


def _tops(columns: Sequence[Sequence[Node]], around: Mapping[str, tuple[str, ...]]) -> dict[str, float]:
    """The upper edge of every box."""
    pitch = HEIGHT + GAP
    longest = max(range(len(columns)), key=lambda index: len(columns[index]), default=0)
    tops: dict[str, float] = {}
    outwards = sorted(range(len(columns)), key=lambda index: (abs(index - longest), index))
    for index in outwards:
        column = columns[index]
        if index == longest:
            tops |= {node.key: at * pitch for at, node in enumerate(column)}
            continue
        wished: list[float] = []
        for at, node in enumerate(column):
            near = [tops[key] for key in around.get(node.key, ()) if key in tops]
            lowest = wished[-1] if wished else 0.0
            wished.append(sum(near) / len(near) - at * pitch if near else lowest)
        shift = _never_falling(wished)
        rise = min([0.0, *(one for one in shift)])
        tops |= {node.key: one - rise + at * pitch for at, (node, one) in enumerate(zip(column, shift, strict=True))}
    return tops


def _never_falling(wished: Sequence[float]) -> list[float]:
    """The numbers that never fall and are nearest to those wished for: neighbours out of order meet at their mean."""
    blocks: list[tuple[float, int]] = []
    for one in wished:
        mean, size = one, 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        blocks.append((mean, size))
    return [mean for mean, size in blocks for _ in range(size)]


def _lines(links: Sequence[Link], boxes: Mapping[str, Box]) -> tuple[Line, ...]:
    """Lines leave and reach a box one below the other, in the order in which their other ends stand."""
    sides: dict[tuple[str, bool], list[Link]] = {}
    for link in links:
        sides.setdefault((link.start, True), []).append(link)
        sides.setdefault((link.end, False), []).append(link)
    heights: dict[tuple[int, bool], float] = {}
    for (key, leaving), several in sides.items():
        box = boxes[key]
        several.sort(key=lambda link: boxes[link.end if leaving else link.start].y)
        room = min(box.height - 10, 6.0 * (len(several) - 1))
        for at, link in enumerate(several):
            part = at / (len(several) - 1) - 0.5 if len(several) > 1 else 0.0
            heights[id(link), leaving] = box.y + box.height / 2 + part * room
    return tuple(
        Line(
            link=link,
            x1=boxes[link.start].x + boxes[link.start].width,
            y1=heights[id(link), True],
            x2=boxes[link.end].x,
            y2=heights[id(link), False],
        )
        for link in links
    )


def _cut(label: str) -> str:
    if len(label) <= _LONGEST:
        return label
    half = (_LONGEST - 1) // 2
    return f"{label[:half]}…{label[-half:]}"
