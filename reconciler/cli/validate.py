"""`reconciler validate`: everything that can be said about a manifest without asking anybody."""

from __future__ import annotations

import enum
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.age import today
from reconciler.cli.console import Console
from reconciler.cli.options import Manifest
from reconciler.diagnostics import Diagnostic, Severity, in_order
from reconciler.errors import ExitCode
from reconciler.model.kinds import KINDS

if TYPE_CHECKING:
    from reconciler.model.addresses import Address


class ValidateFormat(enum.Enum):
    """How the findings are shown."""

    TEXT = "text"
    JSON = "json"


def validate(
    console: Console,
    *,
    path: Manifest = None,
    form: Annotated[
        ValidateFormat, typer.Option("--format", help="json: one object on standard output.")
    ] = ValidateFormat.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors.")] = False,
) -> ExitCode:
    """Check a manifest offline.

    Syntax, schema, the variables of every environment, and the rules. Finds every mistake of every file at once,
    each with file:line:column and what to do.

    For example:
      reconciler validate
      reconciler validate manifests/quickstart.yaml --strict
      reconciler validate --format json | jq '.diagnostics[].summary'

    Exit codes: 0 valid, 1 mistakes found
    """
    found, environments, declared = _check(path)
    counts = Counter(one.severity for one in found)
    failed = bool(counts[Severity.ERROR] or (strict and counts[Severity.WARNING]))
    if form is ValidateFormat.JSON:
        console.show(_as_json(found, counts, environments, declared, valid=not failed))
    else:
        _as_text(console, found, counts, environments, declared, failed=failed)
    return ExitCode.ERROR if failed else ExitCode.OK


def _check(path: Path | None) -> tuple[tuple[Diagnostic, ...], tuple[str, ...], frozenset[Address]]:
    """All findings, each once; the environments; the addresses that any of them declares."""
    from reconciler.manifest import find, load, resolve

    loaded = load(find(path))
    if loaded.manifest is None:
        return in_order(loaded.diagnostics), (), frozenset()
    environments = tuple(sorted(loaded.manifest.environments))
    resolved = [resolve(loaded.manifest, name, today=today()) for name in environments]
    found = [*loaded.diagnostics, *(one for each in resolved for one in each.diagnostics)]
    declared = frozenset(address for each in resolved if each.stack for address in each.stack.resources)
    return in_order(found), environments, declared


def _as_text(
    console: Console,
    found: tuple[Diagnostic, ...],
    counts: Counter[Severity],
    environments: tuple[str, ...],
    declared: frozenset[Address],
    *,
    failed: bool,
) -> None:
    console.diagnostics(found)
    errors, warnings = counts[Severity.ERROR], counts[Severity.WARNING]
    tally = ", ".join(_counted(n, word, f"{word}s") for n, word in ((errors, "error"), (warnings, "warning")) if n)
    if failed:
        console.note(f"Invalid: {tally}")
        return
    what = ", ".join(
        _counted(count, kind.singular, kind.plural)
        for kind in KINDS
        if (count := sum(address.type == kind.type for address in declared)) or kind is KINDS[0]
    )
    where = _counted(len(environments), "environment", "environments")
    console.show(f"OK: {what} in {where}" + (f"; {tally}" if tally else ""))


def _as_json(
    found: tuple[Diagnostic, ...],
    counts: Counter[Severity],
    environments: tuple[str, ...],
    declared: frozenset[Address],
    *,
    valid: bool,
) -> str:
    from reconciler.model.encoding import encode_diagnostic
    from reconciler.model.values import canonical_json

    return canonical_json(
        {
            "format_version": "1.0",
            "valid": valid,
            "error_count": counts[Severity.ERROR],
            "warning_count": counts[Severity.WARNING],
            "environments": list(environments),
            "declared": len(declared),
            "diagnostics": [encode_diagnostic(one) for one in found],
        },
        indent=2,
    )


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
