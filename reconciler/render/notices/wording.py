"""The sentences that all forms of a notice share: the headline, what is told, a finding, what is over. All cleaned.

Names, URLs and messages are others': besides being cleaned, they are cut, and user information in URLs is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reconciler.drifting.telling import counted
from reconciler.drifting.wording import advice_on, level_of, who, words_of
from reconciler.model.drift import DriftClass, Noted
from reconciler.model.report import Level
from reconciler.model.telling import BROKEN_OFF, INCOMPLETE, Notice, Over, Trouble
from reconciler.render.clean import clean
from reconciler.render.elements import Element, elements
from reconciler.render.words import plural, some

LONGEST = 300
"""Characters that a name, a URL or a message keeps."""

ELEMENTS = 10
"""Elements of one attribute that are shown of a finding."""

_USER_INFO = re.compile(r"(?<=//)[^/@\s?#]+@")
_FAILS = {BROKEN_OFF: "fails", INCOMPLETE: "is incomplete"}
NOUNS = {
    DriftClass.CHANGED: "changed",
    DriftClass.DELETED: "deleted",
    DriftClass.RECREATED: "made again",
    DriftClass.TAKEN_OVER: "taken over",
    DriftClass.NEWCOMER: "newcomer",
    DriftClass.ORPHAN: "orphan",
    DriftClass.UNAPPLIED: "not applied yet",
}


class Section(NamedTuple):
    """A group of findings under a heading."""

    heading: str
    findings: Sequence[Noted]


def shown(text: str, most: int = LONGEST) -> str:
    """What others wrote, on one line, cut, and without user information in URLs."""
    said = _USER_INFO.sub("", clean(text))
    return said if len(said) <= most else f"{said[: most - 2]} …"


def subject(notice: Notice) -> str:
    """Which stack and environment, as `payments/prod`; or the manifest."""
    return shown(notice.subject, 80)


def headline(notices: Sequence[Notice]) -> str:
    """`Drift of payments/prod: 3 new, 1 over`, in one line; of several, what it comes to in all."""
    if len(notices) == 1:
        return headline_of(notices[0])
    troubled = sum(one.failure is not None and one.trouble is not Trouble.NONE for one in notices)
    sums = {
        "new": sum(len(one.new) for one in notices),
        "not mended yet": sum(len(one.reminded) for one in notices),
        "over": sum(len(one.over) for one in notices),
    }
    parts = [f"{plural(troubled, 'check')} failing"] if troubled else []
    parts += [f"{count} {what}" for what, count in sums.items() if count]
    back = sum(one.trouble is Trouble.OVER for one in notices)
    parts += [f"{plural(back, 'check')} working again"] if back else []
    names = some([subject(one) for one in notices], 3)
    return f"Drift of {names}: {', '.join(parts) or 'nothing new'}"


def headline_of(notice: Notice) -> str:
    """The headline of one of them."""
    parts = []
    if notice.trouble in (Trouble.NEW, Trouble.REMINDED) and notice.failure:
        still = "still " if notice.trouble is Trouble.REMINDED else ""
        parts.append(f"the check {still}{_FAILS[notice.failure.code]}: {shown(notice.failure.summary, 120)}")
    if notice.trouble is Trouble.OVER:
        parts.append("the check works again")
    parts += [f"{len(notice.new)} new"] if notice.new else []
    parts += [f"{len(notice.reminded)} not mended yet"] if notice.reminded else []
    parts += [f"{len(notice.over)} over"] if notice.over else []
    return f"Drift of {subject(notice)}: {', '.join(parts) or 'nothing new'}"


def whereabouts(notice: Notice) -> str:
    """`account 222222222222, us-east-1, at 2026-11-24T02:00:00Z`, as far as it is known."""
    target = notice.target
    known = [f"account {shown(target.account)}", shown(target.region)] if target and target.account else []
    return ", ".join([*known, f"at {notice.at}"])


def sections(notice: Notice) -> list[Section]:
    """What is new, then what still stands, each the gravest first; without those that are empty."""
    found = [Section("New", by_gravity(notice.new)), Section("Not mended yet", by_gravity(notice.reminded))]
    return [one for one in found if one.findings]


def by_gravity(found: Sequence[Noted]) -> list[Noted]:
    """The gravest first, then by class and address."""
    classes = list(DriftClass)

    def key(one: Noted) -> tuple[object, ...]:
        drifted = one.drifted
        return -level_of(one).rank, classes.index(drifted.what), drifted.about, drifted.attribute, one.first

    return sorted(found, key=key)


def level(one: Noted) -> Level:
    """How much it matters."""
    return level_of(one)


def summary(one: Noted) -> str:
    """What happened, in one line."""
    return shown(words_of(one.drifted)[0])


def consequence(one: Noted) -> str:
    """What that may lead to."""
    return shown(words_of(one.drifted)[1])


def writers(one: Noted) -> Iterator[str]:
    """Who did it, event by event, or why nobody knows."""
    yield from (shown(said) for said in who(one.drifted))


def changes(one: Noted) -> tuple[list[Element], int]:
    """The elements that differ, as many as are shown, and how many there are beside them."""
    drifted = one.drifted
    found = [element for element in elements(drifted.before, drifted.after) if element.sign != " "]
    return found[:ELEMENTS], max(0, len(found) - ELEMENTS)


def element(one: Element) -> str:
    """`+ https://rogue.example/callback`."""
    return f"{one.sign} {shown(one.text)}"


def since(one: Noted) -> str:
    """Since when it is seen."""
    return f"Seen since {one.first}, in {plural(one.count, 'run')}." if one.count > 1 else f"Seen first {one.first}."


def advice(one: Noted) -> str:
    """What to do about it."""
    return shown(advice_on(one.drifted), 600)


def over(one: Over) -> str:
    """`workload_identity.invoice-agent, tags (seen first 2026-11-24T02:00:00Z)`."""
    attribute = f", {shown(one.attribute)}" if one.attribute else ""
    return f"{shown(one.about)}{attribute} (seen first {one.since})"


def trouble(notice: Notice) -> list[str]:
    """What is said of the check itself, as lines; none where nothing is."""
    if notice.trouble is Trouble.OVER:
        return [f"The check works again; it failed since {notice.failed_since}."]
    if notice.failure is None:
        return []
    fails = _FAILS[notice.failure.code]
    lines = [f"The check {fails} since {notice.failed_since}: {shown(notice.failure.summary)}"]
    lines += [shown(one) for one in notice.failure.said[:ELEMENTS]]
    if (more := len(notice.failure.said) - ELEMENTS) > 0:
        lines.append(f"… and {more} more")
    nothing = "What stands is not known: no drift is told of this run, and none is ruled out."
    return lines if notice.known else [*lines, nothing]


def sums(notice: Notice) -> str:
    """What stands in all: `Standing in all: 4 (3 changed, 1 deleted); acknowledged: 2.` "" where nobody knows."""
    if not notice.known:
        return ""
    said = ", ".join(f"{count} {NOUNS[what]}" for what, count in counted(notice).items())
    standing = f"Standing in all: {len(notice.standing)}" + (f" ({said})" if said else "")
    acknowledged = f"; acknowledged: {notice.acknowledged}" if notice.acknowledged else ""
    return f"{standing}{acknowledged}."
