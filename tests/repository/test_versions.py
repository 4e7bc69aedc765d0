"""Which two versions a review compares, however the repository looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.lockfiles import lock_edits, locks_of_base, other_locks
from reconciler.cli.versions import WORKTREE, Versions, read_versions
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.report import ChangeReport
from reconciler.repository import author
from reconciler.reviewing import review
from tests.repositories import MANIFEST, Git

SECOND = MANIFEST + "  refund-agent: {}\n"
THIRD = SECOND + "  ledger-agent: {}\n"
OTHERS = """\
    {"version": 1, "lineage": "9b1c8f0e-2f64-4c5e-9d0a-0f3f5a0f8b11", "serial": 3, "stack": "ledger", "environment": "prod",
     "account": "222222222222", "region": "us-east-1", "resources": {}}
"""


def versions(
    path: str | None = None, base: str | None = None, head: str = WORKTREE, environ: dict[str, str] | None = None
) -> Versions:
    return read_versions(Path(path) if path else None, base=base, head=head, environ=environ or {})


def report(*arguments: Any, **named: Any) -> ChangeReport:
    found = versions(*arguments, **named)
    return review(found.base, found.head, lambda _: True, prefix=found.prefix)


def said(found: ChangeReport) -> list[str]:
    return [f"{one.action.value} {one.about.partition('.')[2]}" for one in found.items]


def test_what_is_not_committed_is_compared_with_the_branch(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    assert report().empty
    git.write("reconciler.yaml", SECOND)
    assert said(report()) == ["+ refund-agent"]
    assert report().head is not None
    assert report().head.commit == ""  # type: ignore[union-attr]


def test_a_branch_is_compared_with_where_it_left_and_not_with_where_main_got_to(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    fork = git.commit()
    git("checkout", "--quiet", "-b", "feature")
    git.write("reconciler.yaml", SECOND)
    git.commit()
    git("checkout", "--quiet", "main")
    git.write("reconciler.yaml", MANIFEST.replace("invoice-agent", "renamed-agent"))
    git.commit()
    found = versions(base="main", head="feature")
    assert found.base.version.commit == fork
    assert said(report(base="main", head="feature")) == ["+ refund-agent"]


def test_what_main_has_tightened_since_holds_for_a_branch_that_left_before(git: Git) -> None:
    loose = MANIFEST.replace("version: 1", 'version: 1\nsettings: {review: {hosts: ["*.partner.io"]}}')
    git.write("reconciler.yaml", loose)
    fork = git.commit()
    git("checkout", "--quiet", "-b", "feature")
    git.write("reconciler.yaml", loose.replace('/cb"]', '/cb", "https://x.partner.io/cb"]'))
    git.commit()
    git("checkout", "--quiet", "main")
    git.write("reconciler.yaml", MANIFEST.replace("us-east-1}", "us-east-1, protect: true}"))
    tip = git.commit()
    found = versions(base="main", head="feature")
    assert (found.base.version.commit, found.base.version.tip, found.tip.version.commit) == (fork, tip, tip)
    told = review(found.base, found.head, lambda _: True, tip=found.tip)
    assert [(one.level.value, one.code) for one in told.findings] == [("critical", "new-domain")]
    assert told.places[0].protected
    assert "main has another manifest by now" in told.beside[0]


def test_a_main_that_went_on_without_touching_the_manifest_judges_as_it_did(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    git("checkout", "--quiet", "-b", "feature")
    git.write("reconciler.yaml", SECOND)
    git.commit()
    git("checkout", "--quiet", "main")
    git.write("other.txt", "")
    tip = git.commit()
    found = versions(base="main", head="feature")
    assert found.tip is found.base
    assert found.base.version.tip == tip
    assert review(found.base, found.head, lambda _: True, tip=found.tip).beside == ()


def test_after_main_was_merged_in_only_the_branch_s_own_change_is_told(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.write("other.txt", "")
    git.commit()
    git("checkout", "--quiet", "-b", "feature")
    git.write("reconciler.yaml", SECOND)
    git.commit()
    git("checkout", "--quiet", "main")
    git.write("reconciler.yaml", MANIFEST.replace("stack: payments", "stack: payments\nsettings: {ignoreTags: [corp]}"))
    git.commit()
    git("checkout", "--quiet", "feature")
    git("merge", "--quiet", "--no-edit", "main")
    assert said(report(base="main", head="HEAD")) == ["+ refund-agent"]


def test_the_merge_commit_that_a_ci_checks_out_is_compared_with_its_target(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    git("checkout", "--quiet", "-b", "feature")
    git.write("reconciler.yaml", SECOND)
    git.commit()
    git("checkout", "--quiet", "--detach", "main")
    git("merge", "--quiet", "--no-ff", "--no-edit", "feature")
    git("update-ref", "refs/remotes/origin/main", "main")
    found = report(environ={"GITHUB_BASE_REF": "main"})
    assert said(found) == ["+ refund-agent"]
    assert found.base is not None
    assert found.base.label == "origin/main"


@pytest.mark.parametrize("variable", ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CHANGE_TARGET"])
def test_a_target_branch_that_was_not_fetched_is_no_reason_to_compare_with_another(git: Git, variable: str) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    with pytest.raises(UsageError, match="release, which was not fetched") as refused:
        versions(environ={variable: "release"})
    assert "git fetch origin release" in refused.value.detail


@pytest.fixture
def evil(git: Git) -> str:
    """A commit on a branch `feature`, which is checked out; main was fetched, and its commit is the one before."""
    git.write("reconciler.yaml", MANIFEST)
    git("update-ref", "refs/remotes/origin/main", git.commit())
    git("checkout", "--quiet", "-b", "feature")
    git.write("reconciler.yaml", SECOND)
    return git.commit()


@pytest.mark.parametrize("kind", ["refs/tags/origin/main", "refs/heads/origin/main", "refs/origin/main"])
def test_a_tag_or_branch_that_is_called_like_the_target_is_not_taken_for_it(git: Git, evil: str, kind: str) -> None:
    git("update-ref", kind, evil)
    assert said(report(environ={"GITHUB_BASE_REF": "main"})) == ["+ refund-agent"]
    assert said(report()) == ["+ refund-agent"]
    found = versions(base="refs/remotes/origin/main")
    assert found.base.version.label == "origin/main"
    assert said(report(base="refs/remotes/origin/main")) == ["+ refund-agent"]


def test_a_tag_called_like_what_is_usual_is_not_taken_for_it(git: Git, evil: str) -> None:
    git("update-ref", "-d", "refs/remotes/origin/main")
    for name in ("main", "origin/HEAD", "origin/main", "refs/heads/main", "refs/remotes/origin/main"):
        git("update-ref", f"refs/tags/{name}", evil)
    assert said(report()) == ["+ refund-agent"]
    with pytest.raises(UsageError, match="which was not fetched"):
        versions(environ={"CHANGE_TARGET": "release"})
    with pytest.raises(UsageError, match="is no commit of"):
        versions(base="refs/remotes/origin/main")


@pytest.mark.parametrize("suffix", ["", "~0", "^{commit}"])
def test_a_name_that_may_mean_several_commits_is_refused_with_those(git: Git, evil: str, suffix: str) -> None:
    git("update-ref", "refs/tags/origin/main", evil)
    with pytest.raises(UsageError, match="may mean refs/tags/origin/main or refs/remotes/origin/main") as refused:
        versions(base=f"origin/main{suffix}")
    assert f"--base refs/remotes/origin/main{suffix}." in refused.value.detail
    with pytest.raises(UsageError, match="--head: 'origin/main' may mean"):
        versions(base="feature", head="origin/main")
    git("update-ref", "refs/tags/origin/main", "refs/remotes/origin/main")
    assert said(report(base=f"origin/main{suffix}")) == ["+ refund-agent"], "both are one commit"


def test_a_tag_that_is_called_like_the_beginning_of_a_commit_is_refused(git: Git, evil: str) -> None:
    short = git("rev-parse", "main")[:10]
    assert said(report(base=short)) == ["+ refund-agent"]
    git("tag", short, evil)
    with pytest.raises(UsageError, match=f"may mean refs/tags/{short} or {short}"):
        versions(base=short)


def test_a_file_that_was_renamed_or_split_changes_nothing(git: Git) -> None:
    git.write("manifests/all.yaml", SECOND)
    git.commit()
    (git.root / "manifests/all.yaml").unlink()
    git.write("manifests/a.yaml", MANIFEST)
    git.write("manifests/b.yml", "workloadIdentities:\n  refund-agent: {}\n")
    git.commit()
    assert report(base="HEAD~1", head="HEAD").empty
    assert report(base="HEAD~1").empty


def test_a_file_that_became_a_folder_is_still_the_manifest(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    (git.root / "reconciler.yaml").unlink()
    git.write("manifests/a.yaml", SECOND)
    assert said(report(base="HEAD")) == ["+ refund-agent"]


@pytest.mark.parametrize("new", ["reconciler.yaml", "identities/all.yaml", "manifests/a.yaml"])
@pytest.mark.parametrize("asked", [True, False])
def test_a_manifest_that_moves_is_compared_with_the_one_that_stood(git: Git, new: str, asked: bool) -> None:
    old = "reconciler.yaml" if new.startswith("manifests") else "manifests/a.yaml"
    git.write(old, MANIFEST)
    git.commit()
    git.write(new, SECOND)
    if old == "reconciler.yaml":
        (git.root / old).unlink()
    git.commit()
    if not asked and new.startswith("identities"):
        assert report(base="HEAD~1", head="HEAD").empty, "nobody looks there"
        return
    for head in ("HEAD", WORKTREE):
        found = report(new if asked else None, base="HEAD~1", head=head)
        assert said(found) == ["+ refund-agent"]
        (moved,) = [one for one in found.findings if one.code == "manifest-moved"]
        assert moved.summary.startswith(
            f"The manifest stood at {old.partition('/')[0]}, and stands at {new.partition('/')[0]}"
        )


def test_a_manifest_of_another_stack_is_new_wherever_others_stand(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    git.write("teams/b/reconciler.yaml", SECOND.replace("stack: payments", "stack: refunds"))
    found = versions("teams/b/reconciler.yaml", base="HEAD")
    assert found.base.absent
    assert "manifest-moved" not in {one.code for one in report("teams/b/reconciler.yaml", base="HEAD").findings}


def test_a_deleted_manifest_lets_go_of_everything_and_a_new_one_adds_everything(git: Git) -> None:
    git.write("readme", "")
    git.commit()
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    (git.root / "reconciler.yaml").unlink()
    assert ". invoice-agent" in said(report(base="HEAD"))
    assert "+ invoice-agent" in said(report(base="HEAD~1", head="HEAD"))
    assert ". invoice-agent" in said(report("reconciler.yaml", base="HEAD"))


def test_no_version_has_a_manifest(git: Git) -> None:
    git.write("readme", "")
    git.commit()
    with pytest.raises(UsageError, match=r"Neither main nor the working tree has a manifest at reconciler\.yaml or"):
        versions()
    (git.root / "manifests").mkdir()
    with pytest.raises(UsageError, match="Neither"):
        versions()


def test_a_shallow_clone_says_how_to_get_the_history(git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    git("checkout", "--quiet", "-b", "feature")
    for text in (SECOND, THIRD):
        git.write("reconciler.yaml", text)
        git.commit()
    git("checkout", "--quiet", "main")
    git.write("other.txt", "")
    git.commit("on main")
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--depth", "1", "--no-single-branch", f"file://{git.root}", str(clone))
    monkeypatch.chdir(clone)
    with pytest.raises(UsageError, match="too shallow") as refused:
        versions(base="origin/main", head="origin/feature")
    assert "fetch-depth: 0" in refused.value.detail
    git("fetch", "--quiet", "--unshallow", at=clone)
    assert said(report(base="origin/main", head="origin/feature")) == ["+ ledger-agent", "+ refund-agent"]


def test_a_partial_clone_fetches_nothing_and_says_so(git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    git.write("reconciler.yaml", SECOND)
    git.commit()
    git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--filter=blob:none", f"file://{git.root}", str(clone))
    monkeypatch.chdir(clone)
    with pytest.raises(ReconcilerError, match=r"reconciler\.yaml") as refused:
        versions(base="HEAD~1")
    assert "git fetch --refetch --no-filter" in refused.value.detail
    git("fetch", "--quiet", "--refetch", "--no-filter", at=clone)
    assert said(report(base="HEAD~1")) == ["+ refund-agent"]


def test_histories_without_a_common_commit_are_not_compared(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    git("checkout", "--quiet", "--orphan", "other")
    git.commit("from nowhere")
    with pytest.raises(UsageError, match="main and other have no commit in common"):
        versions(base="main", head="other")
    with pytest.raises(UsageError, match="main and what stands here have no commit in common"):
        versions(base="main")


def test_a_submodule_s_manifest_is_read_in_its_own_repository(git: Git, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    git("init", "--quiet", "--initial-branch", "main", at=own)
    (own / "reconciler.yaml").write_text(MANIFEST)
    git("add", "-A", at=own)
    git("commit", "--quiet", "-m", "one", at=own)
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(own), "agents")
    git.commit()
    (git.root / "agents/reconciler.yaml").write_text(SECOND)
    assert said(report("agents/reconciler.yaml", base="HEAD")) == ["+ refund-agent"]
    (git.root / "agents/reconciler.yaml").unlink()
    found = versions("agents", base="HEAD", head="HEAD")
    assert found.repository.root == git.root / "agents"


def test_a_submodule_that_is_not_checked_out_is_said_to_be_one(git: Git, tmp_path: Path) -> None:
    commit = git.commit()
    git("update-index", "--add", "--cacheinfo", f"160000,{commit},manifests")
    git("commit", "--quiet", "-m", "a link to a commit")
    found = report("manifests", base="HEAD", head="HEAD")
    assert not found.complete
    assert "manifest-in-submodule" in {one.code for one in found.findings}


def test_line_ends_of_windows_change_nothing(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    git.write("reconciler.yaml", MANIFEST.replace("\n", "\r\n"))
    assert report().empty


def test_a_detached_head_without_any_branch_needs_a_base(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    git("checkout", "--quiet", "--detach")
    git("branch", "--quiet", "-D", "main")
    with pytest.raises(UsageError, match="Nobody can tell which branch") as refused:
        versions()
    assert refused.value.detail == "Say so with --base REF."


def test_a_repository_without_a_commit_has_nothing_to_compare(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    with pytest.raises(UsageError, match="--head: 'HEAD' is no commit"):
        versions()


@pytest.mark.parametrize(
    "ref", ["--output=/tmp/x", "no-such-branch", "main:reconciler.yaml", "", "a b", "main..feature"]
)
def test_a_ref_is_never_an_option_and_always_a_commit(git: Git, ref: str) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    with pytest.raises(UsageError, match="is no commit of"):
        versions(base=ref)


def test_outside_of_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "reconciler.yaml").write_text(MANIFEST)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="is in no git repository"):
        versions()


def test_a_repository_that_git_cannot_read_is_not_taken_for_none(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    (git.root / ".git" / "HEAD").unlink()
    with pytest.raises(ReconcilerError, match=r"git does not take .*/\.git for a repository") as refused:
        versions()
    assert f"git -C {git.root} status" in refused.value.detail


def test_what_git_says_of_somebody_elses_repository_has_no_tabs(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(ReconcilerError, match="cannot open the repository") as refused:
        versions()
    assert "\n  git config --global --add safe.directory" in refused.value.detail


def test_without_git_the_program_is_named(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ReconcilerError, match="no program git"):
        versions()


def test_a_folder_below_the_root_names_its_files_from_there_and_knows_the_way_up(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.write("teams/pay/reconciler.yaml", MANIFEST)
    git.commit()
    git.write("teams/pay/reconciler.yaml", SECOND)
    monkeypatch.chdir(git.root / "teams/pay")
    found = report()
    assert said(found) == ["+ refund-agent"]
    assert (found.prefix, str(found.items[0].source)) == ("teams/pay/", "reconciler.yaml:7:3")
    monkeypatch.chdir(git.root)
    assert said(report("teams/pay")) == ["+ refund-agent"]
    assert said(report(str(git.root / "teams/pay/reconciler.yaml"))) == ["+ refund-agent"]


def test_names_that_git_would_quote_or_take_for_patterns(git: Git) -> None:
    name = 'm*\u00e4 [x] "q"/:odd.yaml'
    git.write(name, MANIFEST)
    git.write("mX/:odd.yaml", MANIFEST)
    git.commit()
    git.write(name, SECOND)
    git.commit()
    assert said(report(name, base="HEAD~1", head="HEAD")) == ["+ refund-agent"]
    assert said(report(name.partition("/")[0], base="HEAD~1")) == ["+ refund-agent"]


def test_a_link_in_a_version_is_refused_and_never_followed(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    (git.root / "reconciler.yaml").unlink()
    (git.root / "reconciler.yaml").symlink_to("/etc/passwd")
    git.commit()
    for head in ("HEAD", WORKTREE):
        found = report(base="HEAD~1", head=head)
        assert not found.complete
        assert {"link-in-history", "link-leaves-folder"} & {one.code for one in found.findings}


TEAMS = ("teams/a/reconciler.yaml", "teams/a")


@pytest.fixture
def teams(git: Git) -> Git:
    """A repository with manifests of two teams, of which the branch puts a link to the other's in place of one."""
    git.write("teams/a/reconciler.yaml", MANIFEST)
    git.write("teams/sandbox/reconciler.yaml", SECOND)
    git.commit()
    git("checkout", "--quiet", "-b", "feature")
    (git.root / "teams/a/reconciler.yaml").unlink()
    (git.root / "teams/a").rmdir()
    return git


@pytest.mark.parametrize("path", TEAMS)
@pytest.mark.parametrize("target", ["sandbox", "../teams/sandbox", "/nowhere"])
def test_a_folder_that_became_a_link_is_not_followed_to_another_manifest(teams: Git, path: str, target: str) -> None:
    (teams.root / "teams/a").symlink_to(target)
    teams.commit()
    for asked in (path, str(teams.root / path)):
        found = report(asked, base="main", head="HEAD")
        assert not found.complete
        assert "link-in-history" in {one.code for one in found.findings}
    if target != "/nowhere":
        assert said(report(path, base="main")) == ["+ refund-agent"], "the working tree is what apply would read"


def test_a_link_to_the_root_or_to_another_repository_is_not_followed_either(teams: Git, tmp_path: Path) -> None:
    other = tmp_path / "other"
    teams("clone", "--quiet", "--branch", "main", str(teams.root), str(other))
    (other / "reconciler.yaml").write_text(SECOND)
    for target in ("..", str(other), str(other / "teams/a")):
        (teams.root / "teams/a").symlink_to(target)
        teams.commit()
        found = versions("teams/a/reconciler.yaml", base="main", head="HEAD")
        assert found.repository.root == teams.root
        assert found.stands[0].path == "teams/a/reconciler.yaml"
        assert found.head.manifest is None
        assert found.base.manifest is not None
        (teams.root / "teams/a").unlink()


def test_a_folder_that_became_a_submodule_is_said_to_be_one(teams: Git) -> None:
    commit = teams("rev-parse", "HEAD")
    teams("update-index", "--force-remove", "teams/a/reconciler.yaml")
    teams("update-index", "--add", "--cacheinfo", f"160000,{commit},teams/a")
    teams("commit", "--quiet", "-m", "a link to a commit")
    found = report("teams/a/reconciler.yaml", base="main", head="HEAD")
    assert "manifest-in-submodule" in {one.code for one in found.findings}


def test_a_link_outside_of_the_repository_leads_into_it(git: Git, tmp_path: Path) -> None:
    git.write("teams/pay/reconciler.yaml", MANIFEST)
    git.commit()
    git.write("teams/pay/reconciler.yaml", SECOND)
    for name, target in {"work-link": git.root, "teams-link": git.root / "teams"}.items():
        link = tmp_path / name
        link.symlink_to(target)
        path = link / ("teams/pay" if target == git.root else "pay")
        assert said(report(str(path), base="HEAD")) == ["+ refund-agent"]
        assert said(report(str(path / "reconciler.yaml"), base="HEAD")) == ["+ refund-agent"]


def test_a_pointer_of_git_lfs_is_no_manifest(git: Git) -> None:
    git.write("reconciler.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    git.commit()
    found = report(base="HEAD", head="HEAD")
    assert "file-in-lfs" in {one.code for one in found.findings}
    assert not found.complete


def test_nothing_that_the_repository_configures_runs(git: Git) -> None:
    ran = git.root.parent / "ran"
    script = git.write("hook", f"#!/bin/sh\ntouch {ran}\ncat\n")
    script.chmod(0o755)
    git.write("reconciler.yaml", MANIFEST)
    git.write(".gitattributes", "*.yaml filter=evil diff=evil\n")
    git.commit()
    for key in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor", "core.pager"):
        git("config", key, str(script))
    hooks = git.root / ".git/hooks"
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    (git.root / "reconciler.yaml").write_text(SECOND)
    assert said(report()) == ["+ refund-agent"]
    assert not ran.exists()


def test_a_hook_s_own_repository_is_not_taken_for_the_manifest_s(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    git.write("reconciler.yaml", SECOND)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert said(report()) == ["+ refund-agent"]


def embed(git: Git, folder: str, shows: str) -> None:
    """A bare repository among the files of the folder, which shares the objects and says that main is that commit."""
    for name in ("refs/.keep", "objects/info/.keep"):
        git.write(f"{folder}/{name}", "")
    git.write(f"{folder}/HEAD", "ref: refs/remotes/origin/main\n")
    git.write(f"{folder}/packed-refs", f"{shows} refs/remotes/origin/main\n{shows} refs/heads/main\n")
    git.write(f"{folder}/config", "[core]\n\tbare = false\n\tworktree = .\n[user]\n\tname = Mallory\n")
    git.write(f"{folder}/objects/info/alternates", f"{git.root}/.git/objects\n")


def test_what_looks_like_a_repository_among_the_files_is_not_asked(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    git.write("manifests/a.yaml", MANIFEST)
    git.commit()
    git("checkout", "--quiet", "-b", "feature")
    git.write("a.yaml", SECOND)  # as if it had always been so
    shows = git.commit()
    git.write("manifests/a.yaml", SECOND)
    embed(git, "manifests", shows)
    git.commit()
    assert git("config", "user.name", at=git.root / "manifests") == "Mallory", "git itself takes it for one"
    for path in ("manifests", "manifests/a.yaml"):
        found = versions(path, base="main", head="HEAD")
        assert found.repository.root == git.root
        assert said(report(path, base="main", head="HEAD")) == ["+ refund-agent"]
    assert author(git.root / "manifests") == ""
    monkeypatch.chdir(git.root / "manifests")
    assert versions("a.yaml", base="main").repository.root == git.root


def test_a_version_with_mistakes_leaves_the_report_incomplete(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.commit()
    git.write("reconciler.yaml", MANIFEST + "nonsense: true\n")
    git.commit()
    for base, head, which in (
        ("HEAD~1", "HEAD", "under review (HEAD)"),
        ("HEAD", WORKTREE, "it is compared with (HEAD)"),
    ):
        found = report(base=base, head=head)
        assert not found.complete
        assert which in " ".join(found.unread)
        assert found.items == ()


def test_lockfiles_of_others_are_found_and_one_s_own_is_not(git: Git) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.write("reconciler.prod.lock.json", OTHERS.replace("ledger", "payments"))
    git.write("other/m.prod.lock.json", OTHERS)
    git.write("broken/m.prod.lock.json", "{")
    git.write("binary/m.prod.lock.json", b"\xff\xfe")
    git.commit()
    found = versions()
    assert [(one.path, one.lock.stack) for one in other_locks(found)] == [("other/m.prod.lock.json", "ledger")]
    mine, silent = locks_of_base(found, found.head.environments)
    assert silent == []
    assert {name: one and one.serial for name, one in mine.items()} == {"prod": 3}


def test_what_a_change_writes_into_its_lockfile_is_told_and_not_believed(git: Git) -> None:
    lock = """\
        {"version": 1, "lineage": "9b1c8f0e-2f64-4c5e-9d0a-0f3f5a0f8b11", "serial": SERIAL, "stack": "payments",
         "environment": "prod", "account": "222222222222", "region": "us-east-1", "resources": {}}
    """
    git.write("manifests/a.yaml", MANIFEST)
    git.write("manifests/manifests.prod.lock.json", lock.replace("SERIAL", "3"))
    git.commit()
    git("checkout", "--quiet", "-b", "feature")
    assert lock_edits(versions(base="main"), ["prod"]) == {}
    git.write("manifests/manifests.prod.lock.json", lock.replace("SERIAL", "7"))
    git.commit()
    git("checkout", "--quiet", "main")
    git.write("manifests/manifests.prod.lock.json", lock.replace("SERIAL", "4"))
    git.commit()
    found = versions(base="main", head="feature")
    edit = lock_edits(found, ["prod"])["prod"]
    assert edit.path == "manifests/manifests.prod.lock.json"
    assert [one and one.serial for one in (edit.before, edit.after)] == [3, 7]
    believed, _ = locks_of_base(found, found.head.environments)
    assert {name: one and one.serial for name, one in believed.items()} == {"prod": 4}
    git("checkout", "--quiet", "feature")
    git.write("manifests/manifests.prod.lock.json", "{")
    assert "prod.lock.json" in lock_edits(versions(base="main"), ["prod"])["prod"].why
    (git.root / "manifests/manifests.prod.lock.json").unlink()
    gone = lock_edits(versions(base="main"), ["prod"])["prod"]
    assert (gone.before is not None, gone.after, gone.why) == (True, None, "")


def test_only_what_a_review_reads_has_to_be_there(git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git.write("reconciler.yaml", MANIFEST)
    git.write("README", "of no interest")
    git.write("here/m.prod.lock.json", OTHERS)
    git.write("away/m.prod.lock.json", OTHERS.replace('serial": 3', 'serial": 4'))
    git.commit()
    git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{git.root}", str(clone))
    for path in ("reconciler.yaml", "here/m.prod.lock.json"):
        git("cat-file", "-e", f"HEAD:{path}", at=clone)  # fetches it, and nothing else
    monkeypatch.chdir(clone)
    (clone / "reconciler.yaml").write_text(SECOND)
    found = versions(base="HEAD")
    assert [one.path for one in other_locks(found)] == ["here/m.prod.lock.json"]
    assert said(report(base="HEAD")) == ["+ refund-agent"]
    assert "README" not in {
        line.partition(" ")[2]
        for line in git("rev-list", "--objects", "--missing=print", "HEAD", at=clone).splitlines()
    }


@pytest.mark.parametrize("path", ["README", "other/m.prod.lock.json", "manifests/a.yaml", "manifests/b.yaml"])
def test_a_repository_that_lost_a_file_is_read_without_it_or_refused(git: Git, path: str) -> None:
    git.write("README", "of no interest")
    git.write("other/m.prod.lock.json", OTHERS)
    git.write("manifests/a.yaml", MANIFEST)
    git.write("manifests/b.yaml", "workloadIdentities:\n  refund-agent: {}\n")
    git.commit()
    oid = git("rev-parse", f"HEAD:{path}")
    (git.root / ".git/objects" / oid[:2] / oid[2:]).unlink()
    if path.startswith("manifests/"):
        with pytest.raises(ReconcilerError, match=f"does not have the content of {path}"):
            versions(base="HEAD")
    else:
        assert report(base="HEAD").complete
        assert len(other_locks(versions(base="HEAD"))) == (path == "README")


def test_unchanged_files_are_read_once(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    git.write("manifests/a.yaml", MANIFEST)
    git.write("manifests/b.yaml", "workloadIdentities:\n  refund-agent: {}\n")
    git.commit()
    git.write("manifests/b.yaml", "workloadIdentities:\n  refund-agent: {tags: {a: b}}\n")
    found = versions()
    base, head = found.base.manifest, found.head.manifest
    assert base is not None
    assert head is not None
    raw = [{entry.key: entry.raw for entry in one.entries} for one in (base, head)]
    assert raw[0]["invoice-agent"] is raw[1]["invoice-agent"]
    assert raw[0]["refund-agent"] is not raw[1]["refund-agent"]
