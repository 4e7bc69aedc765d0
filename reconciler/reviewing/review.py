"""Two versions of a manifest to a `ChangeReport`: what differs in which environment, and what is risky about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model.addresses import Remote
from reconciler.model.changes import Action
from reconciler.model.environments import Where
from reconciler.model.expiry import Day
from reconciler.model.report import (
    ChangeReport,
    Finding,
    Item,
    Level,
    Mark,
    Place,
    Topic,
    by_gravity,
    gravest,
    levels_by_item,
)
from reconciler.reviewing.approvals import approvals
from reconciler.reviewing.difference import Revision, revisions
from reconciler.reviewing.lockfiles import LockEdit, with_edits
from reconciler.reviewing.mistakes import mistakes, mistakes_of
from reconciler.reviewing.reach import reach_between
from reconciler.reviewing.refusing import refusals_told
from reconciler.reviewing.risks import Facts, raised
from reconciler.reviewing.standards import behind, judged
from reconciler.reviewing.terms import Amendment, amendments
from reconciler.reviewing.versions import Reviewed
from reconciler.reviewing.weighing import Weights

_OF_A_LINE = frozenset({"scheme-downgraded", "url-dot-segments", "url-fragment", "url-plain-http", "url-removed"})
"""Findings about how a URL is written or that it goes, whatever host a variable gives it."""


def review(
    base: Reviewed,
    head: Reviewed,
    chosen: Callable[[str], bool],
    *,
    tip: Reviewed | None = None,
    prefix: str = "",
    claimed: Mapping[str, Mapping[Remote, str]] | None = None,
    edits: Mapping[str, LockEdit] | None = None,
    today: Day | None = None,
) -> ChangeReport:
    """What becomes of the environments that are `chosen`.

    `tip`: what the base has come to since the change left it, None for nothing else; see `standards`. `prefix`: see
    `ChangeReport`; `claimed` and `edits`, by environment, and `today`: see `Facts`.
    """
    head = replace(head, earlier=base)
    tip = base if tip is None else tip
    names = tuple(name for name in sorted({*base.environments, *head.environments}) if chosen(name))
    amended = tuple(amendments(base.manifest, head.manifest, names)) if _sound(base) and _sound(head) else ()
    claimed = claimed or {}
    edits = {name: one for name, one in (edits or {}).items() if name in names and not played(base, head, name)}
    declared = {name: one.declared for name, one in (*base.environments.items(), *head.environments.items())}
    amended = tuple(with_edits(amended, edits, declared)) if _sound(base) and _sound(head) else ()
    looked = [
        replace(
            _facts(base, head, tip, name, amended), claimed=claimed.get(name, {}), edit=edits.get(name), today=today
        )
        for name in names
        if not base.unsound(name) and not head.unsound(name)
    ]
    whole = Facts(
        base=base, head=head, tip=tip, environment="", before=None, after=None, revisions=(),
        amendments=tuple(one for one in amended if not one.environments),
    )  # fmt: skip
    before, after = judged(base, head, tip)
    found = refusals_told(together(raised([whole, *looked])), looked)
    findings = by_gravity([*found, *mistakes(before, after, names, looked)])
    weights = Weights(findings)
    items = [*_resource_items(looked), *(_amended(one, whole) for one in amended)]
    items = [replace(one, level=weights.level(one)) for one in items]
    items = sorted(merged(items), key=lambda one: (one.about, one.environments))
    compared = {one.environment for one in looked}
    unread = tuple(_unread(base, head, tip, [name for name in names if name not in compared]))
    return ChangeReport(
        topic=Topic.REVIEW,
        stack=_stack_name(base, head),
        places=tuple(_place(base, head, tip, name) for name in names),
        items=tuple(items),
        findings=findings,
        unchanged=sum(len(one.after.resources) for one in looked if one.after)
        - sum(one.after is not None for facts in looked for one in facts.revisions),
        base=base.version,
        head=head.version,
        prefix=prefix,
        reach=reach_between(
            {one.environment: one.before for one in looked},
            {one.environment: one.after for one in looked},
            levels_by_item(findings),
        ),
        approvals=approvals((base, tip, head), items, findings, complete=not unread),
        unread=unread,
        beside=tuple(behind(base, tip)),
    )


def _sound(side: Reviewed) -> bool:
    return side.absent or side.manifest is not None


def _stack_name(base: Reviewed, head: Reviewed) -> str:
    return next((side.manifest.stack for side in (head, base) if side.manifest), "")


def played(base: Reviewed, head: Reviewed, name: str) -> bool:
    """Whether it is an emulated directory in every version that has it: its lockfile says nothing of any user."""
    found = [one for side in (base, head) if (one := side.environments.get(name)) is not None]
    return all(one.where is Where.EMBEDDED for one in found)


def _facts(base: Reviewed, head: Reviewed, tip: Reviewed, name: str, amended: Sequence[Amendment]) -> Facts:
    before, after = base.stack(name), head.stack(name)
    return Facts(
        base=base,
        head=head,
        tip=tip,
        environment=name,
        before=before,
        after=after,
        revisions=revisions(before, after),
        amendments=tuple(one for one in amended if one.environments == (name,)),
    )


def _place(base: Reviewed, head: Reviewed, tip: Reviewed, name: str) -> Place:
    before, after, since = (side.environments.get(name) for side in (base, head, tip))
    one = after or before
    if one is None:
        raise ValueError(f"no version has an environment {name}")
    told = _sound(base) and _sound(head)  # of a version with mistakes, nobody knows which it has
    mark = Mark.KEPT if not told or (before and after) else Mark.ADDED if after else Mark.REMOVED
    kept = since is not None and since.protect and not (before and before.protect)
    protected = one.protect or kept
    return Place(name=name, mark=mark, where=one.where, account=one.account, region=one.region, protected=protected)


def _resource_items(looked: Iterable[Facts]) -> Iterator[Item]:
    for facts in looked:
        for one in facts.revisions:
            source, gone = facts.place(one.address)
            yield Item(
                action=Action.FORGET if facts.after is None else one.action,
                kind=one.address.type,
                about=str(one.address),
                name=one.either.name or str(one.either.parent),
                previously=str(one.before.address) if one.before and one.before.address != one.address else "",
                environments=(facts.environment,),
                rows=one.rows,
                reasons=tuple(_reasons(one, facts)),
                source=source,
                gone=gone,
            )


def _reasons(one: Revision, facts: Facts) -> Iterator[str]:
    if facts.after is None:
        yield "it stays where it stands: a plan deletes nothing in an environment that is not declared"
    if one.before and one.after and one.before.address != one.address:
        yield f"was {one.before.address}"
    if one.renamed and one.before and one.after:
        yield f"renamed: {one.before.name or one.before.parent} -> {one.after.name or one.after.parent}"


def _amended(one: Amendment, whole: Facts) -> Item:
    source, gone = whole.place_of(*one.path)
    action = Action.UPDATE if one.before and one.after else Action.CREATE if one.after else Action.DELETE
    return Item(
        action=action,
        kind=one.kind,
        about=one.about,
        environments=one.environments,
        rows=one.rows,
        source=source,
        gone=gone,
    )


def merged(items: Iterable[Item]) -> Iterator[Item]:
    """The items, those that are the same in several environments as one, as grave as the gravest."""
    by_looks: dict[str, list[Item]] = {}
    for one in items:
        by_looks.setdefault(repr(replace(one, environments=(), level=None)), []).append(one)
    for alike in by_looks.values():
        yield replace(
            alike[0],
            environments=tuple(sorted({name for one in alike for name in one.environments})),
            level=gravest(one.level for one in alike),
        )


def together(found: Iterable[Finding]) -> list[Finding]:
    """The findings, those that say the same of several environments as one, as grave as the gravest."""
    by_words: dict[Finding, list[Finding]] = {}
    for one in found:
        by_words.setdefault(replace(one, environments=(), level=Level.INFO), []).append(one)
    return [_once(alike) for alike in by_line([_once(alike) for alike in by_words.values()])]


def by_line(found: Iterable[Finding]) -> Iterator[Sequence[Finding]]:
    """The findings; those that one line of the manifest brings to several environments, each with a host of its own, as one.

    Only where the host is not what the finding is about.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for at, one in enumerate(found):
        same = (one.code, one.about, one.others, one.source) if one.code in _OF_A_LINE and one.source else (at,)
        groups.setdefault(same, []).append(one)
    for alike in groups.values():
        names = [name for one in alike for name in one.environments]
        if len(names) == len(set(names)):
            yield sorted(alike, key=lambda one: -one.level.rank)
        else:
            yield from ([one] for one in alike)


def _milder(alike: Sequence[Finding], worst: Level) -> tuple[tuple[str, Level], ...]:
    levels = {name: one.level_in(name) for one in alike for name in one.environments}
    found = {name: level for name, level in levels.items() if level is not worst}
    return tuple(sorted(found.items(), key=lambda each: each[0]))


def _once(alike: Sequence[Finding]) -> Finding:
    worst = max((one.level for one in alike), key=lambda level: level.rank)
    return replace(
        alike[0],
        level=worst,
        environments=tuple(sorted({name for one in alike for name in one.environments})),
        milder=_milder(alike, worst),
    )


def _unread(base: Reviewed, head: Reviewed, tip: Reviewed, lost: Sequence[str]) -> Iterator[str]:
    for side, which in ((head, "under review"), (base, "it is compared with")):
        if not _sound(side):
            yield f"The version {which} ({side.version.label}) has mistakes: nobody can say what it means."
        elif broken := [name for name in lost if side.unsound(name)]:
            yield f"The version {which} ({side.version.label}) has mistakes in environment {', '.join(broken)}."
        if side is base and (not _sound(side) or any(map(side.unsound, lost))):
            yield from mistakes_of(side)
    if tip is not base and not _sound(tip):
        yield f"What {base.version.label} has come to since has mistakes: nobody can say what it allows and protects by now."
        yield from mistakes_of(tip)
