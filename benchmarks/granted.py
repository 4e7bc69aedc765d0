"""A stack of identities that are granted providers: 50 of them, five grants to an identity; as a manifest and its lockfile.

Run as a process of its own (`python -m benchmarks.granted FOLDER N`), for the reason that `benchmarks.fleet` gives.
"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

from benchmarks.fleet import ACCOUNT, ENVIRONMENT, REGION, STACK, arn, identity

PROVIDERS = 50
GRANTS = 5
"""To each identity."""

_VAULT = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:token-vault/default"


def manifest(count: int) -> str:
    """The stack, one block per resource, as a person would write it."""
    lines = [
        "version: 1",
        f"stack: {STACK}",
        "environments:",
        f'  {ENVIRONMENT}: {{account: "{ACCOUNT}", region: {REGION}}}',
        "oauth2CredentialProviders:",
    ]
    for number in range(PROVIDERS):
        lines += [
            f"  provider-{number:02}:",
            "    credentialProviderVendor: GithubOauth2",
            f"    config: {{clientId: Iv1.{number:08}}}",
            f"    clientSecret: {{secretId: prod/provider-{number:02}, jsonKey: clientSecret}}",
        ]
    lines.append("workloadIdentities:")
    for number in range(count):
        one = identity(number)
        lines += [f"  {one.name}:", "    allowedResourceOauth2ReturnUrls:", *(f"      - {url}" for url in one.urls)]
        lines += ["    tags:", *(f'      {key}: "{text}"' for key, text in one.tags.items())]
        lines += ["    inbound: jwt", "    access:"]
        lines += [f"      - {{oauth2: {key}, scopes: [read, write], flows: [M2M]}}" for key in granted(number)]
    return "\n".join(lines) + "\n"


def granted(number: int) -> tuple[str, ...]:
    """The providers of the identity of that number."""
    return tuple(f"provider-{(number * 7 + step * 11) % PROVIDERS:02}" for step in range(GRANTS))


def lockfile(count: int) -> str:
    """The lockfile that stands after it was applied."""
    from reconciler.model.addresses import Address
    from reconciler.model.kinds import OAUTH2_PROVIDER, WORKLOAD_IDENTITY
    from reconciler.model.resources import Known, Lock, Origin
    from reconciler.model.values import canonical
    from reconciler.state import dump_lock

    found = []
    for number in range(PROVIDERS):
        key = f"provider-{number:02}"
        secret = {"source": "EXTERNAL", "secretId": f"prod/{key}", "jsonKey": "clientSecret"}
        raw = {"credentialProviderVendor": "GithubOauth2", "config": {"clientId": f"Iv1.{number:08}"}}
        found.append(
            (OAUTH2_PROVIDER, key, f"{_VAULT}/oauth2credentialprovider/{key}", {**raw, "clientSecret": secret})
        )
    for number in range(count):
        one = identity(number)
        terms = {"flows": ("M2M",), "scopes": ("read", "write")}
        access = {f"{OAUTH2_PROVIDER.type}.{key}": terms for key in sorted(granted(number))}
        whole = {"allowedResourceOauth2ReturnUrls": one.urls, "tags": one.tags, "inbound": "jwt", "access": access}
        found.append((WORKLOAD_IDENTITY, one.name, arn(one.name), whole))
    known = [
        Known(
            address=Address(kind.type, key),
            name=key,
            arn=place,
            origin=Origin.CREATED,
            attributes=canonical(kind, raw),
        )
        for kind, key, place, raw in found
    ]
    return dump_lock(
        Lock(
            lineage=str(uuid.UUID(int=3)),
            serial=1,
            stack=STACK,
            environment=ENVIRONMENT,
            account=ACCOUNT,
            region=REGION,
            resources={one.address: one for one in known},
        )
    )


def write(folder: Path, count: int) -> None:
    """Manifest and lockfile into `folder`."""
    folder.mkdir(parents=True)
    (folder / "granted.yaml").write_text(manifest(count), encoding="utf-8")
    (folder / f"granted.{ENVIRONMENT}.lock.json").write_text(lockfile(count), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
