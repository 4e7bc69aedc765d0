"""Risks of whose a return URL is: gone for those who send it, or one for several identities or environments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.manifest import element_source
from reconciler.manifest.documents import quoted
from reconciler.manifest.domains import registrable
from reconciler.manifest.rules import RETURN_URLS
from reconciler.model.addresses import Address
from reconciler.model.environments import Where
from reconciler.model.report import Level
from reconciler.model.resources import Stack
from reconciler.reviewing.arrivals import Arrival, is_named, read, urls_of, users, web_of
from reconciler.reviewing.risks.facts import Facts, Raised, Risk, count, counted, named
from reconciler.reviewing.risks.hosts import who, whose


def _removed(facts: Facts) -> Iterator[Raised]:
    left: dict[tuple[str, bool], list[Arrival]] = {}
    before_of: dict[Address, Address] = {}
    for one in facts.revisions:
        if one.before is None or one.after is None:
            continue
        after = frozenset(urls_of(one.after))
        before_of[one.address] = one.before.address
        for text in urls_of(one.before):
            if text not in after:
                web = web_of(text)
                arrival = Arrival(one.address, text, read(text))
                left.setdefault((registrable(web.host) if web else text, not after), []).append(arrival)
    for (domain, bare), those in sorted(left.items()):
        about, others = whose(those)
        first = those[0]
        before = before_of[first.address]
        hosts = sorted({web.host for one in those if (web := web_of(one.text)) is not None})
        where = quoted(hosts[0]) if len(hosts) == 1 else f"{count(len(hosts), 'host')} of {quoted(domain)}"
        what = quoted(first.text) if len(those) == 1 else f"{count(len(those), 'return URL')} on {where}"
        also = "; no return URL is left" if bare else ""
        yield Raised(
            level=facts.grave(Level.WARNING if bare else Level.NOTICE, Level.NOTICE if bare else Level.INFO),
            about=about,
            summary=f"{what} {'is' if len(those) == 1 else 'are'} taken away ({who(those)}){also}",
            consequence="Agents that still send it get no authorization URL any more.",
            advice="Make sure that the agents are changed first.",
            subject=first.text if len(those) == 1 else hosts[0] if len(hosts) == 1 else domain,
            place=facts.place_before(before, RETURN_URLS, first.text),
            others=others,
        )


def _shared(facts: Facts) -> Iterator[Raised]:
    yield from counted(_sharing(facts), "groups of identities come to have a return URL in common, as")


def _sharing(facts: Facts) -> Iterator[Raised]:
    if not facts.arrivals or facts.after is None:
        return
    fresh = {one.text: one for one in reversed(facts.arrivals)}
    now = users(facts.after, fresh.keys())
    found: dict[tuple[str, ...], list[Arrival]] = {}
    for text, arrival in sorted(fresh.items()):
        if len(now[text]) > 1:
            found.setdefault(tuple(now[text]), []).append(arrival)
    for sharing, arrivals in found.items():
        first = arrivals[0]
        about = str(first.address)
        what = quoted(first.text) if len(arrivals) == 1 else f"{count(len(arrivals), 'URL')}, as {quoted(first.text)},"
        yield Raised(
            level=facts.grave(Level.WARNING, Level.NOTICE),
            about=about,
            summary=f"{what} {'is' if len(arrivals) == 1 else 'are'} shared by {named(sharing)}",
            consequence="A mix-up of flows there gives one agent the consent that was meant for another.",
            advice="Give each identity a path of its own.",
            subject=first.text,
            place=facts.place(first.address, RETURN_URLS, first.text),
            others=tuple(one for one in sharing if one != about),
        )


def _protected(facts: Facts, name: str) -> bool:
    """Whether the environment is protected in either version."""
    found = (side.environments.get(name) for side in (facts.base, facts.head))
    return any(one.protect for one in found if one is not None)


def _across(facts: Facts) -> Iterator[Raised]:
    """Told of a pair of environments the same way from both sides, so that it becomes one finding."""
    here = facts.after
    if here is None or facts.played or not facts.arrivals:
        return
    for name, environment in facts.head.environments.items():
        other = facts.head.stack(name)
        if (
            other is None
            or environment.where is Where.EMBEDDED
            or environment.declared == facts.declared
            or _protected(facts, name) == facts.protected
        ):
            continue
        both = facts.head.urls[name] & facts.head.urls[facts.environment]
        none: frozenset[str] = frozenset()
        fresh = both - (facts.base.urls.get(name, none) & facts.base.urls.get(facts.environment, none))
        inner, outer = (here, other) if facts.protected else (other, here)
        known = facts.base.urls.get(inner.environment.name, none)
        real = [text for text in sorted(fresh) if (web := web_of(text)) is not None and is_named(web.host)]
        for old in (True, False):
            if those := [text for text in real if (text in known) is old]:
                yield _raised_across(facts, inner.environment.name, outer, those, level=_level(old))


def _level(old: bool) -> Level:
    """Graver where others come to have what the protected environment had; what both get at once is nobody's yet."""
    return Level.WARNING if old else Level.NOTICE


def _raised_across(facts: Facts, inner: str, outer: Stack, fresh: Sequence[str], *, level: Level) -> Raised:
    """`inner`: the protected one; `outer`: the other."""
    name, many = outer.environment.name, len(fresh) > 1
    first = next(address for address, one in outer.resources.items() if fresh[0] in urls_of(one))
    about, entry = str(first), facts.head.entries[first]
    what = f"{count(len(fresh), 'return URL')}, as {quoted(fresh[0])}," if many else quoted(fresh[0])
    return Raised(
        level=level,
        about=about,
        summary=f"{what} {'are' if many else 'is'} the same in {name} as in {inner}, which is protected",
        consequence=f"Agents of {name} bring users' authorization codes to what answers for {inner}, as if they were its own.",
        advice="Give each environment a host of its own.",
        subject=fresh[0],
        place=(element_source(entry, outer.environment, RETURN_URLS, fresh[0]), False),
        environments=tuple(sorted((inner, name))),
    )


SHARING = (
    Risk("url-removed", "A return URL of an identity is taken away.", _removed),
    Risk("url-shared", "Several identities of an environment come to have the same return URL.", _shared),
    Risk(
        "url-shared-across-environments",
        "A protected environment and one that is not come to have the same return URL.",
        _across,
    ),
)
