"""Who has to approve a change, as `settings.review.approvers` says in every version: who takes one out still needs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.manifest.reviewers import manifest_path
from reconciler.manifest.targets import SEPARATOR
from reconciler.model.addresses import Address
from reconciler.model.changes import Action
from reconciler.model.identity import ACCESS
from reconciler.model.kinds import Shape, kind_of
from reconciler.model.report import BESIDE, Approval, Finding, Item, Level
from reconciler.model.review_settings import Approver
from reconciler.model.values import Value
from reconciler.reviewing.versions import Reviewed
from reconciler.reviewing.weighing import Weights

NOT_COMPARED = "what could not be compared"
"""Because of which everybody has to approve who is named at all."""

_COME_OR_GONE = (Action.CREATE, Action.ADOPT, Action.DELETE, Action.FORGET)
_FROM = ".from"  # the end of the row that says where a secret is read from


def approvals(
    sides: Iterable[Reviewed], items: Sequence[Item], findings: Iterable[Finding], *, complete: bool
) -> tuple[Approval, ...]:
    """By name, each with the manifest paths because of which. `complete`: whether everything could be compared."""
    asked = dict.fromkeys(one for side in sides for one in side.review.approvers)
    if not asked:
        return ()
    weights = Weights(findings)
    because: dict[str, set[str]] = {}
    for one in asked:
        paths = {path for item in items if (path := _path(one, item)) and _grave(one, weights.level(item))}
        if not complete:
            paths.add(NOT_COMPARED)
        if paths:
            because.setdefault(one.require, set()).update(paths)
    return tuple(Approval(require=name, because=tuple(sorted(paths))) for name, paths in sorted(because.items()))


def _grave(one: Approver, level: Level | None) -> bool:
    """Whether what changes is as grave as the approver wants."""
    return not one.least or (level is not None and level.rank >= Level(one.least).rank)


def _path(one: Approver, item: Item) -> str:
    """The path because of which the item is the approver's, or ""."""
    return one.path_for(_paths(item)) or one.path_above(_opaque(item))


def _paths(item: Item) -> Iterator[str]:
    """The manifest paths that the item is at, under the key it had before as well: own, below it, section."""
    own = list(_own(item))
    yield from own
    for path in own:
        for row in item.rows:
            steps = row.name.split(".")
            yield from (".".join((path, *steps[:count])) for count in range(1, len(steps)))
            yield from (at for at, _ in _differing(f"{path}.{row.name}", row.before, row.after))
        if item.kind not in BESIDE and item.action in _COME_OR_GONE:
            yield f"{path}.environments"  # which say whether it is there
        if item.previously:
            yield f"{path}.previously"
    yield from dict.fromkeys(path.partition(".")[0] for path in own)


def _opaque(item: Item) -> Iterator[str]:
    """The paths of what differs and may be written with more below it than is compared, as grants and secrets are."""
    shapes = {} if item.kind in BESIDE else {one.name: one for one in kind_of(item.kind).attributes}
    for path in _own(item):
        for row in item.rows:
            name = row.name.removesuffix(_FROM)
            attribute = shapes.get(name)
            if attribute is not None and (attribute is ACCESS or attribute.shape is Shape.REFERENCE):
                yield f"{path}.{name}"
            else:
                yield from (at for at, leaf in _differing(f"{path}.{row.name}", row.before, row.after) if leaf)


def _differing(path: str, before: Value, after: Value) -> Iterator[tuple[str, bool]]:
    """The path and those of all members in which the two differ, each with whether nothing is told of what is below it."""
    sides = [one for one in (before, after) if one is not None]
    leaf = not all(isinstance(one, Mapping) for one in sides)
    yield path, leaf
    if not leaf:
        old, new = (one if isinstance(one, Mapping) else {} for one in (before, after))
        for key in dict.fromkeys((*old, *new)):
            if old.get(key) != new.get(key):
                yield from _differing(f"{path}.{key}", old.get(key), new.get(key))


def _own(item: Item) -> Iterator[str]:
    if item.kind == "environment":
        path = f"environments.{item.about.removeprefix('environment.')}"
        yield path
        for name in item.environments:
            _, several, target = name.partition(SEPARATOR)
            if several:
                yield f"{path}.targets.{target.partition(SEPARATOR)[0]}"
    elif item.kind in BESIDE:
        yield item.about
    else:
        yield manifest_path(Address.parse(item.about))
        if item.previously:
            yield manifest_path(Address.parse(item.previously))
