"""The kinds of thing a directory holds, all of them. Everything else in the package is generic over a `Kind`.

A kind is described once: see `kind` for the words, `identity`, `providers` and `vault` for the descriptions.
"""

from __future__ import annotations

from reconciler.model.identity import WORKLOAD_IDENTITY
from reconciler.model.kind import NO_SECRETS, Api, Attribute, Kind, Secrets, Shape, Text, plain
from reconciler.model.providers import API_KEY_PROVIDER, OAUTH2_PROVIDER
from reconciler.model.vault import TOKEN_VAULT

__all__ = [
    "API_KEY_PROVIDER",
    "KINDS",
    "NO_SECRETS",
    "OAUTH2_PROVIDER",
    "TOKEN_VAULT",
    "WORKLOAD_IDENTITY",
    "Api",
    "Attribute",
    "Kind",
    "Secrets",
    "Shape",
    "Text",
    "kind_of",
    "plain",
]

KINDS: tuple[Kind, ...] = (WORKLOAD_IDENTITY, OAUTH2_PROVIDER, API_KEY_PROVIDER, TOKEN_VAULT)

_BY_TYPE = {kind.type: kind for kind in KINDS}


def kind_of(type_: str) -> Kind:
    """The kind whose addresses begin with `type_`; KeyError for a word that names none."""
    return _BY_TYPE[type_]
