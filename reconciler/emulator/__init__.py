"""The emulated directory: the service's rules over SQLite, behind three doors (in process, moto, HTTP).

Here stands what the embedded directory needs; `moto_extension` and `server` are imported by who wants them, since they need
moto (the `emulator` extra).
"""

from reconciler.emulator.attach import ACCOUNT, attach
from reconciler.emulator.callers import ROOT, Caller, aws_service, iam_user, role, sso_user
from reconciler.emulator.misbehaviour import Misbehaviour
from reconciler.emulator.store import Store
from reconciler.emulator.terms import Terms
from reconciler.emulator.things import (
    API_KEY_PROVIDER,
    IDENTITY,
    KINDS,
    OAUTH2_PROVIDER,
    TOKEN_VAULT,
    Identity,
    Provider,
    Scope,
    Vault,
)

__all__ = [
    "ACCOUNT",
    "API_KEY_PROVIDER",
    "IDENTITY",
    "KINDS",
    "OAUTH2_PROVIDER",
    "ROOT",
    "TOKEN_VAULT",
    "Caller",
    "Identity",
    "Misbehaviour",
    "Provider",
    "Scope",
    "Store",
    "Terms",
    "Vault",
    "attach",
    "aws_service",
    "iam_user",
    "role",
    "sso_user",
]
