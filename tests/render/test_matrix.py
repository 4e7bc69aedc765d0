"""Who reaches what, in every form: whole, aligned, the same for the same grants, and text wherever it is shown."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.access import Granted, Grants, Inbound, Reach
from reconciler.model.addresses import Address
from reconciler.render.matrix_forms import inert_cell, matrix_csv, matrix_json, matrix_markdown
from reconciler.render.matrix_text import matrix_text
from tests.access.stack import GITHUB, GRANTS, TARGET, api_key, provider

HOSTILE = "=1+1|<b>@all</b> `x` \x1b[31m\u202e"
WIDE = Grants(
    target=TARGET,
    providers=tuple(provider(f"provider-{number:02}") for number in range(30)),
    reaches=tuple(
        Reach(
            identity=Address("workload_identity", f"agent-{number:02}"),
            name="x",
            grants=tuple(
                Granted(provider=provider(f"provider-{(number * step) % 30:02}"), flows=("M2M",)) for step in (1, 8)
            ),
        )
        for number in range(1, 12)
    ),
)


def hostile() -> Grants:
    bad = provider("github", name=HOSTILE)
    one = Reach(
        identity=Address("workload_identity", HOSTILE), name=HOSTILE,
        grants=(Granted(provider=bad, scopes=(HOSTILE, "a|b"), flows=("M2M",)),),
    )  # fmt: skip
    return Grants(target=TARGET, reaches=(one,), providers=(bad,))


def test_the_text_is_the_grid_its_legend_and_the_scopes() -> None:
    assert matrix_text(GRANTS, colour=False, width=100) == (
        "Access in stack payments, environment prod (account 222222222222, us-east-1)\n"
        "3 identities, 4 providers, 3 grants\n"
        "\n"
        "                        API key  OAuth2  OAuth2\n"
        "identity       inbound  stripe   github  slack\n"
        "invoice-agent  jwt      K        M       .\n"
        "ledger-agent   iam      .        .       M\n"
        "\n"
        "M as itself (M2M), K API key\n"
        "\n"
        "Scopes\n"
        "  github: repo\n"
        "      invoice-agent\n"
        "  slack: repo\n"
        "      ledger-agent\n"
        "  stripe: repo\n"
        "      invoice-agent\n"
        "\n"
        "1 identity without a grant: idle-agent\n"
        "1 provider that nobody reaches: adyen\n"
    )


@pytest.mark.parametrize("width", [60, 80, 120, 400])
def test_a_wide_grid_is_folded_and_loses_no_grant(width: int) -> None:
    text = matrix_text(WIDE, colour=False, width=width)
    assert max(map(len, text.split("\n"))) <= max(width, 77)  # the title is one line
    count = 0
    for panel in text.split("\n\n"):
        rows = [row.split() for row in panel.split("\n") if row.startswith("agent-")]
        count += sum(row[2:].count("M") for row in rows)
    assert count == sum(len(reach.grants) for reach in WIDE.reaches)


def test_csv_has_a_row_for_each_grant_and_one_for_an_identity_without() -> None:
    rows = list(csv.DictReader(io.StringIO(matrix_csv(GRANTS))))
    assert [(row["identity"], row["provider"]) for row in rows] == [
        ("idle-agent", ""), ("invoice-agent", "github"), ("invoice-agent", "stripe"), ("ledger-agent", "slack"),
    ]  # fmt: skip
    assert rows[1]["flows"] == "M2M"


def test_nothing_in_csv_is_a_formula() -> None:
    cells = [cell for row in csv.reader(io.StringIO(matrix_csv(hostile()))) for cell in row]
    assert any("1+1" in cell for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_no_text_makes_a_formula_or_a_second_row(text: str) -> None:
    cell = inert_cell(text)
    assert cell[:1] not in set("=+-@\t\r\n＝＋－＠")
    assert "\n" not in cell
    assert "\r" not in cell


def test_json_has_it_all() -> None:
    made = json.loads(matrix_json(GRANTS, source="manifest"))
    assert (made["from"], made["stack"], len(made["providers"])) == ("manifest", "payments", 4)
    assert made["identities"][1] == {
        "address": "workload_identity.invoice-agent",
        "name": "invoice-agent",
        "inbound": Inbound.JWT.value,
        "grants": [
            {"provider": str(GITHUB.address), "scopes": ["repo"], "flows": ["M2M"]},
            {"provider": "api_key_credential_provider.stripe", "scopes": ["repo"], "flows": ["M2M"]},
        ],
    }


def test_markdown_stays_one_table_of_text_whatever_names_hold() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(matrix_markdown(hostile()))
    kinds = [one.type for one in tokens]
    assert kinds.count("table_open") == 1
    assert kinds.count("tr_open") == 2
    inline = [child for one in tokens for child in one.children or ()]
    assert {one.type for one in inline} <= {"text", "code_inline"}
    assert kinds.count("td_open") == 6
    assert not any("@all" in one.content or "<b>" in one.content for one in inline if one.type == "text")
    assert "a|b" in {one.content for one in inline}


def test_an_external_provider_has_its_star() -> None:
    shared = provider("shared", external=True)
    one = Reach(identity=Address("workload_identity", "a"), name="a", grants=(Granted(provider=shared),))
    text = matrix_text(Grants(target=TARGET, reaches=(one,), providers=(shared,)), colour=False, width=80)
    assert "shared*" in text
    assert "* of another stack" in text
    assert "- granted without a flow" in text


def test_a_stack_without_grants_says_so() -> None:
    text = matrix_text(Grants(target=TARGET, reaches=(), providers=(api_key("x"),)), colour=False, width=80)
    assert "0 identities, 1 provider, 0 grants" in text
