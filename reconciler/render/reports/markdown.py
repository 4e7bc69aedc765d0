"""A report as a pull-request comment: a verdict to grasp at once, findings gravest first, changes folded per action.

What comes from outside is code, or plain words of a sentence, and nothing else (see `reconciler.render.markup`); the hidden
marker is percent-encoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reconciler.model.changes import Action
from reconciler.model.report import BESIDE, ChangeReport, Finding, Item, Level, Version
from reconciler.render.cutting import NOTE, Block, Cut, Entry, Form, Piece, fitted
from reconciler.render.diffs import alert, attribute_lines, folded_diff, sign
from reconciler.render.markup import FOLD_END, LIMIT, code, fold_start, marker, prose, shortened
from reconciler.render.reports import wording

ICONS = {Level.CRITICAL: "🔴", Level.WARNING: "🟠", Level.NOTICE: "🔵", Level.INFO: "⚪"}
_GRAVE = (Action.DELETE, Action.REPLACE, Action.UPDATE, Action.CREATE, *Action)
_OPEN = 3  # mild findings up to so many stand open
_NAMES = 6  # environments, manifest paths that a line names before it only counts
_SAID = 400  # characters of a finding's line when there is no room for more
_NAMED = 120  # … and of a name in it

# What is given room first.
_TROUBLE, _DEMANDED, _APART, _NOTED, _ASIDE = 0, 1, 1, 40, 50
_BRIEF = {Level.CRITICAL: 2, Level.WARNING: 3, Level.NOTICE: 7, Level.INFO: 20}
_FULL = {Level.CRITICAL: 5, Level.WARNING: 6, Level.NOTICE: 21, Level.INFO: 41}
_TITLE, _DETAILS = 8, 22


def report_markdown(report: ChangeReport) -> str:
    """The report in GitHub-flavoured Markdown, of at most 60,000 characters: what matters least is cut first, and counted."""
    mark = marker(report.topic.value, *wording.key(report))
    return page(report, limit=LIMIT, lead=f"{mark}\n", told=_told)


def page(
    report: ChangeReport, *, limit: int, lead: str, told: Callable[[Cut], str], size: Callable[[str], int] = len
) -> str:
    """The same for any place that has only so much room."""
    pieces: list[Piece] = [f"{lead}### {_title(report)}", *_verdict(wording.whole(report)), NOTE, *_body(report)]
    for one in report.also:
        pieces += [_apart(one), *_body(one)]
    return fitted(pieces, limit, told=told, size=size)


def _told(cut: Cut) -> str:
    return f"**Cut to fit a comment:** {cut}. The text, JSON and HTML reports have all of it."


def _title(report: ChangeReport) -> str:
    title = f"{wording.LEADS[report.topic]} stack {_name(report.stack)}"
    if len(report.places) > 1:
        return f"{title}, environments {_names([one.name for one in report.places])}"
    for one in report.places:
        where = ", ".join(map(prose, wording.whereabouts(one)))
        title += f", environment {_name(one.name)}" + (f" ({where})" if where else "")
    return title


def _verdict(report: ChangeReport) -> list[Piece]:
    several = len(report.levels()) > 1
    said = f"{_icon(report)} **{wording.verdict(report)}**"
    said += f" In all: {wording.levels(report)}." if several else ""
    return [said, _sums(report), _approvals(report)]


def _sums(report: ChangeReport) -> str:
    """Which versions, and what the change comes to; that nothing changes, the verdict may have said already."""
    nothing, verdict = wording.nothing(report), wording.verdict(report)
    summed = f"**{wording.sums(report)}.**" if not report.empty else "" if verdict == nothing else nothing
    versions = _versions(report) + (":" if summed else ".") if report.base and report.head else ""
    unchanged = f"Unchanged: {report.unchanged}." if report.unchanged else ""
    return " ".join(part for part in (versions, summed, unchanged) if part)


def _icon(report: ChangeReport) -> str:
    """As grave as the gravest finding; what nobody could read is at least worth a question."""
    if report.worst is not Level.CRITICAL and (report.refused or not report.complete):
        return ICONS[Level.WARNING]
    return ICONS[report.worst] if report.worst else "🟢"


def _versions(report: ChangeReport) -> str:
    if report.base is None or report.head is None:
        return ""
    return f"From {_version(report.base)} to {_version(report.head)}"


def _version(one: Version) -> str:
    label, commit = wording.named(one)
    if one.tip:
        return f"{_name(wording.short(one.commit))}, where it left {_name(label)} ({_name(wording.short(one.tip))}),"
    return f"{_name(label)} ({_name(commit)})" if commit else _name(label)


def _apart(report: ChangeReport) -> Piece:
    """What a report that belongs to the first begins with."""
    said = wording.nothing(report) if report.empty else f"{wording.sums(report)}."
    text = f"#### {_title(report)}\n\n{_icon(report)} **{wording.verdict(report)}** {said}"
    return Block(entries=[(Form(_APART, text),)], noun=("part", "parts"))


def _body(report: ChangeReport) -> list[Piece]:
    lead = "**Incomplete.** What could not be read or compared may hold anything:"
    return [
        lead if report.unread else "",
        alert(report.unread, ("reason", "reasons"), _TROUBLE, _DETAILS) if report.unread else "",
        _refused(report.refused),
        *_findings(report),
        *_changes(report),
        _notes([*wording.places(report), *report.beside]),
    ]


def _refused(said: Sequence[str]) -> Piece:
    lines = [f"apply will refuse this: {one}" for one in said]
    return alert(lines, ("reason", "reasons"), _TROUBLE, _DETAILS) if lines else ""


def _approvals(report: ChangeReport) -> Piece:
    lines = [
        f"🔏 **Needs approval by** {_name(one.require)}" + (f": {_names(one.because)}" if one.because else "")
        for one in report.approvals
    ]
    return Block(entries=[(Form(_DEMANDED, line),) for line in lines], noun=("approval", "approvals"), between="<br>\n")


def _findings(report: ChangeReport) -> list[Piece]:
    """The grave ones in the open, the others folded where they are many, what the settings allow at the end."""
    raised = [one for one in report.findings if not one.allowed]
    grave = [one for one in raised if one.level.rank >= Level.WARNING.rank]
    mild = [one for one in raised if one.level.rank < Level.WARNING.rank]
    allowed = [one for one in report.findings if one.allowed]
    pieces: list[Piece] = []
    if grave:
        pieces.append(Block(entries=_entries(grave, report), noun=("finding", "findings")))
    for heading, found in (("Notices", mild), ("Allowed by the settings", allowed)):
        if found:
            lead = fold_start(f"{heading}: {len(found)}", opened=len(found) <= _OPEN and found is mild)
            entries = _entries(found, report)
            pieces.append(Block(entries=entries, noun=("finding", "findings"), lead=lead, close=FOLD_END))
    return pieces


def _entries(found: Iterable[Finding], report: ChangeReport) -> list[Entry]:
    return [_finding(one, report) for one in found]


def _finding(one: Finding, report: ChangeReport) -> Entry:
    lead = f"- {ICONS[one.level]} **{one.level.value}** {code(one.code)}: "
    where = wording.told_of(one) if len(report.places) > 1 else ()
    tail = f" ({_names(where)})" if where else ""
    if one.source:
        tail += f" — {'was ' if one.gone else ''}{code(f'{report.prefix}{one.source.file}:{one.source.line}')}"
    rest = [one.consequence, one.advice, f"Allowed by {one.allowed}." if one.allowed else ""]
    below = " ".join(prose(text) for text in rest if text.strip())
    brief = Form(_BRIEF[one.level], f"{lead}{prose(shortened(one.summary, _SAID))}{_room_for(tail)}")
    whole = f"{lead}{prose(one.summary)}{tail}" + (f"<br>\n  {below}" if below else "")
    return (brief,) if brief.text == whole else (brief, Form(_FULL[one.level], whole))


def _room_for(tail: str) -> str:
    """Where a finding is, unless that alone would fill the page."""
    return tail if len(tail) <= _SAID else ""


def _changes(report: ChangeReport) -> list[Piece]:
    """Resources per action, then what the manifest says beside them."""
    resources = [one for one in report.items if one.kind not in BESIDE]
    pieces: list[Piece] = []
    for action, word in sorted(
        wording.by_word(resources, report.topic), key=lambda one: (_GRAVE.index(one[0]), one[1])
    ):
        heading = "in the lockfile only" if action is Action.NO_OP else word
        alike = [one for one in resources if (one.action, wording.called(one, report.topic)) == (action, word)]
        pieces.append(_diff(heading, alike, report))
    beside = [one for one in report.items if one.kind in BESIDE]
    if beside:
        pieces.append(_diff("beside the resources", beside, report))
    return pieces


def _diff(heading: str, items: Sequence[Item], report: ChangeReport) -> Block:
    return folded_diff(heading, [(*_ranks(one), _lines(one, report)) for one in items])


def _ranks(item: Item) -> tuple[int, int]:
    """Of the line and of the details: things with grave findings first, then by what is done to them."""
    if item.level is Level.CRITICAL:
        return _FULL[Level.CRITICAL], _DETAILS
    gravity = _GRAVE.index(item.action)
    return _TITLE + gravity, _DETAILS + 1 + gravity


def _lines(item: Item, report: ChangeReport) -> list[str]:
    where = wording.where(item, report)
    place = f"  {'was ' if item.gone else ''}{item.source.file}:{item.source.line}" if item.source else ""
    lines = [f"{sign(item.action)} {wording.about(item)}{f'  ({where})' if where else ''}{place}"]
    lines += [f"# {why}" for why in wording.why(item)]
    for row in item.rows:
        lines += attribute_lines(row.name, row.before, row.after, row.cause, None)
    return lines


def _notes(lines: Sequence[str]) -> Piece:
    if not lines:
        return ""
    entries = [(Form(_ASIDE, f"Note: {prose(shortened(line, _SAID))}"),) for line in lines]
    return Block(entries=entries, noun=("note", "notes"), between="<br>\n")


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(_name(one) for one in names[:_NAMES])
    return f"{shown} and {len(names) - _NAMES} more" if len(names) > _NAMES else shown


def _name(text: str) -> str:
    return code(shortened(text, _NAMED))
