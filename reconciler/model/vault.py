"""The token vault `default`, described: which key seals what is in it. It stands always; nobody makes or deletes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.kind import Api, Attribute, Kind, Secrets, Shape, Text

KEY_TYPE = Attribute(name="keyType", shape=Shape.SCALAR)
KEY_ARN = Attribute(
    name="kmsKeyArn",
    shape=Shape.SCALAR,
    text=Text(
        minimum=1, maximum=2048, pattern=r"arn:aws(|-cn|-us-gov):kms:[a-zA-Z0-9-]*:[0-9]{12}:key/[a-zA-Z0-9-]{36}"
    ),
)


def _request(attributes: Mapping[str, Any], _: Secrets) -> dict[str, Any]:
    return {"kmsConfiguration": {name: value for name, value in attributes.items() if value is not None}}


def _answer(found: Mapping[str, Any]) -> dict[str, Any]:
    return dict(found["kmsConfiguration"])


TOKEN_VAULT = Kind(
    type="token_vault",
    section="tokenVault",
    singular="token vault",
    plural="token vaults",
    name=Text(minimum=1, maximum=64, pattern=r"[a-zA-Z0-9\-_]+"),
    attributes=(KEY_TYPE, KEY_ARN),
    api=Api(
        get="GetTokenVault",
        update="SetTokenVaultCMK",
        name="tokenVaultId",
        resource="token-vault/{name}",
        rate=5.0,  # not documented; one call or two in a run
    ),
    rank=0,
    most=1,
    singleton="default",
    request=_request,
    answer=_answer,
)
