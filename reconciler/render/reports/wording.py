"""The sentences that all formats of a report share: title, verdict, what it comes to, who has to approve. All cleaned."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.model.changes import Action
from reconciler.model.environments import Where
from reconciler.model.report import (
    BESIDE,
    ChangeReport,
    Finding,
    Item,
    Level,
    Mark,
    Place,
    Topic,
    Version,
    by_gravity,
)
from reconciler.render.clean import clean
from reconciler.render.words import plural, some

GRAVEST_FIRST = tuple(reversed(Level))
_NAME = re.compile(r"[\w@-]+(?:\.[\w@-]+)*")
_COMMIT = 10  # digits of a commit that people read
_NAMES = 6  # environments that a line names before it only counts
LEADS = {Topic.REVIEW: "Review of", Topic.PLAN: "Plan for", Topic.DRIFT: "Drift of"}
_CALM = {
    Topic.REVIEW: "No risk found in what changes.",
    Topic.PLAN: "Nothing speaks against it.",
    Topic.DRIFT: "Nothing grave in what drifted.",
}
_NOUNS = {Level.CRITICAL: "critical", Level.WARNING: "warning", Level.NOTICE: "notice", Level.INFO: "info"}
_COUNTED = {Level.CRITICAL: "critical", Level.INFO: "info"}
_ALWAYS = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)
_FOUND = {Action.UPDATE: "changed", Action.DELETE: "deleted", Action.CREATE: "new"}
_SPOKEN = {Action.CREATE: "add", Action.UPDATE: "change", Action.DELETE: "remove", Action.REPLACE: "rename"}


def title(report: ChangeReport) -> str:
    """`Review of stack payments, environments prod and staging`."""
    return f"{LEADS[report.topic]} stack {clean(report.stack)}{_of(report.places)}"


def _of(places: tuple[Place, ...]) -> str:
    if not places:
        return ""
    if len(places) > 1:
        return f", environments {some([one.name for one in places], _NAMES)}"
    where = ", ".join(map(clean, whereabouts(places[0])))
    return f", environment {clean(places[0].name)}" + (f" ({where})" if where else "")


def whereabouts(place: Place) -> list[str]:
    """Account and Region, as far as they are known; or that it is no account's."""
    if place.where is Where.EMBEDDED:
        return ["embedded directory"]
    return [*([f"account {place.account}"] if place.account else []), *([place.region] if place.region else [])]


def versions(report: ChangeReport) -> str:
    """`from main (1a2b3c4d5e) to worktree`, or "" for what has no versions."""
    if report.base is None or report.head is None:
        return ""
    return f"from {_version(report.base)} to {_version(report.head)}"


def _version(one: Version) -> str:
    label, commit = named(one)
    if one.tip:
        return f"{clean(short(one.commit))}, where it left {clean(label)} ({clean(short(one.tip))})"
    return f"{clean(label)} ({clean(commit)})" if commit else clean(label)


def short(commit: str) -> str:
    """The digits of a commit that people read."""
    return commit[:_COMMIT]


def named(one: Version) -> tuple[str, str]:
    """What the user called it, and the first digits of its commit, "" where the first says it all."""
    commit = short(one.commit)
    known = not commit or one.commit.startswith(one.label) or one.label.startswith(commit)
    return (one.label or commit, "") if known else (one.label, commit)


def key(report: ChangeReport) -> tuple[str, tuple[str, ...]]:
    """The stack and the environments by which a report is told from others, and its next version is known.

    Of a review, only the environments that were asked for: one that the change adds or takes away makes no other report of it.
    Where the stack has no name that could be read, its manifest stands for it.
    """
    if report.topic is not Topic.REVIEW:
        return report.stack, tuple(one.name for one in report.places)
    asked = (report.asked,) if report.asked else ()
    return report.stack, asked if report.stack else (report.manifest, *asked)


def whole(report: ChangeReport) -> ChangeReport:
    """The report with what was found, refused and unread in those that belong to it, each once: what the verdict is of."""
    if not report.also:
        return report
    parts = [whole(one) for one in report.also]
    return replace(
        report,
        findings=by_gravity([*report.findings, *(one for part in parts for one in part.findings)]),
        unread=tuple(dict.fromkeys((*report.unread, *(said for part in parts for said in part.unread)))),
        refused=tuple(dict.fromkeys((*report.refused, *(said for part in parts for said in part.refused)))),
    )


def verdict(report: ChangeReport) -> str:
    """What a reader has to know if nothing else. Of a report that others belong to, give the `whole`."""
    counts = report.levels()
    refused = " Apply will refuse this." if report.refused else ""
    if counts[Level.CRITICAL]:
        return f"{plural(counts[Level.CRITICAL], 'critical finding')}: tokens, consents or ownership are at stake.{refused}"
    if counts[Level.WARNING]:
        return f"{plural(counts[Level.WARNING], 'warning')}: ask why before this goes on.{refused}"
    if report.refused or not report.complete:
        return "Apply will refuse this." if report.refused else "Not all could be read, so this is not the whole truth."
    if counts[Level.NOTICE]:
        return f"Nothing grave: {plural(counts[Level.NOTICE], 'notice')} to have seen."
    return nothing(report) if report.empty else _CALM[report.topic]


def nothing(report: ChangeReport) -> str:
    """What to say where nothing changes, no more than what is known."""
    if not report.complete:
        return "No changes in what could be read."
    match report.topic:
        case Topic.REVIEW:
            return "No changes: both versions mean the same."
        case Topic.PLAN:
            return "No changes are planned." if report.refused else "No changes: there is nothing to do."
        case Topic.DRIFT:
            if report.hidden:
                return f"Nothing new: {plural(report.hidden, 'finding')} of earlier runs still stand."
            return f"No drift: what stands is {report.against or 'what was applied'}."


def sums(report: ChangeReport) -> str:
    """`3 to create, 1 to update, 0 to replace, 1 to delete; 2 changes beside resources`. Of drift, `1 changed, 2 deleted`."""
    counts = report.counts()
    if report.topic is Topic.DRIFT:
        return ", ".join(f"{count} {said}" for (_, said), count in by_word(report.items, report.topic).items())
    parts = [f"{counts[action]} to {word(action, report.topic)}" for action in _ALWAYS]
    parts += [f"{counts[action]} to {action.word}" for action in (Action.ADOPT, Action.FORGET) if counts[action]]
    if counts[Action.NO_OP]:
        parts.append(f"{counts[Action.NO_OP]} in the lockfile only")
    beside = sum(one.kind in BESIDE for one in report.items)
    each = " (each environment counted)" if len(report.places) > 1 and counts.total() else ""
    return ", ".join(parts) + each + (f"; {plural(beside, 'change')} beside resources" if beside else "")


def word(action: Action, topic: Topic) -> str:
    """How it is called: of a plan what apply does, of a review what the manifest says now, of drift what was done."""
    spoken = {Topic.REVIEW: _SPOKEN, Topic.DRIFT: _FOUND}.get(topic, {})
    return spoken.get(action, action.word)


def called(item: Item, topic: Topic) -> str:
    """What became of it, where its action alone does not say that: `taken over`; else the word of its action."""
    return item.became or word(item.action, topic)


def by_word(items: Iterable[Item], topic: Topic) -> Mapping[tuple[Action, str], int]:
    """How many things each word is said of, in each environment for itself; in the order of the actions."""
    counts: Counter[tuple[Action, str]] = Counter()
    for one in items:
        if one.kind not in BESIDE:
            counts[one.action, called(one, topic)] += len(one.environments) or 1
    order = list(_FOUND)
    order += [action for action in Action if action not in order]
    return dict(sorted(counts.items(), key=lambda one: (order.index(one[0][0]), one[0][1])))


def levels(report: ChangeReport) -> str:
    """`1 critical, 2 warnings, 1 notice`, or ""."""
    counts = report.levels()
    return ", ".join(counted(one, counts[one]) for one in GRAVEST_FIRST if counts[one])


def counted(level: Level, number: int) -> str:
    """`1 critical`, `2 warnings`."""
    return plural(number, _NOUNS[level], _COUNTED.get(level, ""))


def approvals(report: ChangeReport) -> list[str]:
    """`Needs approval by security: workloadIdentities.invoice-agent`, a line each."""
    return [
        f"Needs approval by {clean(one.require)}" + (f": {some(one.because, _NAMES)}" if one.because else "")
        for one in report.approvals
    ]


def about(item: Item) -> str:
    """The address, and the remote name where it is another word."""
    shown = clean(item.about)
    key = item.about.partition(".")[2] or item.about
    return shown if item.name in {key, ""} else f"{shown} ({clean(item.name)})"


def why(item: Item) -> list[str]:
    """Sentences on why it changes."""
    moved = f"was {item.previously}"
    told = not item.previously or any(one.startswith(moved) for one in item.reasons)
    return [clean(one) for one in (*(() if told else (moved,)), *item.reasons)]


def told_of(finding: Finding) -> tuple[str, ...]:
    """The environments that it is about, or () where its own words name them already."""
    named = set(_NAME.findall(finding.summary))
    return () if named.issuperset(finding.environments) else finding.environments


def where(item: Item, report: ChangeReport) -> str:
    """`prod, staging` where it is not so in all places that the report looks at, else ""."""
    everywhere = len(report.places) < 2 or set(item.environments) >= {one.name for one in report.places}
    return "" if everywhere or not item.environments else some(item.environments, _NAMES)


def places(report: ChangeReport) -> list[str]:
    """What becomes of environments: `environment qa is new`, a line each."""
    said = {Mark.ADDED: "is new", Mark.REMOVED: "goes away"}
    return [f"environment {clean(one.name)} {said[one.mark]}" for one in report.places if one.mark in said]


def grouped(items: Iterable[Item], report: ChangeReport) -> list[tuple[str, list[Item]]]:
    """Items by the environments that they are in: those of all places first, then by the order of their first."""
    groups: dict[str, list[Item]] = {"": []}
    for one in items:
        groups.setdefault(where(one, report), []).append(one)
    return [(name, found) for name, found in groups.items() if found]
