"""What holds state is its owner's alone, whatever the umask is, at every moment of its life."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def generous() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """The permissions of everything in the folder, by name."""
    found = {}
    for path in folder.rglob("*"):
        try:
            about = path.lstat()
        except FileNotFoundError:  # gone while we looked
            continue
        found[str(path.relative_to(folder))] = stat.S_IMODE(about.st_mode)
    return found


def test_state_is_never_open_to_others(project: Any, aws: Any, generous: None) -> None:
    project.declare("agent-a", "agent-b", head="environments: {prod: {region: us-east-1}}")
    project.folder.joinpath("reconciler.yaml").chmod(0o644)
    seen: dict[str, set[int]] = {}

    def look(_: object = None) -> None:
        for name, mode in modes(project.folder).items():
            seen.setdefault(name, set()).add(mode)

    aws.misbehaviour.before("*", look, times=None)
    assert project.run("plan", "--out", "saved.plan").code == 0
    look()
    assert project.run("apply", "--auto-approve").code == 0
    look()
    del seen["reconciler.yaml"]
    lockfile = "reconciler.prod.lock.json"
    assert set(seen) == {"saved.plan", lockfile, f"{lockfile}.journal", f"{lockfile}.guard", f"{lockfile}.holder"}
    assert {mode for found in seen.values() for mode in found} == {0o600}


def test_files_of_a_moment_are_private_from_the_first_byte(
    project: Any, generous: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    created: dict[str, int] = {}
    real = os.open

    def watched(path: Any, flags: int, *mode: int, **more: Any) -> int:
        descriptor = real(path, flags, *mode, **more)
        if (flags & os.O_CREAT and str(path).startswith(str(project.folder))) or not Path(str(path)).is_absolute():
            created.setdefault(Path(str(path)).name, stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    monkeypatch.setattr(os, "open", watched)
    assert project.run("apply", "--auto-approve").code == 0
    monkeypatch.undo()
    made = {name: mode for name, mode in created.items() if ".lock.json" in name or "sqlite" in name}
    assert any(name.endswith(".tmp") for name in made)
    assert set(made.values()) == {0o600}


def test_the_embedded_directory_is_private(project: Any, generous: None) -> None:
    import contextlib

    from reconciler.emulator import Store

    assert project.run("apply", "--auto-approve").code == 0
    with contextlib.closing(
        Store(project.folder / ".reconciler" / "directory.sqlite")
    ):  # its log stands while it is open
        found = {name: mode for name, mode in modes(project.folder).items() if name.startswith(".reconciler")}
    assert found.pop(".reconciler") == 0o700
    assert set(found) >= {f".reconciler/directory.sqlite{end}" for end in ("", "-wal", "-shm")}
    assert set(found.values()) == {0o600}


def test_an_embedded_directory_that_was_open_to_all_is_closed(project: Any) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    store = project.folder / ".reconciler" / "directory.sqlite"
    store.chmod(0o644)
    assert project.run("plan").code == 0
    assert stat.S_IMODE(store.stat().st_mode) == 0o600


def test_a_lockfile_from_a_checkout_becomes_private_when_it_is_replaced(project: Any, generous: None) -> None:
    """Git keeps no more of a mode than whether a file can be executed: a checkout makes 0644 of what was 0600."""
    assert project.run("apply", "--auto-approve").code == 0
    project.lockfile.chmod(0o644)
    assert project.run("plan").code == 0
    assert stat.S_IMODE(project.lockfile.stat().st_mode) == 0o644  # reading changes nothing
    project.declare("agent-a")
    assert project.run("apply", "--auto-approve").code == 0
    assert stat.S_IMODE(project.lockfile.stat().st_mode) == 0o600
