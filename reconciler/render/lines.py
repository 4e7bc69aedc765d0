"""The lines that views on a terminal are made of: a resource, an attribute's elements, a finding, a sentence below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.diagnostics import Source
from reconciler.model.changes import Action, Cause
from reconciler.model.values import Value
from reconciler.render import words
from reconciler.render.clean import clean
from reconciler.render.elements import elements
from reconciler.render.findings import wrapped
from reconciler.render.palette import Palette

MARGIN = 6  # columns before what is said of a change
_SOURCE_AT = 100  # on wider terminals the source line does not run away from its address


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Makes lines for a terminal of that width. `verbose`: with the elements that stay as they are."""

    paint: Palette
    width: int
    verbose: bool

    def attribute(self, name: str, before: Value, after: Value, cause: Cause | None, known: Value) -> Iterator[str]:
        """An attribute and its elements, those that stay as they are only counted."""
        pad = " " * MARGIN
        said = words.cause(cause)
        yield f"{pad}{clean(name)}  {self.paint.dim(said)}" if said else f"{pad}{clean(name)}"
        kept = 0
        for element in elements(before, after):
            sign = element.sign
            if sign == " " and not self.verbose:
                kept += 1
                continue
            line = self.paint.sign(sign, f"{sign} {element.text}")
            whose = words.whose(element, cause, known)
            yield f"{pad}  {line}  {self.paint.dim(f'({whose})')}" if whose else f"{pad}  {line}"
        if kept:
            yield f"{pad}    {self.paint.dim(f'{kept} unchanged')}"

    def entry(
        self,
        symbol: str,
        word: str,
        title: str,
        source: Source | None,
        action: Action | None = None,
        *,
        bad: bool = False,
        gone: bool = False,
    ) -> str:
        """One resource's line: symbol, word, address, and the source line at the right."""
        lead = f"{symbol:>3} {word:<7} "
        painted = self.paint.bad(lead) if bad else self.paint.action(action or Action.NO_OP, lead)
        line = f"{painted}{self.paint.bold(title)}"
        if not source:
            return line
        place = self.place(source, gone=gone)
        gap = min(self.width, _SOURCE_AT) - len(lead) - len(title) - len(place)
        return f"{line}{' ' * max(gap, 2)}{self.paint.dim(place)}"

    def headline(
        self, label: str, said: str, source: Source | None, paint: Callable[[str], str], *, gone: bool = False
    ) -> list[str]:
        """`warning[code]: summary  place`, what does not fit on the line folded below. The words are cleaned already."""
        label, pad = f"{label}: ", " " * MARGIN
        place = self.place(source, gone=gone)
        tail = f"  {self.paint.dim(place)}" if place else ""
        head = paint(label.rstrip())
        if len(label) + len(said) + len(place) + 2 <= self.width:
            return [f"{head} {self.paint.bold(said)}{tail}"]
        first, *rest = wrapped(said, self.width - len(label)) or [""]
        lines = [f"{head} {self.paint.bold(first)}", *(pad + self.paint.bold(line) for line in rest)]
        return [*lines, pad + self.paint.dim(place)] if place else lines

    def place(self, source: Source | None, *, gone: bool = False) -> str:
        """`payments.yaml:12`, or, of what is not there any more, `was payments.yaml:12`."""
        return ("was " if gone else "") + clean(f"{source.file}:{source.line}") if source else ""

    def remark(self, label: str, text: str) -> list[str]:
        """A label and a sentence, folded beside it."""
        first, *rest = wrapped(text, self.width - 9)
        return [f"{label}: {first}", *(f"{' ' * 9}{line}" for line in rest)]

    def said(self, text: str, margin: int = MARGIN) -> list[str]:
        """A sentence, folded below what it is about."""
        pad = " " * margin
        return wrapped(text, self.width, first=pad, rest=pad)


def joined(blocks: Sequence[list[str]]) -> list[str]:
    """Blocks of one line follow each other; a longer one gets air around it."""
    lines: list[str] = []
    for index, block in enumerate(blocks):
        if index and (len(block) > 1 or len(blocks[index - 1]) > 1):
            lines.append("")
        lines += block
    return lines
