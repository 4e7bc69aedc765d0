"""A notice as Slack's incoming webhooks take it, and those of others that are made like them: blocks, and text beside them.

What others wrote stands in code spans with Slack's three control characters escaped, and `verbatim` keeps Slack from finding
links and names in it: nothing of it can call a channel, mention somebody or pass for a link. So it is in the plain `text` as
well, which is all that some look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.model.drift import Noted
from reconciler.model.report import Level
from reconciler.model.telling import Notice
from reconciler.model.values import canonical_json
from reconciler.render.notices import wording

FINDINGS = 15
"""Findings that are shown in all; a message has 50 blocks at most."""

_SECTION, _HEADER = 2900, 130  # of 3,000 and 150 characters
_BLOCKS = 48  # of 50
_SIGNS = {Level.CRITICAL: "*CRITICAL*", Level.WARNING: "*WARNING*", Level.NOTICE: "notice", Level.INFO: "info"}


def slack_json(notices: Sequence[Notice]) -> str:
    """The message as text. A notice of each stack and environment."""
    said = wording.headline(notices)
    header = {"type": "plain_text", "text": _escaped(wording.shown(said, _HEADER)), "emoji": False}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": header}]
    left = FINDINGS
    for one in notices:
        if len(notices) > 1:
            blocks.append(_section([_code(wording.headline_of(one))]))
        blocks += [_section(lines) for lines in _sections(one, left)]
        left = max(0, left - len(one.new) - len(one.reminded))
        place = [one for one in (wording.whereabouts(one), wording.sums(one)) if one]
        blocks.append({"type": "context", "elements": [_text("\n".join(map(_code, place)))]})
    if len(blocks) > _BLOCKS:
        blocks = [*blocks[:_BLOCKS], _section(["… and more: run `reconciler drift` to see all."])]
    return canonical_json({"text": _code(said), "blocks": blocks})


def _sections(notice: Notice, left: int) -> Iterator[list[str]]:
    """What is said of one, in blocks; of its findings, as many as are `left`."""
    if said := wording.trouble(notice):
        yield [_code(line) for line in said]
    for heading, findings in wording.sections(notice):
        yield [f"*{heading}: {len(findings)}*"]
        for one in findings[:left]:
            yield list(_finding(one))
        if (more := len(findings) - left) > 0:
            yield [f"… and {more} more"]
        left = max(0, left - len(findings))
    if notice.over:
        lines = [f"• {_code(wording.over(one))}" for one in notice.over[:FINDINGS]]
        more = len(notice.over) - FINDINGS
        yield [f"*Over: {len(notice.over)}*", *lines, *([f"… and {more} more"] if more > 0 else [])]


def _finding(one: Noted) -> Iterator[str]:
    yield f"{_SIGNS[wording.level(one)]} {_code(wording.summary(one))}"
    elements, more = wording.changes(one)
    yield from (_code(wording.element(element)) for element in elements[:5])
    if (more := more + max(0, len(elements) - 5)) > 0:
        yield f"… and {more} more"
    yield from (_code(said) for said in (wording.consequence(one), *wording.writers(one), wording.since(one)) if said)


def _section(lines: list[str]) -> dict[str, Any]:
    """A block of as many of the lines as it has room for."""
    kept, room = [], _SECTION
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            kept.append("…")
            break
        kept.append(line)
    return {"type": "section", "text": _text("\n".join(kept))}


def _text(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _code(line: str) -> str:
    """A cleaned line as a code span that nothing in it can end."""
    inner = _escaped(line).replace("`", "'")
    return f"`{inner}`" if line else ""


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
