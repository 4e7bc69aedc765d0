"""The comparison of a policy with the grants, for people and for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from reconciler.access import Finding, Report, Verdict
from reconciler.access.unseen import is_of_agentcore
from reconciler.model.values import canonical_json
from reconciler.render.clean import clean
from reconciler.render.markup import code, fenced
from reconciler.render.palette import Palette
from reconciler.render.words import plural

_SIGN = {Verdict.EXCESS: "+", Verdict.LACK: "-", Verdict.UNCLEAR: "?"}
_HEADS = {
    Verdict.EXCESS: "Too much",
    Verdict.LACK: "Missing",
    Verdict.UNCLEAR: "Cannot be told",
}
_SHOWN = 5


def check_text(report: Report, *, colour: bool, width: int) -> str:
    """The findings under three headings, and the sum; ends in a line break."""
    paint = Palette(colour)
    colours = {Verdict.EXCESS: paint.bad, Verdict.LACK: paint.careful, Verdict.UNCLEAR: paint.careful}
    lines = [paint.bold(_compared(report)), ""]
    for verdict, head in _HEADS.items():
        found = [one for one in report.findings if one.verdict is verdict]
        if found:
            lines.append(colours[verdict](f"{head}:"))
            for one in found:
                lines += _finding(one, paint, width)
            lines.append("")
    lines += [f"Note: {clean(one)}" for one in report.notes]
    return "\n".join([*lines, _sum(report), *_unseen(report)]) + "\n"


def _finding(one: Finding, paint: Palette, width: int, indent: str = "  ") -> Iterator[str]:
    deeper = f"{indent}    "
    about = f"{clean(str(one.identity))}: " if one.identity else ""
    yield from _wrapped(f"{_SIGN[one.verdict]} {about}{clean(one.summary)}", indent, deeper, width)
    if one.where:
        yield f"{deeper}{paint.dim(f'{clean(str(one.where))}, statement {clean(one.where.statement)}')}"
    if one.detail:
        yield from _wrapped(clean(one.detail), deeper, deeper, width)


def _wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width=max(width, 40),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _compared(report: Report) -> str:
    names = ", ".join(clean(str(one)) for one in report.identities)
    held = f" of {clean(report.role)}" if report.role else ""
    return f"{', '.join(map(clean, report.policies)) or 'no policy'}{held} beside the grants of {names}"


def _sum(report: Report) -> str:
    if report.matches:
        return "Of AgentCore's data plane it allows what is granted, and nothing more."
    count = report.count
    return (
        f"It differs: {plural(count(Verdict.EXCESS), 'excess', 'excesses')}, {plural(count(Verdict.LACK), 'lack')}, "
        f"{count(Verdict.UNCLEAR)} that cannot be told."
    )


def _unseen(report: Report) -> Iterator[str]:
    """What the sum says nothing of; in words, so that nobody takes it for all that the role may do."""
    own = [one for one in report.unseen if is_of_agentcore(one)]
    others = [one for one in report.unseen if not is_of_agentcore(one)]
    for found, whose in ((others, "of other services"), (own, "of AgentCore beside identities and providers")):
        if found:
            more = ", ..." if len(found) > _SHOWN else ""
            named = ", ".join(map(clean, found[:_SHOWN]))
            yield f"Not looked at: {plural(len(found), 'action')} {whose} ({named}{more})."


def check_markdown(report: Report) -> str:
    """The findings as a pull-request comment."""
    names = ", ".join(code(str(one)) for one in report.identities)
    policies = ", ".join(map(code, report.policies)) or "No policy"
    held = f" of {code(report.role)}" if report.role else ""
    sections = [f"### {policies}{held} beside the grants of {names}", f"**{_sum(report)}**"]
    for verdict, head in _HEADS.items():
        found = [one for one in report.findings if one.verdict is verdict]
        if found:
            lines = [line for one in found for line in _finding(one, Palette(False), 110, "")]
            sections.append(
                f"{head}: {len(found)}\n\n{fenced(lines, 'diff' if verdict is not Verdict.UNCLEAR else 'text')}"
            )
    notes = [*(f"Note: {one}" for one in report.notes), *_unseen(report)]
    if notes:
        sections.append(fenced(notes, "text"))
    return "\n\n".join(sections) + "\n"


def check_json(report: Report) -> str:
    """One object with every finding."""
    return canonical_json(
        {
            "format_version": "1.0",
            "matches": report.matches,
            "policies": list(report.policies),
            "role": report.role or None,
            "not_looked_at": list(report.unseen),
            "identities": [str(one) for one in report.identities],
            "notes": list(report.notes),
            "summary": {one.value: report.count(one) for one in Verdict},
            "findings": [_encoded(one) for one in report.findings],
        },
        indent=2,
    )


def _encoded(one: Finding) -> dict[str, Any]:
    where = one.where
    return {
        "verdict": one.verdict.value,
        "code": one.code,
        "summary": one.summary,
        "detail": one.detail,
        "identity": str(one.identity) if one.identity else None,
        "actions": list(one.actions),
        "resources": list(one.resources),
        "policy": where.policy if where else None,
        "statement": where.statement if where else None,
        "line": where.line or None if where else None,
    }
