"""What may be quoted of somebody else's words: an SDK, a proxy or a service may repeat in them what signs the call."""

from __future__ import annotations

import contextlib
import contextvars
import re
from collections.abc import Iterable, Iterator
from typing import Any

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
_SENT_KEPT_BACK = "(its words are kept back: they repeat a secret that was sent)"
_PIECE = 8  # characters; a shorter piece of a secret may be a word that people need to read


_HELD: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("held", default=())


@contextlib.contextmanager
def keeping_back(secrets: Iterable[str]) -> Iterator[None]:
    """While a call carries these, nobody's words are quoted with one in it, or with a piece of one in whatever spelling."""
    token = _HELD.set(tuple(piece for one in secrets for piece in _pieces(one)))
    try:
        yield
    finally:
        _HELD.reset(token)


def _folded(text: str) -> str:
    """Letters and digits alone, in one case: what no escaping and no quoting changes, a few of its own letters apart."""
    return "".join(one for one in text.casefold() if one.isalnum())


def _pieces(secret: str) -> Iterator[str]:
    """What a text is searched for: every run of some characters of the secret, or all of a shorter one."""
    folded = _folded(secret)
    if folded:
        yield from {folded[at : at + _PIECE] for at in range(max(1, len(folded) - _PIECE + 1))}


def quotable(text: str) -> str:
    """The text without user info in its URLs and without long opaque runs; none of it where it speaks of a signature.

    Nor of what `keeping_back` holds: a validation error may repeat what it refuses, escaped or cut.
    """
    held = _HELD.get()
    if held and any(piece in _folded(text) for piece in held):
        return _SENT_KEPT_BACK
    if _SIGNING.search(text):
        return _KEPT_BACK
    return _OPAQUE.sub("…", _USER_INFO.sub("//", text))


def bounded(value: Any, most: int) -> str:
    """A text of somebody else's as it may be kept: of so many characters at most, halves of characters replaced.

    "" for what is no text.
    """
    return value[:most].encode("utf-8", "replace").decode() if isinstance(value, str) else ""
