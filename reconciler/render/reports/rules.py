"""What is known of each code that a finding may have: a sentence, help, how grave. The one place that formats ask."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from reconciler.model.report import Finding, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A code in words. `level`: that of its gravest finding."""

    code: str
    title: str
    help: str
    level: Level


_HELP = {
    Level.CRITICAL: "Tokens, consents or ownership are at stake. Do not go on before somebody has understood why.",
    Level.WARNING: "Ask why before this goes on.",
    Level.NOTICE: "A reviewer should have seen it.",
    Level.INFO: "For completeness.",
}


def rules_of(found: Iterable[Finding]) -> tuple[Rule, ...]:
    """The rules of those findings, by code."""
    levels: dict[str, Level] = {}
    for one in found:
        if one.code not in levels or levels[one.code].rank < one.level.rank:
            levels[one.code] = one.level
    titles, helps = _titles(), _helps()
    return tuple(
        Rule(
            code=code,
            title=titles.get(code) or _spoken(code),
            help=" ".join(helps.get(code, [_HELP[level]])),
            level=level,
        )
        for code, level in sorted(levels.items())
    )


@functools.cache
def _helps() -> Mapping[str, Sequence[str]]:
    """Why each rule of a review is there, and what to do: the words of docs/review.md, by code."""
    text = resources.files("reconciler.render.reports").joinpath("rules.json").read_text(encoding="utf-8")
    helps: Mapping[str, Sequence[str]] = json.loads(text)
    return helps


def _titles() -> dict[str, str]:
    from reconciler.reviewing import PLAN_TITLES
    from reconciler.reviewing.risks import RISKS

    return {**PLAN_TITLES, **{one.code: one.title for one in RISKS}}


def _spoken(code: str) -> str:
    """A code that has no sentence of its own, as words: those of planning and of the manifest's rules."""
    words = code.replace("-", " ")
    return f"{words[:1].upper()}{words[1:]}"
