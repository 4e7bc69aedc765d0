"""Whose a host is: the domain that somebody registered, by the Public Suffix List.

The list comes with `publicsuffixlist` and is never fetched. Suffixes of private owners count, such as `github.io` and
`s3.amazonaws.com`: below them, everybody can have a name.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


@functools.cache
def _list() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


@functools.lru_cache(maxsize=65536)
def registrable(host: str) -> str:
    """The domain that the host belongs to, as `example.co.uk`; the host itself where it is none's, as `intranet`."""
    return str(_list().privatesuffix(host) or host)


def is_registrable(host: str) -> bool:
    """Whether somebody can own the name on the internet: no `callback`, no `oauth.callback`."""
    return _list().publicsuffix(host, accept_unknown=False) is not None and _list().privatesuffix(host) is not None


def public_suffix(host: str) -> str:
    """What follows the registered label, as `co.uk` or `github.io`; "" where nothing is registered there, as in `intranet`."""
    registered = _list().privatesuffix(host)
    return str(registered).partition(".")[2] if registered else ""


def has_known_suffix(host: str) -> bool:
    """Whether it ends as hosts do that somebody can register, as no `index.html` does."""
    return _list().publicsuffix(host, accept_unknown=False) not in (None, host)


def is_public_suffix(name: str) -> bool:
    """Whether everybody can have a name below it."""
    return _list().publicsuffix(name) == name
