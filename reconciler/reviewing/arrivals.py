"""Return URLs, element by element: which come and which go in one environment, in their parts; and which hosts were known.

Reads hosts fast: a stack has ten thousand URLs, and nearly all of them are plain.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from reconciler.manifest.rules import RETURN_URLS
from reconciler.manifest.urls import Url, address_in, is_loopback, parse_url
from reconciler.model.addresses import Address
from reconciler.model.resources import Desired, Stack

_PLAIN = re.compile(r"(https?)://((?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*)(?::([0-9]{1,5}))?(?:/[!-\"$-?A-\[\]-~]*)?")

_FRONT = len("https:///")  # where a path can begin at the soonest, but for hosts of one letter


class Arrival(NamedTuple):
    """A return URL that an identity has in one version and not in the other; `url` None: nobody can tell its parts."""

    address: Address
    text: str
    url: Url | None


class Web(NamedTuple):
    """Where a URL leads: scheme, host and port; the port None where it is the scheme's own."""

    scheme: str
    host: str
    port: int | None


@functools.lru_cache(maxsize=65536)  # many identities, few URLs; both versions have most of them
def web_of(text: str) -> Web | None:
    """Where a URL leads, as a browser would go; None where it names no host, and for what cannot be read."""
    if match := _PLAIN.fullmatch(text):
        scheme, host, port = match.groups()
        number = int(port) if port else None
        return Web(scheme, host, None if number == (443 if scheme == "https" else 80) else number)
    url = read(text)
    return Web(url.scheme, url.host, url.port) if url is not None and url.reaches and url.host else None


def read(text: str) -> Url | None:
    """The parts of a URL, None where no program reads it the same."""
    try:
        return parse_url(text)
    except ValueError:
        return None


def urls_of(one: Desired | None) -> tuple[str, ...]:
    """The return URLs of a resource; none for what has none."""
    urls = one.attributes.get(RETURN_URLS) if one else None
    return urls if isinstance(urls, tuple) else ()


def arriving(before: Desired | None, after: Desired | None) -> Iterator[Arrival]:
    """The URLs of the later one that the earlier one has not."""
    known = frozenset(urls_of(before))
    if after is not None:
        yield from (Arrival(after.address, text, read(text)) for text in urls_of(after) if text not in known)


def users(stack: Stack, texts: AbstractSet[str]) -> Mapping[str, Sequence[str]]:
    """The addresses of the identities that have these return URLs, by URL."""
    found: dict[str, list[str]] = {}
    for address, one in stack.resources.items():
        for text in urls_of(one):
            if text in texts:
                found.setdefault(text, []).append(str(address))
    return found


def urls_in(stack: Stack | None) -> frozenset[str]:
    """All return URLs of an environment."""
    return frozenset(text for one in stack.resources.values() for text in urls_of(one)) if stack else frozenset()


def places_of(texts: Iterable[str]) -> frozenset[Web]:
    """Every place in the web that the URLs lead to. Looks at what stands before a path once, as most have it in common."""
    fronts = {text[:at] if (at := text.find("/", _FRONT)) > 0 else text for text in texts}
    return frozenset(web for front in fronts if (web := web_of(front)) is not None)


@functools.lru_cache(maxsize=65536)
def is_named(host: str) -> bool:
    """Whether it is a host with a name, that somebody owns: no address, not the user's own machine."""
    return bool(host) and address_in(host) is None and not is_loopback(host)
