"""A page read as a tree, by the standard library's own parser, strictly: what is opened is closed, in its turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "img", "input", "base", "hr", "col", "embed", "source"}
_BLOCKS = {"p", "li", "h1", "h2", "h3", "h4", "h5", "dt", "dd", "th", "td", "summary", "ins", "del", "label", "title"}
_UNSEEN = {"style", "script", "svg", "option"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    @property
    def text(self) -> str:
        return " ".join(self.raw.split())

    @property
    def raw(self) -> str:
        return "".join(child if isinstance(child, str) else child.raw for child in self.children)

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def all(self, tag: str = "", *, of: str = "") -> list[Element]:
        """The elements inside with that tag, that class, or both."""
        return [one for one in self.walk() if tag in ("", one.tag) and (not of or of in one.classes)]

    def one(self, tag: str = "", *, of: str = "") -> Element:
        (found,) = self.all(tag, of=of)
        return found

    def by_id(self, name: str) -> Element:
        (found,) = (one for one in self.walk() if one.attributes.get("id") == name)
        return found

    def outline(self, depth: int = 0) -> Iterator[str]:
        """What a reader reads, a line for each block."""
        for child in self.children:
            if not isinstance(child, Element) or child.tag in _UNSEEN:
                continue
            inner = any(one.tag in _BLOCKS or one.tag == "svg" for one in child.walk())
            if child.tag in _BLOCKS and not inner:
                yield f"{'  ' * depth}{child.tag}: {child.text}"
            else:
                marked = child.tag in {"section", "article", "details", "nav", "header", "footer", "main", "table"}
                if marked:
                    yield f"{'  ' * depth}<{child.tag}>"
                yield from child.outline(depth + marked)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"<{tag}> has an attribute twice"
        one = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(one)
        if tag not in _VOID:
            self.open.append(one)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def read(page: str) -> Element:
    """The page's root, above <html>."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    (root,) = reader.open
    return root
