"""A Terraform state, read: what it holds of ours, in which words it is refused, and that no secret gets any further."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import InvalidInput
from reconciler.foreign import Reading, read_terraform_state

EXAMPLE = Path(__file__).resolve().parents[2] / "manifests" / "import" / "terraform.tfstate"
SECRET = "not-a-real-client-secret"
PREFIX = "aws_bedrockagentcore_"


def example() -> Any:
    return json.loads(EXAMPLE.read_text(encoding="utf-8"))


def read(state: Any) -> Reading:
    return read_terraform_state(json.dumps(state).encode(), "state.json")


def resource(state: Any, name: str) -> Any:
    """The resource whose type ends so."""
    return next(one for one in state["resources"] if one["type"] == PREFIX + name)


def refusal(state: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_terraform_state(state if isinstance(state, bytes) else json.dumps(state).encode(), "state.json")
    assert caught.value.__cause__ is None
    return f"{caught.value.summary}\n{caught.value.detail}"


def test_the_four_kinds_are_found_in_modules_and_under_indexes() -> None:
    reading = read_terraform_state(EXAMPLE.read_bytes(), str(EXAMPLE))
    assert [(one.type, one.name, one.source.replace(PREFIX, "")) for one in reading.found] == [
        ("api_key_credential_provider", "exchange-rates", "api_key_credential_provider.exchange_rates"),
        ("api_key_credential_provider", "stripe", 'module.ledger["eu"].api_key_credential_provider.stripe'),
        ("oauth2_credential_provider", "github", "oauth2_credential_provider.github"),
        ("oauth2_credential_provider", "ledger", 'module.ledger["eu"].oauth2_credential_provider.this[0]'),
        ("token_vault", "default", "token_vault_cmk.this"),
        ("workload_identity", "invoice-agent", 'workload_identity.agent["invoice"]'),
        ("workload_identity", "ledger-agent", 'module.ledger["eu"].workload_identity.this'),
        ("workload_identity", "refund-agent", 'workload_identity.agent["refund"]'),
    ]
    assert {one.account for one in reading.found if one.type != "token_vault"} == {"123456789012"}
    assert {one.region for one in reading.found} == {"us-east-1"}
    assert reading.others == {"aws_iam_role": 1, "data.aws_caller_identity": 1}
    assert reading.instances[f"{PREFIX}workload_identity.agent"] == 2
    assert f"module.ledger.{PREFIX}workload_identity.this" in reading.instances
    assert SECRET not in repr(reading)


def test_attributes_have_the_manifests_names_and_shapes() -> None:
    found = {(one.type, one.name): one for one in read(example()).found}
    assert found["workload_identity", "refund-agent"].attributes == {
        "allowedResourceOauth2ReturnUrls": (
            "http://localhost:8080/callback",
            "https://app.example.com/refund/callback",
        ),
        "tags": {"team": "payments"},
    }
    assert found["oauth2_credential_provider", "github"].attributes["config"] == {"clientId": "Iv1.0123456789abcdef"}
    assert found["oauth2_credential_provider", "github"].attributes["clientSecret"] == {"source": "MANAGED"}
    ledger = found["oauth2_credential_provider", "ledger"].attributes
    assert ledger["clientSecret"] == {
        "source": "EXTERNAL",
        "secretId": "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/ledger-AbCdEf",
        "jsonKey": "clientSecret",
    }
    metadata = ledger["config"]["oauthDiscovery"]["authorizationServerMetadata"]
    assert metadata["responseTypes"] == ("code",)
    assert metadata["tokenEndpoint"] == "https://id.example.com/token"
    assert found["api_key_credential_provider", "exchange-rates"].attributes["apiKey"] == {"source": "MANAGED"}
    assert found["api_key_credential_provider", "stripe"].attributes["apiKey"]["jsonKey"] == "key"
    assert found["token_vault", "default"].attributes["keyType"] == "CustomerManagedKey"


def test_tags_that_the_provider_adds_count_and_a_provider_without_tags_is_none() -> None:
    state = example()
    first = resource(state, "workload_identity")["instances"][0]["attributes"]
    first["tags_all"] = {"team": "payments", "managed-by": "terraform"}
    key = resource(state, "api_key_credential_provider")["instances"][0]["attributes"]
    del key["tags"], key["tags_all"]
    found = {one.name: one for one in read(state).found}
    assert found["invoice-agent"].attributes["tags"] == {"managed-by": "terraform", "team": "payments"}
    assert found["exchange-rates"].attributes["tags"] == {}


def test_an_unknown_attribute_is_named_and_not_carried_over() -> None:
    state = example()
    resource(state, "workload_identity")["instances"][0]["attributes"] |= {"brand_new": ["x"], "empty_new": None}
    resource(state, "oauth2_credential_provider")["instances"][0]["attributes"]["oauth2_provider_config"][0][
        "github_oauth2_provider_config"
    ][0] |= {"secret_of_tomorrow": "hush-hush", "tenant_id": "t-1"}
    found = {one.name: one for one in read(state).found}
    assert "brand_new" in " ".join(found["invoice-agent"].notes)
    assert "empty_new" not in " ".join(found["invoice-agent"].notes)
    assert "secret_of_tomorrow" in " ".join(found["github"].notes)
    assert found["github"].attributes["config"]["tenantId"] == "t-1"
    assert "hush-hush" not in repr(found)


def test_a_client_id_that_is_write_only_is_said_to_be_missing() -> None:
    state = example()
    config = resource(state, "oauth2_credential_provider")["instances"][0]["attributes"]["oauth2_provider_config"][0]
    config["github_oauth2_provider_config"][0] |= {"client_id": None, "client_credentials_wo_version": 1}
    (github,) = [one for one in read(state).found if one.name == "github"]
    assert github.attributes["config"] == {}
    assert "clientId is write-only" in github.hidden[0].summary
    assert "--offline" in github.hidden[0].detail


def test_deposed_objects_are_left_out_and_tainted_ones_said_so() -> None:
    state = example()
    agents = resource(state, "workload_identity")["instances"]
    agents.append({**copy.deepcopy(agents[0]), "deposed": "0badcafe"})
    agents[1]["status"] = "tainted"
    reading = read(state)
    assert len(reading.found) == 8
    assert "deposed object is left out" in reading.notes[0]
    (refund,) = [one for one in reading.found if one.name == "refund-agent"]
    assert "tainted" in refund.notes[0]
    assert reading.instances[f"{PREFIX}workload_identity.agent"] == 2


def test_one_resource_that_stands_there_twice_is_refused() -> None:
    state = example()
    agents = resource(state, "workload_identity")["instances"]
    agents.append({**copy.deepcopy(agents[0]), "index_key": "again"})
    said = refusal(state)
    assert '["again"]' in said
    assert "invoice-agent" in said
    agents[-1]["attributes"]["workload_identity_arn"] = agents[-1]["attributes"]["workload_identity_arn"].replace(
        "us-east-1", "eu-west-1"
    )
    assert len(read(state).found) == 9  # the same name in another region is another identity


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'resource "aws_bedrockagentcore_workload_identity" "a" {\n  name = "x"\n}\n', "configuration"),
        (b"# main.tf\n", "configuration"),
        (b"version: 4\n", "no JSON"),
        (b"\xff\xfe{}", "no JSON in UTF-8"),
        (b"[]", "no JSON object"),
        (b"{}", "no version"),
        (b'{"version": 3, "modules": []}', "version 3"),
        (b'{"version": 5}', "version 5"),
        (b'{"version": true}', "version"),
        (b'{"version": 4, "version": 4}', "twice"),
        (b'{"version": 3, "backend": {"type": "s3"}}', "backend"),
        (b'{"format_version": "1.0", "values": {}}', "show -json"),
        (b'{"meta": {}, "encrypted_data": "YWJj", "encryption_version": "v0"}', "encrypted by OpenTofu"),
        (b'{"version": 4, "resources": {}}', "no list"),
        (b'{"version": 4, "resources": [7]}', "resources[0]"),
        (b'{"version": 4, "resources": [{"type": 7}]}', "resources[0]"),
        (b"[" * 100_000, "nests deeper"),
    ],
)
def test_what_is_no_state_of_version_4_is_refused_with_the_way_out(content: bytes, why: str) -> None:
    said = refusal(content)
    assert why in said
    assert "state pull" in said


def test_a_state_without_anything_of_ours_is_an_empty_reading() -> None:
    assert read({"version": 4, "resources": []}) == Reading(found=())


@pytest.mark.parametrize(
    ("part", "word"),
    [
        ("name", 'x"\n}\nresource "null_resource" "y" {'),
        ("name", "x; rm -rf ~"),
        ("name", "x\u202e"),
        ("module", "module.a\n}\n"),
        ("module", 'module.a["\x1b[2J"]'),
        ("module", "module.a."),
        ("module", "a"),
    ],
)
def test_what_is_no_address_never_gets_into_a_command_or_a_configuration(part: str, word: str) -> None:
    state = example()
    resource(state, "workload_identity")[part] = word
    assert "another shape" in refusal(state)


def test_an_index_that_nobody_can_see_is_written_out() -> None:
    state = example()
    resource(state, "token_vault_cmk")["instances"][0]["index_key"] = "a\x1b[2J\n"
    (vault,) = [one for one in read(state).found if one.type == "token_vault"]
    assert vault.source.endswith(r'["a\U0000001b[2J\n"]')


BROKEN = [
    ("workload_identity", "name", None, "name is missing"),
    ("workload_identity", "name", 7, "name is no text"),
    ("workload_identity", "name", "a\nb-c", "its name does not match"),
    ("workload_identity", "allowed_resource_oauth2_return_urls", "x", "no list of texts"),
    ("workload_identity", "tags_all", {"a": 1}, "tags_all is no map"),
    ("oauth2_credential_provider", "oauth2_provider_config", [], "not one block"),
    ("oauth2_credential_provider", "oauth2_provider_config", [{}], "holds 0 configurations"),
    ("oauth2_credential_provider", "credential_provider_vendor", "", "credential_provider_vendor is missing"),
    ("api_key_credential_provider", "api_key_secret_source", "EXTERNAL", "no api_key_secret_config"),
    ("token_vault_cmk", "token_vault_id", "other", "the one vault"),
    ("token_vault_cmk", "kms_configuration", "x", "kms_configuration is not one block"),
]


@pytest.mark.parametrize(("type_", "name", "value", "why"), BROKEN)
def test_a_known_attribute_of_another_shape_is_refused_by_name(type_: str, name: str, value: Any, why: str) -> None:
    state = example()
    one = resource(state, type_)
    one["instances"][0]["attributes"][name] = value
    said = refusal(state)
    assert one["type"] in said
    assert why in said


def test_attributes_of_a_legacy_form_and_odd_indexes_are_refused() -> None:
    state = example()
    del resource(state, "token_vault_cmk")["instances"][0]["attributes"]
    assert "-refresh-only" in refusal(state)
    state = example()
    resource(state, "token_vault_cmk")["instances"][0]["index_key"] = [1]
    assert "index" in refusal(state)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, one in inner for place in _places(one, (*path, step)))]


PLACES = _places(example())[1:]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(PLACES), anything), min_size=1, max_size=3))
def test_whatever_stands_in_a_state_it_is_read_or_refused_and_no_secret_comes_out(edits: Any) -> None:
    state = example()
    for path, value in edits:
        place = state
        try:
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an edit before took that place away
    try:
        said = repr(read(state))
    except InvalidInput as refused:
        said = refused.summary + refused.detail
    assert SECRET not in said
