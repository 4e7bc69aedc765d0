"""What a lockfile gives to pipelines and other tools: names, ARNs, callback URLs; as a table, JSON, dotenv, tfvars. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.model.addresses import Address
from reconciler.model.resources import Known, Lock
from reconciler.model.values import canonical_json
from reconciler.model.visible import is_visible
from reconciler.render import hcl
from reconciler.render.clean import clean, columns

VARIABLE = "reconciler"
"""The one variable of `tfvars`."""

_BARE = re.compile(r"[A-Za-z0-9_./:@%+=,!?*-]*")  # what a shell, Docker and every reader of dotenv take without quotes
_UNQUOTABLE = re.compile(r"['\\\n\r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The values of one resource, by name: `name`, `arn`, and what the service gave beside its attributes."""

    address: Address
    values: Mapping[str, str]


def outputs_of(lock: Lock, addresses: Iterable[Address]) -> tuple[Output, ...]:
    """The values of those resources, in address order. KeyError for one that the lockfile does not hold."""
    return tuple(Output(address=address, values=_values(lock.resources[address])) for address in sorted(set(addresses)))


def _values(known: Known) -> dict[str, str]:
    given = {name: value for name, value in known.outputs.items() if value}
    return dict(sorted({"name": known.name, "arn": known.arn, **given}.items()))


def outputs_text(found: Iterable[Output]) -> str:
    """A table: address, value's name, value."""
    rows = [("address", "output", "value")]
    for one in found:
        shown = str(one.address)
        for name, value in one.values.items():
            rows.append((shown, name, value))
            shown = ""
    cleaned = [tuple(clean(cell) for cell in row) for row in rows]
    widths = [max(columns(row[at]) for row in cleaned) for at in range(2)]
    return "".join(
        "  ".join([*(cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=False)), row[2]])
        + "\n"
        for row in cleaned
    )


def outputs_json(lock: Lock, found: Iterable[Output]) -> str:
    """One object, as `schemas/output.schema.json` describes it."""
    return canonical_json(
        {
            "format_version": "1.0",
            "stack": lock.stack,
            "environment": lock.environment,
            "account": lock.account,
            "region": lock.region,
            "lineage": lock.lineage,
            "serial": lock.serial,
            "resources": {str(one.address): {"type": one.address.type, **one.values} for one in found},
        },
        indent=2,
    )


def outputs_tfvars(found: Iterable[Output]) -> str:
    """One variable of Terraform: `var.reconciler.TYPE["KEY"].arn`."""
    by_type: dict[str, dict[str, Mapping[str, str]]] = {}
    for one in found:
        by_type.setdefault(one.address.type, {})[one.address.key] = one.values
    return "\n".join(hcl.attributes([(VARIABLE, by_type)])) + "\n"


def outputs_dotenv(found: Iterable[Output]) -> str:
    """Lines of `NAME=value`, each read alike by sh, Docker and dotenv libraries.

    Raises ReconcilerError where two values would have one name, or a value cannot be written for all of them.
    """
    lines: dict[str, str] = {}
    owners: dict[str, str] = {}
    for owner, name, value in _named(found):
        if name in owners:
            raise ReconcilerError(
                f"{owners[name]} and {owner} would both be {name}",
                "Give the addresses of one of the two only, or use --format json, in which nothing can collide.",
            )
        owners[name] = owner
        lines[name] = f"{name}={_dotenv_value(owner, value)}"
    return "".join(f"{lines[name]}\n" for name in lines)


def _named(found: Iterable[Output]) -> Iterator[tuple[str, str, str]]:
    """Whose value it is, its variable, and the value."""
    for one in found:
        for name, value in one.values.items():
            words = f"{one.address.type}_{one.address.key}_{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', name)}"
            yield f"{one.address} {name}", re.sub(r"[^A-Za-z0-9]", "_", words).upper(), value


def _dotenv_value(owner: str, value: str) -> str:
    if not is_visible(value) or not value.isascii() or _UNQUOTABLE.search(value):
        raise ReconcilerError(
            f"the value of {owner} has characters that sh, Docker and dotenv libraries read differently",
            "Use --format json.",
        )
    return value if _BARE.fullmatch(value) else f"'{value}'"
