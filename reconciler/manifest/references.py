"""What an entry refers to: where a secret is, and which credential providers are granted; their forms, and their mistakes.

A secret itself never stands in a manifest, and nothing that stands where one is spoken of is ever repeated.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.diagnostics import Diagnostic
from reconciler.manifest.entries import Entry
from reconciler.model.addresses import Address
from reconciler.model.identity import ACCESS
from reconciler.model.kinds import API_KEY_PROVIDER, OAUTH2_PROVIDER, Shape
from reconciler.model.secrets import EXTERNAL, MANAGED, SecretSource, is_reserved

_FORMS = ("secretId", "fromEnv", "fromSecretsManager")


def reference_mistakes(entry: Entry) -> Iterator[Diagnostic]:
    """What is wrong with the form of references, whatever the environment."""
    for one in entry.kind.attributes:
        raw = entry.raw.get(one.name)
        if one.shape is Shape.REFERENCE and isinstance(raw, dict):
            yield from _secret_mistakes(entry, one.name, raw)
        elif one is ACCESS and isinstance(raw, list):
            yield from _grant_mistakes(entry, raw)


def secret_of(raw: Mapping[str, Any]) -> tuple[dict[str, Any], SecretSource | None]:
    """The canonical value of a reference, variables in place, and where apply reads a MANAGED secret.

    Of one that has mistakes, whatever can be made of it: nothing is planned then.
    """
    if raw.get("secretId") is not None:
        return {"source": EXTERNAL, "secretId": raw["secretId"], "jsonKey": raw.get("jsonKey", "")}, None
    given = raw.get("fromSecretsManager")
    source = (
        SecretSource(secret_id=given["secretId"], json_key=given.get("jsonKey", ""))
        if given
        else SecretSource(env=raw.get("fromEnv", ""))
    )
    return {"source": MANAGED, "version": raw.get("version", 0)}, source


def access_of(grants: list[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The canonical value of grants: by the provider's address, what is asked of it. Those of no provider are left out."""
    found: dict[str, dict[str, Any]] = {}
    for one in grants:
        provider = provider_of(one)
        if provider is None:
            continue
        terms: dict[str, Any] = {name: tuple(sorted(set(one[name]))) for name in ("flows", "scopes") if one.get(name)}
        if one.get("external"):
            terms["external"] = True
        found[str(provider)] = dict(sorted(terms.items()))
    return dict(sorted(found.items()))


def provider_of(grant: Mapping[str, Any] | None) -> Address | None:
    """The address of what is granted; None for a grant that names no provider, or two."""
    if not grant:
        return None
    oauth2, api_key = grant.get("oauth2"), grant.get("apiKey")
    if (oauth2 is None) == (api_key is None):
        return None
    return _provider(OAUTH2_PROVIDER.type, oauth2) if oauth2 is not None else _provider(API_KEY_PROVIDER.type, api_key)


@functools.lru_cache(maxsize=1024)  # many grants, few providers
def _provider(type_: str, key: str) -> Address:
    return Address(type_, key)


def _secret_mistakes(entry: Entry, name: str, raw: Mapping[str, Any]) -> Iterator[Diagnostic]:
    forms = [one for one in _FORMS if raw.get(one) is not None]
    if len(forms) != 1:
        said = f"names {' and '.join(forms)} at once" if forms else "does not say where the secret is"
        detail = (
            "One of: {secretId: …, jsonKey: …}, a secret of yours that the service reads; {fromEnv: VARIABLE, version: 1}; "
            "{fromSecretsManager: {secretId: …}, version: 1}."
        )
        yield entry.error("secret-form", f"{name} {said}", detail, name)
        return
    if is_reserved(str(raw.get("fromEnv", ""))):
        detail = (
            "Variables of AWS, reconciler and pipelines hold your own credentials. Choose another name, as STRIPE_KEY."
        )
        yield entry.error("reserved-variable", f"{name} cannot be read from that variable", detail, name, "fromEnv")
    needed, useless = ("jsonKey", "version") if forms == ["secretId"] else ("version", "jsonKey")
    if raw.get(needed) is None:
        why = (
            "It names the key of the secret's JSON under which the value stands."
            if needed == "jsonKey"
            else "The value cannot be read back, so its number says when to send it again. Begin with 1."
        )
        yield entry.error("missing-key", f"{name} needs {needed} beside {forms[0]}", why, name)
    if raw.get(useless) is not None:
        detail = f"Beside {forms[0]}, {useless} means nothing. Take it away."
        yield entry.error("secret-form", f"{name} has {useless} beside {forms[0]}", detail, name, useless, key=True)


def _grant_mistakes(entry: Entry, raw: list[Any]) -> Iterator[Diagnostic]:
    first: dict[Address, int] = {}
    for index, one in enumerate(raw):
        if not isinstance(one, dict):
            continue
        provider = provider_of(one)
        if provider is None:
            said = "names both oauth2 and apiKey" if "oauth2" in one and "apiKey" in one else "names no provider"
            detail = "One grant is of one provider: {oauth2: KEY, flows: […]}, or {apiKey: KEY}."
            yield entry.error("grant-form", f"{ACCESS.name}[{index}] {said}", detail, ACCESS.name, index)
            continue
        if provider.type == API_KEY_PROVIDER.type:
            for useless in ("scopes", "flows"):
                if one.get(useless) is not None:
                    detail = "An API key has none. Take it away."
                    path = (ACCESS.name, index, useless)
                    yield entry.error("grant-form", f"{provider} is granted with {useless}", detail, *path, key=True)
        if (earlier := first.setdefault(provider, index)) != index:
            detail = f"It stands at {entry.source(ACCESS.name, earlier)} already. Put both into one grant."
            yield entry.error("duplicate-grant", f"{provider} is granted a second time", detail, ACCESS.name, index)
