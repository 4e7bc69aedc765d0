"""A notice as an issue: a title that stays, a body that says what stands now, a comment for what is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.drift import Noted
from reconciler.model.telling import Notice
from reconciler.render.markup import LIMIT, code, marker, prose
from reconciler.render.notices import wording
from reconciler.render.notices.wording import shown

FINDINGS = 100
_COMMENTED = 30


def issue_title(notice: Notice) -> str:
    """`Drift of payments/prod`. A title is shown as it stands, and mentions nobody."""
    return f"Drift of {wording.subject(notice)}"


def issue_body(notice: Notice) -> str:
    """What stands now, under the marker by which the issue is found again."""
    stack, environment = (notice.target.stack, notice.target.environment) if notice.target else ("", notice.subject)
    return _fitted([marker("drift", stack, [environment]), *_standing(notice)])


def issue_comment(notice: Notice) -> str:
    """What is told of this run."""
    return _fitted(_told(notice))


def _standing(notice: Notice) -> Iterator[str]:
    yield f"As of {prose(wording.whereabouts(notice))}. This text follows what stands; the comments say what happened."
    if said := wording.trouble(notice):
        yield ""
        yield from (f"> {prose(line)}\n>" for line in said)
    findings = wording.by_gravity(notice.standing)
    if notice.known:
        yield ""
        yield prose(wording.sums(notice))
    yield from _listed(findings, FINDINGS)


def _told(notice: Notice) -> Iterator[str]:
    yield f"**{prose(wording.headline_of(notice))}**"
    if said := wording.trouble(notice):
        yield ""
        yield from (f"> {prose(line)}\n>" for line in said)
    for heading, findings in wording.sections(notice):
        yield ""
        yield f"**{heading}: {len(findings)}**"
        yield from _listed(findings, _COMMENTED)
    if notice.over:
        yield ""
        yield f"**Over: {len(notice.over)}**"
        yield ""
        yield from (f"- {prose(wording.over(one))}" for one in notice.over[:FINDINGS])
        if (more := len(notice.over) - FINDINGS) > 0:
            yield f"- … and {more} more"


def _listed(findings: list[Noted] | tuple[Noted, ...] | Iterable[Noted], most: int) -> Iterator[str]:
    found = list(findings)
    if found:
        yield ""
    for one in found[:most]:
        yield from _finding(one)
    if (more := len(found) - most) > 0:
        yield f"- … and {more} more: run `reconciler drift` to see all."


def _finding(one: Noted) -> Iterator[str]:
    yield f"- **{wording.level(one).value}** {prose(wording.summary(one))}"
    elements, more = wording.changes(one)
    yield from (f"  - {code(wording.element(element))}" for element in elements)
    if more:
        yield f"  - … and {more} more"
    said = " ".join(
        shown(line) for line in (wording.consequence(one), *wording.writers(one), wording.since(one)) if line
    )
    yield f"  {prose(said)}"


def _fitted(lines: Iterable[str]) -> str:
    """As many of the lines as an issue has room for."""
    kept: list[str] = []
    room = LIMIT
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            kept.append("\n… and more: run `reconciler drift` to see all.")
            break
        kept.append(line)
    return "\n".join(kept) + "\n"
