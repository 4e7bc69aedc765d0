"""The grants of a stack as a graph: who is a node, what joins them, and what stands on the lines; for all forms of `graph`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.access import Granted, Grants, Reach
from reconciler.render import access_words as said
from reconciler.render.clean import clean
from reconciler.render.graph_layout import Link, Node

MACHINE, USER, BOTH, KEY, RETURN = "machine", "user", "both", "key", "return"
STYLES = {MACHINE: "as itself (M2M)", USER: "for a user", BOTH: "both", KEY: "API key", RETURN: "users return to"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Three columns: hosts that users return to (none unless asked for), identities, providers; and the lines between them."""

    title: str
    told: str
    hosts: tuple[Node, ...]
    identities: tuple[Node, ...]
    providers: tuple[Node, ...]
    links: tuple[Link, ...]


def graph_of(grants: Grants, *, with_hosts: bool = False) -> Graph:
    """The graph. `with_hosts`: also where the OAuth2 providers send users back to, by the allowed return URLs."""
    hosts = sorted({host for reach in grants.reaches for host in _hosts(reach)}) if with_hosts else []
    return Graph(
        title=said.title(grants),
        told=f"{said.sums(grants)}. Lines lead from each identity to the credential providers that it may reach.",
        hosts=tuple(Node(key=f"host:{one}", label=one, sort="host", told=f"return host {one}") for one in hosts),
        identities=tuple(
            Node(
                key=str(reach.identity),
                label=clean(reach.identity.key),
                sort="identity",
                told=f"{clean(str(reach.identity))}, inbound {reach.inbound.value}",
            )
            for reach in grants.reaches
        ),
        providers=tuple(
            Node(
                key=str(one.address),
                label=said.provider_name(one),
                sort="key" if said.sort_of(one) == "API key" else "oauth2",
                told=f"{said.sort_of(one)} provider {clean(one.name)}" + (", of another stack" if one.external else ""),
            )
            for one in grants.providers
        ),
        links=tuple(link for reach in grants.reaches for link in _links(reach, with_hosts=with_hosts)),
    )


def _links(reach: Reach, *, with_hosts: bool) -> Iterator[Link]:
    for host in _hosts(reach) if with_hosts else ():
        told = f"users of {clean(reach.identity.key)} return to {host}"
        yield Link(start=f"host:{host}", end=str(reach.identity), style=RETURN, told=told)
    for one in reach.grants:
        yield Link(start=str(reach.identity), end=str(one.provider.address), style=_style(one), told=_told(reach, one))


def _style(granted: Granted) -> str:
    if said.sort_of(granted.provider) == "API key":
        return KEY
    flows = set(granted.flows)
    if {"M2M", "USER_FEDERATION"} <= flows:
        return BOTH
    return USER if "USER_FEDERATION" in flows else MACHINE


def _told(reach: Reach, granted: Granted) -> str:
    text = f"{clean(reach.identity.key)} to {said.provider_name(granted.provider)}"
    if granted.flows:
        text += f", {' and '.join(map(clean, granted.flows))}"
    return text + (f": {' '.join(map(clean, granted.scopes))}" if granted.scopes else "")


def _hosts(reach: Reach) -> list[str]:
    """Of an app's own scheme, the scheme."""
    found = set()
    for url in reach.return_urls:
        try:
            parts = urlsplit(url)
        except ValueError:
            continue
        found.add(clean(parts.netloc if parts.scheme in ("http", "https") else f"{parts.scheme}:"))
    return sorted(found - {""})
