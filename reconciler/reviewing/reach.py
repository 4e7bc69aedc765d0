"""Who reaches what before and after a change: the identities that change, and those that share a host or provider with it.

An identity reaches the hosts that its users' tokens may return to, and the providers that it is granted. Pure, and made for
stacks of 10,000 identities: of what does not change, only what stands next to a change is kept, up to a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.manifest.urls import is_ordinary, parse_url
from reconciler.model.addresses import Address
from reconciler.model.changes import Action, Change
from reconciler.model.identity import ACCESS, RETURN_URLS, WORKLOAD_IDENTITY
from reconciler.model.plan import Plan
from reconciler.model.providers import API_KEY_PROVIDER, OAUTH2_PROVIDER
from reconciler.model.report import Drawing, Level, Link, Mark, Node
from reconciler.model.resources import Desired, Stack
from reconciler.model.values import Attributes
from reconciler.reviewing.difference import moved

HOST = "host:"
"""What the key of a host begins with."""

NEIGHBOURS = 200
"""So many identities that do not change are kept at most."""

_IDENTITY = WORKLOAD_IDENTITY.type
_DRAWN = (_IDENTITY, OAUTH2_PROVIDER.type, API_KEY_PROVIDER.type)

Ends = Mapping[str, tuple[str, ...]]
"""What is reached, by key, with the words that stand on the link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """An identity or provider in one environment, in both versions; None where it does not stand."""

    key: str
    type: str
    environment: str
    before: Attributes | None
    after: Attributes | None
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reaching:
    """An identity in one environment with what it reached and will reach."""

    standing: _Standing
    before: Ends
    after: Ends

    def marks(self) -> Iterator[tuple[str, Mark]]:
        """Each end with what becomes of the link to it."""
        for end in {**self.before, **self.after}:
            if end not in self.before:
                yield end, Mark.ADDED
            elif end not in self.after:
                yield end, Mark.REMOVED
            else:
                yield end, Mark.KEPT if self.before[end] == self.after[end] else Mark.CHANGED


def reach_between(
    before: Mapping[str, Stack | None], after: Mapping[str, Stack | None], levels: Mapping[str, Level]
) -> Drawing:
    """Of two versions of a manifest, by the name of the environment. `levels`: by the key of a node."""
    standings = [
        one
        for name in sorted({*before, *after})
        for one in _standings(name, _resources(before.get(name)), _resources(after.get(name)))
    ]
    return _reach(standings, levels, whole=True)


def reach_of_plan(plan: Plan, levels: Mapping[str, Level] | None = None) -> Drawing:
    """Of what a plan changes; a plan does not hold what stays as it is, so no more is known to be new than what it makes."""
    return reach_of_plans([plan], levels)


def reach_of_plans(plans: Iterable[Plan], levels: Mapping[str, Level] | None = None) -> Drawing:
    """Of what several plans change, each in its own environment."""
    several = list(plans)
    standings = [
        _planned(one, plan.target.environment) for plan in several for one in plan.changes if one.address.type in _DRAWN
    ]
    return _reach(standings, levels or {}, whole=not any(plan.unchanged or plan.excluded for plan in several))


def host_of(url: str) -> str:
    """The host that a browser would return to; of an app's own scheme, `scheme:`; of what nobody can read, the text."""
    if is_ordinary(url):
        return url[len("https://") :].partition("/")[0].partition("?")[0].partition(":")[0]
    try:
        parts = parse_url(url)
    except ValueError:
        return url
    return parts.host or f"{parts.scheme}:"


def _resources(stack: Stack | None) -> Mapping[Address, Desired]:
    return stack.resources if stack else {}


def _standings(
    environment: str, before: Mapping[Address, Desired], after: Mapping[Address, Desired]
) -> Iterator[_Standing]:
    origins = moved(before, after)
    continued = frozenset(origins.values())
    for address in dict.fromkeys((*before, *after)):
        if address.type not in _DRAWN or address in continued:
            continue
        old, new = before.get(origins.get(address, address)), after.get(address)
        yield _Standing(
            key=str(address),
            type=address.type,
            environment=environment,
            before=old.attributes if old else None,
            after=new.attributes if new else None,
            changed=old is not new and (old is None or new is None or _meaning(old) != _meaning(new)),
        )


def _meaning(one: Desired) -> tuple[object, ...]:
    """All but the place in the file."""
    return one.attributes, one.name, one.parent, one.protect, one.update_only, one.address, one.secrets


def _planned(change: Change, environment: str) -> _Standing:
    """What apply forgets stays in the directory, and reaches what it reached."""
    return _Standing(
        key=str(change.address),
        type=change.address.type,
        environment=environment,
        before=change.before,
        after=change.before if change.action is Action.FORGET else change.after,
        changed=True,
    )


def _reach(standings: Iterable[_Standing], levels: Mapping[str, Level], *, whole: bool) -> Drawing:
    """`whole`: whether the standings are all that there is, so that what nobody reached before is new."""
    several = list(standings)
    reaching = [_reaching(one) for one in several if one.type == _IDENTITY]
    providers = [one for one in several if one.type != _IDENTITY]
    changing = {one.standing.key for one in reaching if one.standing.changed}
    kept, omitted = _neighbours(reaching, changing, {one.key for one in providers if one.changed})
    drawn = [one for one in reaching if one.standing.key in changing or one.standing.key in kept]
    links = tuple(_links(drawn))
    ends = {link.end for link in links} | {one.key for one in providers if one.changed}
    nodes = [
        *_things([one.standing for one in drawn]),
        *_things([one for one in providers if one.key in ends]),
    ]
    named = {node.key for node in nodes}
    nodes += _reached(reaching, ends - named, links, whole=whole)
    graded = (_graded(node, levels) for node in nodes)
    return Drawing(nodes=tuple(sorted(graded, key=lambda node: node.key)), links=links, omitted=omitted)


def _reaching(one: _Standing) -> _Reaching:
    before = _ends(one.before)
    return _Reaching(standing=one, before=before, after=_ends(one.after) if one.changed else before)


def _ends(attributes: Attributes | None) -> Ends:
    if attributes is None:
        return {}
    urls: Any = attributes.get(RETURN_URLS.name) or ()
    granted: Any = attributes.get(ACCESS.name) or {}
    found: dict[str, tuple[str, ...]] = {}
    for url in urls:
        key = HOST + host_of(url)
        found[key] = (*found.get(key, ()), url)
    for address, terms in granted.items():
        found[address] = (*(terms or {}).get("scopes", ()), *(terms or {}).get("flows", ()))
    return found


def _neighbours(reaching: Iterable[_Reaching], changing: set[str], providers: set[str]) -> tuple[set[str], int]:
    """Those that do not change and are kept, nearest to a change first; and how many are not."""
    moving, shared = set(providers), set[str]()
    for one in reaching:
        if one.standing.key in changing:
            for end, mark in one.marks():
                (shared if mark is Mark.KEPT else moving).add(end)
    ranks: dict[str, int] = {}
    for one in reaching:
        if one.standing.key not in changing:
            rank = 0 if not moving.isdisjoint(one.before) else 1 if not shared.isdisjoint(one.before) else 2
            ranks[one.standing.key] = min(rank, ranks.get(one.standing.key, rank))
    beside = sorted((rank, key) for key, rank in ranks.items() if rank < 2)
    kept = {key for _, key in beside[:NEIGHBOURS]}
    return kept, len(ranks) - len(kept)


def _links(drawn: Iterable[_Reaching]) -> Iterator[Link]:
    """One link for each end and mark, since an identity may gain in one environment what it has in another."""
    found: dict[tuple[str, str, str], tuple[set[str], set[str]]] = {}
    for one in drawn:
        for end, mark in one.marks():
            words, environments = found.setdefault((one.standing.key, end, mark.value), (set(), set()))
            words.update(_words(one, end, mark))
            environments.add(one.standing.environment)
    for (start, end, mark_), (words, environments) in sorted(found.items()):
        ordered = sorted(words, key=lambda word: (word.removeprefix("+ ").removeprefix("- "), word))
        yield Link(
            start=start, end=end, mark=Mark(mark_), words=tuple(ordered), environments=tuple(sorted(environments))
        )


def _words(one: _Reaching, end: str, mark: Mark) -> Iterator[str]:
    """Where the link stays and what stands on it does not, what is new and what goes bears its sign."""
    before, after = one.before.get(end, ()), one.after.get(end, ())
    if mark is not Mark.CHANGED:
        yield from before or after
        return
    for word in {*before, *after}:
        yield word if word in before and word in after else f"+ {word}" if word in after else f"- {word}"


def _things(standings: Iterable[_Standing]) -> Iterator[Node]:
    """What is declared, each once for all environments."""
    by_key: dict[str, list[_Standing]] = {}
    for one in standings:
        by_key.setdefault(one.key, []).append(one)
    for key, several in by_key.items():
        yield Node(
            key=key,
            kind=several[0].type,
            label=key.partition(".")[2],
            mark=_mark(
                before=any(one.before is not None for one in several),
                after=any(one.after is not None for one in several),
                changed=any(one.changed for one in several),
            ),
            environments=tuple(sorted({one.environment for one in several})),
        )


def _mark(*, before: bool, after: bool, changed: bool) -> Mark:
    if not before:
        return Mark.ADDED
    if not after:
        return Mark.REMOVED
    return Mark.CHANGED if changed else Mark.KEPT


def _reached(reaching: Iterable[_Reaching], ends: set[str], links: Iterable[Link], *, whole: bool) -> Iterator[Node]:
    """Hosts, and providers of other stacks: new if nobody reached them before, gone if nobody will."""
    before = {end for one in reaching for end in one.before if end in ends}
    after = {end for one in reaching for end in one.after if end in ends}
    places: dict[str, set[str]] = {}
    for link in links:
        places.setdefault(link.end, set()).update(link.environments)
    for end in ends:
        host = end.startswith(HOST)
        yield Node(
            key=end,
            kind="host" if host else end.partition(".")[0],
            label=end.removeprefix(HOST) if host else end.partition(".")[2],
            mark=_mark(before=end in before, after=end in after, changed=False) if whole else Mark.KEPT,
            environments=tuple(sorted(places[end])),
        )


def _graded(node: Node, levels: Mapping[str, Level]) -> Node:
    return replace(node, level=levels[node.key]) if node.key in levels else node
