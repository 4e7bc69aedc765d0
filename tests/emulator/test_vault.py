"""What the service does with the token vault, the same behind every door."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from reconciler.emulator import Vault

KEY = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
CUSTOMER = {"keyType": "CustomerManagedKey", "kmsKeyArn": KEY}
SERVICE = {"keyType": "ServiceManagedKey"}


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as failure:
        call(**params)
    return failure.value.response["Error"]["Code"], failure.value.response["Error"]["Message"]


def test_a_vault_begins_with_the_services_own_key(door: Any) -> None:
    shown = door.client.get_token_vault()
    assert (shown["tokenVaultId"], shown["kmsConfiguration"]) == ("default", SERVICE)
    assert shown["lastModifiedDate"]


def test_the_key_is_chosen_and_given_back(door: Any) -> None:
    for kms in (CUSTOMER, SERVICE):
        door.clock.sleep(60)
        answer = door.client.set_token_vault_cmk(tokenVaultId="default", kmsConfiguration=kms)
        shown = door.client.get_token_vault(tokenVaultId="default")
        assert shown["kmsConfiguration"] == answer["kmsConfiguration"] == kms
        assert shown["lastModifiedDate"].timestamp() == door.clock()


@pytest.mark.parametrize(
    ("kms", "why"),
    [
        ({"keyType": "CustomerManagedKey"}, "kmsKeyArn is required"),
        ({**SERVICE, "kmsKeyArn": KEY}, "kmsKeyArn cannot be given"),
        ({**CUSTOMER, "kmsKeyArn": "alias/mine"}, "'kmsConfiguration.kmsKeyArn' failed to satisfy"),
        ({"keyType": "Magic"}, "'kmsConfiguration.keyType' failed to satisfy"),
    ],
)
def test_a_key_has_to_fit_its_type(door: Any, kms: dict[str, str], why: str) -> None:
    code, message = refused(door.client.set_token_vault_cmk, kmsConfiguration=kms)
    assert (code, why in message) == ("ValidationException", True)
    assert door.store.vault(door.scope) == Vault()


def test_there_is_no_other_vault(door: Any) -> None:
    for call, params in (
        (door.client.get_token_vault, {}),
        (door.client.set_token_vault_cmk, {"kmsConfiguration": SERVICE}),
    ):
        assert refused(call, tokenVaultId="other", **params)[0] == "ResourceNotFoundException"


def test_a_vault_may_be_put_in_place_and_lag(door: Any) -> None:
    door.put_all(Vault(key_type="CustomerManagedKey", kms_key_arn=KEY, updated=7.0))
    assert door.client.get_token_vault()["kmsConfiguration"] == CUSTOMER
    door.misbehaviour.lag(seconds=10)
    door.client.set_token_vault_cmk(kmsConfiguration=SERVICE)
    assert door.client.get_token_vault()["kmsConfiguration"] == CUSTOMER
    door.clock.sleep(10)
    assert door.client.get_token_vault()["kmsConfiguration"] == SERVICE


def test_another_writer_may_be_answered_as_the_model_has_it(door: Any) -> None:
    door.misbehaviour.fail("SetTokenVaultCMK", "ConcurrentModificationException", name="default")
    with pytest.raises(ClientError) as failure:
        door.client.set_token_vault_cmk(kmsConfiguration=CUSTOMER)
    response = failure.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
        "ConcurrentModificationException",
        409,
    )
    assert door.store.vault(door.scope) == Vault()
