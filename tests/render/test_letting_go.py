"""How another tool is made to let go: the text it is given says what it has to, with addresses and quotes right."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import hcl2
import pytest
import yaml

from reconciler.foreign import Found, Reading, read_cloudformation, read_terraform_state
from reconciler.render.letting_go import (
    cloudformation_farewell,
    removed_blocks,
    state_rm_lines,
    terraform_farewell,
)

EXAMPLES = Path(__file__).resolve().parents[2] / "manifests" / "import"
IDENTITY = "aws_bedrockagentcore_workload_identity"


@pytest.fixture
def state() -> Reading:
    return read_terraform_state((EXAMPLES / "terraform.tfstate").read_bytes(), "state")


def found(*addresses: str, block: str = "m.t.n") -> tuple[Found, ...]:
    return tuple(
        Found(type="workload_identity", name=str(at), attributes={}, source=address, block=block)
        for at, address in enumerate(addresses)
    )


def test_a_removed_block_speaks_of_all_instances_in_all_instances_of_a_module(state: Reading) -> None:
    read = hcl2.loads(removed_blocks(state, state.found))
    assert [one["from"] for one in read["removed"]] == [f"${{{block}}}" for block in sorted(state.instances)]
    assert all(one["lifecycle"] == [{"destroy": False, "__is_block__": True}] for one in read["removed"])


def test_where_some_instances_are_left_the_state_is_told_of_the_others(state: Reading) -> None:
    some = [one for one in state.found if one.name in ("refund-agent", "github")]
    assert f"from = {IDENTITY}.agent\n" not in removed_blocks(state, some)
    assert state_rm_lines(state, some) == [f"terraform state rm '{IDENTITY}.agent[\"refund\"]'"]
    text = terraform_farewell(state, some)
    assert "only some instances" in text
    assert "from = aws_bedrockagentcore_oauth2_credential_provider.github\n" in text


def test_a_shell_passes_each_address_on_as_it_is() -> None:
    addresses = ["t.n", "t.n[0]", 't.n["it\'s"]', 'module.a["x y"].t.n["$HOME`id`\\"\\\\"]']
    reading = Reading(found=found(*addresses), instances={"m.t.n": 9})
    assert [shlex.split(line) for line in state_rm_lines(reading, reading.found)] == [
        ["terraform", "state", "rm", address] for address in addresses
    ]


def test_a_file_of_its_own_is_named_in_place_of_the_blocks(state: Reading) -> None:
    text = terraform_farewell(state, state.found, removed_file="removed.tf")
    assert "removed.tf" in text
    assert "lifecycle" not in text
    assert "terraform state rm" in text


def test_a_long_list_of_commands_is_cut_and_counted() -> None:
    reading = Reading(found=found(*(f"t.n[{at}]" for at in range(50))), instances={"m.t.n": 50})
    text = terraform_farewell(reading, reading.found)
    assert text.count("terraform state rm") == 20
    assert "# … and 30 more" in text


@pytest.mark.parametrize("as_json", [False, True])
def test_a_template_gets_the_policies_that_keep_what_it_would_delete(as_json: bool) -> None:
    taken = read_cloudformation((EXAMPLES / "template.yaml").read_bytes(), "t", parameters={}).found
    text = cloudformation_farewell(taken, stack="agents", as_json=as_json)
    start = text.index('  "Resources": {' if as_json else "Resources:")
    snippet = text[start : text.index("\n\n", start)]
    resources = json.loads("{" + snippet + "}")["Resources"] if as_json else yaml.safe_load(snippet)["Resources"]
    assert set(resources) == {"Github", "InvoiceAgent", "Ledger", "Stripe"}
    assert resources["Github"] == {
        "Type": "AWS::BedrockAgentCore::OAuth2CredentialProvider",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
    }
    assert "Kept already, by their DeletionPolicy: AuditAgent." in text
    assert "--stack-name agents" in text


def test_what_is_retained_already_needs_no_first_deployment() -> None:
    taken = read_cloudformation((EXAMPLES / "template.yaml").read_bytes(), "t", parameters={}).found
    kept = [one for one in taken if one.retained]
    text = cloudformation_farewell(kept, stack="", as_json=False)
    assert "1. Nothing" in text
    assert "DeletionPolicy: Retain" not in text
    assert "Take AuditAgent out" in text
