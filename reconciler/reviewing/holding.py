"""What lockfiles know of a change: what stands already and what was never applied, and whose else a name is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.addresses import Address, Remote
from reconciler.model.changes import Action
from reconciler.model.environments import Environment
from reconciler.model.report import ChangeReport, Finding, Item, Level, by_gravity
from reconciler.model.resources import Lock, Origin
from reconciler.reviewing.risks.places import MOVED
from reconciler.reviewing.weighing import Weights

_AGREES = "The lockfile says the same: what stands was made there."


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lockfile of another stack or manifest: where it stands in the repository, and what it holds."""

    path: str
    lock: Lock


def claimed_in(environment: Environment, stack: str, others: Sequence[Held]) -> dict[Remote, str]:
    """Whose each resource is that the lockfiles of others hold in that account and Region: `stack/environment (path)`.

    Where the manifest does not say which account, nobody can tell offline whether two are the same.
    """
    claimed: dict[Remote, str] = {}
    for held in others:
        lock = held.lock
        if (lock.stack, lock.environment) == (stack, environment.name):
            continue
        if environment.account == lock.account and environment.region == lock.region and lock.account:
            whose = f"{lock.stack}/{lock.environment} ({held.path})"
            claimed |= {Remote(address.type, one.name): whose for address, one in lock.resources.items()}
    return claimed


def with_locks(report: ChangeReport, locks: Mapping[str, Lock | None]) -> ChangeReport:
    """The report with what the lockfile of each environment says to it. None: it has none."""
    findings = by_gravity(_confirmed(one, report, locks) for one in report.findings)
    milder = {one.about for one in {*report.findings} - {*findings}}
    weights = Weights(findings)
    items = tuple(
        replace(one, reasons=(*one.reasons, *_said(one, locks))) if one.kind not in ("settings", "stack") else one
        for one in report.items
    )
    items = tuple(replace(one, level=weights.level(one)) if one.about in milder else one for one in items)
    return replace(report, items=items, findings=findings, beside=(*report.beside, *_summaries(locks)))


def _confirmed(one: Finding, report: ChangeReport, locks: Mapping[str, Lock | None]) -> Finding:
    """The finding, milder if it is of an account or region that is named for the first time, and the lockfile says the same."""
    if one.code != MOVED or one.subject not in ("account", "region"):
        return one
    rows = {
        name: row
        for item in report.items
        if item.about == one.about
        for name in item.environments
        for row in item.rows
        if row.name == one.subject
    }
    for name in one.environments:
        lock, row = locks.get(name), rows.get(name)
        held = {"account": lock.account, "region": lock.region}[one.subject] if lock else ""
        if row is None or row.before is not None or not held or row.after != held:
            return one
    milder = Level.NOTICE if one.level.rank > Level.NOTICE.rank else Level.INFO
    return replace(one, level=milder, consequence=_AGREES, advice="")


def _said(item: Item, locks: Mapping[str, Lock | None]) -> Iterator[str]:
    if item.kind == "environment":
        return
    by_words: dict[str, list[str]] = {}
    for name in item.environments:
        if name in locks and (words := _one(item, locks[name])):
            by_words.setdefault(words, []).append(name)
    for words, names in by_words.items():
        yield words if len(names) == len(item.environments) else f"{', '.join(names)}: {words}"


def _one(item: Item, lock: Lock | None) -> str:
    if lock is None:
        return ""  # nothing is managed there: said once, for all of it
    known = lock.resources.get(Address(item.kind, item.about.partition(".")[2]))
    if item.previously and known is None:
        known = lock.resources.get(Address(item.kind, item.previously.partition(".")[2]))
    if known is None:
        created = item.action in (Action.CREATE, Action.ADOPT)
        return "" if created else "the lockfile does not hold it: it was never applied, or somebody let go of it"
    if item.action is Action.CREATE:
        return "the lockfile holds it already: apply changes it, or leaves it as it is"
    words = "adopted: it stood before the manifest did" if known.origin is Origin.ADOPTED else ""
    if item.action is Action.DELETE and known.protect:
        words = "protected in the lockfile: apply refuses to delete it"
    return words


def _summaries(locks: Mapping[str, Lock | None]) -> Iterator[str]:
    for name, lock in sorted(locks.items()):
        if lock is None:
            yield f"{name}: no lockfile, so nothing is managed there yet."
        else:
            count = len(lock.resources)
            yield f"{name}: lockfile of serial {lock.serial} holds {count} resource{'' if count == 1 else 's'}."
