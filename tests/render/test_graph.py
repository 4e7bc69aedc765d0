"""The picture of the grants: everything is on it, nothing lies on anything else, and no name can break out of its label."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import pydot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.access import Granted, Grants, Reach
from reconciler.model.addresses import Address
from reconciler.render.graph_layout import Layout, Link, Node, crossings, lay_out
from reconciler.render.graph_model import Graph, graph_of
from reconciler.render.graph_svg import graph_svg
from reconciler.render.graph_text import graph_dot, graph_mermaid
from tests.access.stack import GRANTS, TARGET, api_key, provider

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '"]--> x; <script>alert(1)</script> & \\" #quot; %% \n end \x1b[0m \u202e \x00'


@st.composite
def grants(draw: st.DrawFn, most: int = 30) -> Grants:
    """Any stack: names of any length, any grants."""
    count, providers = draw(st.integers(0, most)), draw(st.integers(0, 8))
    offered = [provider(f"p{n}" * draw(st.integers(1, 30))) if n % 2 else api_key(f"k{n}") for n in range(providers)]
    reaches = []
    for number in range(count):
        chosen = draw(st.sets(st.integers(0, providers - 1), max_size=4)) if providers else set()
        reaches.append(
            Reach(
                identity=Address("workload_identity", f"agent-{number}"),
                name="x",
                grants=tuple(Granted(provider=offered[at], flows=("M2M",)) for at in sorted(chosen)),
                return_urls=(f"https://host-{number % 3}.example.com/cb", "myapp:/back"),
            )
        )
    return Grants(target=TARGET, reaches=tuple(reaches), providers=tuple(offered))


def named(text: str) -> Graph:
    bad = provider(text, name=text)
    one = Reach(
        identity=Address("workload_identity", text), name=text,
        grants=(Granted(provider=bad, scopes=(text,), flows=(text,)),),
        return_urls=(f"https://{text}/cb",),
    )  # fmt: skip
    return graph_of(Grants(target=TARGET, reaches=(one,), providers=(bad,)), with_hosts=True)


def drawn(graph: Graph) -> Layout:
    return lay_out([graph.hosts, graph.identities, graph.providers], graph.links)


@settings(max_examples=60, deadline=None)
@given(grants())
def test_no_box_lies_on_another_and_all_are_inside(found: Grants) -> None:
    drawing = drawn(graph_of(found, with_hosts=True))
    for one, other in itertools.combinations(drawing.boxes, 2):
        apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
        apart_y = one.y + one.height <= other.y + 1e-6 or other.y + other.height <= one.y + 1e-6
        assert apart_x or apart_y, (one, other)
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.y >= -1e-6
        assert box.x + box.width <= drawing.width + 1e-6
        assert box.y + box.height <= drawing.height + 1e-6
        assert len(box.label) * 7.3 < box.width


@settings(max_examples=60, deadline=None)
@given(grants())
def test_every_line_begins_and_ends_at_its_boxes(found: Grants) -> None:
    drawing = drawn(graph_of(found, with_hosts=True))
    boxes = {box.node.key: box for box in drawing.boxes}
    for line in drawing.lines:
        start, end = boxes[line.link.start], boxes[line.link.end]
        assert (line.x1, line.x2) == (start.x + start.width, end.x)
        assert start.y < line.y1 < start.y + start.height
        assert end.y < line.y2 < end.y + end.height


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_crossings_are_counted_as_one_would_by_hand(pairs: list[tuple[int, int]]) -> None:
    keys = [str(number) for number in range(6)]
    named_pairs = [(str(start), str(end)) for start, end in pairs]
    by_hand = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in itertools.combinations(pairs, 2))
    assert crossings(keys, keys, named_pairs) == by_hand


def test_the_order_of_columns_takes_crossings_away() -> None:
    left = [Node(key=f"l{n}", label="l", sort="identity") for n in range(6)]
    right = [Node(key=f"r{n}", label="r", sort="oauth2") for n in range(6)]
    links = [Link(start=f"l{n}", end=f"r{5 - n}", style="key") for n in range(6)]
    ends = [line.y2 for line in sorted(lay_out([left, right], links).lines, key=lambda line: line.y1)]
    assert ends == sorted(ends)


def test_hundreds_of_nodes_are_drawn() -> None:
    offered = [provider(f"provider-{n:03}") for n in range(100)]
    reaches = tuple(
        Reach(
            identity=Address("workload_identity", f"agent-{n:03}"), name="x",
            grants=tuple(Granted(provider=offered[(n * step) % 100]) for step in (3, 7, 11)),
        )
        for n in range(600)
    )  # fmt: skip
    text = graph_svg(graph_of(Grants(target=TARGET, reaches=reaches, providers=tuple(offered))))
    assert text.count("<path") >= 600 * 2


@pytest.mark.parametrize("with_hosts", [False, True])
def test_the_svg_has_a_title_a_description_and_every_node_and_line(with_hosts: bool) -> None:
    graph = graph_of(GRANTS, with_hosts=with_hosts)
    root = ElementTree.fromstring(graph_svg(graph))
    assert root.get("role") == "img"
    ids = {one.get("id") for one in root.iter() if one.get("id")}
    assert set(str(root.get("aria-labelledby")).split()) == ids == {"title", "desc"}
    labels = {text.text for text in root.iter(f"{SVG}text")}
    assert {node.label for node in (*graph.identities, *graph.providers, *graph.hosts)} <= labels
    told = [title.text for path in root.iter(f"{SVG}path") for title in path.iter(f"{SVG}title")]
    assert told == [link.told for link in graph.links]
    style = root.find(f"{SVG}style")
    assert style is not None
    assert "prefers-color-scheme: dark" in str(style.text)


def test_the_svg_runs_nothing_and_fetches_nothing() -> None:
    root = ElementTree.fromstring(graph_svg(named(HOSTILE)))
    allowed = {"svg", "title", "desc", "style", "rect", "text", "g", "path"}
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= allowed
    assert not any(name.startswith(("on", "href")) or "href" in name for one in root.iter() for name in one.attrib)
    assert "url(" not in graph_svg(named(HOSTILE))


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_any_name_leaves_the_svg_well_formed(text: str) -> None:
    root = ElementTree.fromstring(graph_svg(named(text)))
    assert root.tag == f"{SVG}svg"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pydot calls pyparsing by its former names
@settings(deadline=None)
@given(st.text(min_size=1, max_size=30) | st.just(HOSTILE))
def test_any_name_leaves_the_dot_readable_with_its_nodes(text: str) -> None:
    parsed = pydot.graph_from_dot_data(graph_dot(named(text)))
    assert parsed is not None
    (graph,) = parsed
    assert {node.get_name() for node in graph.get_nodes()} - {"graph", "node", "edge"} >= {"i0", "p0"}
    assert {(edge.get_source(), edge.get_destination()) for edge in graph.get_edges()} >= {("i0", "p0")}


_NODE = re.compile(r'  [iph]\d+(\("|\["|\[/"|\(\[")([A-Za-z0-9 ._/-]|#\d+;)*("\)|"\]|"/\]|"\]\)):::\w+')
_EDGE = re.compile(r'  [iph]\d+ (-->|-\.->|==>|-\.-)(\|"[A-Za-z0-9 ]+"\|)? [iph]\d+')
_HEAD = re.compile(r"flowchart LR|  acc(Title|Descr): [A-Za-z0-9 ._/,()-]*|  classDef \w+ [a-z0-9:#,]+")


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30) | st.just(HOSTILE))
def test_every_line_of_mermaid_is_of_a_form_that_no_name_can_leave(text: str) -> None:
    for line in graph_mermaid(named(text)).rstrip("\n").split("\n"):
        assert any(form.fullmatch(line) for form in (_NODE, _EDGE, _HEAD)), line


@settings(deadline=None)
@given(grants(most=8))
def test_the_same_grants_are_the_same_picture(found: Grants) -> None:
    assert graph_svg(graph_of(found)) == graph_svg(graph_of(found))
    names = [link.told for link in graph_of(found).links]
    assert len(names) == sum(len(reach.grants) for reach in found.reaches)
