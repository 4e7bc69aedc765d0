from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import InvalidInput, StalePlan
from reconciler.model.environments import Settings
from reconciler.model.values import digest
from reconciler.planning import (
    Method,
    Signature,
    dump_plan,
    dump_saved,
    load_plan,
    load_saved,
    plan_digest,
    shared_key_mac,
    signed_message,
)


@pytest.fixture
def full(make: Any) -> Any:
    """A plan with something of everything."""
    make.settings = Settings(ignore_tags=("cost-*",))
    make.want("new", "one", tags={"team": "ä"}).want("drifted", "one").know("drifted", "one").live("drifted", "two")
    make.know("gone").live("gone").know("lost").want("renamed", name="r-2").know("renamed", name="r-1").live("r-1")
    make.want("moved", name="m").know("was", name="m").live("m").want("claimed").live("claimed")
    make.want("taken").live("taken", owner="").want("dark").dark("dark").live("x", owner="")
    make.live("rt", owner="", linked="runtime r")
    return make.plan()


def test_saving_and_loading_gives_the_same_plan_and_the_same_bytes(full: Any) -> None:
    text = dump_plan(full)
    assert load_plan(text, file="p.json") == full
    assert dump_plan(load_plan(text, file="p.json")) == text
    assert text.endswith("}\n")
    assert "\n" not in text[:-1]


def test_the_contract_members_are_there(full: Any) -> None:
    raw = json.loads(dump_plan(full))
    assert raw["format_version"] == "1.0"
    assert raw["target"] == {
        "stack": "payments", "environment": "prod", "account": "222222222222", "region": "us-east-1"
    }  # fmt: skip
    assert raw["lineage"] == full.lineage
    assert raw["digest"] == plan_digest(full) == digest({key: raw[key] for key in raw.keys() - {"digest"}})
    assert (raw["complete"], raw["errored"]) == (False, True)
    assert raw["summary"] == {
        "create": 1, "update": 1, "delete": 1, "replace": 1, "adopt": 1, "forget": 1, "no_op": 1,
        "drift": 2, "unchanged": 0, "unmanaged": 1, "service_linked": 1, "unknown": 1,
    }  # fmt: skip
    replaced = next(one for one in raw["resource_changes"] if one["address"] == "workload_identity.renamed")
    assert (replaced["change"]["actions"], replaced["action_reason"]) == (["create"], "renamed")
    assert replaced["type"] == "workload_identity"


def test_any_edit_makes_the_plan_stale(full: Any) -> None:
    text = dump_plan(full).replace("https://one/cb", "https://evil/cb")
    with pytest.raises(StalePlan, match=r"p\.json was changed"):
        load_plan(text, file="p.json")


def resealed(plan: Any, edit: Callable[[dict[str, Any]], object]) -> str:
    """The plan's text with an edit by somebody who knows how digests are made."""
    raw = json.loads(dump_plan(plan))
    edit(raw)
    del raw["digest"]
    return json.dumps({**raw, "digest": digest(raw)})


def changed(raw: dict[str, Any], key: str) -> dict[str, Any]:
    return next(one["change"] for one in raw["resource_changes"] if one["address"].endswith(f".{key}"))


@pytest.mark.parametrize(
    "edit",
    [
        lambda raw: raw.update(errored=False),
        lambda raw: raw.update(complete=True),
        lambda raw: raw["summary"].update(delete=0),
        lambda raw: changed(raw, "gone")["before"].update(allowedResourceOauth2ReturnUrls=["https://z/", "https://a/"]),
        lambda raw: changed(raw, "drifted")["after"].update(allowedResourceOauth2ReturnUrls=["https://evil/"]),
        lambda raw: changed(raw, "drifted").update(attributes=[]),
        lambda raw: raw["resource_changes"][0].update(type="workload_identity", address="workload_identity.x", name=""),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_even_when_resealed(full: Any, edit: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_plan(resealed(full, edit), file="p.json")
    assert caught.value.diagnostics[0].source.file == "p.json"


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (lambda raw: raw.pop("summary"), ""),
        (lambda raw: raw.update(serial="7"), "serial"),
        (lambda raw: raw["resource_changes"][0]["change"].update(actions=["explode"]), "resource_changes[0]"),
        (lambda raw: raw["resource_changes"][1]["change"].update(before=None), "resource_changes[1]"),
        (lambda raw: raw["resource_changes"][2].update(address="no_such_kind.x"), "resource_changes[2]"),
        (lambda raw: raw.update(extra=1), ""),
    ],
)
def test_what_the_schema_refuses_is_named_by_its_place(full: Any, edit: Any, place: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_plan(resealed(full, edit), file="p.json")
    assert any(one.summary.startswith(place) for one in caught.value.diagnostics)
    assert "plan --out" in caught.value.detail


def test_a_newer_format_is_refused_with_both_versions(full: Any) -> None:
    text = resealed(full, lambda raw: raw.update(format_version="2.0", reconciler_version="9.9.9"))
    with pytest.raises(InvalidInput) as caught:
        load_plan(text, file="p.json")
    assert "2.0" in caught.value.diagnostics[0].summary
    assert "9.9.9" in caught.value.diagnostics[0].summary


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"a": 1}', '{"format_version": 1}', '{"format_version": "1.2", "terraform_version": "1.11.4"}',
     '{"format_version": "1.0"}', "[" * 100_000, '{"format_version": "1.0", "digest": "x"}', "\x00"],
)  # fmt: skip
def test_what_is_no_plan_is_refused_without_a_traceback(text: str) -> None:
    with pytest.raises((InvalidInput, StalePlan)):
        load_plan(text, file="p.json")


def test_a_syntax_error_has_its_line_and_column() -> None:
    with pytest.raises(InvalidInput) as caught:
        load_plan('{\n "format_version" 1}', file="p.json")
    assert str(caught.value.diagnostics[0].source) == "p.json:2:19"


def test_the_digest_names_the_whole_plan(full: Any) -> None:
    assert plan_digest(replace(full, serial=8)) != plan_digest(full)
    assert plan_digest(replace(full, route=replace(full.route, lockfile="other"))) != plan_digest(full)


def test_a_surrogate_from_a_broken_file_name_does_not_break_saving(make: Any) -> None:
    make.route = replace(make.route, lockfile="caf\udce9.lock.json")
    plan = make.want("a").plan()
    assert load_plan(dump_plan(plan), file="p.json") == plan


NOON = "2026-11-24T12:00:00Z"
SIGNATURE = Signature(method=Method.KMS, key="alias/plans", mac="ab" * 32)


def test_a_saved_plan_is_the_plan_with_its_date_and_signature(full: Any) -> None:
    asked: list[str] = []

    def sign(sealed: str) -> Signature:
        asked.append(sealed)
        return SIGNATURE

    text = dump_saved(full, created_at=NOON, sign=sign)
    saved = load_saved(text, file="p.json")
    assert (saved.plan, saved.created_at, saved.signature) == (full, NOON, SIGNATURE)
    assert [saved.digest] == asked
    assert load_plan(text, file="p.json") == full


def test_the_date_is_sealed_and_does_not_name_the_plan(full: Any) -> None:
    noon = load_saved(dump_saved(full, created_at=NOON, sign=lambda _: None), file="p.json")
    later = load_saved(dump_saved(full, created_at="2026-11-24T12:00:01Z", sign=lambda _: None), file="p.json")
    assert noon.digest != later.digest
    assert noon.plan == later.plan
    assert plan_digest(noon.plan) == plan_digest(later.plan) == plan_digest(full)
    assert noon.signature is None


def test_a_printed_plan_has_neither(full: Any) -> None:
    printed = load_saved(dump_plan(full), file="p.json")
    assert (printed.created_at, printed.signature, printed.digest) == ("", None, plan_digest(full))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("created_at", "yesterday"),
        ("created_at", "2026-11-24T12:00:00"),
        ("created_at", "2026-11-24T12:00:00+01:00"),
        ("created_at", 1_800_000_000),
        ("created_at", None),
        ("signature", None),
        ("signature", {}),
        ("signature", {"method": "none", "key": "k", "mac": "ab" * 32}),
        ("signature", {"method": "aws-kms", "key": "", "mac": "ab" * 32}),
        ("signature", {"method": "aws-kms", "key": "k", "mac": "AB" * 32}),
        ("signature", {"method": "aws-kms", "key": "k", "mac": "ab" * 31}),
        ("signature", {"method": "aws-kms", "key": "k", "mac": "ab" * 32, "more": 1}),
    ],
)
def test_a_date_or_signature_of_another_form_is_refused_by_its_place(full: Any, member: str, value: object) -> None:
    raw = {**json.loads(dump_saved(full, created_at=NOON, sign=lambda _: SIGNATURE)), member: value}
    sealed = digest({name: one for name, one in raw.items() if name not in ("digest", "signature")})
    with pytest.raises(InvalidInput) as caught:
        load_saved(json.dumps({**raw, "digest": sealed}), file="p.json")
    assert caught.value.diagnostics[0].summary.startswith(member)


def test_a_member_that_stands_twice_is_refused(full: Any) -> None:
    text = dump_saved(full, created_at=NOON, sign=lambda _: None)
    for twice in (text.replace("{", '{"serial":1,', 1), text.replace('"summary":{', '"summary":{"delete":0,')):
        with pytest.raises(InvalidInput) as caught:
            load_saved(twice, file="p.json")
        assert "stands twice" in caught.value.diagnostics[0].summary


def test_what_is_signed_differs_with_each_of_its_parts() -> None:
    parts = [
        ("sha256:a", Method.KMS, "k"),
        ("sha256:b", Method.KMS, "k"),
        ("sha256:a", Method.SHARED_KEY, "k"),
        ("sha256:a", Method.KMS, "l"),
    ]
    assert len({shared_key_mac(b"secret", signed_message(*one)) for one in parts}) == len(parts)
    assert all(len(signed_message("sha256:" + "0" * 64, one[1], "k" * 2048)) < 4096 for one in parts)
