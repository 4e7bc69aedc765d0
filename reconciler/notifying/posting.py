"""Posts one message over HTTP: to one host, over verified TLS, within bounds; redirects are not followed.

Beside `reconciler.forge`, which speaks to an API: here nothing is read but whether the message was taken. Its errors name the
host, not the recipient: whoever sends to several says which one it was.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import urllib3

from reconciler import __version__
from reconciler.aws.words import keeping_back, quotable
from reconciler.errors import ForgeError, NotTold
from reconciler.forge.proxies import pool_for

_LATER = {429, 502, 503, 504}
_WORDS = 200  # of an answer
_PHRASE = re.compile(r"[a-z][a-z0-9_ ]{0,59}")
"""What is quoted of an answer: a short reason as `invalid_payload`, and nothing that could be read as more."""
_SHORTEST = 4  # characters; a shorter piece of an address is in too many words


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long one message may take, in seconds: to `connect`, without a byte (`read`), in all (`total`).

    `attempts`, `pause`: how often it is sent to a host that says "later" or is not there, and how long after.
    """

    connect: float = 5.0
    read: float = 15.0
    total: float = 45.0
    attempts: int = 2
    pause: float = 1.0
    sleep: Callable[[float], object] = time.sleep


def post(url: str, body: bytes, headers: Mapping[str, str], *, environ: Mapping[str, str], bounds: Bounds) -> None:
    """Send it, through the proxy that `environ` names, if any.

    Raises NotTold where it was not taken, and where nobody can tell: it may then come twice.
    """
    try:
        pool = pool_for(url, environ)
    except ForgeError as error:
        raise NotTold(error.summary, error.detail) from error
    try:
        for attempt in range(1, bounds.attempts + 1):
            try:
                status, words = _once(pool, url, body, headers, bounds)
            except _NotSent as error:
                if attempt == bounds.attempts:
                    raise NotTold(str(error)) from error
            else:
                if status not in _LATER or attempt == bounds.attempts:
                    return _judge(status, words, url)
            bounds.sleep(bounds.pause)
    finally:
        pool.clear()
    raise AssertionError("every attempt returns, raises or is followed by another")


def _once(
    pool: urllib3.PoolManager, url: str, body: bytes, headers: Mapping[str, str], bounds: Bounds
) -> tuple[int, str]:
    given = {"Content-Type": "application/json", "User-Agent": f"agentcore-reconciler/{__version__}", **headers}
    try:
        answer = pool.request(
            "POST",
            url,
            body=body,
            headers=given,
            timeout=urllib3.Timeout(connect=bounds.connect, read=bounds.read),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            return answer.status, answer.read(_WORDS, decode_content=False).decode("utf-8", "replace")
        finally:
            answer.close()
    except urllib3.exceptions.SSLError as error:
        raise NotTold(
            f"{_host(url)} could not be trusted: {_reason(error)}",
            "With a certificate authority of your own: SSL_CERT_FILE.",
        ) from error
    except (
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        urllib3.exceptions.ProxyError,
    ) as error:
        raise _NotSent(f"no connection to {_host(url)}") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise NotTold(
            f"{_host(url)} took the message and did not say so",
            "It is sent again with the next run, and may come twice.",
        ) from error


def _judge(status: int, words: str, url: str) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise NotTold(
            f"{_host(url)} sends the message elsewhere (status {status}); it was not followed",
            "Give the right address.",
        )
    raise NotTold(f"{_host(url)} answered {status}{_quoted(words.strip(), url)}")


def _quoted(words: str, url: str) -> str:
    """The reason that a peer gives, with a colon before it; "" for what may hold a piece of the address, which is a secret."""
    if not _PHRASE.fullmatch(words):
        return ""
    with keeping_back(_pieces(url)):
        return f": {words}" if quotable(words) == words else ""


def _pieces(url: str) -> Iterator[str]:
    """What the address is made of behind the host, as it is written and decoded."""
    parts = urlsplit(url)
    for one in re.split(r"[/?&=;]", f"{parts.path}?{parts.query}"):
        yield from (piece for piece in (one, unquote(one)) if len(piece) >= _SHORTEST)


class _NotSent(Exception):
    """No connection came about: it has certainly not arrived."""


def _host(url: str) -> str:
    return urlsplit(url).hostname or "?"


def _reason(error: BaseException) -> str:
    return " ".join(str(one) for one in error.args[:1])[:200] or type(error).__name__
