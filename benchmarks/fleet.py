"""A fleet of N identities, the same one in every form that is measured: manifest, lockfile, Terraform config and state.

Run as a process of its own (`python -m benchmarks.fleet FOLDER N`), so that what it holds in memory is never counted as
the peak of a process that the benchmark starts afterwards.
"""

from __future__ import annotations

import json
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STACK = "fleet"
ENVIRONMENT = "bench"
ACCOUNT = "222222222222"
REGION = "us-east-1"
TERRAFORM = "1.11.4"
"""The version that the generated state names; a newer one reads it as well."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity of the fleet: three return URLs, three tags."""

    name: str
    urls: tuple[str, ...]
    tags: dict[str, str]


def arn(name: str) -> str:
    """The ARN that `benchmarks.directory_server` gives an identity of that name."""
    return f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:workload-identity-directory/default/workload-identity/{name}"


def identity(number: int) -> Identity:
    """The fleet's identity of that number."""
    name = f"agent-{number:05}"
    return Identity(
        name=name,
        urls=tuple(f"https://{name}.example.com/oauth/{step}" for step in ("callback", "consent", "done")),
        tags={"cost-center": f"{number % 97:04}", "team": f"team-{number % 31:02}", "tier": "standard"},
    )


def manifest(count: int) -> str:
    """The fleet as a manifest, one block per identity, as a person would write it."""
    lines = [
        "version: 1",
        f"stack: {STACK}",
        "environments:",
        f'  {ENVIRONMENT}: {{account: "{ACCOUNT}", region: {REGION}}}',
        "workloadIdentities:",
    ]
    for one in map(identity, range(count)):
        lines += [f"  {one.name}:", "    allowedResourceOauth2ReturnUrls:"]
        lines += [f"      - {url}" for url in one.urls]
        lines += ["    tags:", *(f'      {key}: "{text}"' for key, text in one.tags.items())]
    return "\n".join(lines) + "\n"


def lockfile(count: int) -> str:
    """The lockfile that stands after the fleet was applied."""
    from reconciler.model.addresses import Address
    from reconciler.model.kinds import WORKLOAD_IDENTITY
    from reconciler.model.resources import Known, Lock, Origin
    from reconciler.model.values import canonical
    from reconciler.state import dump_lock

    known = [
        Known(
            address=Address(WORKLOAD_IDENTITY.type, one.name),
            name=one.name,
            arn=arn(one.name),
            origin=Origin.CREATED,
            attributes=canonical(WORKLOAD_IDENTITY, {"allowedResourceOauth2ReturnUrls": one.urls, "tags": one.tags}),
        )
        for one in map(identity, range(count))
    ]
    return dump_lock(
        Lock(
            lineage=str(uuid.UUID(int=1)),
            serial=1,
            stack=STACK,
            environment=ENVIRONMENT,
            account=ACCOUNT,
            region=REGION,
            resources={one.address: one for one in known},
        )
    )


def terraform_config(count: int) -> str:
    """The fleet in Terraform's built-in resource, which asks no provider and no network for anything."""
    return "\n".join(_terraform_block(identity(number)) for number in range(count))


def _terraform_block(one: Identity) -> str:
    urls = ", ".join(f'"{url}"' for url in one.urls)
    tags = "\n".join(f'      "{key}" = "{text}"' for key, text in one.tags.items())
    return (
        f'resource "terraform_data" "{one.name}" {{\n  input = {{\n    name = "{one.name}"\n'
        f"    allowed_resource_oauth2_return_urls = [{urls}]\n    tags = {{\n{tags}\n    }}\n  }}\n}}\n"
    )


def terraform_state(count: int) -> str:
    """The state that `terraform apply` of `terraform_config` leaves."""
    return json.dumps(
        {
            "version": 4,
            "terraform_version": TERRAFORM,
            "serial": 1,
            "lineage": str(uuid.UUID(int=2)),
            "outputs": {},
            "resources": [_terraform_instance(number) for number in range(count)],
            "check_results": None,
        }
    )


def _terraform_instance(number: int) -> dict[str, Any]:
    one = identity(number)
    dynamic = {
        "value": {"name": one.name, "allowed_resource_oauth2_return_urls": one.urls, "tags": one.tags},
        "type": [
            "object",
            {
                "name": "string",
                "allowed_resource_oauth2_return_urls": ["tuple", ["string"] * len(one.urls)],
                "tags": ["object", dict.fromkeys(one.tags, "string")],
            },
        ],
    }
    attributes = {"id": str(uuid.UUID(int=number)), "input": dynamic, "output": dynamic, "triggers_replace": None}
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": one.name,
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}],
    }


def write(folder: Path, count: int) -> None:
    """All forms of the fleet into `folder`: `reconciler/` and `terraform/`, each with its state beside it."""
    ours, theirs = folder / "reconciler", folder / "terraform"
    ours.mkdir(parents=True)
    theirs.mkdir()
    (ours / "fleet.yaml").write_text(manifest(count), encoding="utf-8")
    (ours / f"fleet.{ENVIRONMENT}.lock.json").write_text(lockfile(count), encoding="utf-8")
    (theirs / "main.tf").write_text(terraform_config(count), encoding="utf-8")
    (theirs / "terraform.tfstate").write_text(terraform_state(count), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
