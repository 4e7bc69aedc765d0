"""One writer at a time where there is no OS lock: an object in S3 that says who holds the state, renewed while he lives.

Made on the condition that nobody holds it, taken over on the condition that it is still the one that ran out. How old it is
tells S3's own clock; how long it still holds, the holder's, which counts from before the request that renewed it was sent.
"""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from reconciler.aws.objects import Objects, Stored
from reconciler.errors import LeaseLost, ObjectChanged, StateError, StateLocked
from reconciler.model.values import canonical_json
from reconciler.state.holder import Holder, holder_from, myself, not_held

_BRIEFLY = 2.0  # seconds that the end of a run waits for a renewal under way
_BLINK = 0.05  # seconds, between one that went and the next try


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long a lease holds without being renewed, and how often it is renewed, in seconds.

    `grace`: what others wait beyond it before they take over. S3 tells times in whole seconds, so it is 1 at least.
    """

    seconds: float = 60.0
    every: float = 15.0
    grace: float = 10.0

    @property
    def margin(self) -> float:
        """How much of it must be left for a call to be sent: with the grace, longer than any call waits for its answer."""
        return self.seconds / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The lease as it stands: its holder, and for how many more seconds at most (not positive: it has run out)."""

    holder: Holder
    left: float
    etag: str


@contextlib.contextmanager
def leased(
    objects: Objects, key: str, *, lockfile: str, command: str, timeout: float, term: Term
) -> Iterator[tuple[Lease, Holder | None]]:
    """Hold the lease at `key` while inside; with the dead holder whose place was taken, or None.

    Waits up to `timeout` seconds for another holder, then raises StateLocked that names it and `lockfile`.
    """
    holder = myself(command)
    lease, dead = _acquire(objects, key, holder, lockfile=lockfile, timeout=timeout, term=term)
    try:
        yield lease, dead
    finally:
        lease.release()


def read_lease(objects: Objects, key: str) -> Record | None:
    """The lease that stands at `key`, run out or not; None if there is none."""
    stored = objects.get(key)
    return None if stored is None else _record(stored, objects.url(key))


def break_lease(objects: Objects, key: str, holder_id: str, *, lockfile: str) -> Holder:
    """End the lease of the holder with that id; that holder.

    Its process, should it still live, starts nothing more once it tries to renew. Raises StateError where another one holds
    it, or nobody.
    """
    while True:
        record = read_lease(objects, key)
        if record is None or record.holder.id != holder_id:
            raise not_held(lockfile, record.holder if record else None, holder_id)
        with contextlib.suppress(ObjectChanged):  # it was renewed at this very moment: so it lives, and is told to stop
            objects.remove(key, only=record.etag)
            return record.holder


class Lease:
    """A lease that is held, and renewed by a thread of its own until it is released."""

    def __init__(self, objects: Objects, key: str, holder: Holder, term: Term, etag: str, *, sent: float) -> None:
        self.holder = holder
        self._objects, self._key, self._term = objects, key, term
        self._etag = etag
        self._until = sent + term.seconds
        self._trouble = ""
        self._lost = False
        self._renewals = 0
        self._released = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._renewing.start()

    def check(self) -> None:
        """Raise LeaseLost unless this is still the only writer, with time enough left for a call."""
        if self._lost:
            raise LeaseLost(
                f"{self._objects.url(self._key)} was taken over by another run: {self._trouble}",
                "Nothing more was started here. What was under way is in the journal, or was settled by that run.",
            )
        if uptime() > self._until - self._term.margin:
            raise LeaseLost(
                f"{self._objects.url(self._key)} could not be renewed in time"
                + (f": {self._trouble}" * bool(self._trouble)),
                "Another run may have taken over, so nothing more was started here. The journal says what was under way; "
                "the next run settles it.",
            )

    def release(self) -> None:
        """Let others in at once. Where that cannot be said, the lease runs out by itself."""
        self._released.set()
        self._renewing.join(timeout=_BRIEFLY)
        if not self._lost:
            with contextlib.suppress(StateError):
                self._objects.remove(self._key, only=self._etag)

    def _renew(self) -> None:
        pause = self._term.every
        while not self._released.wait(pause):
            sent = uptime()
            self._renewals += 1
            try:
                body = _body(self.holder, self._term, self._renewals)
                self._etag = self._objects.put(self._key, body, replacing=self._etag)
            except ObjectChanged:
                self._lost, self._trouble = True, self._other()
                return
            except StateError as error:
                self._trouble = error.summary
                pause = min(pause, self._term.seconds / 10)
                continue
            self._until, self._trouble, pause = sent + self._term.seconds, "", self._term.every

    def _other(self) -> str:
        try:
            record = read_lease(self._objects, self._key)
        except StateError as error:
            return error.summary
        return str(record.holder) if record else "its lease ended, or was unlocked by hand"


def _acquire(
    objects: Objects, key: str, holder: Holder, *, lockfile: str, timeout: float, term: Term
) -> tuple[Lease, Holder | None]:
    give_up = time.monotonic() + timeout
    body = _body(holder, term, 0)
    while True:
        record = read_lease(objects, key)
        if record is None or record.left <= -term.grace:
            sent = uptime()
            with contextlib.suppress(ObjectChanged):  # somebody else was faster: look who
                etag = objects.put(key, body, replacing=record.etag if record else None)
                return Lease(objects, key, holder, term, etag, sent=sent), record.holder if record else None
            record = read_lease(objects, key)
            if record is None:
                time.sleep(_BLINK)
                continue
        left = give_up - time.monotonic()
        if left <= 0:
            raise _locked(lockfile, record, timeout, term)
        time.sleep(min(left, 1.0, term.seconds / 10))


def _body(holder: Holder, term: Term, renewals: int) -> bytes:
    return canonical_json({**asdict(holder), "seconds": term.seconds, "renewals": renewals}, indent=2).encode() + b"\n"


def _record(stored: Stored, url: str) -> Record:
    try:
        raw = json.loads(stored.body)
        holder, seconds = holder_from(raw), float(raw["seconds"])
        if not math.isfinite(seconds):
            raise ValueError("not what a lease says")
        return Record(holder=holder, left=seconds - stored.age, etag=stored.etag)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise StateError(
            f"{url} is not a lease of reconciler",
            "Nobody can tell whether a run is at work. Make sure that none is, remove the object, and run this again.",
        ) from error


def _locked(lockfile: str, record: Record, timeout: float, term: Term) -> StateLocked:
    waited = f"Waited {timeout:g} s. " if timeout else ""
    ends = max(0, round(record.left + term.grace))
    return StateLocked(
        f"{lockfile} is locked by {record.holder}",
        f"{waited}Wait until it is done and run this again, with --lock-timeout SECONDS to wait longer. If that run is gone "
        f"(a cancelled job), its lease runs out in {ends} s and the next run takes over; "
        f"at once with: reconciler lock unlock {record.holder.id}",
    )


def uptime() -> float:
    """Seconds that passed, those included in which the machine slept; only differences mean anything."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
