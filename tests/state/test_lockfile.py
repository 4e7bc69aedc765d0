"""The lockfile's text: its bytes, and what is said about a bad one."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import Refused, StateError
from reconciler.model.resources import Origin
from reconciler.schema_files import schema
from reconciler.state import check_belongs, dump_lock, lockfile_path, parse_lock

GOLDEN = """\
{
  "account": "222222222222",
  "environment": "prod",
  "lastPlan": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "lineage": "0d1f6d5e-6f7e-4c39-9b76-0a4c5f2f8a11",
  "region": "us-east-1",
  "resources": {
    "workload_identity.invoice-agent": {
      "arn": "arn:aws:bedrock-agentcore:us-east-1:222222222222:workload-identity-directory/default/workload-identity/invoice",
      "attributes": {
        "allowedResourceOauth2ReturnUrls": [
          "https://app.example.com/a",
          "https://app.example.com/ü"
        ],
        "tags": {
          "team": "payments"
        }
      },
      "name": "invoice",
      "origin": "adopted",
      "protect": true,
      "updateOnly": false
    },
    "workload_identity.refunds": {
      "arn": "arn:aws:bedrock-agentcore:us-east-1:222222222222:workload-identity-directory/default/workload-identity/refunds",
      "attributes": {
        "allowedResourceOauth2ReturnUrls": [],
        "tags": {}
      },
      "name": "refunds",
      "origin": "created",
      "protect": false,
      "updateOnly": false
    }
  },
  "serial": 7,
  "stack": "payments",
  "version": 1
}
"""


@pytest.fixture
def lock(make: Any) -> Any:
    invoice = make.known(
        "invoice-agent",
        name="invoice",
        origin=Origin.ADOPTED,
        protect=True,
        attributes=make.attributes("https://app.example.com/ü", "https://app.example.com/a", team="payments"),
    )
    return make.lock(invoice, make.known("refunds"), serial=7)


def test_the_bytes_are_canonical(lock: Any) -> None:
    assert dump_lock(lock) == GOLDEN


def test_what_is_written_is_read_back_the_same(lock: Any) -> None:
    assert parse_lock(GOLDEN, file="x") == lock
    assert parse_lock(dump_lock(replace(lock, last_plan="")), file="x") == replace(lock, last_plan="")


def test_the_golden_text_is_what_the_published_schema_says() -> None:
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(schema("lockfile"))
    jsonschema.Draft202012Validator(schema("lockfile")).validate(json.loads(GOLDEN))


def test_the_order_of_entries_in_memory_never_shows(lock: Any) -> None:
    shuffled = replace(lock, resources=dict(reversed(lock.resources.items())))
    assert dump_lock(shuffled) == GOLDEN
    assert list(parse_lock(GOLDEN, file="x").resources) == sorted(lock.resources)


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_the_bytes_do_not_depend_on_the_hash_seed(seed: str) -> None:
    program = "import sys; from reconciler.state import *; sys.stdout.write(dump_lock(parse_lock(sys.stdin.read(), file='x')))"
    run = subprocess.run(
        [sys.executable, "-c", program],
        input=GOLDEN,
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={"PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
    )
    assert run.stdout == GOLDEN


def test_one_changed_resource_is_one_changed_line(lock: Any, make: Any) -> None:
    moved = replace(lock, resources=lock.resources | {make.address("refunds"): make.known("refunds", "https://x/y")})
    before, after = GOLDEN.splitlines(), dump_lock(moved).splitlines()
    assert set(before) - set(after) == {'        "allowedResourceOauth2ReturnUrls": [],'}


BAD = {
    "empty": ("", "x.json:1:1: damaged"),
    "cut off": (GOLDEN[:200], "x.json:"),
    "not JSON": ("hello", "x.json:1:1: damaged"),
    "not an object": ("[]\n", "not a lockfile of this version"),
    "deep": ("[" * 100_000, "damaged"),
    "null": ("null", "not a lockfile of this version"),
    "newer": (GOLDEN.replace('"version": 1', '"version": 2'), "written by a newer reconciler (lockfile version 2"),
    "no version": (GOLDEN.replace(',\n  "version": 1', ""), "'version' is a required property"),
    "serial as text": (GOLDEN.replace('"serial": 7', '"serial": "7"'), "serial: '7' is not of type 'integer'"),
    "unknown member": (GOLDEN.replace('"serial": 7', '"serial": 7, "sereal": 8'), "'sereal' was unexpected"),
    "unknown kind": (GOLDEN.replace("workload_identity.refund", "workload_identitee.refund"), "workload_identitee"),
    "ownership tag": (GOLDEN.replace('"team": "payments"', '"reconciler:stack": "a/b"'), "tags"),
    "conflict": (
        GOLDEN.replace('  "serial": 7,\n', '<<<<<<< HEAD\n  "serial": 7,\n=======\n  "serial": 8,\n>>>>>>> theirs\n'),
        "x.json:36: unresolved merge conflict",
    ),
    "twice the same key": (
        GOLDEN.replace("workload_identity.refunds", "workload_identity.invoice-agent"),
        "x.json:24: damaged: 'workload_identity.invoice-agent' stands there twice",
    ),
    "two entries of one resource": (
        GOLDEN.replace('"name": "refunds"', '"name": "invoice"'),
        "workload_identity.invoice-agent and workload_identity.refunds are both invoice",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_lockfile_is_refused_with_what_is_wrong_and_what_to_do(case: str) -> None:
    text, said = BAD[case]
    with pytest.raises(StateError) as caught:
        parse_lock(text, file="x.json")
    assert said in caught.value.summary
    assert caught.value.summary.startswith("x.json")
    assert caught.value.detail


def test_a_lockfile_of_another_stack_or_place_is_refused(lock: Any, make: Any) -> None:
    check_belongs(lock, make.target, file="x.json")
    check_belongs(lock, replace(make.target, account="", region=""), file="x.json")
    for part, value, kind in (
        ("stack", "billing", StateError),
        ("environment", "dev", StateError),
        ("account", "111111111111", Refused),
        ("region", "eu-west-1", Refused),
    ):
        with pytest.raises(kind, match=r"^x\.json .*prod.*") as caught:
            check_belongs(lock, replace(make.target, **{part: value}), file="x.json")
        assert value in caught.value.summary
        assert caught.value.detail


def test_the_lockfile_stands_beside_a_manifest_file_and_inside_a_folder(tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "agents"
    folder.mkdir()
    assert lockfile_path(tmp_path / "m.yaml", "prod") == tmp_path / "m.prod.lock.json"
    assert lockfile_path(Path("m.yml"), "prod") == Path("m.prod.lock.json")
    assert lockfile_path(folder, "dev") == folder / "agents.dev.lock.json"
    monkeypatch.chdir(folder)
    assert lockfile_path(Path(), "dev") == Path("agents.dev.lock.json")


@pytest.mark.parametrize("name", ["../prod", "a/b", "", ".", "a\0b", "-x"])
def test_an_environment_name_never_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(StateError, match="cannot be part of a file name"):
        lockfile_path(Path("m.yaml"), name)
