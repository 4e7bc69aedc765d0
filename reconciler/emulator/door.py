"""What the doors have in common: an HTTP request in, an HTTP answer out; between them rules, misbehaviour and the trail."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from botocore.loaders import create_loader
from botocore.model import ServiceModel, Shape

from reconciler.emulator import data_plane, lookup, rules
from reconciler.emulator.arns import name_in
from reconciler.emulator.callers import Sender
from reconciler.emulator.events import Entry
from reconciler.emulator.faults import Fault
from reconciler.emulator.misbehaviour import Misbehaviour
from reconciler.emulator.parents import KINDS
from reconciler.emulator.store import Store
from reconciler.emulator.things import Scope
from reconciler.emulator.wire import Answer, Request, Wire

CONTROL_PLANE = "bedrock-agentcore-control"
DATA_PLANE = "bedrock-agentcore"
TRAIL = "cloudtrail"
SERVICES = (CONTROL_PLANE, DATA_PLANE, TRAIL)
_CREATE_PARENT = frozenset(kind.create for kind in KINDS)
_UNRECORDED = frozenset({*data_plane.OPERATIONS, *lookup.OPERATIONS})

Result = TypeVar("Result")


@functools.cache
def service_model(service: str) -> ServiceModel:
    """The model of a service, as botocore ships it."""
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)


class Door:
    """Serves one store, in any account and region. `models` of the services that it plays: without them, all of them."""

    def __init__(
        self, store: Store, misbehaviour: Misbehaviour | None = None, *, models: Iterable[ServiceModel] | None = None
    ) -> None:
        self.store = store
        self.misbehaviour = misbehaviour or Misbehaviour()
        self.wire = Wire(models or map(service_model, SERVICES), rules.OPERATIONS)

    def answer(
        self,
        scope: Scope,
        method: str,
        url: str,
        body: bytes | str | None,
        *,
        target: str = "",
        sender: Sender | None = None,
    ) -> Answer:
        """The answer to a request; of an operation that the emulator does not know, too. Raises Dropped.

        `target`: the header X-Amz-Target, which names the operation in some protocols.
        """
        try:
            request = self.wire.parse(method, url, body, target)
            if request is None:
                raise Fault(
                    "UnknownOperationException", f"The emulated directory does not know {target or f'{method} {url}'}"
                )
            return self.wire.answer(request.operation, self.perform(scope, request, sender or Sender()))
        except Fault as fault:
            return self.wire.fault(fault)
        except sqlite3.Error as error:
            place = self.store.path or "memory"
            return self.wire.fault(Fault("InternalServerException", f"The emulator's store in {place} failed: {error}"))

    def perform(self, scope: Scope, request: Request, sender: Sender) -> dict[str, Any]:
        """The members of the answer as JSON has them, misbehaviour included. Raises Fault or Dropped."""
        shape = self.wire.input_shape(request.operation)
        return self.recorded(
            self.entry(scope, request, sender),
            shape,
            run=lambda: self._handle(scope, request, shape),
            outcome=lambda it: it,
        )

    def entry(self, scope: Scope, request: Request, sender: Sender) -> Entry:
        """The event that the call leaves in the trail; one that is written already where it leaves none."""
        recording = self.misbehaviour.trail
        entry = Entry(self.store, recording, scope, sender, request)
        entry.written = request.operation in _UNRECORDED or not recording.keeps(request.operation)
        return entry

    def recorded(
        self,
        entry: Entry,
        shape: Shape | None,
        *,
        run: Callable[[], Result],
        outcome: Callable[[Result], Mapping[str, Any] | Fault],
    ) -> Result:
        """`run()` and its result with misbehaviour around, and its event in the trail: in one transaction with what it changed.

        `outcome` tells the members of the answer, or the refusal, from the result. Raises Fault or Dropped.
        """

        def in_one() -> Result:
            if entry.written:
                return run()
            with self.store.transaction():
                try:
                    result = run()
                except Fault as fault:
                    # Raised outside the transaction, where a refusal is kept.
                    refusal = fault
                else:
                    entry.write(shape, outcome(result))
                    return result
                entry.write(shape, refusal)
            raise refusal

        try:
            return self.misbehaviour.around(
                entry.operation, entry.params, store=self.store, scope=entry.scope, run=in_one
            )
        except Fault as fault:
            entry.write(shape, fault)
            raise

    def _handle(self, scope: Scope, request: Request, shape: Shape | None) -> dict[str, Any]:
        members = rules.handle(
            request.operation,
            request.params,
            shape=shape,
            store=self.store,
            scope=scope,
            terms=self.misbehaviour.terms,
            reads=self.misbehaviour.reads(self.store),
        )
        if request.operation in _CREATE_PARENT:
            self.misbehaviour.appeared(scope, name_in(members["workloadIdentityDetails"]["workloadIdentityArn"]))
        return self.wire.encoded(request.operation, members)
