"""Whether a URL leads on from where it says that it goes: dot segments in its path, other addresses inside its query.

Read as a program does that decodes more often than it should; what a known host makes of it, nobody can tell from here.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from reconciler.manifest.domains import has_known_suffix
from reconciler.manifest.urls import address_in

MAYBE = re.compile(r"/\.|[%?]")
"""What stands in every URL that may lead on: the others need no closer look."""

_DECODED = 3  # times: what is encoded twice is meant for a program that decodes twice
_SHOWN = 75  # characters of an address
_WEB = re.compile(r"https?:[/\\]*[^/?#\\]*", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:[/\\]|[/\\]{2}[^/\\]|(?:javascript|data|vbscript):)\S*", re.IGNORECASE)
_HOST = re.compile(r"((?:[\w-]+\.)+[\w-]{2,}|(?:[0-9]{1,3}\.){3}[0-9]{1,3})\.?(?::[0-9]+)?(?=[/?#]|$)")
_TRIALS = frozenset({"example", "internal", "invalid", "local", "localhost", "test"})  # RFC 2606, RFC 6762, ICANN


def has_dot_segments(text: str) -> bool:
    """Whether the path of a web URL has `.` or `..` for a segment, however they are written."""
    path = _decoded(_rest(text).partition("?")[0].partition("#")[0]).replace("\\", "/")
    return any(one.partition(";")[0] in (".", "..") for one in path.split("/"))


def address_inside(text: str) -> str:
    """The first address or host that stands in the query of a web URL, or ""."""
    query = _rest(text).partition("?")[2]
    for part in re.split("[&;#]", query) if query else ():
        value = _decoded(part.partition("=")[2] if "=" in part else part)
        if (found := _ADDRESS.search(value)) is not None:
            return found[0][:_SHOWN]
        if (found := _HOST.match(value)) is not None and _is_host(found[1].lower()):
            return found[1][-_SHOWN:]
    return ""


def _is_host(host: str) -> bool:
    """Whether hosts are called so, and not files or numbers of versions."""
    return host.rpartition(".")[2] in _TRIALS or has_known_suffix(host) or address_in(host) is not None


def _rest(text: str) -> str:
    """What stands behind the host, "" for what is no URL of the web."""
    found = _WEB.match(text)
    return text[found.end() :] if found else ""


def _decoded(text: str) -> str:
    for _ in range(_DECODED):
        text = unquote(text)
    return text
