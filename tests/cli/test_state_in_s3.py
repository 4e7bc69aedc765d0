"""State in a bucket from the command line: runs that need nothing of the disk, moving it, its history, its lease."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

A, B = "workload_identity.agent-a", "workload_identity.agent-b"
DEAD = "7f0c1d1e-6f7e-4c39-9b76-0a4c5f2f8a11"


class InBucket:
    """A stack whose state is in a bucket, or is to be."""

    def __init__(self, project: Any, aws: Any, buckets: Any) -> None:
        self.project, self.aws, self.buckets = project, aws, buckets
        self.bucket = buckets.make()
        self.client = buckets.client()
        self.local = project.folder / "reconciler.prod.lock.json"
        self.url = f"s3://{self.bucket}/team/payments.prod.lock.json"

    def declare(self, *names: str, state: str | None = "") -> None:
        """These identities; `state` None keeps the lockfile beside the manifest."""
        where = "" if state is None else f", state: 's3://{self.bucket}/{state or 'team'}'"
        self.project.declare(*names, head=f"environments: {{prod: {{region: us-east-1{where}}}}}")

    def run(self, *words: str) -> Any:
        return self.project.run(*words)

    def apply(self) -> None:
        ran = self.run("apply", "--auto-approve")
        assert ran.code == 0, ran.err

    def unchanged(self) -> bool:
        return bool(self.run("plan", "--detailed-exitcode").code == 0)

    def objects(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [one["Key"] for one in found]

    def lock(self, key: str = "team/payments.prod.lock.json") -> dict[str, Any]:
        raw: dict[str, Any] = json.loads(self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        return raw

    def put(self, key: str, text: str) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"team/{key}", Body=text.encode())

    def hold(self, seconds: float = 60) -> None:
        """Let a run that is gone hold the lease."""
        record = {"id": DEAD, "who": "ci@runner-9 process 7", "since": "2026-11-24T10:00:00Z", "command": "apply"}
        self.put("payments.prod.lock.json.lease", json.dumps(record | {"seconds": seconds}))


@pytest.fixture
def stack(project: Any, aws: Any, buckets: Any) -> Any:
    stack = InBucket(project, aws, buckets)
    stack.declare("agent-a", "agent-b")
    yield stack
    stack.client.close()


def test_nothing_of_a_run_is_on_the_disk_and_the_next_runner_knows_all(stack: Any) -> None:
    stack.apply()
    assert [one.name for one in stack.project.folder.iterdir()] == ["reconciler.yaml"]
    assert stack.objects() == ["team/payments.prod.lock.json"]
    assert set(stack.lock()["resources"]) == {A, B}
    assert stack.unchanged()
    shown = stack.run("lock", "show")
    assert shown.out.startswith(f"Lockfile {stack.url} of stack payments")
    status = json.loads(stack.run("lock", "status", "--json").out)
    assert (status["lockfile"], status["serial"], status["holder"], status["unfinished"]) == (stack.url, 1, None, None)


def test_a_saved_plan_needs_neither_manifest_nor_folder(
    stack: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stack.run("plan", "--out", "saved.plan").code == 0
    runner = tmp_path_factory.mktemp("runner")
    shutil.copy("saved.plan", runner)
    monkeypatch.chdir(runner)
    ran = stack.run("apply", "--plan", "saved.plan")
    assert ran.code == 0, ran.err
    assert [one.name for one in runner.iterdir()] == ["saved.plan"]
    again = stack.run("apply", "--plan", "saved.plan")
    assert again.code == 4
    assert "applied already" in again.err


def test_a_plan_may_not_name_an_object_that_is_no_lockfile_of_its_stack(stack: Any) -> None:
    assert stack.run("plan", "--out", "saved.plan").code == 0
    from reconciler.model.values import canonical_json, digest

    raw = json.loads(Path("saved.plan").read_text())
    del raw["digest"]
    ours = "payments.prod.lock.json"
    for place in (
        f"s3://{stack.bucket}/team/billing.prod.lock.json",
        f"s3://{stack.bucket}/team/anything",
        "s3://x",
        f"s3://UPPER/{ours}",
        f"s3://{stack.bucket}/\u202e/{ours}",
        f"s3://{stack.bucket}/?versionId=1/{ours}",
        "x" * 300 + ".lock.json",
    ):
        raw["route"]["lockfile"] = place
        Path("edited.plan").write_text(canonical_json({**raw, "digest": digest(raw)}) + "\n")
        ran = stack.run("apply", "--plan", "edited.plan")
        assert ran.code == 1
        assert "Traceback" not in ran.err
        assert "internal error" not in ran.err
    assert stack.objects() == []


def test_an_embedded_directory_keeps_its_state_beside_it(stack: Any) -> None:
    head = f"environments: {{local: {{directory: embedded, state: 's3://{stack.bucket}/team'}}}}"
    stack.project.declare("agent-a", head=head)
    ran = stack.run("validate")
    assert ran.code == 1
    assert "error[state-of-embedded]" in ran.err
    assert "reconciler.yaml:3" in ran.err


def test_a_bucket_that_denies_is_said_and_nothing_is_sent(stack: Any) -> None:
    stack.buckets.deny("PUT")
    ran = stack.run("apply", "--auto-approve")
    assert ran.code == 1
    assert f"PutObject {stack.url}.lease: access denied" in ran.err
    assert "s3:PutObject" in ran.err
    assert not stack.aws.misbehaviour.calls


# One writer


def test_a_run_that_is_gone_is_named_until_it_is_unlocked(stack: Any) -> None:
    stack.hold()
    refused = stack.run("apply", "--auto-approve")
    assert refused.code == 5
    assert "is locked by ci@runner-9 process 7, apply, since 2026-11-24T10:00:00Z" in refused.err
    assert f"reconciler lock unlock {DEAD}" in refused.err
    assert json.loads(stack.run("lock", "status", "--json").out)["holder"]["id"] == DEAD
    assert DEAD in stack.run("lock", "status").out
    assert re.search(r"its lease runs out in (70|6[0-9]) s unless it is renewed", stack.run("lock", "status").out)
    waited = stack.run("apply", "--auto-approve", "--lock-timeout", "0.3")
    assert waited.code == 5
    assert "is locked by ci@runner-9 process 7, apply, since 2026-11-24T10:00:00Z. Waiting up to 0.3 s." in waited.err
    other = stack.run("lock", "unlock", "another-id", "--auto-approve")
    assert other.code == 1
    assert f"whose id is {DEAD}, not another-id" in other.err
    unasked = stack.run("lock", "unlock", DEAD)
    assert unasked.code == 1
    assert "--auto-approve" in unasked.err
    assert stack.objects() == ["team/payments.prod.lock.json.lease"]
    assert stack.run("lock", "unlock", DEAD, "--auto-approve").code == 0
    stack.apply()
    again = stack.run("lock", "unlock", DEAD, "--auto-approve")
    assert again.code == 1
    assert "is not locked" in again.err


def test_of_two_pipelines_at_once_one_applies_and_nothing_is_made_twice(
    stack: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = [f"agent-{number}" for number in range(8)]
    stack.declare(*names)
    runners = [tmp_path_factory.mktemp("runner") for _ in range(3)]
    stack.aws.misbehaviour.latency = 0.1
    started = []
    for runner in runners:
        shutil.copy("reconciler.yaml", runner)
        started.append(stack.project.spawn("apply", "--auto-approve", cwd=runner))
    ended = [(one.communicate(timeout=120), one.returncode) for one in started]
    codes = [code for _, code in ended]
    assert 0 in codes
    assert set(codes) <= {0, 5}, ended
    made = [seen.name for seen in stack.aws.misbehaviour.calls if seen.operation == "CreateWorkloadIdentity"]
    assert sorted(made) == names
    assert set(stack.lock()["resources"]) == {f"workload_identity.{name}" for name in names}
    assert stack.objects() == ["team/payments.prod.lock.json"]


def test_a_lease_that_ran_out_is_taken_over_and_said(stack: Any) -> None:
    stack.hold(seconds=-1000)
    ran = stack.run("apply", "--auto-approve")
    assert ran.code == 0
    assert "Took over from a run that is gone: ci@runner-9 process 7, apply, since" in ran.err


# Moving


def test_there_and_back_again(stack: Any) -> None:
    stack.declare("agent-a", "agent-b", state=None)
    stack.apply()
    before = json.loads(stack.local.read_text())
    stack.declare("agent-a", "agent-b")
    forgotten = stack.run("plan")
    assert forgotten.code == 1
    assert "reconciler lock migrate" in forgotten.err
    assert stack.run("plan", "--refresh", "none").code == 1
    assert stack.run("apply", "--auto-approve").code == 1

    ran = stack.run("lock", "migrate", "--auto-approve")
    assert ran.code == 0, ran.err
    assert "commit it together with the manifest" in ran.err
    assert json.loads(stack.local.read_text())["moved"] == stack.url
    assert stack.lock() == before
    assert stack.unchanged()

    stack.declare("agent-a", "agent-b", state=None)  # as in a branch that has the stub, and not the new manifest
    taken_out = stack.run("plan")
    assert taken_out.code == 1
    assert f"was moved to {stack.url}" in taken_out.err
    assert stack.run("apply", "--auto-approve").code == 1
    stack.declare("agent-a", "agent-b", state="other")
    assert stack.run("lock", "migrate", "--from", f"s3://{stack.bucket}/team", "--auto-approve").code == 0
    assert stack.lock("other/payments.prod.lock.json") == before
    assert stack.unchanged()
    stack.declare("agent-a", "agent-b")
    old = stack.run("plan")
    assert old.code == 1
    assert f"was moved to s3://{stack.bucket}/other/payments.prod.lock.json" in old.err

    assert stack.run("lock", "migrate", "--from", f"s3://{stack.bucket}/other", "--auto-approve").code == 0
    assert stack.lock() == before
    stack.declare("agent-a", "agent-b", state=None)
    assert stack.run("lock", "migrate", "--from", f"s3://{stack.bucket}/team", "--auto-approve").code == 0
    assert json.loads(stack.local.read_text()) == before
    assert stack.unchanged()


def test_a_move_that_broke_off_is_ended(stack: Any) -> None:
    stack.declare("agent-a", "agent-b", state=None)
    stack.apply()
    stack.put("payments.prod.lock.json", stack.local.read_text())
    stack.declare("agent-a", "agent-b")
    both = stack.run("plan", "--detailed-exitcode")
    assert both.code == 0  # what is there is there
    assert "reconciler.prod.lock.json stands beside the manifest and is not looked at" in both.err
    ran = stack.run("lock", "migrate", "--auto-approve")
    assert ran.code == 0, ran.err
    assert json.loads(stack.local.read_text())["moved"] == stack.url
    assert stack.unchanged()


def refuse(stack: Any, *words: str, code: int = 1) -> str:
    """What a refused move says; nothing has moved."""
    local = stack.local.read_text() if stack.local.exists() else None
    kept = {key: stack.client.get_object(Bucket=stack.bucket, Key=key)["ETag"] for key in stack.objects()}
    ran = stack.run("lock", "migrate", *words)
    assert ran.code == code, ran.err
    assert local == (stack.local.read_text() if stack.local.exists() else None)
    assert kept == {key: stack.client.get_object(Bucket=stack.bucket, Key=key)["ETag"] for key in stack.objects()}
    return str(ran.err)


def test_a_move_is_refused_while_anything_is_in_flight_or_in_the_way(stack: Any) -> None:
    yes = "--auto-approve"
    assert "there is no lockfile at reconciler.prod.lock.json" in refuse(stack, yes)
    assert "is there already" in refuse(stack, "--from", f"s3://{stack.bucket}/team", yes)
    assert "is no place of a state" in refuse(stack, "--from", "/tmp", yes)
    stack.declare("agent-a", state=None)
    assert "Say where it is kept now" in refuse(stack, yes)
    stack.apply()
    stack.declare("agent-a")
    assert "--auto-approve" in refuse(stack)  # nobody is here to be asked

    journal = stack.local.with_name(stack.local.name + ".journal")
    lock = json.loads(stack.local.read_text())
    target = {"stack": "payments", "environment": "prod", "account": "123456789012", "region": "us-east-1"}
    header = {"journal": 1, "lineage": lock["lineage"], "serial": 1, "plan": "sha256:x", "target": target}
    journal.write_text(json.dumps({**header, "ignore_tags": [], "command": "apply", "who": "w", "when": "now"}) + "\n")
    assert "a run is under way, or was interrupted" in refuse(stack, yes)
    journal.unlink()

    stack.hold()
    assert "is locked by ci@runner-9" in refuse(stack, yes, code=5)
    stack.client.delete_object(Bucket=stack.bucket, Key="team/payments.prod.lock.json.lease")

    stack.put("payments.prod.lock.json", json.dumps({**lock, "lineage": lock["lineage"][:-4] + "ffff"}))
    assert "a lockfile stands at" in refuse(stack, yes)
    stack.put("payments.prod.lock.json", "{")
    assert "damaged" in refuse(stack, yes)


@pytest.mark.parametrize("applied", ["both", "there", "here"])
def test_a_move_that_broke_off_before_an_apply_loses_neither_side(stack: Any, applied: str) -> None:
    stack.declare("agent-a", state=None)
    stack.apply()
    stack.put("payments.prod.lock.json", stack.local.read_text())
    if applied in ("both", "there"):
        stack.declare("agent-a", "agent-b")
        stack.apply()
    if applied in ("both", "here"):
        stack.declare("agent-a", "agent-c", state=None)
        stack.apply()
    stack.declare("agent-a", "agent-b", "agent-c")
    said = refuse(stack, "--auto-approve")
    assert "and they do not say the same" in said
    assert "run this again if the one to be moved is right" in said


# History


def test_an_earlier_version_is_listed_and_taken_back(stack: Any) -> None:
    for names in (("agent-a",), ("agent-a", "agent-b"), ("agent-a", "agent-b", "agent-c")):
        stack.declare(*names)
        stack.apply()
    listed = json.loads(stack.run("lock", "history", "--json").out)["versions"]
    assert [(one["serial"], one["resources"], one["latest"]) for one in listed] == [
        (3, 3, True),
        (2, 2, False),
        (1, 1, False),
    ]
    text = stack.run("lock", "history", "--limit", "2").out.splitlines()
    assert text[0] == f"Versions of {stack.url}; * stands now"
    assert text[2].startswith("*  3 ")
    assert len(text) == 4

    unasked = stack.run("lock", "restore", "--serial", "1")
    assert unasked.code == 1
    assert f"  - {B}" in unasked.out
    assert stack.lock()["serial"] == 3
    ran = stack.run("lock", "restore", "--serial", "1", "--auto-approve")
    assert ran.code == 0, ran.err
    assert "at serial 4" in ran.err
    assert set(stack.lock()["resources"]) == {A}
    assert stack.run("lock", "restore", "--version-id", listed[0]["version_id"], "--auto-approve").code == 0
    assert stack.lock()["serial"] == 5
    assert stack.unchanged()


@pytest.mark.parametrize("damage", ["<<<<<<< ours", None])
def test_a_damaged_or_missing_lockfile_comes_back_and_no_plan_fits_that_was_saved_before(
    stack: Any, damage: str | None
) -> None:
    stack.declare("agent-a")
    stack.apply()
    stack.declare("agent-a", "agent-b")
    assert stack.run("plan", "--out", "first.plan").code == 0
    assert stack.run("apply", "--plan", "first.plan").code == 0
    assert stack.run("plan", "--refresh", "none", "--out", "second.plan").code == 0
    good = stack.lock()
    if damage is None:
        stack.client.delete_object(Bucket=stack.bucket, Key="team/payments.prod.lock.json")
    else:
        stack.put("payments.prod.lock.json", damage)
        assert stack.run("plan").code == 1
        listed = json.loads(stack.run("lock", "history", "--json").out)["versions"]
        assert [one["serial"] for one in listed] == [None, 2, 1]
        assert "unresolved merge conflict" in stack.run("lock", "history").out
    ran = stack.run("lock", "restore", "--serial", "1", "--auto-approve")
    assert ran.code == 0, ran.err
    assert ("What stands cannot be read, and is replaced" in ran.err) == (damage is not None)
    back = stack.lock()
    assert (back["lineage"], back["serial"], set(back["resources"])) == (good["lineage"], 3, {A})
    for plan in ("first.plan", "second.plan"):
        ran = stack.run("apply", "--plan", plan)
        assert ran.code == 4, ran.err
    assert stack.lock() == back


def test_a_missing_lockfile_comes_back_as_it_was_for_a_run_that_is_unfinished(stack: Any) -> None:
    stack.declare("agent-a")
    stack.apply()
    good = stack.lock()
    stack.declare("agent-a", "agent-b")
    intended = json.loads(stack.run("plan", "--format", "json").out)["resource_changes"][0]
    stack.apply()
    target = {"stack": "payments", "environment": "prod", "account": "123456789012", "region": "us-east-1"}
    header = {"journal": 1, "lineage": good["lineage"], "serial": 1, "plan": "sha256:" + "a" * 64}
    header |= {"target": target, "ignore_tags": [], "command": "apply", "who": "w", "when": "now"}
    stack.put(f"payments.prod.lock.json.journal/{DEAD}/00000001.head", json.dumps(header) + "\n")
    stack.put(f"payments.prod.lock.json.journal/{DEAD}/00000002.rows", json.dumps({"intent": intended}) + "\n")
    stack.client.delete_object(Bucket=stack.bucket, Key="team/payments.prod.lock.json")
    foreign = stack.run("lock", "restore", "--serial", "2", "--auto-approve")
    assert foreign.code == 1
    assert "does not belong to" in foreign.err
    ran = stack.run("lock", "restore", "--serial", "1", "--auto-approve")
    assert ran.code == 0, ran.err
    assert stack.lock() == good
    stack.apply()
    assert stack.unchanged()


def test_what_is_not_in_the_history_or_has_none_is_said(stack: Any) -> None:
    stack.apply()
    assert "has no serial 9" in stack.run("lock", "restore", "--serial", "9", "--auto-approve").err
    assert "has no version zzz" in stack.run("lock", "restore", "--version-id", "zzz", "--auto-approve").err
    assert "give --serial N or --version-id ID" in stack.run("lock", "restore").err
    stack.declare("agent-a", state=None)
    for words in (("lock", "history"), ("lock", "restore", "--serial", "1")):
        ran = stack.run(*words)
        assert ran.code == 1
        assert "git log -- reconciler.prod.lock.json" in ran.err
    stack.bucket = stack.buckets.make(versioned=False)
    stack.declare("agent-a", "agent-b")
    stack.run("apply", "--auto-approve")
    assert "turn on its versioning" in stack.run("lock", "history").out
