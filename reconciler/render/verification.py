"""What `verify` found, for people, for a pull request and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from reconciler.model.environments import Where
from reconciler.model.values import canonical_json
from reconciler.model.verification import Check, Verdict, Verification, What
from reconciler.render import words
from reconciler.render.clean import clean, clean_lines
from reconciler.render.findings import wrapped
from reconciler.render.markup import code, fenced
from reconciler.render.palette import Palette

_SIGNS = {Verdict.PASSED: "pass", Verdict.FAILED: "FAIL", Verdict.UNKNOWN: "?   "}
_MARKS = {Verdict.PASSED: "+", Verdict.FAILED: "-", Verdict.UNKNOWN: "!"}
_NAMES = {
    What.WORKLOAD: "token",
    What.API_KEY: "apiKey",
    What.M2M: "M2M",
    What.USER_FEDERATION: "USER_FEDERATION",
    What.FOREIGN_URL: "foreignReturnUrl",
    What.ON_BEHALF: "ON_BEHALF_OF_TOKEN_EXCHANGE",
}


def verification_text(found: Verification, *, colour: bool, width: int, where: Where = Where.AWS) -> str:
    """Every check under its identity, with reason and next step, then the sum; ends in a line break."""
    paint = Palette(colour)
    paints = {Verdict.PASSED: paint.good, Verdict.FAILED: paint.bad, Verdict.UNKNOWN: paint.careful}
    lines = [paint.bold(f"Verified in {words.target(found.target, where)}")]
    for address, checks in groupby(found.checks, key=lambda one: one.address):
        lines += ["", paint.bold(clean(str(address)))]
        for one in checks:
            lines.append(f"  {paints[one.verdict](_SIGNS[one.verdict])}  {_tried(one)}")
            lines += _reason(one, "        ", width)
    return "\n".join([*lines, "", paints[found.verdict](_sum(found))]) + "\n"


def verification_markdown(found: Verification, *, where: Where = Where.AWS) -> str:
    """The checks as a pull-request comment; those that passed are folded."""
    sections = [
        f"### Verified in stack {code(found.target.stack)}, environment {code(found.target.environment)}",
        f"**{_sum(found)}**",
    ]
    for verdict, head in ((Verdict.FAILED, "failed"), (Verdict.UNKNOWN, "cannot be told"), (Verdict.PASSED, "passed")):
        lines: list[str] = []
        for one in found.checks:
            if one.verdict is verdict:
                lines.append(f"{_MARKS[verdict]} {one.address}: {one.words}")
                lines += _reason(one, "    ", 110)
        if lines:
            opened = "" if verdict is Verdict.PASSED else " open"
            number = found.counts[verdict]
            sections.append(
                f"<details{opened}><summary>{head}: {number}</summary>\n\n{fenced(lines, 'diff')}\n\n</details>"
            )
    if where is Where.EMBEDDED:
        sections.append("Asked was an embedded directory, which hands out nothing that is real.")
    return "\n\n".join(sections) + "\n"


def verification_json(found: Verification) -> str:
    """One object; see `schemas/verify.schema.json`."""
    target = found.target
    return canonical_json(
        {
            "format_version": "1.0",
            "stack": target.stack,
            "environment": target.environment,
            "account": target.account,
            "region": target.region,
            "verdict": found.verdict.value,
            "unanswered": found.unanswered,
            "summary": {verdict.value: number for verdict, number in found.counts.items()},
            "calls": found.calls,
            "checks": [_encoded(one) for one in found.checks],
        },
        indent=2,
    )


def _encoded(one: Check) -> dict[str, Any]:
    return {
        "address": str(one.address),
        "check": _NAMES[one.what],
        "provider": one.provider or None,
        "return_url": one.return_url or None,
        "verdict": one.verdict.value,
        "unanswered": one.unanswered,
        "why": one.why,
        "hint": one.hint,
    }


def _tried(one: Check) -> str:
    refused = " is refused" if one.what is What.FOREIGN_URL and one.verdict is Verdict.PASSED else ""
    return f"{clean(one.words)}{refused}"


def _reason(one: Check, lead: str, width: int) -> Iterator[str]:
    for text in (one.why, f"Next: {one.hint}" if one.hint else ""):
        if text:
            yield from wrapped("\n".join(clean_lines(text)), width, first=lead, rest=lead)


def _sum(found: Verification) -> str:
    counts = found.counts
    numbers = [f"{words.plural(counts[Verdict.PASSED], 'check')} passed"]
    numbers += [f"{counts[Verdict.FAILED]} failed"] if counts[Verdict.FAILED] else []
    numbers += [f"{counts[Verdict.UNKNOWN]} cannot be told"] if counts[Verdict.UNKNOWN] else []
    said = ", ".join(numbers)
    if not found.checks:
        return "Nothing to verify: no identity is declared here."
    if found.nothing_proven:
        return f"Nothing is proven: 0 of {words.plural(len(found.checks), 'check')} could be made."
    match found.verdict:
        case Verdict.PASSED:
            return f"Usable as declared: {said}."
        case Verdict.FAILED:
            return f"Not usable as declared: {said}."
    return f"Nothing failed, but not all is proven: {said}."
