"""lock rebuild: a lost lockfile comes back from the ownership tags, the directory stays as it is, and doubt is no claim."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator import ACCOUNT, Scope, Store
from reconciler.model.plan import Plan
from reconciler.planning import load_plan, plan_digest
from reconciler.state import LocalState
from reconciler.state.journal import journal_path

NAMES = [f"agent-{number:03}" for number in range(300)]
HEAD = 'environments: {prod: {account: "123456789012", region: us-east-1}}'
SCOPE = Scope("123456789012", "us-east-1")
READS = ("Get", "List")
W = "workload_identity."


@pytest.fixture
def remote(project: Any, aws: Any) -> Any:
    """Three identities stand, over HTTP; their lockfile is lost, and nothing is counted yet."""
    project.declare("agent-a", "agent-b", "agent-c", head=HEAD)
    assert project.run("apply", "--auto-approve").code == 0
    lose(project)
    aws.misbehaviour.calls.clear()
    return project


def lockfile(project: Any) -> Path:
    (found,) = project.folder.glob("reconciler.*.lock.json")
    return Path(found)


def lose(project: Any) -> Path:
    """Delete the lockfile; where it stood."""
    path = lockfile(project)
    path.unlink()
    return path


def writes(aws: Any) -> list[str]:
    return [one.operation for one in aws.misbehaviour.calls if not one.operation.startswith(READS)]


def entries(project: Any) -> dict[str, Any]:
    lock = LocalState(lockfile(project)).read()
    assert lock is not None
    return {str(address): known for address, known in lock.resources.items()}


def standing(project: Any) -> list[Any]:
    """All that the embedded directory holds, times included."""
    with contextlib.closing(Store(project.folder / ".reconciler" / "directory.sqlite")) as store:
        return sorted(store.identities(Scope(ACCOUNT, "us-east-1")), key=lambda one: one.name)


def test_after_a_big_apply_the_lockfile_comes_back_whole_and_nothing_is_touched(project: Any) -> None:
    project.declare(*NAMES)
    assert project.run("apply", "--auto-approve").code == 0
    before, directory, lineage = entries(project), standing(project), project.lock["lineage"]
    lose(project)
    ran = project.run("lock", "rebuild", "--auto-approve")
    assert ran.code == 0, ran.err
    assert "300 in the lockfile only" in ran.out
    assert entries(project) == before
    assert standing(project) == directory
    assert project.lock["serial"] == 1
    assert project.lock["lineage"] != lineage
    ran = project.run("plan", "--detailed-exitcode")
    assert ran.code == 0, ran.out
    assert "All 300 resources of the manifest stand" in ran.out


def test_over_http_every_identity_is_read_and_no_write_is_sent(remote: Any, aws: Any) -> None:
    with contextlib.closing(remote_client(aws)) as client:
        client.create_workload_identity(name="theirs", tags={"reconciler:stack": "billing/prod"})
        client.create_workload_identity(name="nobodys")
    aws.misbehaviour.calls.clear()
    ran = remote.run("lock", "rebuild", "--auto-approve")
    assert ran.code == 0, ran.err
    assert writes(aws) == []
    assert sorted(one.name for one in aws.misbehaviour.calls if one.operation == "GetWorkloadIdentity") == [
        "agent-a", "agent-b", "agent-c", "nobodys", "theirs",
    ]  # fmt: skip
    assert set(entries(remote)) == {W + "agent-a", W + "agent-b", W + "agent-c"}
    assert "2 unmanaged (nobodys, theirs)" in ran.out
    assert remote.run("plan", "--detailed-exitcode").code == 0
    assert writes(aws) == []


def remote_client(aws: Any) -> Any:
    import boto3

    return boto3.client("bedrock-agentcore-control", region_name="us-east-1", endpoint_url=aws.url)


def test_where_tags_are_denied_everything_is_unknown_by_name_and_nothing_is_written(remote: Any, aws: Any) -> None:
    aws.misbehaviour.deny("ListTagsForResource")
    ran = remote.run("lock", "rebuild", "--auto-approve")
    assert ran.code == 3
    for name in ("agent-a", "agent-b", "agent-c"):
        assert f"unknown  {W}{name}" in ran.out
    assert "bedrock-agentcore:ListTagsForResource" in ran.out
    assert "--allow-incomplete" in ran.err
    assert list(remote.folder.glob("*.lock.json")) == []
    assert remote.run("lock", "rebuild", "--auto-approve", "--allow-incomplete").code == 0
    assert list(remote.folder.glob("*.lock.json")) == []  # nothing known, so nothing claimed
    assert writes(aws) == []


def test_one_that_cannot_be_read_stops_the_rebuild_unless_it_may_be_left_out(remote: Any, aws: Any) -> None:
    aws.misbehaviour.fail("GetWorkloadIdentity", "AccessDeniedException", times=None, name="agent-b")
    ran = remote.run("lock", "rebuild", "--auto-approve")
    assert (ran.code, list(remote.folder.glob("*.lock.json"))) == (3, [])
    assert f"{W}agent-b could not be read" in ran.err
    assert remote.run("lock", "rebuild", "--auto-approve", "--allow-incomplete").code == 0
    assert set(entries(remote)) == {W + "agent-a", W + "agent-c"}
    aws.misbehaviour.reset()
    ran = remote.run("plan")
    assert "<= adopt" in ran.out
    assert "agent-b" in ran.out
    assert writes(aws) == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_a_listing_that_is_not_whole_is_refused_whatever_is_allowed(remote: Any, aws: Any, code: str) -> None:
    aws.misbehaviour.fail("ListWorkloadIdentities", code, times=None)
    ran = remote.run("lock", "rebuild", "--auto-approve", "--allow-incomplete")
    assert ran.code == 3
    assert "could not be listed in full" in ran.err
    assert list(remote.folder.glob("*.lock.json")) == []


def test_what_is_no_longer_declared_is_said_before_and_deleted_by_the_next_plan_only(remote: Any, aws: Any) -> None:
    remote.declare("agent-a", head=HEAD)
    ran = remote.run("lock", "rebuild", "--auto-approve")
    assert ran.code == 0, ran.err
    assert f"{W}agent-b, {W}agent-c are ours by the ownership tag and not declared" in " ".join(ran.out.split())
    assert writes(aws) == []
    plan = remote.run("plan")
    assert plan.out.count("- delete") == 2
    assert remote.run("forget", W + "agent-b", "--auto-approve").code == 0  # the way out that was named
    assert set(entries(remote)) == {W + "agent-a", W + "agent-c"}


def test_an_empty_manifest_still_needs_allow_empty_afterwards(remote: Any, aws: Any) -> None:
    remote.declare(head=HEAD)
    assert remote.run("lock", "rebuild", "--auto-approve").code == 0
    assert len(entries(remote)) == 3
    ran = remote.run("apply", "--auto-approve")
    assert ran.code == 3
    assert "--allow-empty" in ran.err
    assert writes(aws) == []


def test_another_key_for_the_same_name_and_tags_of_others_leave_the_next_plan_empty(remote: Any, aws: Any) -> None:
    with contextlib.closing(remote_client(aws)) as client:
        arn = client.get_workload_identity(name="agent-a")["workloadIdentityArn"]
        client.tag_resource(resourceArn=arn, tags={"cost-center": "7"})
    text = (remote.folder / "reconciler.yaml").read_text().replace("  agent-a:\n", "  first:\n    name: agent-a\n")
    remote.write(text + 'settings: {ignoreTags: ["cost-*"]}\n')
    assert remote.run("lock", "rebuild", "--auto-approve").code == 0
    assert entries(remote)[W + "first"].name == "agent-a"
    assert "cost-center" not in lockfile(remote).read_text()
    assert remote.run("plan", "--detailed-exitcode").code == 0


def test_a_plan_that_was_saved_before_is_stale_after(project: Any) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    project.declare("invoice-agent", "third-agent")
    project.run("plan", "--out", "saved.plan")
    lose(project)
    project.run("plan", "--out", "lost.plan")
    assert project.run("lock", "rebuild", "--auto-approve").code == 0
    ran = project.run("apply", "--plan", "saved.plan")
    assert (ran.code, "lineage" in ran.err) == (4, True)
    ran = project.run("apply", "--plan", "lost.plan")
    assert (ran.code, "before there was a lockfile" in ran.err) == (4, True)


def test_a_lockfile_that_stands_is_not_rebuilt(project: Any) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    before = lockfile(project).read_bytes()
    ran = project.run("lock", "rebuild", "--auto-approve")
    assert ran.code == 3
    assert "stack payments, environment local, serial 1, 2 resources" in ran.err
    assert "move it away" in ran.err
    assert lockfile(project).read_bytes() == before


@pytest.mark.parametrize("text", ["{", "<<<<<<< ours\n", '{"version": 99}', '{"version": 1}', "\udc80"])
def test_a_damaged_lockfile_is_not_rebuilt_over(project: Any, text: str) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    path = lockfile(project)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    before = path.read_bytes()
    ran = project.run("lock", "rebuild", "--auto-approve")
    assert ran.code == 3
    assert "move it away" in ran.err
    assert path.name in ran.err
    assert path.read_bytes() == before


def planned(project: Any) -> Plan:
    assert project.run("plan", "--out", "saved.plan").code == 0
    return load_plan((project.folder / "saved.plan").read_text(), file="saved.plan")


def begun(project: Any, command: str) -> Path:
    """The journal of a run that had one intent when it was killed; a copy, as it was in mid-run."""
    plan, copy = planned(project), project.folder / "copy"
    with LocalState(project.lockfile).exclusive(command) as writer:
        writer.begin(plan, plan_digest(plan))
        writer.intend(plan.changes[0])
        shutil.copy(journal_path(project.lockfile), copy)
        journal_path(project.lockfile).unlink()
    return copy


def test_the_journal_of_a_first_apply_has_its_own_way_out(project: Any) -> None:
    begun(project, "apply").rename(journal_path(project.lockfile))
    ran = project.run("lock", "rebuild", "--auto-approve")
    assert ran.code == 3
    assert "apply by " in ran.err
    assert "`reconciler apply`" in ran.err
    assert journal_path(project.lockfile).exists()
    assert project.run("apply", "--auto-approve").code == 0  # the way out
    assert len(project.lock["resources"]) == 2


def test_a_journal_whose_lockfile_is_gone_is_not_rebuilt_over(project: Any) -> None:
    project.run("apply", "--auto-approve")
    project.declare("invoice-agent", "third-agent")
    begun(project, "apply").rename(journal_path(project.lockfile))
    lose(project)
    ran = project.run("lock", "rebuild", "--auto-approve")
    assert ran.code == 3
    assert "Put back the lockfile" in ran.err
    assert "move the journal away" in ran.err
    assert not project.lockfile.exists()


def test_a_run_that_is_under_way_is_a_writer_and_no_journal_to_settle(project: Any) -> None:
    plan = planned(project)
    with LocalState(project.lockfile).exclusive("apply") as writer:
        writer.begin(plan, plan_digest(plan))
        ran = project.run("lock", "rebuild", "--auto-approve")
        assert (ran.code, "is locked" in ran.err) == (5, True)


def test_another_writer_is_waited_for_and_what_it_wrote_is_not_overwritten(project: Any) -> None:
    with LocalState(project.lockfile).exclusive("apply"):
        ran = project.run("lock", "rebuild", "--auto-approve")
        assert ran.code == 5
        waiting = project.spawn("lock", "rebuild", "--auto-approve", "--lock-timeout", "30")
        # What the other writer leaves when it is done: a lockfile, which nobody may take for lost.
        other = project.folder / "other.yaml"
        other.write_text((project.folder / "reconciler.yaml").read_text())
        assert project.run("apply", "other.yaml", "--auto-approve").code == 0
        shutil.copy(project.folder / "other.local.lock.json", project.lockfile)
    _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 3, err
    assert "stands and can be read" in err
    assert project.lock["serial"] == 1


def test_nothing_tagged_is_said_and_writes_nothing(project: Any) -> None:
    ran = project.run("lock", "rebuild")
    assert ran.code == 0
    assert "nothing was found to claim by the ownership tag 'payments/local'" in ran.out
    assert not project.lockfile.exists()


def test_it_asks_and_a_no_writes_nothing(project: Any, terminal: Any) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    lose(project)
    screen = terminal("lock", "rebuild")
    screen.expect("Write these into a new lockfile, reconciler.local.lock.json?")
    screen.type("no")
    assert screen.close() == 1
    assert not project.lockfile.exists()
    screen = terminal("lock", "rebuild")
    screen.expect("Only 'yes' will be accepted")
    screen.type("yes")
    assert screen.close() == 0
    assert len(project.lock["resources"]) == 2


def test_without_a_terminal_it_needs_auto_approve(project: Any) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    lose(project)
    ran = project.run("lock", "rebuild")
    assert (ran.code, project.lockfile.exists()) == (1, False)
    assert "--auto-approve" in ran.err


def test_protection_and_update_only_come_from_the_manifest(project: Any) -> None:
    with project.outside():
        pass  # the directory stands
    with contextlib.closing(Store(project.folder / ".reconciler" / "directory.sqlite")) as store:
        store.link(Scope(ACCOUNT, "us-east-1"), "runtime", "runner-AbCdEfGhIj")
    project.declare("kept", "plain")
    text = (project.folder / "reconciler.yaml").read_text()
    text = text.replace("  kept:\n", "  kept:\n    lifecycle: {protect: true}\n")
    project.write(text + "  runner-AbCdEfGhIj:\n    lifecycle: {updateOnly: true}\n")
    assert project.run("apply", "--auto-approve").code == 0
    before = entries(project)
    lose(project)
    assert project.run("lock", "rebuild", "--auto-approve").code == 0
    after = entries(project)
    assert {key: (one.protect, one.update_only) for key, one in after.items()} == {
        W + "kept": (True, False), W + "plain": (False, False), W + "runner-AbCdEfGhIj": (False, True),
    }  # fmt: skip
    assert {key: dataclasses.replace(one, origin=before[key].origin) for key, one in after.items()} == before
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_lockfile_that_is_lost_in_a_bucket_comes_back_there_and_one_that_is_denied_is_not_lost(
    project: Any, aws: Any, buckets: Any
) -> None:
    bucket, key = buckets.make(versioned=False), "team/payments.prod.lock.json"
    project.declare("agent-a", head=f"environments: {{prod: {{region: us-east-1, state: 's3://{bucket}/team'}}}}")
    assert project.run("apply", "--auto-approve").code == 0
    buckets.deny("GET", key)
    ran = project.run("lock", "rebuild", "--auto-approve")
    assert ran.code != 0
    assert f"s3://{bucket}/{key}" in ran.err
    buckets.calm()
    with contextlib.closing(buckets.client()) as client:
        client.delete_object(Bucket=bucket, Key=key)
    aws.misbehaviour.calls.clear()
    ran = project.run("lock", "rebuild", "--auto-approve")
    assert ran.code == 0, ran.err
    assert project.run("plan", "--detailed-exitcode").code == 0
    assert "agent-a" in project.run("lock", "show").out
    assert writes(aws) == []
