"""The service's rules in one call: an operation's name and parameters in, the members of its answer out."""

from __future__ import annotations

from typing import Any

from botocore.model import Shape

from reconciler.emulator import data_plane, identities, lookup, parents, providers, tags, vault
from reconciler.emulator.calls import Call, Operation, Reads
from reconciler.emulator.faults import Fault
from reconciler.emulator.store import Store
from reconciler.emulator.terms import Terms
from reconciler.emulator.things import Scope
from reconciler.emulator.validation import validate

OPERATIONS: dict[str, Operation] = {
    **identities.OPERATIONS,
    **parents.OPERATIONS,
    **providers.OPERATIONS,
    **vault.OPERATIONS,
    **tags.OPERATIONS,
    **data_plane.OPERATIONS,
    **lookup.OPERATIONS,
}
"""Every operation that the emulator knows, of the control plane, the data plane and CloudTrail."""


def handle(
    operation: str,
    params: dict[str, Any],
    *,
    shape: Shape | None,
    store: Store,
    scope: Scope,
    terms: Terms | None = None,
    reads: Reads | None = None,
) -> dict[str, Any]:
    """The members of the answer; times are seconds since 1970, None stands for "not there". Raises Fault.

    `shape` is that of the parameters in the service model. `reads` is what Get and List look at where that is not the store
    as it is now.
    """
    rule = OPERATIONS.get(operation)
    if rule is None:
        raise Fault("UnknownOperationException", f"The emulated directory does not know {operation}")
    if operation not in lookup.OPERATIONS:
        validate(shape, params)
    return rule(Call(store=store, scope=scope, params=params, terms=terms or Terms(), reads=reads or store))
