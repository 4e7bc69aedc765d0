"""Signed plans: with a key given, nothing but a plan signed by that very key is shown or applied."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

KEY = "0123456789abcdef0123456789abcdef-canary"
OTHER = "fedcba9876543210fedcba9876543210-canary"
PROD = 'environments: {prod: {account: "123456789012", region: us-east-1}}'


@pytest.fixture
def signed(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project with the key in its environment and a plan signed by it."""
    monkeypatch.setenv("RECONCILER_PLAN_KEY", KEY)
    assert project.run("plan", "--out", "saved.plan").code == 0
    return project


@pytest.fixture
def kms(project: Any, aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A KMS client; the project has an environment in AWS, all of it behind one server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", aws.url)
    project.declare("agent-a", head=PROD)
    client = boto3.client("kms", region_name="us-east-1")
    yield client
    client.close()


def hmac_key(kms: Any) -> str:
    return str(kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"])


def saved() -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(Path("saved.plan").read_text(encoding="utf-8"))
    return raw


def refused(project: Any, *more: str) -> str:
    """What apply says of saved.plan, which it refuses before anything is read or written; show refuses it too."""
    ran = project.run("apply", "--plan", "saved.plan", *more)
    assert ran.code == 3, ran
    assert ran.out == ""
    shown = project.run("show", "saved.plan", *more)
    assert (shown.code, shown.out) == (3, "")
    assert not list(project.folder.glob("*.lock.json*"))
    said: str = ran.err
    return said


# The key in the environment


def test_a_plan_signed_by_the_key_is_shown_and_applied_and_both_say_so(signed: Any) -> None:
    for command in (["show", "saved.plan"], ["apply", "--plan", "saved.plan"]):
        ran = signed.run(*command)
        assert ran.code == 0, ran
        assert "It is signed with RECONCILER_PLAN_KEY; the signature is right." in ran.err
    assert signed.lock["serial"] == 1


def test_the_signature_is_what_the_documentation_says_that_it_is(signed: Any) -> None:
    raw = saved()
    body = {name: value for name, value in raw.items() if name not in ("digest", "signature")}
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    sealed = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    lines = "\n".join(("reconciler saved plan", "hmac-sha256", "RECONCILER_PLAN_KEY", sealed))
    assert raw["digest"] == sealed
    assert raw["signature"] == {
        "method": "hmac-sha256",
        "key": "RECONCILER_PLAN_KEY",
        "mac": hmac.new(KEY.encode(), lines.encode(), "sha256").hexdigest(),
    }


def test_an_unsigned_plan_is_refused(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.run("plan", "--out", "saved.plan")
    monkeypatch.setenv("RECONCILER_PLAN_KEY", KEY)
    assert "saved.plan is not signed, and RECONCILER_PLAN_KEY says that it has to be" in refused(project)


def test_a_plan_signed_by_another_key_is_refused(signed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_PLAN_KEY", OTHER)
    assert "saved.plan has a wrong signature" in refused(signed)


@pytest.mark.parametrize(
    "edit",
    [
        {"created_at": "2026-01-01T00:00:00Z"},
        {"created_at": None},
        {"manifest_digest": "sha256:0"},
        {"reconciler_version": "9.9.9"},
        {"serial": 7},
        {"protected": True},
        {"signature": {"method": "hmac-sha256", "key": "RECONCILER_PLAN_KEY", "mac": "0" * 64}},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_the_signature_covers_whatever_is_in_the_file(signed: Any, edit: dict[str, Any]) -> None:
    signed.reseal(**edit)
    assert "saved.plan has a wrong signature" in refused(signed)


def test_no_member_of_the_file_can_be_taken_out(signed: Any) -> None:
    whole = saved()
    for name in whole:
        Path("saved.plan").write_text(json.dumps({one: value for one, value in whole.items() if one != name}))
        ran = signed.run("apply", "--plan", "saved.plan", "--max-age", "none")
        assert ran.code == (3 if name == "signature" else 1 if name in ("digest", "format_version") else 4), name


def test_the_signature_covers_what_it_says_of_itself(signed: Any) -> None:
    signed.reseal(signature={**saved()["signature"], "key": "somebody I trust"})
    assert "saved.plan has a wrong signature" in refused(signed)


def test_a_member_that_stands_twice_has_no_second_meaning(signed: Any) -> None:
    text = Path("saved.plan").read_text()
    Path("saved.plan").write_text(text.replace("{", '{"summary":{"delete":0},', 1))
    ran = signed.run("apply", "--plan", "saved.plan")
    assert ran.code == 1
    assert "stands twice" in ran.err


def test_a_signed_plan_without_the_key_is_shown_with_a_warning_and_not_applied(
    signed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECONCILER_PLAN_KEY")
    shown = signed.run("show", "saved.plan")
    assert shown.code == 0
    assert "NOT checked" in shown.err
    ran = signed.run("apply", "--plan", "saved.plan")
    assert ran.code == 3
    assert "no key is here to check that" in ran.err
    assert not signed.lockfile.exists()


@pytest.mark.parametrize("weak", ["", " ", "short-canary", "x" * 31])
def test_a_weak_key_is_refused_before_anything_is_done(
    project: Any, monkeypatch: pytest.MonkeyPatch, weak: str
) -> None:
    project.run("plan", "--out", "saved.plan")
    before = Path("saved.plan").read_bytes()
    monkeypatch.setenv("RECONCILER_PLAN_KEY", weak)
    for command in (["plan", "--out", "saved.plan"], ["show", "saved.plan"], ["apply", "--plan", "saved.plan"]):
        ran = project.run(*command)
        assert (ran.code, ran.out) == (1, ""), ran
        assert "openssl rand -hex 32" in ran.err
        assert "RECONCILER_PLAN_KEY" in ran.err
        assert not weak.strip() or weak not in ran.err
    assert Path("saved.plan").read_bytes() == before
    assert not project.lockfile.exists()


def test_blanks_around_the_key_are_no_part_of_it(signed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_PLAN_KEY", f" {KEY}\n")
    assert signed.run("apply", "--plan", "saved.plan").code == 0


def test_a_key_need_not_be_text(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_PLAN_KEY", "\udcff" * 40)  # as the interpreter gives a byte that is no UTF-8
    assert project.run("plan", "--out", "saved.plan").code == 0
    assert project.run("apply", "--plan", "saved.plan").code == 0


def test_the_key_is_in_no_output_and_no_file(project: Any) -> None:
    commands = (
        ["plan", "--out", "saved.plan"],
        ["show", "saved.plan"],
        ["apply", "--plan", "saved.plan"],
        ["apply", "--plan", "saved.plan"],
        ["plan", "--out", "other.plan", "--sign-with", "alias/plans"],
        ["show", "saved.plan", "--verify-with", "alias/plans"],
    )
    for key in (KEY, OTHER, "short-canary"):
        for command in commands:
            ran = project.other(*command, "--log-level", "debug", env={"RECONCILER_PLAN_KEY": key})
            assert "canary" not in ran.out + ran.err
    for file in project.folder.rglob("*"):
        assert not file.is_file() or b"canary" not in file.read_bytes(), file


def test_the_plan_is_the_same_with_a_key_and_without(signed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key = signed.run("show", "saved.plan", "--format", "json").out
    assert signed.run("apply", "--plan", "saved.plan").code == 0
    monkeypatch.delenv("RECONCILER_PLAN_KEY")
    assert "signature" not in json.loads(with_key)
    assert signed.lock["lastPlan"] == json.loads(with_key)["digest"] != saved()["digest"]


# A key of AWS KMS


def test_a_plan_signed_by_a_kms_key_is_shown_and_applied(project: Any, kms: Any) -> None:
    key = hmac_key(kms)
    planned = project.run("plan", "--out", "saved.plan", "--sign-with", key)
    assert planned.code == 0, planned
    assert f"reconciler apply --plan saved.plan --verify-with {key}" in planned.err
    assert {**saved()["signature"], "mac": ""} == {"method": "aws-kms", "key": key, "mac": ""}
    for command in (["show", "saved.plan"], ["apply", "--plan", "saved.plan"]):
        ran = project.run(*command, "--verify-with", key)
        assert ran.code == 0, ran
        assert f"It is signed with the KMS key {key}; the signature is right." in ran.err


def test_an_alias_names_the_key_too(project: Any, kms: Any) -> None:
    key = hmac_key(kms)
    kms.create_alias(AliasName="alias/plans", TargetKeyId=key)
    assert project.run("plan", "--out", "saved.plan", "--sign-with", "alias/plans").code == 0
    assert project.run("apply", "--plan", "saved.plan", "--verify-with", key).code == 0


def test_another_kms_key_is_refused_before_the_directory_is_asked(project: Any, aws: Any, kms: Any) -> None:
    project.run("plan", "--out", "saved.plan", "--sign-with", hmac_key(kms))
    asked = len(aws.misbehaviour.calls)
    assert "saved.plan has a wrong signature" in refused(project, "--verify-with", hmac_key(kms))
    assert len(aws.misbehaviour.calls) == asked


def test_a_resealed_plan_has_a_wrong_signature_for_kms_too(project: Any, kms: Any) -> None:
    key = hmac_key(kms)
    project.run("plan", "--out", "saved.plan", "--sign-with", key)
    project.reseal(manifest_digest="sha256:0")
    assert "saved.plan has a wrong signature" in refused(project, "--verify-with", key)


def test_a_plan_signed_the_other_way_is_refused(project: Any, kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = hmac_key(kms)
    project.run("plan", "--out", "saved.plan", "--sign-with", key)
    monkeypatch.setenv("RECONCILER_PLAN_KEY", KEY)
    assert f"signed with the KMS key {key}, not as RECONCILER_PLAN_KEY says" in refused(project)
    project.run("plan", "--out", "saved.plan")
    monkeypatch.delenv("RECONCILER_PLAN_KEY")
    assert "signed with RECONCILER_PLAN_KEY, not as --verify-with" in refused(project, "--verify-with", key)


def test_the_key_in_the_plan_is_never_the_key_that_it_is_checked_with(project: Any, kms: Any) -> None:
    """Somebody who may use a key of his own signs with that, and says so in the file."""
    ours, theirs = hmac_key(kms), hmac_key(kms)
    project.run("plan", "--out", "saved.plan", "--sign-with", theirs)
    assert theirs in saved()["signature"]["key"]
    assert "wrong signature" in refused(project, "--verify-with", ours)
    ran = project.run("apply", "--plan", "saved.plan")  # and without a key of ours, nobody goes by theirs
    assert ran.code == 3


def test_a_signature_is_not_checked_with_the_role_that_the_plan_names(project: Any, aws: Any, kms: Any) -> None:
    key = hmac_key(kms)
    head = 'environments: {prod: {region: us-east-1, roleArn: "arn:aws:iam::123456789012:role/nobody"}}'
    project.declare("agent-a", head=head)
    assert project.run("plan", "--out", "saved.plan", "--sign-with", key).code == 0
    route = {**saved()["route"], "profile": "of-somebody-else"}  # does not exist: using it would be an error
    project.reseal(route=route)
    assert "wrong signature" in refused(project, "--verify-with", key)


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "profile"])
def test_what_is_missing_to_check_with_kms_is_to_be_found_around(
    project: Any, kms: Any, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    project.run("plan", "--out", "saved.plan", "--sign-with", hmac_key(kms))
    if missing == "profile":
        monkeypatch.setenv("AWS_PROFILE", "nobody")
    else:
        monkeypatch.delenv(missing)
    for command in (["show", "saved.plan"], ["apply", "--plan", "saved.plan"]):
        ran = project.run(*command, "--verify-with", "alias/plans")
        assert (ran.code, ran.out) == (1, ""), ran
        assert "never with those that the plan names" in ran.err


def test_two_keys_at_once_are_an_error(project: Any, kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_PLAN_KEY", KEY)
    project.run("plan", "--out", "saved.plan")
    for command in (
        ["plan", "--out", "other.plan", "--sign-with", "alias/plans"],
        ["show", "saved.plan", "--verify-with", "alias/plans"],
        ["apply", "--plan", "saved.plan", "--verify-with", "alias/plans"],
    ):
        ran = project.run(*command)
        assert (ran.code, ran.out) == (1, ""), ran
        assert "two keys for one signature" in ran.err


def test_a_key_that_kms_does_not_have_leaves_no_file(project: Any, kms: Any) -> None:
    ran = project.run("plan", "--out", "saved.plan", "--sign-with", "11111111-2222-3333-4444-555555555555")
    assert ran.code == 1
    assert "GenerateMac 11111111-2222-3333-4444-555555555555" in ran.err
    assert not Path("saved.plan").exists()


@pytest.mark.parametrize("nothing", ["", " "])
def test_a_key_that_is_an_empty_variable_is_an_error(project: Any, nothing: str) -> None:
    project.run("plan", "--out", "saved.plan")
    for command in (
        ["plan", "--out", "other.plan", "--sign-with", nothing],
        ["show", "saved.plan", "--verify-with", nothing],
        ["apply", "--plan", "saved.plan", "--verify-with", nothing],
    ):
        ran = project.run(*command)
        assert (ran.code, ran.out) == (1, ""), ran
        assert "names no key" in ran.err
