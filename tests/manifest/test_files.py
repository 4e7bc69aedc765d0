"""Which files are the manifest, and what happens to those that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.manifest import find, load
from reconciler.manifest.texts import MAX_BYTES

GOOD = "version: 1\nstack: s\n"


def _codes(path):
    return [f"{one.source} {one.code}" for one in load(path).diagnostics]


def test_the_file_comes_before_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no manifest here"):
        find(None)

    Path("manifests").mkdir()
    assert find(None) == Path("manifests")

    Path("reconciler.yaml").write_text(GOOD)
    assert find(None) == Path("reconciler.yaml")


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="There is no"):
        find(tmp_path / "no.yaml")

    (tmp_path / "link.yaml").symlink_to(tmp_path / "no.yaml")
    with pytest.raises(UsageError, match="a link to nothing"):
        find(tmp_path / "link.yaml")


def test_a_folder_is_its_yaml_files_but_hidden_ones_and_those_further_down(tmp_path):
    (tmp_path / "a.yaml").write_text("version: 1\n")
    (tmp_path / "b.yml").write_text("stack: s\n")
    for other in (".hidden.yaml", "notes.txt", "c.json"):
        (tmp_path / other).write_text("no: manifest")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "d.yaml").write_text("no: manifest")

    loaded = load(tmp_path)

    assert loaded.diagnostics == ()
    assert loaded.manifest.path == tmp_path


def test_places_are_named_by_the_path_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("stack").mkdir()
    Path("stack/a.yaml").write_text(GOOD + "x: 1\n")

    assert _codes(Path("stack")) == ["stack/a.yaml:3:1 unknown-key"]
    assert _codes(Path("stack/a.yaml")) == ["stack/a.yaml:3:1 unknown-key"]


def test_a_folder_without_yaml_says_so(tmp_path):
    assert _codes(tmp_path) == [f"{tmp_path}:1:1 no-files"]


def test_a_link_may_stay_in_the_folder_but_not_leave_it(tmp_path):
    stack = tmp_path / "stack"
    (stack / "..data").mkdir(parents=True)
    (stack / "..data" / "real.txt").write_text(GOOD)
    (stack / "inside.yaml").symlink_to(stack / "..data" / "real.txt")
    assert _codes(stack) == []

    (tmp_path / "secret").write_text("version: 1\npassword: hunter2\n")
    (stack / "outside.yaml").symlink_to(tmp_path / "secret")
    assert _codes(stack) == [f"{stack}/outside.yaml:1:1 link-leaves-folder"]
    assert _codes(stack / "outside.yaml") == [f"{stack}/outside.yaml:1:1 link-leaves-folder"]


def test_what_is_no_file_is_told_and_never_waited_for(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "round.yaml").symlink_to(tmp_path / "round.yaml")
    (tmp_path / "nothing.yaml").symlink_to(tmp_path / "gone")

    assert _codes(tmp_path) == [
        f"{tmp_path}/folder.yaml:1:1 not-a-file",
        f"{tmp_path}/nothing.yaml:1:1 unreadable-file",
        f"{tmp_path}/pipe.yaml:1:1 not-a-file",
        f"{tmp_path}/round.yaml:1:1 unreadable-file",
    ]


def test_all_files_together_have_one_limit(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    with (tmp_path / "b.yaml").open("wb") as sparse:
        sparse.truncate(MAX_BYTES)

    assert _codes(tmp_path) == [f"{tmp_path}/b.yaml:1:1 file-too-large"]
