"""Who reaches what, as boxes and lines at their places; of a large report, what matters most, and a count of the rest.

The layout is that of `graph`: hosts to the left of the identities whose users return to them, providers to the right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.kinds import WORKLOAD_IDENTITY
from reconciler.model.report import Drawing, Link, Mark, Node
from reconciler.render import graph_layout
from reconciler.render.clean import clean
from reconciler.render.reports.html import saying

_TALLEST = 120  # boxes of one column
_LONGEST = 2_000  # lines of the table
_HOST = "host"
_HEAD = 32  # pixels for the names of the columns
_ORDER = (Mark.ADDED, Mark.REMOVED, Mark.CHANGED, Mark.KEPT)
_COLUMNS = ("Return hosts", "Identities", "Providers")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxView:
    """A node at its place. `index` is how the script knows it, `told` what it says to those who do not see it."""

    index: int
    column: int
    label: str
    sort: str
    sign: str
    mark: str
    level: str
    told: str
    environments: str
    x: str
    y: str
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A link as a curve, with its sign where it is halfway."""

    start: int
    end: int
    sign: str
    mark: str
    told: str
    environments: str
    curve: str
    x: str
    y: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A link as a line of the table."""

    start: str
    end: str
    sort: str
    sign: str
    mark: str
    words: tuple[str, ...]
    environments: str
    indexes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingView:
    """Everything to draw. `headings`: a column's name and where it begins; `notes`: what is not drawn, as sentences."""

    number: str
    boxes: tuple[BoxView, ...]
    lines: tuple[LineView, ...]
    links: tuple[LinkView, ...]
    headings: tuple[tuple[str, str], ...]
    width: str
    height: str
    told: str
    notes: tuple[str, ...]
    marks: tuple[tuple[str, str], ...]
    indexes: Mapping[str, int]


def drawing(reach: Drawing, indexes: Mapping[str, str], number: str) -> DrawingView | None:
    """The drawing, or None where there is nothing to draw. `indexes`: of environments, by name."""
    if not reach.nodes:
        return None
    by_key = {one.key: one for one in reach.nodes}
    reach = replace(reach, links=tuple(one for one in reach.links if one.start in by_key and one.end in by_key))
    chosen = _chosen(reach)
    links = [one for one in reach.links if one.start in chosen and one.end in chosen]
    placed = graph_layout.lay_out(_columns(chosen), [_laid(one) for one in links])
    marks = {one.mark for one in links} | {one.mark for one in chosen.values()}
    order = {box.node.key: at for at, box in enumerate(placed.boxes)}
    lines = tuple(_line(line, link, by_key, order, indexes) for line, link in zip(placed.lines, links, strict=True))
    return DrawingView(
        number=number,
        boxes=tuple(_box(box, chosen[box.node.key], order, indexes) for box in placed.boxes),
        lines=tuple(sorted(lines, key=lambda line: line.mark != saying.MARKS[Mark.KEPT])),  # what changes lies on top
        links=tuple(_link(one, by_key, indexes) for one in _by_gravity(reach.links, by_key)[:_LONGEST]),
        headings=_headings(placed),
        width=_n(placed.width + 2),
        height=_n(placed.height + _HEAD),
        told=_told(reach),
        notes=tuple(_notes(reach, chosen)),
        marks=tuple((mark.value, saying.MARKS[mark]) for mark in _ORDER if mark in marks),
        indexes=order,
    )


def _chosen(reach: Drawing) -> Mapping[str, Node]:
    """The gravest and the changed identities, then those beside them; and of what they reach, the same."""
    identities = sorted((one for one in reach.nodes if one.kind == WORKLOAD_IDENTITY.type), key=_weight)[:_TALLEST]
    kept = {one.key: one for one in identities}
    lines: dict[str, int] = {}
    for link in reach.links:
        if link.start in kept:
            lines[link.end] = min(lines.get(link.end, len(_ORDER)), _ORDER.index(link.mark))
    ends = [one for one in reach.nodes if one.key in lines or (one.kind not in (_HOST, WORKLOAD_IDENTITY.type))]
    ends = [one for one in ends if one.key in lines or one.mark is not Mark.KEPT]
    ends.sort(key=lambda one: (lines.get(one.key, 0), _weight(one)))
    for column in ([one for one in ends if one.kind == _HOST], [one for one in ends if one.kind != _HOST]):
        kept |= {one.key: one for one in column[:_TALLEST]}
    return kept


def _weight(one: Node) -> tuple[int, int, str]:
    return -1 - one.level.rank if one.level else 0, _ORDER.index(one.mark), one.key


def _columns(chosen: Mapping[str, Node]) -> list[list[graph_layout.Node]]:
    columns: list[list[graph_layout.Node]] = [[], [], []]
    for one in sorted(chosen.values(), key=lambda node: node.key):
        columns[_column(one)].append(graph_layout.Node(key=one.key, label=clean(one.label), sort=one.kind))
    return columns


def _column(one: Node) -> int:
    return 0 if one.kind == _HOST else 1 if one.kind == WORKLOAD_IDENTITY.type else 2


def _laid(one: Link) -> graph_layout.Link:
    """A link from left to right: hosts stand to the left of who reaches them."""
    start, end = (one.end, one.start) if one.end.startswith(f"{_HOST}:") else (one.start, one.end)
    return graph_layout.Link(start=start, end=end, style=one.mark.value)


def _box(box: graph_layout.Box, node: Node, order: Mapping[str, int], indexes: Mapping[str, str]) -> BoxView:
    said = [f"{saying.kind(node.kind)} {node.label}", saying.MARKS[node.mark]]
    said += [node.level.value] if node.level else []
    said += [f"in {saying.joined(node.environments)}"] if node.environments else []
    return BoxView(
        index=order[node.key],
        column=_column(node),
        label=box.label,
        sort=node.kind,
        sign=_sign(node.mark),
        mark=saying.MARKS[node.mark],
        level=node.level.value if node.level else "",
        told=", ".join(said),
        environments=_indexes(node.environments, indexes),
        x=_n(box.x + 1),
        y=_n(box.y + 1),
        width=_n(box.width),
    )


def _line(
    line: graph_layout.Line,
    link: Link,
    nodes: Mapping[str, Node],
    order: Mapping[str, int],
    indexes: Mapping[str, str],
) -> LineView:
    """A curve that leaves and arrives level."""
    x1, y1, x2, y2 = line.x1 + 1, line.y1 + 1, line.x2 + 1, line.y2 + 1
    middle = x1 + (x2 - x1) / 2
    said = f"{nodes[link.start].label} to {nodes[link.end].label}, {saying.MARKS[link.mark]}"
    return LineView(
        start=order[link.start],
        end=order[link.end],
        sign=_sign(link.mark),
        mark=saying.MARKS[link.mark],
        told=f"{said}: {saying.joined(link.words)}" if link.words else said,
        environments=_indexes(link.environments, indexes),
        curve=f"M{_n(x1)} {_n(y1)}C{_n(middle)} {_n(y1)} {_n(middle)} {_n(y2)} {_n(x2)} {_n(y2)}",
        x=_n(middle),
        y=_n((y1 + y2) / 2),
    )


def _link(link: Link, nodes: Mapping[str, Node], indexes: Mapping[str, str]) -> LinkView:
    return LinkView(
        start=nodes[link.start].label,
        end=nodes[link.end].label,
        sort=saying.kind(nodes[link.end].kind),
        sign=_sign(link.mark),
        mark=saying.MARKS[link.mark],
        words=link.words,
        environments=saying.joined(link.environments),
        indexes=_indexes(link.environments, indexes),
    )


def _by_gravity(links: Iterable[Link], nodes: Mapping[str, Node]) -> list[Link]:
    return sorted(links, key=lambda one: (_weight(nodes[one.start]), _ORDER.index(one.mark), one.end))


def _headings(placed: graph_layout.Layout) -> tuple[tuple[str, str], ...]:
    found: dict[float, str] = {}
    for box in placed.boxes:
        column = 0 if box.node.sort == _HOST else 1 if box.node.sort == WORKLOAD_IDENTITY.type else 2
        found[box.x] = _COLUMNS[column]
    return tuple((name, _n(x + 1)) for x, name in sorted(found.items()))


def _told(reach: Drawing) -> str:
    """The drawing in a sentence."""
    changes = [
        f"{saying.number(count)} {saying.MARKS[mark]}"
        for mark in _ORDER
        if (count := sum(one.mark is mark for one in reach.links))
    ]
    return f"Links between identities and what they reach: {saying.joined(changes) or 'none'}."


def _notes(reach: Drawing, chosen: Mapping[str, Node]) -> Sequence[str]:
    notes = []
    if left := len(reach.nodes) - len(chosen):
        notes.append(
            f"{saying.number(left)} more of {saying.number(len(reach.nodes))} are not drawn: what is gravest stands here."
        )
    if len(reach.links) > _LONGEST:
        notes.append(
            f"The table holds the {saying.number(_LONGEST)} gravest links of {saying.number(len(reach.links))}."
        )
    if reach.omitted:
        counted = f"{saying.number(reach.omitted)} {'identity' if reach.omitted == 1 else 'identities'}"
        notes.append(f"{counted} that neither change nor share a host or provider with a change are left out.")
    return notes


def _indexes(names: Iterable[str], indexes: Mapping[str, str]) -> str:
    return " ".join(indexes[name] for name in names if name in indexes)


def _sign(mark: Mark) -> str:
    return "−" if mark is Mark.REMOVED else mark.value.strip()


def _n(number: float) -> str:
    """A length, to a tenth of a pixel."""
    return f"{number:.1f}".removesuffix(".0")
