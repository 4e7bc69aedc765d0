"""Atomic writing: the old file or the new one, whole, whatever the disk does."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import StateError
from reconciler.state import Disk
from reconciler.state.files import read_text, write_atomically


def test_a_new_file_is_whole_and_its_owners_alone(path: Path, files: Callable[[], list[str]]) -> None:
    write_atomically(path, "ünï\n", Disk())
    assert path.read_bytes() == "ünï\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files() == [path.name]


@pytest.mark.parametrize("operation", ["create", "write", "sync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_refuses_leaves_the_old_file_and_nothing_beside_it(
    operation: str, number: int, path: Path, refusing: Any, files: Callable[[], list[str]]
) -> None:
    write_atomically(path, "old\n", Disk())
    with pytest.raises(StateError) as caught:
        write_atomically(path, "new and longer\n", refusing(lambda one, _: one == operation, number))
    assert caught.value.summary == f"{path} cannot be written: {os.strerror(number)}"
    assert "nothing that stood in the file is lost" in caught.value.detail
    assert path.read_text() == "old\n"
    assert files() == [path.name]


def test_a_folder_that_cannot_be_synced_is_said(path: Path, refusing: Any, files: Callable[[], list[str]]) -> None:
    with pytest.raises(StateError, match="cannot be written"):
        write_atomically(path, "new\n", refusing(lambda one, _: one == "sync_folder"))
    assert files() == [path.name]


def test_the_order_is_write_then_sync_then_rename_then_sync_of_the_folder(path: Path, refusing: Any) -> None:
    seen: list[str] = []
    write_atomically(path, "x\n", refusing(lambda one, _: bool(seen.append(one))))
    assert [one for one in seen if one != "create"] == ["write", "sync", "replace", "sync_folder", "sync"]


def test_what_a_killed_writer_left_half_written_goes_with_the_next_writer(tmp_path: Path, state: Any) -> None:
    left = [f".m.prod.lock.json{suffix}.0123456789ab.tmp" for suffix in ("", ".journal", ".holder")]
    others = [".m.stage.lock.json.0123456789ab.tmp", ".m.prod.lock.json.mine.tmp", "m.prod.lock.json.0123456789ab.tmp"]
    for name in (*left, *others):
        (tmp_path / name).touch()
    with state.exclusive("apply"):
        pass
    assert {one.name for one in tmp_path.iterdir()} == {*others, "m.prod.lock.json.guard"}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for parent in ("missing", "file"):
        with pytest.raises(StateError, match=f"{parent}/x.json cannot be written"):
            write_atomically(tmp_path / parent / "x.json", "", Disk())


def test_a_symbolic_link_is_neither_followed_nor_replaced(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    path.symlink_to(elsewhere)
    with pytest.raises(StateError, match="symbolic link") as caught:
        write_atomically(path, "new", Disk())
    assert caught.value.detail
    assert path.is_symlink()
    assert elsewhere.read_text() == "precious"


def test_a_folder_in_the_files_place_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StateError, match="is not a file"):
        write_atomically(path, "new", Disk())
    with pytest.raises(StateError, match="is not a file"):
        read_text(path)


def test_text_that_is_no_utf8_is_damaged_at_its_line(path: Path) -> None:
    path.write_bytes(b"a\nb\n\xff\n")
    with pytest.raises(StateError, match=r"lock.json:3: damaged: not UTF-8"):
        read_text(path)


def test_a_short_write_is_continued(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    write_atomically(path, "0123456789", Disk())
    assert path.read_text() == "0123456789"
