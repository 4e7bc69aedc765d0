"""What the template shows: a report cut into plain values, each text where it stands on the page, numbered and linked.

Nothing here is HTML. Texts are as they came; they are cleaned and escaped where they are printed (see `page`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.changes import Action, AttributeChange
from reconciler.model.report import BESIDE, ChangeReport, Finding, Item, Place, Topic
from reconciler.render.elements import Element, elements
from reconciler.render.reports import wording
from reconciler.render.reports.html import saying
from reconciler.render.reports.html.drawing import DrawingView, drawing

_OPEN = 8  # so few changes stand open
_FIRST = 30  # findings; the others are folded
_LINKED = 10  # changes that a finding leads to
_KEPT = 20  # elements that stay as they are, shown of each attribute
_CLASSES: Mapping[str, str] = {"+": "added", "-": "removed", "~": "changed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A finding; `changes`: of each change that it is about, the anchor, the label and the thing, and `more` besides."""

    anchor: str
    label: str
    level: str
    finding: Finding
    place: str
    environments: str
    indexes: str
    node: str
    changes: tuple[tuple[str, str, str], ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """An attribute: what of it differs, and some of what does not (`kept`, and `more` besides)."""

    name: str
    cause: str
    differs: tuple[tuple[str, Element], ...]
    kept: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """A change. `type` and `key`: the halves of its address, the first with its dot. `node`: its place in the drawing."""

    anchor: str
    label: str
    item: Item
    type: str
    key: str
    word: str
    action: str
    level: str
    place: str
    environments: str
    indexes: str
    node: str
    opened: bool
    rows: tuple[RowView, ...]
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many changes there are of an action."""

    sign: str
    action: str
    number: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """An environment: where it is, how much changes there, and how grave that is."""

    place: Place
    where: str
    mark: str
    tally: tuple[tuple[str, str], ...]
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A whole report. `number`: "" for the first, then what anchors of those that belong to it begin with."""

    number: str
    report: ChangeReport
    title: str
    topic: str
    tone: str
    headline: str
    sums: str
    tally: tuple[tuple[str, str], ...]
    unread: tuple[str, ...]
    refused: tuple[str, ...]
    versions: tuple[tuple[str, str, str], ...]
    counts: tuple[Count, ...]
    findings: tuple[FindingView, ...]
    first: int
    places: tuple[PlaceView, ...]
    groups: tuple[tuple[str, str, tuple[ItemView, ...]], ...]
    drawing: DrawingView | None
    environments: tuple[str, ...]
    also: tuple[ReportView, ...]

    @property
    def actions(self) -> list[tuple[str, str]]:
        """What can be chosen among: the actions that occur, here or in what belongs to it."""
        found: dict[str, dict[str, None]] = {}
        for action, word, _ in (group for one in (self, *self.also) for group in one.groups):
            found.setdefault(action, {})[word] = None
        return sorted((action, ", ".join(words)) for action, words in found.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """How the script knows things, whatever they are called: environments and nodes by place, a report by number."""

    number: str
    environments: Mapping[str, str]
    nodes: Mapping[str, int]

    def indexes(self, names: Iterable[str]) -> str:
        return " ".join(self.environments[name] for name in names)

    def node(self, about: str) -> str:
        return f"{self.number}{self.nodes[about]}" if about in self.nodes else ""


def view(report: ChangeReport, number: str = "", environments: Sequence[str] = ()) -> ReportView:
    """The report as the template shows it. Environments are known by their place in one list, whatever they are called."""
    named = tuple(environments or _environments(report))
    indexes = {name: str(at) for at, name in enumerate(named)}
    drawn = drawing(report.reach, indexes, number)
    whole = wording.whole(report)
    names = _Names(number=number, environments=indexes, nodes=drawn.indexes if drawn else {})
    ordered = sorted(report.items, key=_order)
    findings = tuple(_findings(report, names, _changes_by_about(ordered)))
    items = _items(report, names, ordered, findings)
    return ReportView(
        number=number,
        report=report,
        title=report.stack or "a manifest",
        topic=saying.TITLES[report.topic],
        tone=saying.tone(whole),
        headline=wording.verdict(whole).removesuffix("."),
        sums=saying.sums(report),
        tally=saying.tally(whole.levels()),
        unread=whole.unread,
        refused=whole.refused,
        versions=tuple(_versions(report)),
        counts=_counts(report.topic, [one for one in report.items if one.kind not in BESIDE]),
        findings=findings,
        first=_FIRST,
        places=tuple(_place(one, report) for one in report.places),
        groups=tuple(_groups(items)),
        drawing=drawn,
        environments=named,
        also=tuple(view(one, f"{number}r{at}-", named) for at, one in enumerate(report.also, start=1)),
    )


def _environments(report: ChangeReport) -> list[str]:
    """Every environment that the report or one that belongs to it names, in order, each once."""
    names = [one.name for one in report.places]
    names += [name for one in report.items for name in one.environments]
    names += [name for one in report.findings for name in one.environments]
    for one in report.also:
        names += _environments(one)
    return list(dict.fromkeys(names))


def _order(one: Item) -> tuple[int, int]:
    """By action, and the gravest first; what ties stays as it came."""
    return saying.GRAVEST_ACTIONS.index(one.action), -1 - one.level.rank if one.level else 0


def _changes_by_about(ordered: Sequence[Item]) -> Mapping[str, list[tuple[int, Item]]]:
    found: dict[str, list[tuple[int, Item]]] = {}
    for at, one in enumerate(ordered, start=1):
        found.setdefault(one.about, []).append((at, one))
    return found


def _findings(
    report: ChangeReport, names: _Names, changes: Mapping[str, list[tuple[int, Item]]]
) -> Iterator[FindingView]:
    for at, one in enumerate(report.findings, start=1):
        abouts = dict.fromkeys((one.about, *one.others))
        met = [(place, item) for about in abouts for place, item in changes.get(about, ()) if _meet(one, item)]
        yield FindingView(
            anchor=f"{names.number}f{at}",
            label=f"F{at}",
            level=one.level.value,
            finding=one,
            place=saying.place(one.source, report.prefix, gone=one.gone),
            environments=saying.joined(one.environments),
            indexes=names.indexes(one.environments),
            node=names.node(one.about),
            changes=tuple((f"{names.number}c{place}", f"C{place}", item.about) for place, item in met[:_LINKED]),
            more=max(0, len(met) - _LINKED),
        )


def _meet(finding: Finding, item: Item) -> bool:
    """Whether they speak of the same environment; what names none speaks of all."""
    return (
        not finding.environments or not item.environments or not set(finding.environments).isdisjoint(item.environments)
    )


def _items(
    report: ChangeReport, names: _Names, ordered: Sequence[Item], findings: Iterable[FindingView]
) -> list[ItemView]:
    by_about: dict[str, list[FindingView]] = {}
    for one in findings:
        for about in dict.fromkeys((one.finding.about, *one.finding.others)):
            by_about.setdefault(about, []).append(one)
    return [
        ItemView(
            anchor=f"{names.number}c{at}",
            label=f"C{at}",
            item=one,
            type="".join(one.about.partition(".")[:2]) if "." in one.about else "",
            key=one.about.partition(".")[2] or one.about,
            word=saying.action(report.topic, one),
            action=one.action.word,
            level=one.level.value if one.level else "",
            place=saying.place(one.source, report.prefix, gone=one.gone),
            environments=saying.joined(one.environments),
            indexes=names.indexes(one.environments),
            node=names.node(one.about),
            opened=len(ordered) <= _OPEN,
            rows=tuple(map(_row, one.rows)),
            findings=tuple(each for each in by_about.get(one.about, ()) if _meet(each.finding, one)),
        )
        for at, one in enumerate(ordered, start=1)
    ]


def _row(row: AttributeChange) -> RowView:
    found = elements(row.before, row.after)
    kept = [one.text for one in found if one.sign == " "]
    return RowView(
        name=row.name,
        cause=saying.CAUSES[row.cause],
        differs=tuple((_CLASSES[one.sign], one) for one in found if one.sign != " "),
        kept=tuple(kept[:_KEPT]),
        more=max(0, len(kept) - _KEPT),
    )


def _groups(items: Sequence[ItemView]) -> Iterator[tuple[str, str, tuple[ItemView, ...]]]:
    """The changes of each action, and of each word that is said of them, with the action's name and that word."""
    for action in saying.GRAVEST_ACTIONS:
        of_action = [one for one in items if one.item.action is action]
        for word in sorted({one.word for one in of_action}):
            yield action.word, word, tuple(one for one in of_action if one.word == word)


def _counts(topic: Topic, items: Iterable[Item], *, of: str = "") -> tuple[Count, ...]:
    """How many things each word is said of, in each environment for itself; or in the one environment `of` alone."""
    counts: Counter[tuple[Action, str]] = Counter()
    for one in items:
        counts[one.action, saying.action(topic, one)] += 1 if of else len(one.environments) or 1
    return tuple(
        Count(sign=action.value, action=action.word, number=saying.number(count), word=word)
        for (action, word), count in sorted(
            counts.items(), key=lambda one: (saying.GRAVEST_ACTIONS.index(one[0][0]), one[0][1])
        )
    )


def _place(place: Place, report: ChangeReport) -> PlaceView:
    here = [one for one in report.items if place.name in one.environments and one.kind not in BESIDE]
    findings = [one for one in report.findings if place.name in one.environments]
    return PlaceView(
        place=place,
        where=saying.joined(wording.whereabouts(place)),
        mark=saying.MARKS[place.mark],
        tally=saying.tally(Counter(one.level_in(place.name) for one in findings)),
        counts=_counts(report.topic, here, of=place.name),
    )


def _versions(report: ChangeReport) -> Iterator[tuple[str, str, str]]:
    """What is compared, the earlier one first: what it is to the other, what it is called, and its commit."""
    for name, version in (("base", report.base), ("head", report.head)):
        if version is not None:
            yield name, *wording.named(version)
