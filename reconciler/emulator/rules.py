"""The service's rules in one call: an operation's name and parameters in, the members of its answer out."""

from __future__ import annotations

from typing import Any

from botocore.model import ServiceModel

from reconciler.emulator import identities, parents
from reconciler.emulator.faults import Fault
from reconciler.emulator.identities import Call, Operation, Reads
from reconciler.emulator.store import Scope, Store
from reconciler.emulator.terms import Terms
from reconciler.emulator.validation import validate

OPERATIONS: dict[str, Operation] = {**identities.OPERATIONS, **parents.OPERATIONS}
"""Every operation that the emulator knows."""


def handle(
    operation: str,
    params: dict[str, Any],
    *,
    model: ServiceModel,
    store: Store,
    scope: Scope,
    terms: Terms | None = None,
    reads: Reads | None = None,
) -> dict[str, Any]:
    """The members of the answer; times are seconds since 1970, None stands for "not there". Raises Fault.

    `reads` is what Get and List of identities look at where that is not the store as it is now.
    """
    rule = OPERATIONS.get(operation)
    if rule is None:
        raise Fault("UnknownOperationException", f"The emulated directory does not know {operation}")
    validate(model.operation_model(operation).input_shape, params)
    return rule(Call(store=store, scope=scope, params=params, terms=terms or Terms(), reads=reads or store))
