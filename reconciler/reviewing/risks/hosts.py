"""Risks of where return URLs lead: hosts, domains and ports that nobody has used so far, and those that pass for one in use.

Told once for each host, however many identities get it: the host is what a reviewer has to know. Leaves out hosts that are
addresses or the user's own machine: see `forms`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from reconciler.manifest.documents import quoted
from reconciler.manifest.domains import registrable
from reconciler.manifest.rules import RETURN_URLS
from reconciler.manifest.urls import decoded_labels, mixes_scripts
from reconciler.model.environments import Environment, Where
from reconciler.model.report import Level
from reconciler.reviewing.arrivals import Arrival, is_named
from reconciler.reviewing.risks.facts import FEW, Facts, Raised, Risk, count, counted, named

_SHOWN = 75  # characters of a host
_OPEN = re.compile(r"[*{}$<>|^`\[\]]")


class _Host(NamedTuple):
    """A host that nobody in the environment used before, and the URLs that bring it."""

    name: str
    arrivals: Sequence[Arrival]
    elsewhere: Sequence[str]  # environments that use it already
    vouched: bool  # as much is at stake in one of these
    new_domain: bool
    like: tuple[str, str] | None
    allowed: str


def _rank(one: Environment) -> int:
    """How much is at stake in an environment: nothing, something, most."""
    return 0 if one.where is Where.EMBEDDED else 2 if one.protect else 1


def _trusted(facts: Facts) -> frozenset[str]:
    """The other environments of the earlier version in which as much is at stake."""
    here = 0 if facts.played else 2 if facts.protected else 1
    found = ((name, _rank(one)) for name, one in facts.base.environments.items())
    return frozenset(name for name, rank in found if rank >= here and name != facts.environment)


def _in_use(facts: Facts, environment: str) -> Mapping[str, frozenset[str]]:
    """Its hosts in the earlier version, without those that the base has given up since, with the schemes of both."""
    then, since = (side.schemes.get(environment, {}) for side in (facts.base, facts.tip))
    return then if facts.tip is facts.base else {one: then[one] for one in then.keys() & since.keys()}


def _users(facts: Facts, host: str) -> list[str]:
    """The environments of the earlier version that use the host, without those that have given it up since."""
    then = facts.base.used_in.get(host, ())
    return list(then) if facts.tip is facts.base else [one for one in then if one in facts.tip.used_in.get(host, ())]


def _at_home(facts: Facts, domain: str) -> frozenset[str]:
    """The same for a domain."""
    then = frozenset(facts.base.domains_in.get(domain, ()))
    return then if facts.tip is facts.base else then & frozenset(facts.tip.domains_in.get(domain, ()))


def own_hosts(facts: Facts) -> Mapping[str, frozenset[str]]:
    """The hosts that return URLs of the environment lead to so far, with the schemes by which they are reached."""
    return _in_use(facts, facts.environment) if facts.comparable else {}


def by_host(facts: Facts) -> dict[str, list[Arrival]]:
    """What arrives for each host that somebody can own; what is wrong with the others is told in `forms`."""
    found: dict[str, list[Arrival]] = {}
    for one in facts.arrivals:
        if one.url is not None and one.url.reaches and is_ownable(one.url.host):
            found.setdefault(one.url.host, []).append(one)
    return dict(sorted(found.items()))


@functools.lru_cache(maxsize=16384)
def is_ownable(host: str) -> bool:
    """Whether it is a name, without wildcards and placeholders, and without letters of several scripts in a label."""
    return is_named(host) and not _OPEN.search(host) and not any(map(mixes_scripts, decoded_labels(host)))


def new_hosts(facts: Facts) -> Sequence[_Host]:
    """The hosts that arrive and that the environment does not use yet."""
    return facts.once(_new_hosts)


def _new_hosts(facts: Facts) -> Sequence[_Host]:
    return list(_arrived(facts)) if facts.arrivals else ()


def _arrived(facts: Facts) -> Iterator[_Host]:
    here, there = own_hosts(facts), _trusted(facts)
    known = there | {facts.environment} if facts.comparable else there
    for host, arrivals in by_host(facts).items():
        elsewhere = _users(facts, host)
        vouched = not there.isdisjoint(elsewhere)
        if host in here or (facts.comparable is None and vouched):
            continue
        yield _Host(
            name=host,
            arrivals=arrivals,
            elsewhere=elsewhere,
            vouched=vouched,
            new_domain=known.isdisjoint(_at_home(facts, registrable(host))),
            like=facts.base.known.alike(host),
            allowed=_allowed(facts, host),
        )


def _allowed(facts: Facts, host: str) -> str:
    """What in the settings allows the host, or "". Those of the later version cannot allow themselves, and what the base
    allows no more is allowed no more.
    """
    glob = facts.base.review.glob_for(_ascii(host)) and facts.tip.review.glob_for(_ascii(host))
    return f"settings.review.hosts: {glob}" if glob else ""


def _ascii(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def shown(host: str) -> str:
    """The host in quotes, with what it says where it is written in punycode. Of a long one the end: that is whose it is."""
    decoded = ".".join(decoded_labels(host))
    short = quoted(host if len(host) <= _SHOWN else f"…{host[-_SHOWN:]}")
    return short if decoded == host else f"{short}, which reads {quoted(decoded[-_SHOWN:])}"


def whose(arrivals: Iterable[Arrival]) -> tuple[str, tuple[str, ...]]:
    """The first address of those that the URLs belong to, and the others."""
    first, *others = dict.fromkeys(str(one.address) for one in arrivals)
    return first, tuple(others)


def who(arrivals: Iterable[Arrival]) -> str:
    """`workload_identity.a`, or `300 identities: workload_identity.a, … and 297 more`."""
    first, others = whose(arrivals)
    return first if not others else f"{len(others) + 1} identities: {named([first, *others])}"


def _together(found: Iterable[_Host], few: int) -> Iterator[Sequence[_Host]]:
    """The hosts one by one; those of one domain, if they are more than a few, as one."""
    groups: dict[tuple[object, ...], list[_Host]] = {}
    for one in found:
        groups.setdefault((registrable(one.name), one.allowed, one.like, tuple(one.elsewhere)), []).append(one)
    for group in groups.values():
        yield from [group] if len(group) > few else [[one] for one in group]


def _raised(
    facts: Facts, hosts: Sequence[_Host], level: Level, *, one: str, many: str, consequence: str, advice: str
) -> Raised:
    """One finding of one host, or of several on a domain. `one`, `many`: what is so of it, of them."""
    host = hosts[0]
    arrivals = [each for host in hosts for each in host.arrivals]
    about, others = whose(arrivals)
    used = f" So far it is used in {', '.join(host.elsewhere)} only." if host.elsewhere else ""
    names = f"{len(hosts)} hosts ({named([quoted(each.name) for each in hosts])}) {many}"
    return Raised(
        level=level,
        about=about,
        summary=f"{f'{shown(host.name)} {one}' if len(hosts) == 1 else names} ({who(arrivals)})",
        consequence=f"{consequence}{used}",
        advice=advice,
        subject=host.name,
        place=facts.place(arrivals[0].address, RETURN_URLS, arrivals[0].text),
        allowed=host.allowed,
        others=others,
    )


def _new_host(facts: Facts) -> Iterator[Raised]:
    plain = (host for host in new_hosts(facts) if host.allowed or not (host.new_domain or host.like))
    for hosts in _together(plain, FEW):
        host, allowed = hosts[0], bool(hosts[0].allowed)
        least = Level.NOTICE if host.vouched or facts.comparable is None else Level.WARNING
        rest = ", which the settings allow." if allowed else f". The domain, {registrable(host.name)}, is known here."
        yield _raised(
            facts,
            hosts,
            Level.INFO if allowed else facts.grave(least, Level.NOTICE),
            one="is a new host",
            many=f"are new on {quoted(registrable(host.name))}",
            consequence=f"Authorization codes of users may go there{rest}",
            advice="" if allowed else "Make sure that the host is yours, and that no part of it is rented out.",
        )


def _new_domain(facts: Facts) -> Iterator[Raised]:
    fresh = (host for host in new_hosts(facts) if host.new_domain and not host.allowed and host.like is None)
    first = facts.base.absent
    for hosts in _together(fresh, 1):
        domain = quoted(registrable(hosts[0].name))
        yield _raised(
            facts,
            hosts,
            facts.grave(Level.WARNING if first else Level.CRITICAL, Level.NOTICE if first else Level.WARNING),
            one=f"is a host on a new domain, {domain}",
            many=f"are on a new domain, {domain}",
            consequence="Authorization codes of users may go to whoever owns that domain.",
            advice="Ask who owns it. Domains of yours go on the list, `settings.review.hosts`, in a change of their own.",
        )


def _look_alike(facts: Facts) -> Iterator[Raised]:
    for hosts in _together((host for host in new_hosts(facts) if host.like is not None and not host.allowed), 1):
        other, why = hosts[0].like or ("", "")
        yield _raised(
            facts,
            hosts,
            facts.grave(Level.CRITICAL, Level.WARNING),
            one=f"looks like {quoted(other)}: {why}",
            many=f"look like {quoted(other)}: {why}",
            consequence="It belongs to somebody else than the host that it is taken for, who would get authorization codes "
            "of users.",
            advice="Compare it letter by letter with the host that is meant.",
        )


def _new_port(facts: Facts) -> Iterator[Raised]:
    yield from counted(_ports(facts), "hosts are reached at another port now, of")


def _ports(facts: Facts) -> Iterator[Raised]:
    hosts = own_hosts(facts)
    places = facts.base.places.get(facts.environment, frozenset()) if hosts and facts.arrivals else frozenset()
    ports = {(web.host, web.port) for web in places}
    for host, arrivals in by_host(facts).items():
        fresh: dict[int | None, list[Arrival]] = {}
        for one in arrivals:
            if host in hosts and one.url is not None and (host, one.url.port) not in ports:
                fresh.setdefault(one.url.port, []).append(one)
        for port, those in sorted(fresh.items(), key=lambda each: each[0] or 0):
            about, others = whose(those)
            yield Raised(
                level=facts.grave(Level.WARNING, Level.NOTICE),
                about=about,
                summary=f"{quoted(host)} is reached at {f'port {port}' if port else 'the usual port'} now "
                f"({count(len(those), 'URL')}: {who(those)})",
                consequence="What listens there may be another program than the one that has answered so far.",
                advice="Ask what listens there.",
                subject=f"{host}:{port or ''}",
                place=facts.place(those[0].address, RETURN_URLS, those[0].text),
                others=others,
            )


HOSTS = (
    Risk("look-alike-host", "A return URL leads to a host that passes itself off as a known one.", _look_alike),
    Risk("new-domain", "A return URL leads to a domain that nobody here has used.", _new_domain),
    Risk("new-host", "A return URL leads to another host on a known domain, or to one that is allowed.", _new_host),
    Risk("port-changed", "A return URL leads to another port of a known host.", _new_port),
)
