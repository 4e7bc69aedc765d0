"""Connections to a host over HTTP, through the proxy that the surroundings name: `https_proxy`, `HTTPS_PROXY`, `no_proxy`."""

from __future__ import annotations

from collections.abc import Mapping

import urllib3

from reconciler.errors import ForgeError
from reconciler.forge.place import on_this_machine, origin

_ENDING = "_proxy"


def pool_for(url: str, environ: Mapping[str, str], *, authority: str | None = None) -> urllib3.PoolManager:
    """Connections to the URL's host. `authority`: a file with the certificate authority, None for the machine's own.

    Raises ForgeError for a proxy that HTTP does not go through.
    """
    named = proxy_for(url, environ)
    if named is None:
        return urllib3.PoolManager(ca_certs=authority)
    try:
        return urllib3.ProxyManager(named, ca_certs=authority)
    except (urllib3.exceptions.HTTPError, ValueError):  # its words repeat the address, which may hold a password
        raise ForgeError(
            f"the proxy for {origin(url)[1]} cannot be used: {_kind(named)}",
            "Set https_proxy to an address that begins with http:// or https://, or name the host in no_proxy.",
        ) from None


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy's address, None where the host is asked directly, as everybody on this machine is. Lower case wins."""
    scheme, host, _ = origin(url)
    proxies = _proxies(environ)
    named = proxies.get(scheme)
    if not named or on_this_machine(host) or _spared(host, proxies.get("no", "")):
        return None
    return named if "://" in named else f"http://{named}"


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """By scheme, and `no`. One that is empty in lower case takes back what is there in upper case."""
    named = {name: value.strip() for name, value in environ.items() if name.lower().endswith(_ENDING)}
    ordered = sorted(named.items(), key=lambda one: one[0].endswith(_ENDING))
    return {name.lower().removesuffix(_ENDING): value for name, value in ordered}


def _spared(host: str, names: str) -> bool:
    """Whether it is one of the names, or below one; `*` is everybody."""
    spared = [one.strip().lower().lstrip(".") for one in names.split(",")]
    return any(one and (one in ("*", host) or host.endswith(f".{one}")) for one in spared)


def _kind(named: str) -> str:
    """What is wrong with it. The rest of the address may hold a password."""
    scheme = named.partition("://")[0].lower()
    return (
        "its address is none" if scheme in ("http", "https") else f"{scheme!r} is no kind of proxy that is spoken here"
    )
