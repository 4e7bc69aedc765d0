"""The graph of grants as Mermaid (for Markdown) and as DOT (for Graphviz); nothing in a name can end its label."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reconciler.render.clean import clean
from reconciler.render.graph_layout import Link, Node
from reconciler.render.graph_model import BOTH, KEY, MACHINE, RETURN, USER, Graph

_HARMLESS = re.compile(r"[^A-Za-z0-9 ._/-]")
_ARROW = {MACHINE: "-->", USER: "-.->", BOTH: "==>", KEY: "-->", RETURN: "-.-"}
_LINE = {MACHINE: "solid", USER: "dashed", BOTH: "bold", KEY: "dotted", RETURN: "dashed"}
_MARK = {MACHINE: "M2M", USER: "user", BOTH: "M2M and user", KEY: "key", RETURN: ""}
_MERMAID = {"identity": ('("', '")'), "oauth2": ('["', '"]'), "key": ('[/"', '"/]'), "host": ('(["', '"])')}
_SHAPE = {"identity": 'box, style="rounded,filled"', "oauth2": "box", "key": "cds", "host": "ellipse"}
_COLOURS = {"identity": "#dbeafe", "oauth2": "#dcfce7", "key": "#fef3c7", "host": "#f3e8ff"}


def graph_mermaid(graph: Graph) -> str:
    """A flowchart, left to right."""
    ids = _ids(graph)
    lines = ["flowchart LR", f"  accTitle: {_plain(graph.title)}", f"  accDescr: {_plain(graph.told)}"]
    for sort in dict.fromkeys(node.sort for node in _nodes(graph)):
        lines.append(f"  classDef {sort} fill:{_COLOURS[sort]},stroke:#64748b,color:#0f172a")
    for node in _nodes(graph):
        opened, closed = _MERMAID[node.sort]
        lines.append(f"  {ids[node.key]}{opened}{_entities(node.label)}{closed}:::{node.sort}")
    for link in graph.links:
        start, end = _ends(link)
        label = f'|"{_MARK[link.style]}"|' if _MARK[link.style] else ""
        lines.append(f"  {ids[start]} {_ARROW[link.style]}{label} {ids[end]}")
    return "\n".join(lines) + "\n"


def graph_dot(graph: Graph) -> str:
    """A directed graph, left to right."""
    ids = _ids(graph)
    lines = [
        "digraph access {",
        f"  graph [rankdir=LR, label={_quoted(graph.title)}, labelloc=t, fontname=Helvetica, ranksep=1.6];",
        "  node [fontname=Helvetica, fontsize=11, style=filled];",
        "  edge [fontname=Helvetica, fontsize=9, color=gray35];",
    ]
    for node in _nodes(graph):
        told, colour = _quoted(node.told), _COLOURS[node.sort]
        label = f"label={_quoted(node.label)}, tooltip={told}"
        lines.append(f'  {ids[node.key]} [{label}, shape={_SHAPE[node.sort]}, fillcolor="{colour}"];')
    for link in graph.links:
        start, end = _ends(link)
        told = f"tooltip={_quoted(link.told)}"
        lines.append(f"  {ids[start]} -> {ids[end]} [style={_LINE[link.style]}, {told}];")
    return "\n".join([*lines, "}"]) + "\n"


def _nodes(graph: Graph) -> Iterator[Node]:
    yield from graph.identities
    yield from graph.providers
    yield from graph.hosts


def _ids(graph: Graph) -> Mapping[str, str]:
    """Short names of our own, which no name from outside is part of."""
    groups = (("i", graph.identities), ("p", graph.providers), ("h", graph.hosts))
    return {node.key: f"{letter}{at}" for letter, nodes in groups for at, node in enumerate(nodes)}


def _ends(link: Link) -> tuple[str, str]:
    """These forms place nodes themselves, so that a return goes from the identity to the host."""
    return (link.end, link.start) if link.style == RETURN else (link.start, link.end)


def _entities(text: str) -> str:
    """Mermaid's own escape of every character that could mean something to it."""
    return _HARMLESS.sub(lambda found: f"#{ord(found[0])};", clean(text))


def _plain(text: str) -> str:
    """For Mermaid's titles, which know no escapes."""
    return _HARMLESS.sub(lambda found: found[0] if found[0] in ",()" else " ", clean(text))


def _quoted(text: str) -> str:
    """As a DOT string: nothing in it is an escape, nor an HTML label."""
    return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
