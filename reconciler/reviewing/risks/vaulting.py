"""Risks of whom providers ask and as whom: vendors, clients, endpoints; and of the vault's key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from reconciler.manifest.documents import quoted
from reconciler.manifest.domains import registrable
from reconciler.model.changes import Action
from reconciler.model.kinds import OAUTH2_PROVIDER, TOKEN_VAULT
from reconciler.model.providers import CONFIG, VENDOR
from reconciler.model.report import Level
from reconciler.model.resources import Desired
from reconciler.model.vault import KEY_ARN, KEY_TYPE
from reconciler.reviewing.arrivals import Web, web_of
from reconciler.reviewing.difference import Revision
from reconciler.reviewing.risks.facts import Facts, Raised, Risk
from reconciler.reviewing.risks.hosts import shown

_CLIENT = ("clientId", "tenantId")
_PRIVATE = "privateEndpoint"
_ENDPOINT = re.compile(r"(?:\.|^)(?:issuer|\w*(?:Url|Uri|Endpoint))$")


def _vendor(facts: Facts) -> Iterator[Raised]:
    for one in facts.revisions:
        row = one.row(VENDOR.name) if one.before and one.after else None
        if row is not None:
            yield Raised(
                level=facts.grave(Level.CRITICAL, Level.WARNING),
                about=str(one.address),
                summary=f"{one.address} is another vendor's: {row.before} -> {row.after}",
                consequence="A vendor cannot change under one name, so the plan refuses it; under another name, users have to "
                "agree anew.",
                advice="Declare a new provider beside it, and move the grants.",
                subject=str(row.after),
                place=facts.place(one.address, VENDOR.name),
            )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a configuration, with its dotted path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, f"{path}.{key}" if path else key)
    elif isinstance(value, tuple):
        for one in value:
            yield from _leaves(one, path)


def _config(one: Desired | None) -> list[tuple[str, str]]:
    return list(_leaves(one.attributes.get(CONFIG.name))) if one else []


def _client(facts: Facts) -> Iterator[Raised]:
    for one in _providers(facts):
        if one.before is None:
            continue
        old, new = dict(_config(one.before)), dict(_config(one.after))
        for name in _CLIENT:
            if old.get(name) != new.get(name):
                yield Raised(
                    level=facts.grave(Level.CRITICAL, Level.WARNING),
                    about=str(one.address),
                    summary=f"{one.address} has another {name}: {_quoted(old.get(name))} -> {_quoted(new.get(name))}",
                    consequence="Users agree to another application from now on, whose owner may be somebody else; what they "
                    "agreed to before does not hold for it.",
                    advice="Look it up at the vendor.",
                    subject=name,
                    place=facts.place(one.address, CONFIG.name, name),
                )


def _quoted(text: str | None) -> str:
    return "none" if text is None else quoted(text)


def _providers(facts: Facts) -> Iterator[Revision]:
    for one in facts.revisions:
        if one.address.type == OAUTH2_PROVIDER.type and one.after is not None:
            yield one


class _Asked(NamedTuple):
    """Where a configuration leads to; `place`: the text, where no program would say which host that is."""

    path: str
    text: str
    place: Web | str
    known: bool  # the provider asked that host before, at another path


def _endpoints(facts: Facts) -> Iterator[Raised]:
    held = facts.before.resources.values() if facts.before else ()
    texts = {text for one in held for path, text in _config(one) if _leads(path, text)}
    hosts = {web.host for text in texts if (web := web_of(text)) is not None}
    domains = frozenset(map(registrable, hosts))
    for one in _providers(facts):
        for asked in _asked(one):
            host = asked.place.host if isinstance(asked.place, Web) else ""
            if one.before is not None:
                level = facts.grave(Level.CRITICAL, Level.WARNING if asked.known else Level.CRITICAL)
            elif registrable(host) in domains and (host not in hosts or asked.text in texts):
                level = facts.grave(Level.NOTICE, Level.INFO)
            else:
                level = facts.grave(Level.WARNING, Level.NOTICE)
            gets = "gets the client's secret, and the codes and tokens of every user who agrees."
            yield Raised(
                level=level,
                about=str(one.address),
                summary=f"{one.address} asks {quoted(asked.text) if asked.known else _spelt(asked.place)}"
                f"{'' if one.before is None else ' from now on'} ({asked.path})",
                consequence=f"Behind many hosts, the path says whose it is: that one {gets}"
                if asked.known
                else f"It {gets}",
                advice=f"Make sure that the {'issuer' if asked.known else 'host'} is the vendor's own.",
                subject=asked.text if asked.known else _element(asked.place),
                place=facts.place(one.address, CONFIG.name, asked.path),
            )


def _asked(one: Revision) -> Iterator[_Asked]:
    """Where the provider's configuration leads to that it did not before; each place once, by the first path that says so."""
    before = {text for path, text in _config(one.before) if _leads(path, text)}
    places = {web_of(text) or text for text in before}
    told: set[Web | str] = set()
    for path, text in _config(one.after):
        place = web_of(text) or text
        if _leads(path, text) and text not in before and place not in told:
            told.add(place)
            yield _Asked(path, text, place, place in places)


def _leads(path: str, text: str) -> bool:
    """Whether it says where requests go: a URL, whatever stands where one belongs, or anything about a private endpoint."""
    return "://" in text or path.startswith(_PRIVATE) or _ENDPOINT.search(path) is not None


def _element(asked: Web | str) -> str:
    """What tells the place apart from all others; of the usual scheme and port, nothing is said."""
    if not isinstance(asked, Web):
        return asked
    scheme = "" if asked.scheme == "https" else f"{asked.scheme}://"
    return f"{scheme}{asked.host}{f':{asked.port}' if asked.port else ''}"


def _spelt(asked: Web | str) -> str:
    if not isinstance(asked, Web):
        return quoted(asked)
    port = f" at port {asked.port}" if asked.port else ""
    return shown(asked.host) + port + (" by plain http" if asked.scheme == "http" else "")


def _configured(facts: Facts) -> Iterator[Raised]:
    """What else of a provider's configuration changes: neither its client nor where it leads."""
    for one in _providers(facts):
        if one.before is None or one.row(CONFIG.name) is None:
            continue
        old, new = set(_config(one.before)), set(_config(one.after))
        told = {asked.path for asked in _asked(one)}
        paths = sorted({path for path, _ in old ^ new} - told - {*_CLIENT})
        if paths or old == new:
            yield Raised(
                level=facts.grave(Level.NOTICE, Level.INFO),
                about=str(one.address),
                summary=f"{one.address} is configured otherwise: {', '.join(paths) or CONFIG.name}",
                consequence="How tokens are asked for changes for every agent that is granted it.",
                advice="Try it in another environment first.",
                subject=CONFIG.name,
                place=facts.place(one.address, CONFIG.name, paths[0] if paths else None),
            )


def _vault_key(facts: Facts) -> Iterator[Raised]:
    for one in facts.revisions:
        if one.address.type != TOKEN_VAULT.type:
            continue
        if one.action is Action.FORGET:
            yield Raised(
                level=facts.grave(Level.WARNING, Level.NOTICE),
                about=str(one.address),
                summary="The token vault's key is not declared any more",
                consequence="It stays as it is, and nobody is told when somebody else changes it.",
                place=facts.place(one.address),
            )
            continue
        old, new = (_key(side) for side in (one.before, one.after))
        if old != new:
            yield Raised(
                level=facts.grave(Level.CRITICAL, Level.CRITICAL if one.before else Level.WARNING),
                about=str(one.address),
                summary=f"The token vault gets another key: {old} -> {new}",
                consequence="All tokens and secrets of the account and Region are sealed with it: whoever holds the key, or "
                "can delete it, decides over them.",
                advice=f"Make sure that {quoted(new)} is yours, and that the agents' roles may use it.",
                subject=new,
                place=facts.place(one.address, KEY_ARN.name),
            )


def _key(one: Desired | None) -> str:
    if one is None:
        return "as it stands"
    return str(one.attributes.get(KEY_ARN.name) or one.attributes.get(KEY_TYPE.name))


VAULTING = (
    Risk("client-changed", "A provider works with another client or tenant.", _client),
    Risk("endpoint-host", "A provider asks another host for tokens, or another issuer.", _endpoints),
    Risk("provider-configured", "A provider is configured otherwise.", _configured),
    Risk("vault-key-changed", "The token vault gets another key, or none is declared any more.", _vault_key),
    Risk("vendor-changed", "A provider becomes another vendor's.", _vendor),
)
