"""What may be quoted of somebody else's words: an SDK, a proxy or a service may repeat in them what signs the call."""

from __future__ import annotations

import contextlib
import contextvars
import re
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


def quotable(text: str) -> str:
    """The text without user info in its URLs and without long opaque runs; none of it where it speaks of a signature.

    Nor of what `keeping_back` holds: a validation error may repeat what it refuses.
    """
    for secret in _HELD.get():
        text = text.replace(secret, "…")
    if _SIGNING.search(text):
        return _KEPT_BACK
    return _OPAQUE.sub("…", _USER_INFO.sub("//", text))
