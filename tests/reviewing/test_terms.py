"""Whatever a manifest can say beside its resources is a change when it changes: no key of the schema is left out."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from reconciler.schema_files import schema
from tests.reviewing.versions import reviewed

SCHEMA: Mapping[str, Any] = schema("manifest")
_DROP = object()


def _keys(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """The dotted paths of all keys that hold no others, the entries of lists and free mappings aside."""
    for key, inner in schema.get("properties", {}).items():
        steps = inner["$ref"].split("/")[1:] if "$ref" in inner else ()
        held = functools.reduce(lambda part, step: part[step], steps, SCHEMA) if steps else inner
        parts = [held, *held.get("anyOf", ()), *held.get("oneOf", ())]
        below = [one for each in parts for one in _keys(each, f"{path}.{key}")]
        yield from below or [f"{path}.{key}"]


WHOLE: dict[str, Any] = {
    "version": 1,
    "stack": "payments",
    "settings": {
        "ignoreTags": ["a"],
        "rules": {"plain-http": {"severity": "warning", "reason": "a"}},
        "rates": {"from": "service-quotas", "*": 10},
        "require": [],
        "drift": {"ignore": [{"newcomers": ["a-*"], "reason": "a"}]},
        "review": {"hosts": ["a.example.com"], "approvers": [{"paths": ["stack"], "require": "a"}]},
    },
    "environments": {
        "prod": {
            "account": "111111111111",
            "region": "us-east-1",
            "profile": "a",
            "roleArn": "arn:aws:iam::111111111111:role/a",
            "externalId": "aa",
            "sessionName": "aa",
            "variables": {"host": "a.example.com"},
            "protect": False,
            "limits": {"deletes": 5},
            "state": {"url": "s3://bucket/a", "region": "us-east-1", "kmsKey": "alias/a"},
        },
        "two": {"targets": {"eu": {"account": "222222222222", "region": "eu-west-1"}}},
    },
}

CHANGES: dict[str, tuple[Any, str]] = {
    "settings.ignoreTags": (["b"], "ignoreTags"),
    "settings.rules": ({"plain-http": {"severity": "warning", "reason": "b"}}, "rules"),
    "settings.rates.from": (_DROP, "rates"),
    "settings.rates.*": (20, "rates"),
    "settings.require": (["owner"], "require"),
    "settings.drift.ignore": ([{"newcomers": ["a-*"], "reason": "a", "until": "2030-01-01"}], "drift.ignore"),
    "settings.review.hosts": (["b.example.com"], "review.hosts"),
    "settings.review.approvers": ([{"paths": ["stack"], "require": "a", "from": "warning"}], "review.approvers"),
    "environments.prod.directory": ("embedded", "directory"),
    "environments.prod.account": ("333333333333", "account"),
    "environments.prod.region": ("eu-west-1", "region"),
    "environments.prod.profile": ("b", "profile"),
    "environments.prod.roleArn": ("arn:aws:iam::111111111111:role/b", "roleArn"),
    "environments.prod.externalId": ("bb", "externalId"),
    "environments.prod.sessionName": ("bb", "sessionName"),
    "environments.prod.variables": ({"host": "b.example.com"}, "variables"),
    "environments.prod.protect": (True, "protect"),
    "environments.prod.limits.deletes": ("50%", "limits.deletes"),
    "environments.prod.state.url": ("s3://bucket/b", "state"),
    "environments.prod.state.region": ("eu-west-1", "state.region"),
    "environments.prod.state.kmsKey": ("alias/b", "state.kmsKey"),
    "environments.prod.targets": ({"eu": {"account": "333333333333"}}, ""),
}


def test_every_key_of_the_schema_is_changed_here() -> None:
    settings = _keys(SCHEMA["properties"]["settings"], "settings")
    environment = _keys(SCHEMA["$defs"]["environment"], "environments.prod")
    assert {*settings, *environment} == CHANGES.keys() - {"settings.rates.*"}
    target = {one.removeprefix("environments.prod.") for one in _keys(SCHEMA["$defs"]["target"], "environments.prod")}
    assert target < {one.removeprefix("environments.prod.") for one in CHANGES}


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_of_it_is_told(path: str) -> None:
    value, row = CHANGES[path]
    head = copy.deepcopy(WHOLE)
    *steps, last = path.split(".")
    held = head
    for step in steps:
        held = held[step]
    held[last] = value
    if value is _DROP:
        del held[last]
    if value == "embedded":
        del held["state"]
    found = reviewed(yaml.safe_dump(WHOLE), yaml.safe_dump(head))
    assert found.complete, found.findings
    assert any(row in {one.name for one in item.rows} or not row for item in found.items), found.items
