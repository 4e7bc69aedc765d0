"""A report on a terminal: what to think of it, what changes and where, what it comes to, and who has to approve.

Findings stand first because they are why somebody looks; the sums stand last because that is where the eyes are in the end.
"""

from __future__ import annotations

from functools import partial

from reconciler.model.report import BESIDE, ChangeReport, Finding, Item, Level
from reconciler.render.clean import clean
from reconciler.render.findings import wrapped
from reconciler.render.lines import Lines, joined
from reconciler.render.palette import Palette
from reconciler.render.reports import wording
from reconciler.render.words import some

_NAMES = 6  # environments that a finding names before it only counts


def report_text(report: ChangeReport, *, colour: bool, width: int = 100, verbose: bool = False) -> str:
    """The whole report for people, ending in a line break. `verbose` also shows elements that stay as they are, everything that
    a finding on many is about, and what findings the settings allow.
    """
    view = _View(paint=Palette(colour), width=max(width, 40), verbose=verbose)
    sections = [section for part in (report, *report.also) for section in view.sections(part)]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


class _View(Lines):
    """The sections of a report."""

    __slots__ = ()

    def sections(self, report: ChangeReport) -> list[list[str]]:
        """All of them in order, an empty one where there is nothing to say."""
        return [
            self.header(report),
            self.unread(report),
            self.findings(report),
            *self.changes(report),
            self.closing(report),
        ]

    def header(self, report: ChangeReport) -> list[str]:
        first, *rest = wrapped(wording.title(report), self.width)
        lines = [self.paint.bold(line) for line in (first, *rest)]
        said = wording.versions(report)
        return [*lines, *([self.paint.dim(said)] if said else []), *self.verdict(report)]

    def verdict(self, report: ChangeReport) -> list[str]:
        """Of a report that others belong to, what all of them come to: the gravest may stand in the last."""
        if not report.also:
            return []
        whole = wording.whole(report)
        said = f"{wording.verdict(whole)} In all: {wording.levels(whole) or 'no findings'}."
        return [self.paint.level(whole.worst or Level.INFO, line) for line in wrapped(said, self.width)]

    def unread(self, report: ChangeReport) -> list[str]:
        lines: list[str] = []
        for one in report.unread:
            lines += [self.paint.bad(line) for line in wrapped(f"INCOMPLETE: {one}", self.width, rest="  ")]
        return lines

    def findings(self, report: ChangeReport) -> list[str]:
        shown = [one for one in report.findings if self.verbose or not one.allowed or one.level is not Level.INFO]
        return joined([self.finding(one, report) for one in shown])

    def finding(self, one: Finding, report: ChangeReport) -> list[str]:
        label = f"{one.level.value}[{clean(one.code)}]"
        paint = partial(self.paint.level, one.level)
        where = some(wording.told_of(one), _NAMES) if len(report.places) > 1 else ""
        said = f"{clean(one.summary)} ({where})" if where else clean(one.summary)
        lines = self.headline(label, said, one.source, paint, gone=one.gone)
        lines += self.said(one.consequence)
        lines += [self.paint.dim(line) for line in self.said(one.advice)]
        if self.verbose and one.others:
            lines += self.said(f"All {len(one.others) + 1}: {', '.join(map(clean, (one.about, *one.others)))}.")
        if one.allowed:
            lines += [self.paint.dim(line) for line in self.said(f"Allowed by {one.allowed}.")]
        return lines

    def changes(self, report: ChangeReport) -> list[list[str]]:
        """The resources of each group of environments, then what the manifest says beside them."""
        resources = [one for one in report.items if one.kind not in BESIDE]
        beside = [one for one in report.items if one.kind in BESIDE]
        sections = [self.group(name, items, report) for name, items in wording.grouped(resources, report)]
        if beside:
            sections.append(["Beside the resources:", *joined([self.item(one, report) for one in beside])])
        return sections

    def group(self, name: str, items: list[Item], report: ChangeReport) -> list[str]:
        head = [f"Only in {name}:"] if name else ["In all environments:"] if len(report.places) > 1 else []
        lines = joined([self.item(one, report) for one in items])
        return [*head, *([""] if head and len(lines) > 1 else []), *lines]

    def item(self, item: Item, report: ChangeReport) -> list[str]:
        word = wording.called(item, report.topic)
        title = wording.about(item)
        lines = [self.entry(item.action.value, word, title, item.source, item.action, gone=item.gone)]
        for why in wording.why(item):
            lines += self.said(why)
        for row in item.rows:
            lines += self.attribute(row.name, row.before, row.after, row.cause, None)
        return lines

    def closing(self, report: ChangeReport) -> list[str]:
        lead = "" if report.complete else "Incomplete. "
        if report.empty:
            said = wording.nothing(report)
            lines = [self.paint.good(line) if report.complete else line for line in wrapped(said, self.width)]
        else:
            noun = f"{report.topic.value.capitalize()}: "
            first, *rest = wrapped(f"{noun}{wording.sums(report)}.", self.width)
            lines = [self.paint.bold(noun.rstrip()) + first.removeprefix(noun.rstrip()), *rest]
        if lead:
            lines[0] = self.paint.bad(lead.rstrip()) + " " + lines[0]
        if report.findings:
            paint = partial(self.paint.level, report.worst or Level.INFO)
            lines.append(f"Findings: {paint(wording.levels(report))}.")
        for one in wording.approvals(report):
            lines += [self.paint.careful(line) for line in wrapped(f"{one}.", self.width, rest="  ")]
        for one in report.refused:
            lines += [self.paint.bad(line) for line in wrapped(f"apply will refuse this: {one}", self.width, rest="  ")]
        for one in (*wording.places(report), *report.beside):
            lines += [self.paint.dim(line) for line in wrapped(one, self.width, rest="  ")]
        return [*lines, self.paint.dim(f"Unchanged: {report.unchanged}.")] if report.unchanged else lines
