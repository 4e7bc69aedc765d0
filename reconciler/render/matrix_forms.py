"""Who reaches what, for programs and reviews: JSON, CSV for spreadsheets, Markdown; a row for each grant.

What a spreadsheet would take for a formula, and what Markdown would take for markup, stays text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from reconciler.access import Grants, Provider, Reach
from reconciler.model.values import canonical_json
from reconciler.render import access_words as said
from reconciler.render.clean import clean
from reconciler.render.markup import code

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_COLUMNS = (
    "identity", "name", "inbound", "provider_type", "provider", "provider_name", "external", "flows", "scopes",
)  # fmt: skip


def matrix_json(grants: Grants, *, source: str) -> str:
    """One object: every identity with its grants, every provider. `source`: manifest or lock."""
    of = grants.target
    return canonical_json(
        {
            "format_version": "1.0",
            "stack": of.stack,
            "environment": of.environment,
            "account": of.account,
            "region": of.region,
            "from": source,
            "identities": [_identity(reach) for reach in grants.reaches],
            "providers": [_provider(one) for one in grants.providers],
        },
        indent=2,
    )


def _identity(reach: Reach) -> dict[str, Any]:
    return {
        "address": str(reach.identity),
        "name": reach.name,
        "inbound": reach.inbound.value,
        "grants": [
            {"provider": str(one.provider.address), "scopes": list(one.scopes), "flows": list(one.flows)}
            for one in reach.grants
        ],
    }


def _provider(one: Provider) -> dict[str, Any]:
    return {
        "address": str(one.address),
        "type": one.address.type,
        "name": one.name,
        "external": one.external,
    }


def matrix_csv(grants: Grants) -> str:
    """A row for each grant under a row of headings, by RFC 4180. An identity without a grant has one without a provider."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for reach in grants.reaches:
        begin = (reach.identity.key, reach.name, reach.inbound.value)
        for one in reach.grants:
            of = one.provider
            flag = "true" if of.external else "false"
            row = (*begin, of.address.type, of.address.key, of.name, flag, " ".join(one.flows), " ".join(one.scopes))
            writer.writerow(map(inert_cell, row))
        if not reach.grants:
            writer.writerow(map(inert_cell, (*begin, *[""] * 6)))
    return out.getvalue()


def inert_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: behind an apostrophe where it begins like one."""
    shown = clean(text)
    return f"'{shown}" if text.startswith(_FORMULA) else shown


def matrix_markdown(grants: Grants) -> str:
    """A table with a row for each grant, in GitHub-flavoured Markdown."""
    of = grants.target
    lines = [
        f"### Access in stack {code(of.stack)}, environment {code(of.environment)}",
        "",
        f"{said.sums(grants)}.",
        "",
        "| identity | inbound | provider | | flows | scopes |",
        "|---|---|---|---|---|---|",
        *(f"| {' | '.join(cells)} |" for reach in grants.reaches for cells in _rows(reach)),
    ]
    return "\n".join(lines) + "\n"


def _rows(reach: Reach) -> Iterator[tuple[str, ...]]:
    """The identity's name stands in the first of its rows."""
    begin = (_cell(reach.identity.key), reach.inbound.value)
    if not reach.grants:
        yield (*begin, "–", "", "", "")
    for one in reach.grants:
        sort = said.sort_of(one.provider) + (", of another stack" if one.provider.external else "")
        yield (
            *begin,
            _cell(one.provider.address.key),
            sort,
            " ".join(_cell(flow) for flow in one.flows),
            " ".join(_cell(scope) for scope in one.scopes),
        )
        begin = ("", "")


def _cell(text: str) -> str:
    """As code; a table ends a cell at a bar even there, unless it is escaped."""
    return code(text).replace("|", r"\|")
