"""What the rules of all kinds share: a call, pages, and how a name is taken, found and given back."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from reconciler.emulator.faults import Fault
from reconciler.emulator.store import Store
from reconciler.emulator.terms import Terms
from reconciler.emulator.things import Item, Kind, Scope, Thing, kind_of


class Reads(Protocol):
    """What Get and List look at: the store itself, or the store as it was a while ago."""

    def get(self, scope: Scope, name: str, kind: Kind[Item]) -> Item | None:
        """The thing of that kind and name, or None."""

    def names(self, scope: Scope, after: str, limit: int, kind: Kind[Any]) -> list[str]:
        """Up to `limit` names that come after `after`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: whose it is, what it asks for, and what it is answered from."""

    store: Store
    scope: Scope
    params: dict[str, Any]
    terms: Terms
    reads: Reads

    def seen(self, kind: Kind[Item], name: str) -> Item:
        """The thing as reads see it. Raises ResourceNotFoundException."""
        return _found(self.reads.get(self.scope, name, kind), kind, name)

    def stored(self, kind: Kind[Item], name: str) -> Item:
        """The thing as it is. Raises ResourceNotFoundException."""
        return _found(self.store.get(self.scope, name, kind), kind, name)


Operation = Callable[[Call], dict[str, Any]]


def take(call: Call, thing: Thing, *, limit: int, code: str) -> None:
    """Put a new thing under its name. Raises `code` if the name is taken, or was until a while ago."""
    kind = kind_of(thing)
    with call.store.transaction():
        exists = call.store.get(call.scope, thing.name, kind) is not None
        if not exists and not call.store.disturb(call.scope, thing.name, kind):
            if call.store.count(call.scope, kind) >= limit:
                raise Fault(
                    "ServiceQuotaExceededException",
                    f"The limit of {limit} {kind.plural} in this account and Region is reached",
                )
            call.store.put(call.scope, thing)
            return
    # Raised outside the transaction: an attempt at a tombstone counts.
    raise Fault(code, f"{kind.noun} with name '{thing.name}' already exists")


def release(call: Call, kind: Kind[Any], name: str) -> None:
    """Remove the thing; its name may stay taken for a while."""
    call.store.drop(call.scope, name, kind)
    if call.terms.tombstone_seconds or call.terms.tombstone_attempts:
        call.store.bury(
            call.scope, name, kind, seconds=call.terms.tombstone_seconds, attempts=call.terms.tombstone_attempts
        )


def listed(call: Call, kind: Kind[Any], most: int) -> tuple[list[str], str | None]:
    """The names of one page, in their order, and the token for the next one."""
    limit = call.params.get("maxResults") or most
    after = decode_token(call.params.get("nextToken"))
    return page(call.reads.names(call.scope, after, limit + 1, kind), limit)


def page(found: list[str], limit: int) -> tuple[list[str], str | None]:
    """The first `limit` of what was found (one more was asked for), and the token if there is more."""
    if len(found) <= limit:
        return found, None
    return found[:limit], encode_token(found[limit - 1])


def encode_token(after: str) -> str:
    """The nextToken for the page behind `after`: opaque to the caller, and checked when it comes back."""
    raw = after.encode()
    return base64.urlsafe_b64encode(zlib.crc32(raw).to_bytes(4, "big") + raw).decode()


def decode_token(token: str | None) -> str:
    """What the token was made from, "" for none. Raises ValidationException for one that was not made here."""
    if token is None:
        return ""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        if zlib.crc32(raw[4:]).to_bytes(4, "big") == raw[:4]:
            return raw[4:].decode()
    except (binascii.Error, ValueError):
        pass
    raise Fault("ValidationException", "The nextToken is not valid; start again without one")


def _found(thing: Item | None, kind: Kind[Item], name: str) -> Item:
    if thing is None:
        raise Fault("ResourceNotFoundException", f"{kind.noun} with name '{name}' does not exist")
    return thing
