"""What may be quoted of somebody else's words: an SDK, a proxy or a service may repeat in them what signs the call."""

from __future__ import annotations

import contextlib
import contextvars
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator

_USER_INFO = re.compile(r"//[^\s\"'<>]*@")  # greedy: a password may hold a `/` or an `@` of its own
_SIGNING = re.compile(
    r"AWS4-|\bauthorization\b(?! failure)|security-token|x-amz-(?:signature|credential)|\bcanonical (?:string|request)"
    r"|string.to.sign|\bbearer |(?:secret_?access_?key|session_?token)[\"']?\s*[=:]\s*\S",
    re.IGNORECASE,
)
_OPAQUE = re.compile(
    r"[A-Za-z0-9+/=_-]{100,}"
)  # session tokens, web identity tokens: long, and nothing that people read
_TELLING = 8  # characters of a secret that are too many
_REPEATED = "(its words are kept back: they repeat a secret that the call carries)"
_KEPT_BACK = "(its words are kept back: they repeat what signs the call)"


_HELD: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("held", default=())


@contextlib.contextmanager
def keeping_back(secrets: Iterable[str]) -> Iterator[None]:
    """While a call carries these, nobody's words are quoted with them in it."""
    token = _HELD.set(tuple(one for one in secrets if one))
    try:
        yield
    finally:
        _HELD.reset(token)


def _without(text: str, secret: str) -> str:
    """The text without the secret in any of its spellings; none of it where a good part of the secret still stands in it."""
    stripped = secret.strip()
    spellings = {secret, stripped, json.dumps(stripped)[1:-1], repr(stripped)[1:-1], urllib.parse.quote(stripped)}
    for spelling in sorted(filter(None, spellings), key=len, reverse=True):
        text = text.replace(spelling, "…")
    parts = (stripped[at : at + _TELLING] for at in range(len(stripped) - _TELLING + 1))
    return _REPEATED if any(part in text for part in parts) else text


def quotable(text: str) -> str:
    """The text without user info in its URLs and without long opaque runs; none of it where it speaks of a signature.

    Nor with what `keeping_back` holds: a validation error may repeat what it refuses.
    """
    for secret in _HELD.get():
        text = _without(text, secret)
    if _SIGNING.search(text):
        return _KEPT_BACK
    return _OPAQUE.sub("…", _USER_INFO.sub("//", text))
