"""The rules of the house that a change is judged by: as strict as the base has them, where the change left it or by now.

A change that began before the rules were tightened is merged into a base that has the stricter ones. What it changes is told
against where it left; what is allowed, silenced and protected is taken from both, and the stricter counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.diagnostics import Severity
from reconciler.manifest import RULES
from reconciler.manifest.rules import Rule
from reconciler.model.environments import RuleSetting, Settings
from reconciler.reviewing.versions import Reviewed

RANKS: Mapping[Severity | None, int] = {None: 0, Severity.INFO: 1, Severity.WARNING: 2, Severity.ERROR: 3}
"""How much a rule of `validate` weighs, from silenced to refusing."""


def judged(base: Reviewed, head: Reviewed, tip: Reviewed) -> tuple[Reviewed, Reviewed]:
    """Both versions under the rules that the base has raised since the change left it."""
    if base.manifest is None or tip.manifest is None or tip is base:
        return base, head
    old, new = base.manifest.settings, tip.manifest.settings
    raised = {
        rule.code: RuleSetting(severity=_of(new, rule))
        for rule in RULES
        if RANKS[_of(old, rule)] < RANKS[_of(new, rule)]
    }
    return (_under(base, raised), _under(head, raised)) if raised else (base, head)


def _under(side: Reviewed, raised: Mapping[str, RuleSetting]) -> Reviewed:
    """The version, judged by these rules beside its own."""
    if side.loaded is None or side.manifest is None:
        return side
    settings = replace(side.manifest.settings, rules={**side.manifest.settings.rules, **raised})
    loaded = replace(side.loaded, manifest=replace(side.manifest, settings=settings))
    return Reviewed(version=side.version, loaded=loaded)


def _of(settings: Settings, rule: Rule) -> Severity | None:
    setting = settings.rules.get(rule.code)
    return setting.severity if setting else rule.severity


def behind(base: Reviewed, tip: Reviewed) -> Iterator[str]:
    """What a report says of a change that does not have what the base has come to."""
    if tip is not base:
        label = base.version.label
        yield (
            f"{label} has another manifest by now than where this left it. What differs is told against where it left; hosts, "
            "approvers, silenced rules and protection count as strictly as either has them. "
            f"Merge {label} to see the two together."
        )
