"""Which files are the manifest, and their bytes. The only part of this package that touches the disk."""

from __future__ import annotations

import stat
from pathlib import Path

from reconciler.diagnostics import Diagnostic, Source
from reconciler.errors import UsageError
from reconciler.manifest.documents import ManifestFile, error
from reconciler.manifest.texts import MAX_BYTES

DEFAULT_FILE, DEFAULT_FOLDER = "reconciler.yaml", "manifests"
SUFFIXES = (".yaml", ".yml")
ACKS_SUFFIX = ".acks.yaml"
"""How files of acknowledgements end. They stand beside the manifest and are no part of it."""


def find(path: Path | None) -> Path:
    """The manifest's file or folder: the one given, else `reconciler.yaml`, else `manifests/`. Raises UsageError."""
    if path is not None:
        if path.exists():
            return path
        if path.is_symlink():
            raise UsageError(f"{path} is a link to nothing", "Mend the link, or give the path of a manifest.")
        raise UsageError(f"There is no {path}", "Give the path of a manifest: a YAML file, or a folder of them.")
    for default in (Path(DEFAULT_FILE), Path(DEFAULT_FOLDER)):
        if default.exists():
            return default
    raise UsageError(
        "There is no manifest here",
        f"Neither {DEFAULT_FILE} nor {DEFAULT_FOLDER}/ stands in this folder. Give the path of a manifest, or go where it is.",
    )


def is_part(name: str) -> bool:
    """Whether a file of that name, directly in a manifest folder, is a part of the manifest."""
    return name.endswith(SUFFIXES) and not name.startswith(".") and not name.endswith(ACKS_SUFFIX)


def read_files(path: Path) -> tuple[list[ManifestFile], list[Diagnostic]]:
    """The manifest's files in the order of their names, and what is wrong with those that cannot be read.

    Of a folder: every `*.yaml` and `*.yml` directly in it, but for hidden ones and acknowledgements.
    """
    try:
        if not path.is_dir():
            return _read([path], path.parent)
        names = sorted(one for one in path.iterdir() if is_part(one.name))
    except OSError as problem:
        return [], [_unreadable(path, problem)]
    if not names:
        detail = "Put a manifest into it, or give the path of another folder."
        return [], [error("no-files", f"{path} holds no *.yaml or *.yml", detail, source=Source(str(path)))]
    return _read(names, path)


def _read(names: list[Path], folder: Path) -> tuple[list[ManifestFile], list[Diagnostic]]:
    files: list[ManifestFile] = []
    found: list[Diagnostic] = []
    room = MAX_BYTES
    for name in names:
        try:
            read = _read_one(name, folder.resolve(), room)
        except (
            OSError,
            RuntimeError,
            ValueError,
        ) as problem:  # a circle of links is a RuntimeError, a NUL a ValueError
            read = _unreadable(name, problem)
        if isinstance(read, Diagnostic):
            found.append(read)
        else:
            files.append(read)
            room -= len(read.content)
    return files, found


def _read_one(name: Path, folder: Path, room: int) -> ManifestFile | Diagnostic:
    source = Source(str(name))
    if not name.resolve(strict=True).is_relative_to(folder):
        detail = "A manifest is what its folder holds. Put the file itself there."
        return error("link-leaves-folder", f"{name} is a link that leads out of its folder", detail, source=source)
    about = name.stat()
    if not stat.S_ISREG(about.st_mode):
        return error("not-a-file", f"{name} is not a regular file", "Take it away or rename it.", source=source)
    if about.st_size > room:
        summary = f"With {name} the manifest has more than the {MAX_BYTES >> 20} MiB that are read"
        return error("file-too-large", summary, "Split it into several stacks.", source=source)
    return ManifestFile(str(name), name.read_bytes())


def _unreadable(name: Path, problem: Exception) -> Diagnostic:
    why = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return error(
        "unreadable-file", f"{name} cannot be read: {why}", "See to its permissions.", source=Source(str(name))
    )
