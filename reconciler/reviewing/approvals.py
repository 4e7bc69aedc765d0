"""Who has to approve a change, as `settings.review.approvers` says in both versions: who takes one out still needs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.manifest.reviewers import manifest_path
from reconciler.model.addresses import Address
from reconciler.model.report import BESIDE, Approval, Finding, Item, Level
from reconciler.model.review_settings import Approver
from reconciler.reviewing.versions import Reviewed
from reconciler.reviewing.weighing import Weights

NOT_COMPARED = "what could not be compared"
"""Because of which everybody has to approve who is named at all."""


def approvals(
    base: Reviewed, head: Reviewed, items: Sequence[Item], findings: Iterable[Finding], *, complete: bool
) -> tuple[Approval, ...]:
    """By name, each with the manifest paths because of which. `complete`: whether everything could be compared."""
    asked = dict.fromkeys((*base.review.approvers, *head.review.approvers))
    if not asked:
        return ()
    weights = Weights(findings)
    because: dict[str, set[str]] = {}
    for one in asked:
        paths = {path for item in items if (path := one.path_for(_paths(item))) and _grave(one, weights.level(item))}
        if not complete:
            paths.add(NOT_COMPARED)
        if paths:
            because.setdefault(one.require, set()).update(paths)
    return tuple(Approval(require=name, because=tuple(sorted(paths))) for name, paths in sorted(because.items()))


def _grave(one: Approver, level: Level | None) -> bool:
    """Whether what changes is as grave as the approver wants."""
    return not one.least or (level is not None and level.rank >= Level(one.least).rank)


def _paths(item: Item) -> Iterator[str]:
    """The manifest paths that the item is at: its own and that of each attribute, under the key it had before as well."""
    for path in _own(item):
        yield path
        yield from (f"{path}.{row.name}" for row in item.rows)


def _own(item: Item) -> Iterator[str]:
    if item.kind == "environment":
        yield f"environments.{item.about.removeprefix('environment.')}"
    elif item.kind in BESIDE:
        yield item.about
    else:
        yield manifest_path(Address.parse(item.about))
        if item.previously:
            yield manifest_path(Address.parse(item.previously))
