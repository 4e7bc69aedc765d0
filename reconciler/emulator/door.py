"""What the doors have in common: an HTTP request in, an HTTP answer out, with the rules and the misbehaviour between."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable
from typing import Any

from botocore.loaders import create_loader
from botocore.model import ServiceModel

from reconciler.emulator import rules
from reconciler.emulator.arns import name_in
from reconciler.emulator.faults import Fault
from reconciler.emulator.misbehaviour import Misbehaviour
from reconciler.emulator.parents import KINDS
from reconciler.emulator.store import Store
from reconciler.emulator.things import Scope
from reconciler.emulator.wire import Answer, Request, Wire

CONTROL_PLANE = "bedrock-agentcore-control"
DATA_PLANE = "bedrock-agentcore"
SERVICES = (CONTROL_PLANE, DATA_PLANE)
_CREATE_PARENT = frozenset(kind.create for kind in KINDS)


@functools.cache
def service_model(service: str) -> ServiceModel:
    """The model of a service, as botocore ships it."""
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)


class Door:
    """Serves one store, in any account and region. `models` of the services that it plays: without them, both."""

    def __init__(
        self, store: Store, misbehaviour: Misbehaviour | None = None, *, models: Iterable[ServiceModel] | None = None
    ) -> None:
        self.store = store
        self.misbehaviour = misbehaviour or Misbehaviour()
        self.wire = Wire(models or map(service_model, SERVICES), rules.OPERATIONS)

    def answer(self, scope: Scope, method: str, url: str, body: bytes | str | None) -> Answer:
        """The answer to a request; of an operation that the emulator does not know, too. Raises Dropped."""
        try:
            request = self.wire.parse(method, url, body)
            if request is None:
                raise Fault("UnknownOperationException", f"The emulated directory does not know {method} {url}")
            return self.wire.answer(request.operation, self.perform(scope, request))
        except Fault as fault:
            return self.wire.fault(fault)
        except sqlite3.Error as error:
            place = self.store.path or "memory"
            return self.wire.fault(Fault("InternalServerException", f"The emulator's store in {place} failed: {error}"))

    def perform(self, scope: Scope, request: Request) -> dict[str, Any]:
        """The members of the answer, misbehaviour included. Raises Fault or Dropped."""
        return self.misbehaviour.around(
            request.operation,
            request.params,
            store=self.store,
            scope=scope,
            run=lambda: self._handle(scope, request),
        )

    def _handle(self, scope: Scope, request: Request) -> dict[str, Any]:
        members = rules.handle(
            request.operation,
            request.params,
            shape=self.wire.input_shape(request.operation),
            store=self.store,
            scope=scope,
            terms=self.misbehaviour.terms,
            reads=self.misbehaviour.reads(self.store),
        )
        if request.operation in _CREATE_PARENT:
            self.misbehaviour.appeared(scope, name_in(members["workloadIdentityDetails"]["workloadIdentityArn"]))
        return members
