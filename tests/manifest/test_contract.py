"""The schema, the service's own model, the documentation and the examples cannot part."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
from jsonschema import Draft202012Validator

from reconciler.diagnostics import Severity
from reconciler.manifest import RULES, load, resolve
from reconciler.model.addresses import KEY
from reconciler.model.environments import OWNER_TAG
from reconciler.model.kinds import API_KEY_PROVIDER, OAUTH2_PROVIDER, TOKEN_VAULT, WORKLOAD_IDENTITY, Text
from reconciler.schema_files import schema, schema_text
from tests.manifest.vendor_schemas import choices, definitions, vendors

ROOT = Path(__file__).parents[2]
SCHEMA = schema("manifest")
EXAMPLES = sorted([*(ROOT / "manifests").glob("*.yaml"), ROOT / "manifests" / "folder"])


@pytest.fixture(scope="module")
def create():
    """What the service takes to create a workload identity."""
    model = botocore.session.get_session().get_service_model("bedrock-agentcore-control")
    return model.operation_model("CreateWorkloadIdentity").input_shape.members


def _text(shape) -> Text:
    return Text(minimum=shape.metadata["min"], maximum=shape.metadata["max"], pattern=shape.metadata["pattern"])


def _limits(name: str) -> Text:
    limits = SCHEMA["$defs"][name]
    return Text(
        minimum=limits["minLength"],
        maximum=limits["maxLength"],
        pattern=limits["pattern"].removeprefix("^").removesuffix("$"),
    )


def test_limits_are_the_services(create):
    urls, tags = WORKLOAD_IDENTITY.attribute("allowedResourceOauth2ReturnUrls"), WORKLOAD_IDENTITY.attribute("tags")
    url, key, value = create["allowedResourceOauth2ReturnUrls"].member, create["tags"].key, create["tags"].value

    assert set(create) == {"name", *(one.name for one in WORKLOAD_IDENTITY.attributes if not one.local)}
    assert WORKLOAD_IDENTITY.name == _limits("identityName") == _text(create["name"])
    assert urls.text == _limits("returnUrl") == _text(url)
    assert tags.key == _limits("tagKey") == _text(key)
    assert tags.text == _limits("tagValue") == _text(value)
    assert tags.max_items == create["tags"].metadata["max"]
    assert urls.max_items is None
    assert _limits("key") == KEY
    assert "max" not in create["allowedResourceOauth2ReturnUrls"].metadata


def test_the_configuration_of_each_vendor_is_the_services():
    entry = SCHEMA["$defs"]["oauth2CredentialProvider"]

    assert {name: SCHEMA["$defs"][name] for name in definitions()} == definitions()
    assert entry["allOf"] == choices()
    assert entry["properties"]["credentialProviderVendor"]["enum"] == vendors()
    assert len(vendors()) == 25


@pytest.mark.parametrize("kind", [OAUTH2_PROVIDER, API_KEY_PROVIDER], ids=lambda kind: kind.type)
def test_limits_of_providers_are_the_services(kind):
    model = botocore.session.get_session().get_service_model("bedrock-agentcore-control")
    members = model.operation_model(kind.api.create).input_shape.members
    found = model.operation_model(kind.api.list).input_shape.members["maxResults"].metadata["max"]

    assert kind.name == _limits("providerName") == _text(members["name"])
    assert kind.api.page_size == found
    assert kind.attribute("tags").max_items == members["tags"].metadata["max"]
    vault = model.operation_model(TOKEN_VAULT.api.update).input_shape.members["kmsConfiguration"].members
    assert TOKEN_VAULT.attribute("kmsKeyArn").text == _limits("kmsKeyArn") == _text(vault["kmsKeyArn"])
    assert SCHEMA["$defs"]["tokenVault"]["properties"]["keyType"]["enum"] == vault["keyType"].enum


def test_the_manifest_leaves_room_for_the_ownership_tag():
    entry = SCHEMA["$defs"]["workloadIdentity"]["properties"]

    assert entry["tags"]["maxProperties"] == WORKLOAD_IDENTITY.attribute("tags").max_items - 1
    assert OWNER_TAG in entry["tags"]["description"]


def test_each_constrained_value_of_an_entry_takes_a_template_instead():
    entry = SCHEMA["$defs"]["workloadIdentity"]["properties"]
    spots = {
        "identityName": entry["name"],
        "returnUrl": entry["allowedResourceOauth2ReturnUrls"]["items"],
        "tagValue": entry["tags"]["additionalProperties"],
    }

    for name, spot in spots.items():
        assert spot["if"] == {"$ref": "#/$defs/template"}
        assert spot["else"] == {"$ref": f"#/$defs/{name}"}


def test_the_schema_is_one_and_editors_find_words_everywhere():
    Draft202012Validator.check_schema(SCHEMA)
    assert schema_text("manifest").endswith("}\n")
    for path, one in _properties(SCHEMA):
        assert one.get("title"), path
        assert one.get("description"), path


def _properties(one, path=""):
    if isinstance(one, dict):
        for name, value in one.items():
            if name == "properties" and not path.endswith("/if"):
                yield from ((f"{path}/{key}", inner) for key, inner in value.items())
            yield from _properties(value, f"{path}/{name}")
    elif isinstance(one, list):
        for index, value in enumerate(one):
            yield from _properties(value, f"{path}/{index}")


def test_every_property_has_its_line_in_the_reference():
    text = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")

    for path, _ in _properties(SCHEMA):
        name = path.rpartition("/")[2]
        assert re.search(rf"^\| `{name}` \|", text, re.MULTILINE), f"docs/manifest.md has no row for {path}"


def test_the_reference_knows_no_property_that_is_not_there():
    text = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
    names = {path.rpartition("/")[2] for path, _ in _properties(SCHEMA)}

    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == names


def test_every_rule_has_its_section_and_every_section_its_rule():
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (\S+)$", text, re.MULTILINE)

    assert sections == [rule.code for rule in RULES]
    for rule, section in zip(RULES, re.split(r"^## \S+$", text, flags=re.MULTILINE)[1:], strict=True):
        assert f"Severity: {rule.severity.value}." in section
        for part in ("What", "Why", "Mend it", "Silence it"):
            assert f"**{part}.**" in section, f"{rule.code}: {part}"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda one: one.name)
def test_an_example_is_sound_in_every_environment_and_says_where_its_schema_is(path):
    loaded = load(path)

    assert loaded.diagnostics == ()
    for name in loaded.manifest.environments:
        resolved = resolve(loaded.manifest, name)
        assert [one for one in resolved.diagnostics if one.severity is not Severity.INFO] == []
        assert resolved.stack.resources
    for file in path.glob("*.yaml") if path.is_dir() else [path]:
        line = file.read_text(encoding="utf-8").partition("\n")[0]
        assert line.startswith("# yaml-language-server: $schema=")
        assert (file.parent / line.partition("=")[2]).resolve() == ROOT / "schemas" / "manifest.schema.json"


def test_the_yaml_of_the_reference_is_sound(findings):
    text = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
    blocks = [one for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "version: 1" in one]

    assert blocks
    for block in blocks:
        assert [one for one in findings(block) if one.severity is Severity.ERROR] == []


def test_a_sound_manifest_costs_no_heavy_import():
    code = """if True:
        import sys
        from pathlib import Path
        from reconciler.manifest import load, resolve
        loaded = load(Path("manifests/quickstart.yaml"))
        assert resolve(loaded.manifest, "local").stack
        heavy = {"jsonschema", "boto3", "botocore", "rich"}
        print(*sorted({name.partition(".")[0] for name in sys.modules} & heavy))
    """
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert run.stdout.strip() == ""
