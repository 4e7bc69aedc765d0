"""Where the secret of a credential provider is kept: what a request may say of it, and what the answers show.

The value of a secret is looked at to know whether there is one, and then forgotten.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.emulator.faults import Fault
from reconciler.emulator.terms import Terms
from reconciler.emulator.things import Provider, Scope

_COMPLETE = re.compile(r".+-[A-Za-z0-9]{6}")


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the API spells the secret of one kind of provider. `folder`: of the secrets that the service keeps itself."""

    value: str
    prefix: str
    folder: str

    @property
    def members(self) -> frozenset[str]:
        """The three members of a request."""
        return frozenset({self.value, f"{self.prefix}Config", f"{self.prefix}Source"})


CLIENT_SECRET = Spelling("clientSecret", "clientSecret", "oauth2")
API_KEY = Spelling("apiKey", "apiKeySecret", "apikey")


def given(spelling: Spelling, members: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of a Provider that follow from the request, None where it says nothing of a secret.

    Raises ValidationException for a combination that the model's documentation excludes.
    """
    value, reference = members.get(spelling.value), members.get(f"{spelling.prefix}Config")
    if members.get(f"{spelling.prefix}Source") == "EXTERNAL":
        if value:
            raise Fault("ValidationException", f"{spelling.value} cannot be given for a secret that is EXTERNAL")
        if not reference:
            raise Fault("ValidationException", f"{spelling.prefix}Config is required for a secret that is EXTERNAL")
        return {
            "source": "EXTERNAL",
            "secret_id": reference["secretId"],
            "json_key": reference["jsonKey"],
            "lost": False,
        }
    if reference:
        raise Fault(
            "ValidationException", f"{spelling.prefix}Config can be given only with {spelling.prefix}Source EXTERNAL"
        )
    return {"source": "MANAGED", "secret_id": "", "json_key": "", "lost": False} if value else None


def created(spelling: Spelling, members: Mapping[str, Any], *, needed: bool) -> dict[str, Any]:
    """The fields of a new Provider. Raises ValidationException where a secret is needed and none given."""
    return given(spelling, members) or _without(spelling, needed=needed)


def updated(
    spelling: Spelling, members: Mapping[str, Any], provider: Provider, terms: Terms, *, needed: bool
) -> dict[str, Any]:
    """The fields of a Provider that is updated: without a secret in the request, a managed one stays as the terms say."""
    changes = given(spelling, members)
    if changes is not None:
        return changes
    if provider.source == "MANAGED":
        return {"lost": provider.lost or terms.forgets_secret}
    return _without(spelling, needed=needed)


def described(spelling: Spelling, scope: Scope, provider: Provider) -> dict[str, Any]:
    """The members of an answer. The model wants an ARN of every provider, also of one without a secret."""
    return {
        f"{spelling.prefix}Arn": {"secretArn": _arn(spelling, scope, provider)},
        f"{spelling.prefix}JsonKey": provider.json_key or None,
        f"{spelling.prefix}Source": provider.source or None,
    }


def _without(spelling: Spelling, *, needed: bool) -> dict[str, Any]:
    if needed:
        raise Fault("ValidationException", f"{spelling.value} is required for a secret that is MANAGED")
    return {"source": "", "secret_id": "", "json_key": "", "lost": False}


def _arn(spelling: Spelling, scope: Scope, provider: Provider) -> str:
    """As Secrets Manager writes it: a name gets six characters; a partial ARN too, unless its end looks like them already."""
    if provider.source != "EXTERNAL":
        name = f"bedrock-agentcore-identity!default/{spelling.folder}/{provider.name}"
        return scope.arn(f"secret:{name}-{_six(scope, name, provider.created)}", "secretsmanager")
    if not provider.secret_id.startswith("arn:"):
        return scope.arn(f"secret:{provider.secret_id}-{_six(scope, provider.secret_id)}", "secretsmanager")
    if _COMPLETE.fullmatch(provider.secret_id):
        return provider.secret_id
    return f"{provider.secret_id}-{_six(scope, provider.secret_id.rpartition(':secret:')[2])}"


def _six(scope: Scope, name: str, made: float = 0.0) -> str:
    digest = hashlib.sha256("/".join((*scope, name, repr(made))).encode()).digest()
    return base64.b32encode(digest).decode()[:6]
