"""A stack of three identities and four providers, and its grants, made by hand."""

from __future__ import annotations

from typing import Any

from reconciler.access import Granted, Grants, Inbound, Provider, Reach
from reconciler.model.addresses import Address
from reconciler.model.environments import Target

TARGET = Target(stack="payments", environment="prod", account="222222222222", region="us-east-1")
PLACE = "arn:aws:bedrock-agentcore:us-east-1:222222222222"
DIRECTORY, VAULT = f"{PLACE}:workload-identity-directory/default", f"{PLACE}:token-vault/default"


def provider(key: str, type_: str = "oauth2_credential_provider", **fields: Any) -> Provider:
    sort = type_.replace("_", "").replace("credentialprovider", "")
    arn = f"{VAULT}/{sort}credentialprovider/{key}"
    return Provider(**{"address": Address(type_, key), "name": key, "arn": arn, **fields})


def api_key(key: str) -> Provider:
    return provider(key, "api_key_credential_provider")


def reach(key: str, *granted: Provider, inbound: Inbound = Inbound.IAM, **fields: Any) -> Reach:
    return Reach(
        identity=Address("workload_identity", key),
        name=key,
        arn=f"{DIRECTORY}/workload-identity/{key}",
        inbound=inbound,
        grants=tuple(Granted(provider=one, scopes=("repo",), flows=("M2M",)) for one in granted),
        **fields,
    )


GITHUB, SLACK, STRIPE, OTHER = provider("github"), provider("slack"), api_key("stripe"), api_key("adyen")
INVOICE = reach("invoice-agent", GITHUB, STRIPE, inbound=Inbound.JWT)
LEDGER = reach("ledger-agent", SLACK)
IDLE = reach("idle-agent")
GRANTS = Grants(target=TARGET, reaches=(IDLE, INVOICE, LEDGER), providers=(OTHER, STRIPE, GITHUB, SLACK))
