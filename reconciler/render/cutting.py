"""Fits a document into the room there is: what matters most is shown first, and what was cut is counted.

A document is text that always stands, and blocks of entries. An entry has forms, from a line to the whole of it, and each form
has a rank: low ranks are given room before high ones, in the order of the entries. So a page that is too long loses details of
what matters little, then that itself, and what matters most in the end, if ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.render.words import plural

_NOTE = 600  # room kept for the words that say what was cut
_REST = 60  # … and for the line in each block


class Form(NamedTuple):
    """One way to show an entry."""

    rank: int
    text: str


Noun = tuple[str, str]  # of one, of several
Entry = tuple[Form, ...]
"""The forms of one thing, the shortest first: each holds all that those before it do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Entries in a frame. `noun`: what one of them is called, and several. Without entries there is nothing of it."""

    entries: Sequence[Entry]
    noun: Noun
    lead: str = ""
    between: str = "\n"
    close: str = ""


class Note:
    """Where the words stand that say what was cut."""


NOTE = Note()
Piece = str | Block | Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What was cut, by noun: `hidden` is not there at all, `brief` without its details."""

    hidden: Counter[Noun]
    brief: Counter[Noun]

    def __str__(self) -> str:
        """`12 findings and 340 changes left out, 120 changes shown without details`; "" for nothing."""
        said = [f"{_listed(self.hidden)} left out"] if self.hidden else []
        said += [f"{_listed(self.brief)} shown without details"] if self.brief else []
        return ", ".join(said)


def fitted(pieces: Sequence[Piece], limit: int, *, told: Callable[[Cut], str], size: Callable[[str], int] = len) -> str:
    """The document, pieces parted by an empty line, of at most `limit` by `size`; `told` says what was cut where NOTE stands.

    The text that always stands has to fit by itself.
    """
    blocks = [piece for piece in pieces if isinstance(piece, Block)]
    shown = [[len(entry) - 1 for entry in block.entries] for block in blocks]
    whole = _written(pieces, shown, "")
    if size(whole) <= limit:
        return whole
    fixed = sum(size(piece) + 2 for piece in pieces if isinstance(piece, str) and piece)
    fixed += sum(size(block.lead) + size(block.close) + _REST for block in blocks if block.entries)
    shown = _chosen(blocks, limit - fixed - _NOTE, size)
    return _written(pieces, shown, told(_cut(blocks, shown)))


def _chosen(blocks: Sequence[Block], room: int, size: Callable[[str], int]) -> list[list[int]]:
    """Which form of each entry is shown, -1 for none. Once something finds no room at all, nothing less important does."""
    shown = [[-1] * len(block.entries) for block in blocks]
    steps = sorted(
        (form.rank, number, at, index)
        for number, block in enumerate(blocks)
        for at, entry in enumerate(block.entries)
        for index, form in enumerate(entry)
    )
    for _, number, at, index in steps:
        if shown[number][at] != index - 1:
            continue
        block = blocks[number]
        entry = block.entries[at]
        before = size(entry[index - 1].text) if index else -size(block.between)
        cost = size(entry[index].text) - before
        if cost <= room:
            room -= cost
            shown[number][at] = index
        elif not index:
            break
    return shown


def _written(pieces: Sequence[Piece], shown: Sequence[Sequence[int]], note: str) -> str:
    choices = iter(shown)
    parts = [_part(piece, choices, note) for piece in pieces]
    return "\n\n".join(part for part in parts if part) + "\n"


def _part(piece: Piece, choices: Iterator[Sequence[int]], note: str) -> str:
    if isinstance(piece, Note):
        return note
    return piece if isinstance(piece, str) else _body(piece, next(choices))


def _body(block: Block, chosen: Sequence[int]) -> str:
    texts = [entry[index].text for entry, index in zip(block.entries, chosen, strict=True) if index >= 0]
    left = len(block.entries) - len(texts)
    if not texts:
        return f"Left out here: {plural(left, *block.noun)}." if left else ""
    framed = f"{block.lead}{block.between.join(texts)}{block.close}"
    return f"{framed}\n\n… and {left} more." if left else framed


def _cut(blocks: Sequence[Block], shown: Sequence[Sequence[int]]) -> Cut:
    hidden: Counter[Noun] = Counter()
    brief: Counter[Noun] = Counter()
    for block, chosen in zip(blocks, shown, strict=True):
        hidden[block.noun] += sum(index < 0 for index in chosen)
        brief[block.noun] += sum(
            0 <= index < len(entry) - 1 for entry, index in zip(block.entries, chosen, strict=True)
        )
    return Cut(hidden=+hidden, brief=+brief)


def _listed(counts: Counter[Noun]) -> str:
    said = [plural(number, *noun) for noun, number in counts.items()]
    return f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0]
