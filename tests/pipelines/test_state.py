"""The lockfile that an apply wrote reaches the branch, or at least somebody hears of it and has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipelines.jobs import Job

LOCK = "reconciler.local.lock.json"


@pytest.fixture
def remote(job: Job, tmp_path: Path) -> Path:
    """What the checkout was cloned from."""
    job.commit("the manifest")
    bare = tmp_path / "remote.git"
    job.git("clone", "--quiet", "--bare", str(job.folder), str(bare), folder=tmp_path)
    job.git("remote", "add", "origin", str(bare))
    job.env["IDENTITIES_BRANCH"] = "main"
    return bare


def tracked(job: Job, remote: Path) -> list[str]:
    return job.git("ls-tree", "-r", "--name-only", "main", folder=remote).splitlines()


def test_the_lockfile_and_an_unfinished_journal_are_pushed(job: Job, remote: Path) -> None:
    job.write("{}", LOCK)
    job.write("{}", f"{LOCK}.journal")
    job.write("not ours", "other.txt")
    assert job.step("keep-state").code == 0
    assert {LOCK, f"{LOCK}.journal"} <= set(tracked(job, remote))
    assert "other.txt" not in tracked(job, remote)
    (job.folder / f"{LOCK}.journal").unlink()
    assert job.step("keep-state").code == 0
    assert f"{LOCK}.journal" not in tracked(job, remote), "it was settled"


def test_without_a_lockfile_or_a_change_nothing_is_committed(job: Job, remote: Path) -> None:
    before = job.git("rev-parse", "main", folder=remote)
    assert job.step("keep-state").code == 0
    job.write("{}", LOCK)
    job.step("keep-state")
    after = job.git("rev-parse", "main", folder=remote)
    assert after != before
    assert job.step("keep-state").code == 0
    assert job.git("rev-parse", "main", folder=remote) == after


def test_a_branch_that_moved_on_is_followed(job: Job, remote: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    job.git("clone", "--quiet", str(remote), str(other), folder=tmp_path)
    (other / "README").write_text("meanwhile", encoding="utf-8")
    job.git("add", "README", folder=other)
    job.git("commit", "--quiet", "--message", "meanwhile", folder=other)
    job.git("push", "--quiet", "origin", "main", folder=other)
    job.write("{}", LOCK)
    ended = job.step("keep-state")
    assert ended.code == 0, ended.err
    assert {LOCK, "README"} <= set(tracked(job, remote))


def test_a_branch_that_takes_no_push_fails_the_job_and_the_lockfile_is_among_the_reports(
    job: Job, remote: Path
) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    job.write('{"serial": 7}', LOCK)
    ended = job.step("keep-state")
    assert ended.code == 1
    assert "commit it by hand" in " ".join(ended.err.split())
    assert job.report(f"state/{LOCK}").read_text(encoding="utf-8") == '{"serial": 7}'


@pytest.mark.parametrize("kept", ["state", "state/reconciler.local.lock.json"])
def test_nothing_is_copied_through_a_link(job: Job, remote: Path, tmp_path: Path, kept: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret", encoding="utf-8")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (job.folder / "z.lock.json").symlink_to(secret)
    job.report(kept).parent.mkdir(parents=True)
    job.report(kept).symlink_to(theirs if kept == "state" else secret)
    job.write('{"serial": 7}', LOCK)
    assert job.step("keep-state").code == 0
    assert [one.name for one in job.report("state").iterdir()] == [LOCK]
    assert job.report(f"state/{LOCK}").read_text(encoding="utf-8") == '{"serial": 7}'
    assert list(theirs.iterdir()) == []
    assert secret.read_text(encoding="utf-8") == "secret"
