"""The graph of grants as an SVG picture that needs no other program: light or dark as its reader's screen is.

Every box and line says what it is to whoever points at it, and the whole has a title and a description for screen readers.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from reconciler.render.clean import clean
from reconciler.render.graph_layout import CHARACTER, Box, Layout, Line, lay_out
from reconciler.render.graph_model import STYLES, Graph

_MARGIN, _HEAD, _FOOT = 28.0, 92.0, 54.0
_LIGHT = ("#2563eb", "#c2410c", "#15803d", "#9333ea", "#b91c1c", "#0e7490", "#a16207", "#be185d")
_DARK = ("#60a5fa", "#fb923c", "#4ade80", "#c084fc", "#f87171", "#22d3ee", "#facc15", "#f472b6")
_FACE = """\
    text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
    .title { font: 600 17px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
    .note, .column { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
    .column { font-weight: 600; letter-spacing: .06em }
    .alone { opacity: .55 }
    path { fill: none; stroke-width: 1.5; stroke-opacity: .75 }
    path.user { stroke-dasharray: 6 4 }
    path.both { stroke-width: 3 }
    path.key { stroke-dasharray: 1.5 4; stroke-linecap: round; stroke-width: 2 }
    path.return { stroke-dasharray: 2 3; stroke-opacity: .5 }
    path:hover { stroke-width: 4; stroke-opacity: 1 }"""


class _Theme(NamedTuple):
    """The colours of a light or a dark screen; `hues`: of the providers, by turns."""

    page: str
    ink: str
    soft: str
    box: str
    edge: str
    hues: tuple[str, ...]

    def rules(self) -> str:
        """Without CSS variables, which viewers other than browsers do not know."""
        rules = [
            f".page {{ fill: {self.page} }}",
            f"text {{ fill: {self.ink} }}",
            f".note, .column {{ fill: {self.soft} }}",
            f".box {{ fill: {self.box}; stroke: {self.edge} }}",
            f"path {{ stroke: {self.soft} }}",
            *(f"path.h{at} {{ stroke: {hue} }} rect.h{at} {{ fill: {hue} }}" for at, hue in enumerate(self.hues)),
        ]
        return "\n".join(f"    {rule}" for rule in rules)


_ON_LIGHT = _Theme("#ffffff", "#0f172a", "#64748b", "#f8fafc", "#cbd5e1", _LIGHT)
_ON_DARK = _Theme("#0b1220", "#e2e8f0", "#94a3b8", "#131c2e", "#334155", _DARK)
_STYLE = f"{_FACE}\n{_ON_LIGHT.rules()}\n    @media (prefers-color-scheme: dark) {{\n{_ON_DARK.rules()}\n    }}"


def graph_svg(graph: Graph) -> str:
    """The whole picture as one SVG document."""
    drawing = lay_out([graph.hosts, graph.identities, graph.providers], graph.links)
    footer = _legend(graph)
    heading = max(len(graph.title) * 10.0, len(graph.told) * 6.6, sum(size for _, size, _ in footer))
    width = max(drawing.width, heading) + 2 * _MARGIN
    height = drawing.height + _HEAD + _FOOT + _MARGIN
    providers = sorted((box.y, box.node.key) for box in drawing.boxes if box.node.sort in ("oauth2", "key"))
    hues = {key: f"h{at % len(_LIGHT)}" for at, (_, key) in enumerate(providers)}  # neighbours differ
    joined = {end for link in graph.links for end in (link.start, link.end)}
    size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">',
        f'  <title id="title">{_x(graph.title)}</title>',
        f'  <desc id="desc">{_x(graph.told)}</desc>',
        f"  <style>\n{_STYLE}\n  </style>",
        '  <rect class="page" width="100%" height="100%"/>',
        f'  <text class="title" x="{_n(_MARGIN)}" y="40">{_x(graph.title)}</text>',
        f'  <text class="note" x="{_n(_MARGIN)}" y="60">{_x(graph.told)}</text>',
        f'  <g transform="translate({_n(_MARGIN)} {_n(_HEAD + 12)})">',
        *_columns(drawing),
        *(_line(one, hues) for one in drawing.lines),
        *(_box(one, hues, alone=one.node.key not in joined) for one in drawing.boxes),
        "  </g>",
        *_footer(footer, height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _columns(drawing: Layout) -> Iterator[str]:
    names = {"host": "RETURN HOSTS", "identity": "IDENTITIES", "oauth2": "PROVIDERS", "key": "PROVIDERS"}
    for x, sort in sorted({(box.x, names[box.node.sort]) for box in drawing.boxes}):
        yield f'    <text class="column" x="{_n(x)}" y="-16">{sort}</text>'


def _line(line: Line, hues: dict[str, str]) -> str:
    """A curve that leaves and arrives level."""
    bend = (line.x2 - line.x1) / 2
    curve = (
        f"M{_n(line.x1)} {_n(line.y1)}C{_n(line.x1 + bend)} {_n(line.y1)} "
        f"{_n(line.x2 - bend)} {_n(line.y2)} {_n(line.x2)} {_n(line.y2)}"
    )
    classes = " ".join(one for one in (line.link.style, hues.get(line.link.end, "")) if one)
    return f'    <path class="{classes}" d="{curve}"><title>{_x(line.link.told)}</title></path>'


def _box(box: Box, hues: dict[str, str], *, alone: bool) -> str:
    sort = box.node.sort
    classes = f"{sort} alone" if alone else sort
    corner = {"identity": 8, "host": 15}.get(sort, 3)
    place = f'x="{_n(box.x)}" y="{_n(box.y)}"'
    bar = ""
    if box.node.key in hues:
        bar = f'<rect class="{hues[box.node.key]}" {place} width="4" height="{_n(box.height)}" rx="1.5"/>'
    text = f'<text x="{_n(box.x + 17)}" y="{_n(box.y + box.height / 2 + 4)}">{_x(box.label)}</text>'
    frame = f'<rect class="box" {place} width="{_n(box.width)}" height="{_n(box.height)}" rx="{corner}"/>'
    return f'    <g class="node {classes}"><title>{_x(box.node.told)}</title>{frame}{bar}{text}</g>'


def _legend(graph: Graph) -> list[tuple[str, float, str]]:
    """The styles of lines that occur, each with the room that it takes and what it means."""
    used = {link.style for link in graph.links}
    found = [(style, len(words) * CHARACTER + 76, words) for style, words in STYLES.items() if style in used]
    if any(node.label.endswith("*") for node in graph.providers):
        found.append(("", 170.0, "* of another stack"))
    return found


def _footer(legend: list[tuple[str, float, str]], height: float) -> Iterator[str]:
    x, y = _MARGIN, height - _MARGIN
    for style, room, words in legend:
        if style:
            yield f'  <path class="{style}" d="M{_n(x)} {_n(y - 4)}H{_n(x + 34)}"/>'
        at = x + 42 if style else x
        yield f'  <text class="note" x="{_n(at)}" y="{_n(y)}">{_x(words)}</text>'
        x += room


def _n(number: float) -> str:
    """A length, to a tenth of a pixel."""
    return f"{number:.1f}".removesuffix(".0")


def _x(text: str) -> str:
    return escape(clean(text))
