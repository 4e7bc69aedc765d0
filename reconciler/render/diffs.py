"""Blocks of a Markdown page: changes in diff's own notation under a fold, and things said in a fence; each fit to be cut."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.changes import Action, Cause
from reconciler.model.values import Value
from reconciler.render import words
from reconciler.render.clean import clean, clean_lines
from reconciler.render.cutting import Block, Entry, Form, Noun
from reconciler.render.elements import elements
from reconciler.render.markup import FOLD_END, fence_of, fold_start, shortened

_FOLDED = 3  # up to so many changes of an action stand open
_TITLE = 400  # characters of a line that stands for a whole change
_SIGNS = {Action.CREATE: "+", Action.DELETE: "-", Action.UPDATE: "!", Action.REPLACE: "!"}


def sign(action: Action) -> str:
    """What a change's line begins with: diffs colour what starts with `+` or `-`, and a `!` draws attention."""
    return _SIGNS.get(action, " ")


def attribute_lines(name: str, before: Value, after: Value, cause: Cause | None, known: Value) -> list[str]:
    """An attribute and what differs in it. `known`: what the lockfile held, as far as that is told."""
    said = words.cause(cause)
    lines = [f"    {name}  {said}" if said else f"    {name}"]
    kept = 0
    for element in elements(before, after):
        outside = words.whose(element, cause, known)
        note = f"  ({outside})" if outside else ""
        if element.sign == " ":
            kept += 1
        elif element.sign == "~":
            lines += [f"-     {element.side(element.before)}{note}", f"+     {element.side(element.after)}"]
        else:
            lines.append(f"{element.sign}     {element.text}{note}")
    return [*lines, f"      {kept} unchanged"] if kept else lines


def folded_diff(
    heading: str, changes: Sequence[tuple[int, int, Sequence[str]]], noun: Noun = ("change", "changes")
) -> Block:
    """Changes under a fold: of each, the ranks of its first line and of all its lines, and the lines. `heading` is ours."""
    cleaned = [(brief, full, [clean(line) for line in lines]) for brief, full, lines in changes]
    fence = fence_of(line for _, _, lines in cleaned for line in lines)
    return Block(
        entries=[entry(lines, brief, full) for brief, full, lines in cleaned],
        noun=noun,
        lead=f"{fold_start(f'{heading}: {len(changes)}', opened=len(changes) <= _FOLDED)}{fence}diff\n",
        between="\n\n",
        close=f"\n{fence}{FOLD_END}",
    )


def folded_names(heading: str, names: Sequence[str], rank: int, noun: Noun) -> Block:
    """Names under a fold that is closed, one a line."""
    lines = [clean(line) for line in names]
    fence = fence_of(lines)
    return Block(
        entries=[(Form(rank, line),) for line in lines],
        noun=noun,
        lead=f"{fold_start(heading)}{fence}text\n",
        close=f"\n{fence}{FOLD_END}",
    )


def said_in_fence(groups: Sequence[Sequence[str]], noun: Noun, brief: int, full: int) -> Block:
    """Things that are said, in one fence, the first line of each before the others."""
    cleaned = [[clean(line) for line in lines] for lines in groups]
    fence = fence_of(line for lines in cleaned for line in lines)
    return Block(
        entries=[entry(lines, brief, full) for lines in cleaned],
        noun=noun,
        lead=f"{fence}text\n",
        close=f"\n{fence}",
    )


def alert(said: Sequence[str], noun: Noun, brief: int, full: int) -> Block:
    """What nobody may overlook, in a box of its own."""
    groups = [[f"> {line}" for line in clean_lines(one.strip())] for one in said]
    fence = fence_of(line for lines in groups for line in lines)
    return Block(
        entries=[entry(lines, brief, full) for lines in groups if lines],
        noun=noun,
        lead=f"> [!CAUTION]\n> {fence}text\n",
        close=f"\n> {fence}",
    )


def entry(lines: Sequence[str], brief: int, full: int) -> Entry:
    """Cleaned lines of which the first may have to stand for all."""
    first = Form(brief, shortened(lines[0], _TITLE))
    whole = "\n".join(lines)
    return (first,) if first.text == whole else (first, Form(full, whole))
