"""What the service does with the token vault: its key shown and chosen. There is one, named default, and it is always there."""

from __future__ import annotations

from typing import Any

from reconciler.emulator.calls import Call, Operation
from reconciler.emulator.faults import Fault
from reconciler.emulator.things import TOKEN_VAULT, Vault


def get(call: Call) -> dict[str, Any]:
    """GetTokenVault."""
    name = _name(call)
    return _described(call.reads.get(call.scope, name, TOKEN_VAULT) or Vault())


def set_key(call: Call) -> dict[str, Any]:
    """SetTokenVaultCMK. The model has a ConcurrentModificationException, which comes by misbehaviour only."""
    name, kms = _name(call), call.params["kmsConfiguration"]
    key = kms.get("kmsKeyArn") or ""
    if kms["keyType"] == "CustomerManagedKey" and not key:
        raise Fault("ValidationException", "kmsKeyArn is required for a CustomerManagedKey")
    if kms["keyType"] == "ServiceManagedKey" and key:
        raise Fault("ValidationException", "kmsKeyArn cannot be given for a ServiceManagedKey")
    vault = Vault(name=name, key_type=kms["keyType"], kms_key_arn=key, updated=call.store.clock())
    call.store.put(call.scope, vault)
    return _described(vault)


def _name(call: Call) -> str:
    name: str = call.params.get("tokenVaultId") or Vault().name
    if name != Vault().name:
        raise Fault("ResourceNotFoundException", f"{TOKEN_VAULT.noun} with id '{name}' does not exist")
    return name


def _described(vault: Vault) -> dict[str, Any]:
    return {
        "tokenVaultId": vault.name,
        "kmsConfiguration": {"keyType": vault.key_type, "kmsKeyArn": vault.kms_key_arn or None},
        "lastModifiedDate": vault.updated,
    }


OPERATIONS: dict[str, Operation] = {"GetTokenVault": get, "SetTokenVaultCMK": set_key}
