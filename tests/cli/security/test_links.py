"""No path leaves the stack's folder: not by a link, not by `..`, not by a name, not by what a plan says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.output import write_whole

LOCKFILE = "reconciler.local.lock.json"
BESIDE = ("", ".journal", ".guard", ".holder")


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of somebody else's with something precious in it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "precious").write_text("precious")
    return folder


def untouched(folder: Path) -> bool:
    return [one.name for one in folder.iterdir()] == ["precious"] and (folder / "precious").read_text() == "precious"


@pytest.mark.parametrize("target", ["precious", "not-there"])
@pytest.mark.parametrize("end", BESIDE)
def test_state_behind_a_link_is_neither_read_nor_written(project: Any, elsewhere: Path, end: str, target: str) -> None:
    link = project.folder / f"{LOCKFILE}{end}"
    link.symlink_to(elsewhere / target)
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 1
    assert "symbolic link" in ran.err
    assert link.name in ran.err
    assert link.is_symlink()
    assert untouched(elsewhere)
    assert "internal error" not in project.run("lock", "status").err + project.run("plan").err


def test_a_guard_that_is_a_link_is_not_followed_by_who_only_asks(project: Any, elsewhere: Path) -> None:
    holder = {"id": "x", "who": "ana", "since": "2026-01-01T00:00:00Z", "command": "apply"}
    (project.folder / f"{LOCKFILE}.holder").write_text(json.dumps(holder))
    (project.folder / f"{LOCKFILE}.guard").symlink_to(elsewhere / "precious")
    assert project.run("lock", "status").code == 1
    assert untouched(elsewhere)


@pytest.mark.parametrize("end", BESIDE)
def test_state_that_is_a_pipe_is_not_waited_for(project: Any, end: str) -> None:
    os.mkfifo(project.folder / f"{LOCKFILE}{end}")
    ran = project.other("apply", "--auto-approve")
    assert ran.code == 1
    assert "is not a file" in ran.err


@pytest.mark.parametrize("link", [".reconciler", ".reconciler/directory.sqlite"])
def test_an_embedded_directory_behind_a_link_is_refused(project: Any, elsewhere: Path, link: str) -> None:
    place = project.folder / link
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(elsewhere if link == ".reconciler" else elsewhere / "precious")
    for command in (("plan",), ("apply", "--auto-approve")):
        ran = project.run(*command)
        assert ran.code == 1
        assert "symbolic link" in ran.err
    assert untouched(elsewhere)


def test_a_manifest_that_is_a_link_out_of_its_folder_is_refused(project: Any, elsewhere: Path) -> None:
    (elsewhere / "precious").write_text(Path("reconciler.yaml").read_text())
    Path("reconciler.yaml").unlink()
    Path("reconciler.yaml").symlink_to(elsewhere / "precious")
    for verb in ("validate", "plan"):
        ran = project.run(verb)
        assert ran.code == 1
        assert "link" in ran.err


@pytest.mark.parametrize("name", ["../up", "/abs", "..", "a/b", "a\x00b", ".hidden", ""])
def test_no_name_of_an_environment_leads_elsewhere(project: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    project.write(f"version: 1\nstack: payments\nenvironments: {{{json.dumps(name)}: {{directory: embedded}}}}\n")
    assert project.run("apply", "--auto-approve").code == 1
    project.declare("agent-a")
    assert project.run("apply", "--auto-approve", "--env", name).code == 1
    if "\x00" not in name and name:
        monkeypatch.setenv("RECONCILER_ENV", name)
        assert project.run("apply", "--auto-approve").code == 1
    assert sorted(one.name for one in project.folder.iterdir()) == ["reconciler.yaml"]


@pytest.mark.parametrize("name", ["../up", "/abs", "..", "a/b"])
def test_no_name_of_a_stack_leads_elsewhere(project: Any, name: str) -> None:
    project.write(f"version: 1\nstack: {json.dumps(name)}\nenvironments: {{local: {{directory: embedded}}}}\n")
    assert project.run("apply", "--auto-approve").code == 1
    assert sorted(one.name for one in project.folder.iterdir()) == ["reconciler.yaml"]


def forge(project: Any, lockfile: str) -> None:
    """A plan that is sealed as it should be, and names that lockfile."""
    from reconciler.model.values import digest

    raw = json.loads(Path("saved.plan").read_text())
    raw["route"]["lockfile"] = lockfile
    del raw["digest"]
    Path("forged.plan").write_text(json.dumps({**raw, "digest": digest(raw)}))


def test_a_plan_makes_no_lockfile_outside_of_the_folder_where_it_is_applied(project: Any, elsewhere: Path) -> None:
    assert project.run("plan", "--out", "saved.plan").code == 0
    outside = os.path.relpath(elsewhere / "x.lock.json", project.folder)
    for place in (str(elsewhere / "x.lock.json"), outside, f"below/../{outside}", "below/../../x.lock.json"):
        forge(project, place)
        ran = project.run("apply", "--plan", "forged.plan")
        assert ran.code in (1, 4), ran
        assert untouched(elsewhere)
        assert not (project.folder.parent / "x.lock.json.guard").exists()
    forge(project, str(project.folder / "below.lock.json"))  # an absolute path that does not leave it
    assert project.run("apply", "--plan", "forged.plan").code == 0


def test_a_plan_touches_no_lockfile_elsewhere_that_is_not_its_own(project: Any, elsewhere: Path) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    theirs = elsewhere / "x.lock.json"
    lock = project.lock | {"lineage": "00000000-0000-4000-8000-000000000000"}
    theirs.write_text(json.dumps(lock))
    before = theirs.read_bytes()
    project.declare("agent-a")
    assert project.run("plan", "--out", "saved.plan").code == 0
    forge(project, str(theirs))
    ran = project.run("apply", "--plan", "forged.plan")
    assert ran.code == 4
    assert theirs.read_bytes() == before
    assert sorted(one.name for one in elsewhere.iterdir()) == ["precious", "x.lock.json"]  # and no guard was made


def test_a_folder_that_became_a_link_after_the_plan_is_refused(project: Any, elsewhere: Path) -> None:
    (project.folder / "stack").mkdir()
    Path("reconciler.yaml").rename("stack/reconciler.yaml")
    assert project.run("apply", "stack/reconciler.yaml", "--auto-approve").code == 0
    Path("stack/reconciler.yaml").write_text(Path("stack/reconciler.yaml").read_text().replace("app.", "new."))
    assert project.run("plan", "stack/reconciler.yaml", "--out", "saved.plan").code == 0
    Path("stack").rename("real")
    Path("stack").symlink_to(elsewhere)
    assert project.run("apply", "--plan", "saved.plan").code == 1
    assert untouched(elsewhere)


@pytest.mark.parametrize("verb", ["plan", "export", "graph"])
@pytest.mark.parametrize(
    "precious",
    [
        "reconciler.yaml",
        LOCKFILE,
        *(f"{LOCKFILE}{end}" for end in BESIDE[1:]),
        ".reconciler/directory.sqlite",
        "reconciler.local.drift.json",
        "reconciler.local.drift.json.guard",
        "reconciler.local.drift.json.holder",
        "reconciler.local.acks.yaml",
    ],
)
@pytest.mark.parametrize("through", ["", "innocent.plan"])
def test_out_replaces_nothing_precious_not_even_through_a_link(
    project: Any, verb: str, precious: str, through: str
) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    place = project.folder / precious
    if not place.exists():
        place.write_text("{}")
    before = place.read_bytes()
    if through:
        Path(through).symlink_to(place)
    ran = project.run(verb, "--out", through or precious)
    assert ran.code == 1
    assert "would replace" in ran.err
    assert place.read_bytes() == before


@pytest.mark.parametrize("target", ["precious", "not-there"])
@pytest.mark.parametrize(
    ("verb", "option"), [("plan", "--out"), ("export", "--out"), ("graph", "--out"), ("drift", "--plan")]
)
def test_what_a_command_makes_is_not_written_through_a_link(
    project: Any, elsewhere: Path, verb: str, option: str, target: str
) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    Path("made").symlink_to(elsewhere / target)
    ran = project.run(verb, option, "made")
    assert ran.code == 1
    assert f"{option} made is a link to {elsewhere / target}" in " ".join(ran.err.split())
    assert Path("made").is_symlink()
    assert untouched(elsewhere)


@pytest.mark.parametrize("target", ["precious", "not-there"])
def test_a_report_is_not_written_through_a_link(project: Any, elsewhere: Path, target: str) -> None:
    Path("labels.txt").symlink_to(elsewhere / target)
    ran = project.run("plan", "--output", "labels=labels.txt", "--output", "json=report.json")
    assert ran.code == 1
    assert f"--output labels.txt is a link to {elsewhere / target}" in " ".join(ran.err.split())
    assert untouched(elsewhere)
    assert not Path("report.json").exists(), "it is told before anything is read"


def test_a_link_that_came_while_the_plan_was_made_is_replaced_and_not_followed(tmp_path: Path, elsewhere: Path) -> None:
    link = tmp_path / "labels.txt"
    for target in (elsewhere / "precious", Path("/dev/null"), elsewhere):
        link.symlink_to(target)
        write_whole(link, "text", through_link=False)
        assert not link.is_symlink()
        assert link.read_text() == "text"
        link.unlink()
    assert untouched(elsewhere)


def test_a_stream_of_ours_is_written_though_the_system_makes_it_a_link(project: Any) -> None:
    ran = project.other("plan", "--output", "labels=/dev/stdout")
    assert ran.code == 0
    assert "reconciler/add" in ran.out
