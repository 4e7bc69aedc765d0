"""A return URL as a browser would take it: the parts that the rules look at.

Browsers are laxer than RFC 3986 (backslashes, missing slashes, encoded and numeric hosts), and it is a browser that
follows the redirect; so the host here is the one that it would call. Leaves out what is wrong with it: see `rules`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.manifest.domains import is_registrable

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

_WEB = frozenset({"http", "https"})
_USUAL_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_CALLED = frozenset(_USUAL_PORTS)  # which every client follows to a host: the special schemes of WHATWG URL
_WRAPPED = re.compile(r"https?:(?=[/\\])", re.IGNORECASE)  # what an app is to open: `feed:https://…`
_NUMERIC_HOST = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}")
_ORDINARY = re.compile(
    r"https://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::[0-9]{1,4})?(?:[/?][!-\"$-\[\]-~]*)?"
)

# Scripts that one word may mix: the "highly restrictive" level of Unicode Technical Standard 39.
_MIXES = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """The parts of a return URL. `host` in lower case, decoded; "" where there is none, as in `myapp:callback`.

    `written`: the host as it stands in the text. `port` None: the scheme's own. `disputed`: RFC 3986 and browsers find
    different hosts in it, because of backslashes or the number of slashes.
    """

    text: str
    scheme: str
    host: str
    written: str
    port: int | None
    user_info: bool
    fragment: bool
    disputed: bool

    @property
    def web(self) -> bool:
        """Whether it is http or https."""
        return self.scheme in _WEB

    @property
    def reaches(self) -> bool:
        """Whether it names a host that somebody can own, whatever the scheme: `myapp://callback` does not."""
        return self.scheme in _CALLED or (bool(self.host) and is_registrable(self.host))


def is_ordinary(text: str) -> bool:
    """Whether it is plainly an https URL with a name in ASCII for a host: no rule about one URL has anything to say."""
    return _ORDINARY.fullmatch(text) is not None and "xn--" not in text and ".localhost" not in text


def parse_url(text: str) -> Url:
    """The parts of a return URL. Raises ValueError for one that no program reads the same."""
    from urllib.parse import unquote, urlsplit

    scheme, _, rest = text.partition(":")
    scheme = scheme.lower()
    disputed = scheme in _CALLED and (re.match("//[^/]", rest) is None or "\\" in rest)
    if (wrapped := _WRAPPED.match(rest)) and scheme not in _CALLED:
        rest = rest[wrapped.end() :]
    if wrapped or scheme in _CALLED:
        rest = "//" + rest.replace("\\", "/").lstrip("/")
    split = urlsplit(rest)
    port = split.port  # raises ValueError for a port that is no number
    written = split.netloc.rpartition("@")[2]
    written = written.partition("]")[0].removeprefix("[") if written.startswith("[") else written.partition(":")[0]
    return Url(
        text=text,
        scheme=scheme,
        host=_as_browsers_read(unquote(written)),
        written=written,
        port=None if port == _USUAL_PORTS.get(scheme) else port,
        user_info="@" in split.netloc,
        fragment="#" in text,
        disputed=disputed,
    )


def _as_browsers_read(host: str) -> str:
    """The host in the one spelling that browsers make of it: every dot a dot, without what cannot be seen (UTS 46)."""
    plain = unicodedata.normalize("NFKC", host).lower().replace("\u3002", ".")
    if not plain.isascii():
        plain = "".join(one for one in plain if unicodedata.category(one) != "Cf")
    return plain.rstrip(".")


def address_in(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that the host is, in any of the spellings that browsers take, or None for a name."""
    from ipaddress import ip_address

    try:
        return ip_address(host)
    except ValueError:
        if not _NUMERIC_HOST.fullmatch(host):
            return None
    import socket

    try:
        return ip_address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def is_loopback(host: str) -> bool:
    """Whether the host is the machine that the browser runs on."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = address_in(host)
    if address is None:
        return False
    inner = getattr(address, "ipv4_mapped", None) or address
    return bool(inner.is_loopback or inner.is_unspecified)


def decoded_labels(host: str) -> list[str]:
    """The labels of the host as people see them: punycode decoded, where it can be."""
    return [_decoded(label) for label in host.split(".")]


def _decoded(label: str) -> str:
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def mixes_scripts(label: str) -> bool:
    """Whether letters of several scripts stand in one label that no language mixes, as in a look-alike."""
    scripts = {re.split("[ -]", unicodedata.name(one, "UNKNOWN"))[0] for one in label if one.isalpha()}
    return len(scripts) > 1 and not any(scripts <= mix for mix in _MIXES)
