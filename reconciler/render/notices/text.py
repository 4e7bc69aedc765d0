"""A notice as plain text: the body of a mail, and of a message of a topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.drift import Noted
from reconciler.model.telling import Notice
from reconciler.render.notices import wording

FINDINGS = 50
"""Findings that are written out of each group; the others are counted."""

LIMIT = 60_000
"""Bytes of the whole."""


def notice_text(notices: Sequence[Notice]) -> str:
    """All of it, or as much as there is room for, ending in a line break. A notice of each stack and environment."""
    kept: list[str] = []
    room = LIMIT
    for line in _all_lines(notices):
        room -= len(line.encode("utf-8", "surrogatepass")) + 1
        if room < 0:
            kept.append("… and more: run `reconciler drift` to see all.")
            break
        kept.append(line)
    return "\n".join(kept) + "\n"


def _all_lines(notices: Sequence[Notice]) -> Iterator[str]:
    if len(notices) > 1:
        yield wording.headline(notices)
    for at, one in enumerate(notices):
        yield from ("", "") if at or len(notices) > 1 else ()
        yield from _lines(one)


def _lines(notice: Notice) -> Iterator[str]:
    yield wording.headline_of(notice)
    yield wording.whereabouts(notice)
    if said := wording.trouble(notice):
        yield ""
        yield from said
    for heading, findings in wording.sections(notice):
        yield ""
        yield f"{heading} ({len(findings)}):"
        for one in findings[:FINDINGS]:
            yield from _finding(one)
        if (more := len(findings) - FINDINGS) > 0:
            yield f"… and {more} more: run `reconciler drift` to see all."
    if notice.over:
        yield ""
        yield f"Over ({len(notice.over)}):"
        yield from (f"- {wording.over(one)}" for one in notice.over[:FINDINGS])
        if (more := len(notice.over) - FINDINGS) > 0:
            yield f"… and {more} more"
    if said_in_sum := wording.sums(notice):
        yield ""
        yield said_in_sum


def _finding(one: Noted) -> Iterator[str]:
    yield f"- {wording.level(one).value}: {wording.summary(one)}"
    elements, more = wording.changes(one)
    yield from (f"    {wording.element(element)}" for element in elements)
    if more:
        yield f"    … and {more} more"
    said = [wording.consequence(one), *wording.writers(one), wording.since(one), wording.advice(one)]
    yield from (f"  {line}" for line in said if line)
