"""Risks of a change to the rules of the house: `settings`. What is loosened is loosened for every change that follows."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.manifest import RULES
from reconciler.manifest.documents import quoted
from reconciler.model.environments import Settings
from reconciler.model.rates import EVERY, Rates
from reconciler.model.report import Level
from reconciler.model.review_settings import Approver
from reconciler.reviewing.risks.facts import Facts, Raised, Risk
from reconciler.reviewing.standards import RANKS

_LEAST = {"": 0, "notice": 1, "warning": 2, "critical": 3}


def _both(facts: Facts) -> Iterator[tuple[Settings, Settings]]:
    """The settings of both versions; of a manifest that is new or deleted, there is nothing to compare."""
    if facts.base.manifest and facts.head.manifest:
        yield facts.base.manifest.settings, facts.head.manifest.settings


def _silenced(facts: Facts) -> Iterator[Raised]:
    for old, new in _both(facts):
        for rule in RULES:
            before, after = (
                setting.severity if (setting := one.rules.get(rule.code)) else rule.severity for one in (old, new)
            )
            if RANKS[after] >= RANKS[before]:
                continue
            reason = new.rules[rule.code].reason if rule.code in new.rules else ""
            because = f" The reason given: {quoted(reason.rstrip('.'))}." if reason else ""
            yield Raised(
                level=Level.CRITICAL if before is Severity.ERROR else Level.WARNING,
                about=f"settings.rules.{rule.code}",
                summary=f"The rule {rule.code} is {'silenced' if after is None else f'lowered to {after.value}'} "
                f"({_word(before)} before)",
                consequence=f"What it finds {'stops nobody' if before is Severity.ERROR else 'is told less or not at all'} "
                f"from the next change on.{because}",
                advice="Ask what it found, and whether that can be mended.",
                place=facts.place_of("settings", "rules", rule.code),
            )


def _word(severity: Severity | None) -> str:
    return severity.value if severity else "off"


def _ignored(facts: Facts) -> Iterator[Raised]:
    for old, new in _both(facts):
        for glob in sorted({*new.ignore_tags} - {*old.ignore_tags}):
            yield Raised(
                level=Level.WARNING,
                about="settings.ignoreTags",
                summary=f"Tags that match {quoted(glob)} are ignored from now on",
                consequence="Nobody is told any more who changes them, and policies that read such tags may be led astray.",
                advice="Ignore as little as will do: whole keys, no wildcards.",
                subject=glob,
                place=facts.place_of("settings", "ignoreTags"),
            )


def _drift(facts: Facts) -> Iterator[Raised]:
    for old, new in _both(facts):
        before = set(map(str, old.drift_ignore))
        for rule in new.drift_ignore:
            if str(rule) not in before:
                yield Raised(
                    level=Level.WARNING,
                    about="settings.drift.ignore",
                    summary=f"Drift is left out from now on: {rule}",
                    consequence="Nobody is told any more when that is changed outside.",
                    advice="Ignore as little as will do, and give the rule a last day where that can be told.",
                    subject=str(rule),
                    place=facts.place_of("settings", "drift", "ignore"),
                )


def _required(facts: Facts) -> Iterator[Raised]:
    for old, new in _both(facts):
        for name in sorted({*old.require} - {*new.require}):
            yield Raised(
                level=Level.WARNING,
                about="settings.require",
                summary=f"Entries need no {name} any more",
                consequence="Nobody has to answer for what is declared next."
                if name == "owner"
                else "What is declared next may stay for good.",
                subject=name,
                place=facts.place_of("settings", "require"),
            )


def _review(facts: Facts) -> Iterator[Raised]:
    for old, new in _both(facts):
        for glob in sorted({*new.review.hosts} - {*old.review.hosts}):
            yield Raised(
                level=Level.CRITICAL,
                about="settings.review.hosts",
                summary=f"Hosts that match {quoted(glob)} are allowed from now on",
                consequence="From the next change on, nobody is warned of a return URL on such a host. This change gains "
                "nothing by it.",
                advice="Make sure that every host that matches is yours.",
                subject=glob,
                place=facts.place_of("settings", "review", "hosts"),
            )
        for one in old.review.approvers:
            if not any(_as_strict(other, one) for other in new.review.approvers):
                yield Raised(
                    level=Level.CRITICAL,
                    about="settings.review.approvers",
                    summary=f"{one.require} no longer has to approve as before: {', '.join(one.paths)}"
                    + (f" (from {one.least})" if one.least else ""),
                    consequence=f"From the next change on, nobody asks {one.require} there. This change still needs them.",
                    advice="Have those approve who are to be asked no more.",
                    subject=str(one),
                    place=facts.place_of("settings", "review", "approvers"),
                )


def _as_strict(one: Approver, other: Approver) -> bool:
    """Whether the first asks for as much as the other; judged by the globs' words alone."""
    return one.require == other.require and {*one.paths} >= {*other.paths} and _LEAST[one.least] <= _LEAST[other.least]


def _rates(facts: Facts) -> Iterator[Raised]:
    for old, new in _both(facts):
        for operation in sorted({*old.rates.asked, *new.rates.asked, EVERY}):
            before, after = _rate(old.rates, operation), _rate(new.rates, operation)
            if before is None or after is None or after <= before:
                continue
            yield Raised(
                level=Level.NOTICE,
                about="settings.rates",
                summary=f"{'Every operation' if operation == EVERY else operation} may be called more often: "
                f"{before:g} -> {after:g} a second",
                consequence="What is called more often leaves less of the account's quota to agents and deployments.",
                subject=operation,
                place=facts.place_of("settings", "rates", operation),
            )


def _rate(rates: Rates, operation: str) -> float | None:
    """Calls a second; None where each operation has its own."""
    return rates.asked.get(EVERY) if operation == EVERY else rates.of(operation)


HOUSE = (
    Risk("drift-ignored", "Drift is left out that was told before.", _drift, whole=True),
    Risk("ignored-tags-widened", "More tags are ignored.", _ignored, whole=True),
    Risk("rates-raised", "Operations may be called more often.", _rates, whole=True),
    Risk("require-narrowed", "Entries have to say less.", _required, whole=True),
    Risk("review-loosened", "`settings.review` allows more hosts, or asks fewer people.", _review, whole=True),
    Risk("rule-silenced", "A rule of `validate` is silenced or lowered.", _silenced, whole=True),
)
