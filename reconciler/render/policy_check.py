"""The check of a plan against the house's rules, for people, for a pull request and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.diagnostics import Diagnostic, Source
from reconciler.model.report import Level
from reconciler.model.values import canonical_json
from reconciler.policy import CheckReport, Exemption, Verdict, Violation
from reconciler.render.clean import clean
from reconciler.render.cutting import NOTE, Block, Cut, Piece, fitted
from reconciler.render.diffs import entry, said_in_fence
from reconciler.render.findings import wrapped
from reconciler.render.markup import FOLD_END, LIMIT, code, fence_of, fold_start, marker
from reconciler.render.palette import Palette
from reconciler.render.reports.wording import counted
from reconciler.render.words import plural

_LEVELS = tuple(reversed(Level))


def policy_text(report: CheckReport, *, colour: bool, width: int) -> str:
    """The violations, the gravest first, each with its rule and the line of the manifest; then the sum."""
    paint = Palette(colour)
    lines = [paint.bold(f"{clean(report.plan)} beside the rules of {clean(report.policy)} ({_where(report)})"), ""]
    for one in report.standing:
        lines += [*_block(one, paint, width), ""]
    if report.exempted:
        lines.append(paint.bold("Exempted:"))
        for one in report.exempted:
            lines += _block(one, paint, width, "  ")
        lines.append("")
    lines += [f"Not in the plan: {clean(one)}" for one in report.unseen]
    return "\n".join([*lines, _paints(paint)[report.verdict](_sum(report))]) + "\n"


def _paints(paint: Palette) -> dict[Verdict, Any]:
    return {
        Verdict.PASSED: paint.good,
        Verdict.VIOLATED: paint.bad,
        Verdict.UNKNOWN: paint.careful,
        Verdict.FAILED: paint.bad,
    }


def _block(one: Violation, paint: Palette, width: int, indent: str = "") -> Iterator[str]:
    deeper = f"{indent}    "
    mark = {Level.CRITICAL: paint.bad, Level.WARNING: paint.careful}.get(one.level, paint.dim)
    about = f"{clean(one.address)}: " if one.address and one.address not in one.message else ""
    label = f"{one.level.value}[{clean(one.code)}]"
    first, *rest = wrapped(f"{label} {about}{clean(one.message)}", width, first=indent, rest=deeper)
    yield first.replace(label, mark(label), 1)
    yield from rest
    if one.source is not None:
        yield f"{deeper}{clean(_place(one.source))}"
    yield f"{deeper}{paint.dim(f'rule at {clean(_place(one.rule))}')}"
    for text in _exemption(one):
        yield from wrapped(text, width, first=deeper, rest=deeper)


def _place(source: Source) -> str:
    return f"{source.file}:{source.line}"


def _exemption(one: Violation) -> Iterator[str]:
    if one.exemption is not None:
        given = one.exemption
        yield f"exempted until {given.expires} by {clean(given.owner)}: {clean(given.reason)} ({clean(_place(given.source))})"
    if one.lapsed is not None:
        given = one.lapsed
        yield f"its exemption counts no more since {given.expires} (owner {clean(given.owner)}, {clean(_place(given.source))})"


def _where(report: CheckReport) -> str:
    return f"stack {clean(report.target.stack)}, environment {clean(report.target.environment)}"


def _counts(report: CheckReport) -> str:
    return ", ".join(counted(level, report.count(level)) for level in _LEVELS if report.count(level))


def _sum(report: CheckReport) -> str:
    asked = f"{plural(report.rules, 'rule')} over {plural(report.changes, 'change')}"
    exempted = f" {plural(len(report.exempted), 'violation')} exempted." if report.exempted else ""
    counts = _counts(report)
    match report.verdict:
        case Verdict.FAILED:
            failed = plural(len(report.failures), "rule")
            return (
                f"Not checked: {failed} could not be evaluated. {f'Found so far: {counts}.' if counts else ''}".rstrip()
            )
        case Verdict.VIOLATED:
            return f"Refused: {counts} ({asked}; {report.fail_on.value} and above fails).{exempted}"
        case Verdict.UNKNOWN:
            return (
                f"Cannot be told: the plan does not hold everything, so that nothing more than this is known ({asked})."
            )
    mild = f" {counts} below {report.fail_on.value}." if counts else ""
    return f"Passed: {asked}.{mild}{exempted}"


def policy_markdown(report: CheckReport) -> str:
    """The check as a pull-request comment of at most 60,000 characters: what matters least is cut first, and counted."""
    of = report.target
    pieces: list[Piece] = [
        f"{marker('check', of.stack, [of.environment])}\n"
        f"### Policy: stack {code(of.stack)}, environment {code(of.environment)}",
        f"**{_sum(report)}**",
        NOTE,
    ]
    for rank, level in enumerate(_LEVELS):
        found = [one for one in report.standing if one.level is level]
        if found:
            pieces.append(_folded(level.value, found, rank, opened=level.rank >= report.fail_on.rank))
    if report.exempted:
        pieces.append(_folded("exempted", report.exempted, len(_LEVELS), opened=False))
    said = [*map(_said, (*report.failures, *report.remarks)), *report.unseen]
    if said:
        pieces.append(said_in_fence([[one] for one in said], ("remark", "remarks"), 0, 0))
    return fitted(pieces, LIMIT, told=_told)


def _told(cut: Cut) -> str:
    return f"**Cut to fit a comment:** {cut}. `--format text` and `--format json` have all of it."


def _folded(head: str, found: Sequence[Violation], rank: int, *, opened: bool) -> Block:
    blocks = [list(_block(one, Palette(False), 110)) for one in found]
    fence = fence_of(line for lines in blocks for line in lines)
    return Block(
        entries=[entry(lines, rank, len(_LEVELS) + 1 + rank) for lines in blocks],
        noun=("violation", "violations"),
        lead=f"{fold_start(f'{head}: {len(found)}', opened=opened)}{fence}text\n",
        close=f"\n{fence}{FOLD_END}",
    )


def _said(one: Diagnostic) -> str:
    place = f" ({_place(one.source)})" if one.source else ""
    return f"{one.severity.value}[{one.code}]: {one.summary}{place}"


def policy_json(report: CheckReport) -> str:
    """One object; see `schemas/check.schema.json`."""
    of = report.target
    text = canonical_json(
        {
            "format_version": "1.0",
            "stack": of.stack,
            "environment": of.environment,
            "account": of.account,
            "region": of.region,
            "plan": report.plan,
            "policy": report.policy,
            "fail_on": report.fail_on.value,
            "verdict": report.verdict.value,
            "rules": report.rules,
            "changes": report.changes,
            "summary": {level.value: report.count(level) for level in Level} | {"exempted": len(report.exempted)},
            "violations": [_encoded(one) for one in report.violations],
            "failures": [_diagnostic(one) for one in report.failures],
            "remarks": [_diagnostic(one) for one in report.remarks],
            "not_in_plan": list(report.unseen),
        },
        indent=2,
    )
    return f"{text}\n"


def _encoded(one: Violation) -> dict[str, Any]:
    return {
        "severity": one.level.value,
        "code": one.code,
        "message": one.message,
        "address": one.address,
        "rule": _source(one.rule),
        "source": _source(one.source),
        "exemption": _given(one.exemption),
        "expired_exemption": _given(one.lapsed),
    }


def _given(one: Exemption | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"owner": one.owner, "reason": one.reason, "expires": one.expires, "source": _source(one.source)}


def _diagnostic(one: Diagnostic) -> dict[str, Any]:
    return {
        "severity": one.severity.value,
        "code": one.code,
        "summary": one.summary,
        "detail": one.detail,
        "source": _source(one.source),
    }


def _source(one: Source | None) -> dict[str, Any] | None:
    return None if one is None else {"file": one.file, "line": one.line, "column": one.column}
