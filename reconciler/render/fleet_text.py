"""A run over several targets on a terminal: each in a line, then what they say one by one, the same only once."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diagnostics import Diagnostic
from reconciler.errors import ExitCode
from reconciler.model.fleet import FleetResult, TargetResult
from reconciler.render import words
from reconciler.render.apply_text import report_text
from reconciler.render.clean import clean
from reconciler.render.findings import diagnostics_text, wrapped
from reconciler.render.fleet import failures, folded, in_short, nameless, sums, worth_a_look
from reconciler.render.palette import Palette
from reconciler.render.plan_text import plan_text

_HEAD = ("target", "account", "region", "result")


def fleet_text(result: FleetResult, *, colour: bool, width: int = 100, verbose: bool = False) -> str:
    """The whole of it for people, ending in a line break: plans, or where they were applied, reports."""
    paint = Palette(colour)
    doing = "Applied" if any(one.report for one in result.targets) else "Plans"
    head = paint.bold(f"{doing} for stack {clean(result.stack)}: {result.scope}")
    sections = [
        head,
        table(result, paint),
        *_bodies(result, colour=colour, width=width, verbose=verbose),
        *_failures(result, paint, width),
        *_retries(result, width),
        _closing(result, paint),
    ]
    return "\n\n".join(section.strip("\n") for section in sections if section) + "\n"


def table(result: FleetResult, paint: Palette) -> str:
    """One line for each target."""
    rows = [(clean(one.name), clean(one.account), clean(one.region), in_short(one)) for one in result.targets]
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in (_HEAD, *rows)) for column in range(3)]

    def line(row: Sequence[str]) -> str:
        return "  " + "  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3]])

    lines = [paint.dim(line(_HEAD))]
    for one, row in zip(result.targets, rows, strict=True):
        told = line(row)
        lines.append(told if one.exit_code in (ExitCode.OK, ExitCode.CHANGES) else paint.bad(told))
    return "\n".join(lines)


def _bodies(result: FleetResult, *, colour: bool, width: int, verbose: bool) -> list[str]:
    """Every plan or report that says more than its line, those that are alike once."""
    paint = Palette(colour)

    def plain(one: TargetResult) -> str:
        return _body(one, named=False, colour=colour, width=width, verbose=verbose)

    sections = []
    for group in folded(result.targets, plain):
        if len(group.members) > 1:
            said = wrapped(f"== The same for {group.names}", width)
            body = group.text
        else:
            said = [f"== {group.names}"]
            body = _body(group.members[0], named=True, colour=colour, width=width, verbose=verbose)
        sections.append("\n".join([*(paint.bold(one) for one in said), body.strip("\n")]))
    return sections


def _body(one: TargetResult, *, named: bool, colour: bool, width: int, verbose: bool) -> str:
    """What the target's own command would have shown, without the line that names it."""
    if one.report is not None and one.plan is not None:
        return report_text(one.report, one.plan, colour=colour, width=width)
    if one.plan is None or not (worth_a_look(one.plan) or one.guards or verbose):
        return ""
    plan = one.plan if named else nameless(one.plan)
    text = plan_text(plan, colour=colour, width=width, verbose=verbose, guards=one.guards)
    return text.partition("\n")[2]


def _failures(result: FleetResult, paint: Palette, width: int) -> list[str]:
    sections = []
    for failure, names in failures(result.targets):
        lines = [f"{paint.bad('Error:')} {words.some(names, len(names))}: {clean(failure.summary)}"]
        lines += wrapped(failure.detail, width, first="  ", rest="  ")
        lines += _found(failure.diagnostics, paint)
        sections.append("\n".join(lines))
    return sections


def _found(found: Sequence[Diagnostic], paint: Palette) -> list[str]:
    return diagnostics_text(found, colour=paint.colour).splitlines()


def _retries(result: FleetResult, width: int) -> list[str]:
    said = [f"{clean(one.name)} was begun a second time: {clean(one.retried)}" for one in result.targets if one.retried]
    return ["\n".join(line for one in said for line in wrapped(one, width))] if said else []


def _closing(result: FleetResult, paint: Palette) -> str:
    sentence = f"{result.scope[0].upper()}{result.scope[1:]}: {sums(result)}."
    well = result.exit_code in (ExitCode.OK, ExitCode.CHANGES)
    return paint.good(sentence) if well else paint.bad(sentence)
