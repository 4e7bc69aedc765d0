"""What goes wrong on request: one object that every door asks around each call. Deterministic: nothing here is random.

Operations are named as the API names them; `"*"` stands for all. `name` narrows a script to calls on one thing of that name.
`times=None` means for ever. All methods may be called at any time, from any thread.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from reconciler.emulator import lookup, vault
from reconciler.emulator.arns import name_in
from reconciler.emulator.calls import Reads
from reconciler.emulator.faults import Dropped, Fault
from reconciler.emulator.lag import Lag
from reconciler.emulator.recording import Recording
from reconciler.emulator.store import Store
from reconciler.emulator.terms import STRICT, Terms
from reconciler.emulator.things import BY_NOUN, IDENTITY, TOKEN_VAULT, Kind, Scope, Vault

_WRITES: dict[str, Kind[Any]] = {
    "SetTokenVaultCMK": TOKEN_VAULT,
    **{f"{verb}{noun}": kind for noun, kind in BY_NOUN.items() for verb in ("Create", "Update", "Delete")},
}
"""What lagging reads do not see at once: the kind of the thing that an operation changes."""
_NAMING = ("name", "workloadName", "resourceCredentialProviderName", "tokenVaultId")
_REMEMBERED = 100_000
_MESSAGES = {
    "AccessDeniedException": "User is not authorized to perform: {service}:{operation}",
    "ExpiredTokenException": "The security token included in the request is expired",
    "InternalServerException": "An internal error occurred",
    "ServiceUnavailableException": "The service is unavailable",
    "ThrottlingException": "Rate exceeded",
}

Result = TypeVar("Result")
Hook = Callable[[dict[str, Any]], object]


class Seen(NamedTuple):
    """A call that arrived, whatever became of it. `name` of the thing it was about, "" for none."""

    operation: str
    name: str


@dataclass(slots=True)
class _Script:
    """Something that happens to the next calls that fit."""

    operation: str
    name: str | None
    times: int | None
    act: Hook
    ends: bool = False  # the act raises: the call ends there, and scripts behind this one wait for the next
    after: bool = False

    def fits(self, seen: Seen, *, after: bool) -> bool:
        operation, name = self.operation in ("*", seen.operation), self.name in (None, seen.name)
        return operation and name and self.after == after and self.times != 0


@dataclass(slots=True)
class _Bucket:
    """A token bucket: `rate` tokens a second, at most `burst` kept."""

    rate: float
    burst: float
    tokens: float
    filled: float

    def take(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Misbehaviour:
    """The faults of one emulated service. Fresh, it does nothing but count.

    `terms`: see `Terms`. `trail`: how the audit trail is kept, and who is said to call. `latency`: seconds that each call takes
    longer. `clock` and `sleep` can be given for tests.
    """

    def __init__(
        self,
        *,
        terms: Terms | None = None,
        latency: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.terms = terms or Terms()
        self.trail = Recording()
        self.latency = latency
        self.calls: deque[Seen] = deque(maxlen=_REMEMBERED)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._scripts: list[_Script] = []
        self._rates: dict[str, tuple[float, float]] = {}
        self._buckets: dict[tuple[Scope, str], _Bucket] = {}
        self._lag: Lag | None = None

    def fail(
        self,
        operation: str,
        code: str,
        *,
        times: int | None = 1,
        name: str | None = None,
        status: int | None = None,
        message: str = "",
    ) -> None:
        """The next `times` calls answer this error and change nothing."""
        text = message or _MESSAGES.get(code, "The emulator was asked to fail").format(
            operation=operation, service="cloudtrail" if operation in lookup.OPERATIONS else "bedrock-agentcore"
        )

        def fault(_: dict[str, Any]) -> None:
            raise Fault(code, text, status)

        self._add(_Script(operation, name, times, fault, ends=True))

    def deny(self, operation: str) -> None:
        """The credentials may not call this, from now on."""
        self.fail(operation, "AccessDeniedException", times=None)

    def expire(self, *, after: int = 0) -> None:
        """The credentials expire, at once or after so many further calls."""
        left = itertools.count(after, -1)

        def check(_: dict[str, Any]) -> None:
            if next(left) <= 0:
                raise Fault("ExpiredTokenException", _MESSAGES["ExpiredTokenException"])

        self._add(_Script("*", None, None, check))

    def drop(self, operation: str, *, committed: bool, times: int | None = 1, name: str | None = None) -> None:
        """The connection closes instead of an answer, before anything happened or after it was done (`committed`)."""

        def vanish(_: dict[str, Any]) -> None:
            raise Dropped

        self._add(_Script(operation, name, times, vanish, ends=True, after=committed))

    def delay(
        self, operation: str, seconds: float, *, committed: bool, times: int | None = 1, name: str | None = None
    ) -> None:
        """The next `times` calls take so many seconds more, before anything happens or when it is done (`committed`).

        For a client that waits less, the answer is lost: and without `committed`, what it asked for happens after it gave up.
        """
        self._add(_Script(operation, name, times, lambda _: self._sleep(seconds), after=committed))

    def before(self, operation: str, hook: Hook, *, times: int | None = 1, name: str | None = None) -> None:
        """Run `hook(params)` before the operation: another writer between two calls. It may use any door or the store."""
        self._add(_Script(operation, name, times, hook))

    def throttle(self, operation: str = "*", *, rate: float = 20.0, burst: float | None = None) -> None:
        """Answer ThrottlingException above `rate` calls a second; each operation has a bucket of its own."""
        with self._lock:
            self._rates[operation] = (rate, burst if burst is not None else rate)
            self._buckets.clear()

    def lag(self, *, calls: int = 0, seconds: float = 0.0) -> None:
        """Get and List see a write only after so many further calls and seconds; zero of both: at once again."""
        self._lag = Lag(calls=calls, seconds=seconds, clock=self._clock) if calls or seconds else None

    def reset(self) -> None:
        """Behave again: scripts, throttling, lag and latency end, the count of calls starts anew. Terms and callers stay."""
        with self._lock:
            self._scripts.clear()
            self._rates.clear()
            self._buckets.clear()
            self.calls.clear()
        self.latency = 0.0
        self._lag = None
        self.trail.reset()

    def count(self, operation: str = "*") -> int:
        """How many calls of the operation arrived."""
        return sum(operation in ("*", one.operation) for one in list(self.calls))

    def reads(self, store: Store) -> Reads:
        """What Get and List look at."""
        return self._lag.view(store) if self._lag else store

    def appeared(self, scope: Scope, name: str) -> None:
        """The service itself made an identity; where reads lag, they do not see it yet."""
        if self._lag:
            self._lag.wrote(scope, IDENTITY, name, None)

    def around(
        self, operation: str, params: dict[str, Any], *, store: Store, scope: Scope, run: Callable[[], Result]
    ) -> Result:
        """`run()` and its result, with everything that was asked for around it. Raises Fault or Dropped instead."""
        seen = Seen(operation, _name_of(operation, params))
        self.calls.append(seen)
        if self.latency:
            self._sleep(self.latency)
        lag = self._lag
        if lag:
            lag.tick()
        self._throttled(scope, operation)
        self._act(seen, params, after=False)
        kind = _WRITES.get(operation)
        if lag is not None and kind is not None:
            before = store.get(scope, seen.name, kind)
            result = run()
            lag.wrote(scope, kind, seen.name, before)
        else:
            result = run()
        self._act(seen, params, after=True)
        return result

    def _add(self, script: _Script) -> None:
        with self._lock:
            self._scripts.append(script)

    def _throttled(self, scope: Scope, operation: str) -> None:
        with self._lock:
            rate = self._rates.get(operation, self._rates.get("*"))
            if rate is None:
                return
            now = self._clock()
            bucket = self._buckets.setdefault((scope, operation), _Bucket(*rate, tokens=rate[1], filled=now))
            if not bucket.take(now):
                raise Fault("ThrottlingException", _MESSAGES["ThrottlingException"])

    def _act(self, seen: Seen, params: dict[str, Any], *, after: bool) -> None:
        """Hooks run all, in the order given; the first fault or drop ends the call."""
        for script in self._taken(seen, after=after):
            script.act(params)

    def _taken(self, seen: Seen, *, after: bool) -> list[_Script]:
        taken = []
        with self._lock:
            for script in self._scripts:
                if not script.fits(seen, after=after):
                    continue
                if script.times is not None:
                    script.times -= 1
                taken.append(script)
                if script.ends:
                    break
            self._scripts = [one for one in self._scripts if one.times != 0]
        return taken


def _name_of(operation: str, params: dict[str, Any]) -> str:
    for member in _NAMING:
        if isinstance(params.get(member), str):
            return str(params[member])
    if operation in vault.OPERATIONS:
        return Vault().name
    return name_in(str(params.get("resourceArn", "")))


def strict_misbehaviour() -> Misbehaviour:
    """Every inconvenience that the facts call seen or undocumented, at once.

    A deleted name "already exists" for two seconds. Reads lag a third of a second behind. Update with an empty list
    answers success and keeps the old list. Identities outlive their Runtime, Gateway or PaymentManager by two seconds.
    Create on a name that exists answers ValidationException (as it always does unless the terms say otherwise). An OAuth2
    provider is CREATING or UPDATING for half a second. ARNs of providers are of the service `acps`. lastUpdatedTime moves with
    the tags. Events show in the trail two seconds late.
    """
    misbehaviour = Misbehaviour(terms=STRICT)
    misbehaviour.trail.delay = 2.0
    misbehaviour.lag(seconds=0.3)
    return misbehaviour
