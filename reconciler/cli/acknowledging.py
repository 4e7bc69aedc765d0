"""The file of acknowledgements beside a manifest: found, read, written again whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.age import today
from reconciler.cli.output import write_whole
from reconciler.cli.workspace import Workspace
from reconciler.errors import InvalidInput, ReconcilerError, UsageError
from reconciler.model.drift import Acknowledgement

if TYPE_CHECKING:
    from reconciler.manifest.acknowledgements import ReadAcks


@dataclass(frozen=True, slots=True, kw_only=True)
class AcksFile:
    """The file of a workspace. `text` None: there is none yet."""

    path: Path
    text: str | None
    read: ReadAcks

    @property
    def acknowledgements(self) -> tuple[Acknowledgement, ...]:
        """What it holds."""
        return self.read.acknowledgements


def acks_path(workspace: Workspace) -> Path:
    """Where the file is: beside the manifest, called as the lockfile would be there, wherever that is kept."""
    from reconciler.manifest.files import ACKS_SUFFIX
    from reconciler.state import lockfile_path

    beside = lockfile_path(workspace.manifest, workspace.environment.name)
    return beside.with_name(beside.name.removesuffix(".lock.json") + ACKS_SUFFIX)


def open_acks(workspace: Workspace) -> AcksFile:
    """What is acknowledged there. Raises InvalidInput with every mistake of the file, UsageError where it cannot be read."""
    from reconciler.manifest.acknowledgements import ReadAcks

    path = acks_path(workspace)
    content = _content(path)
    if content is None:
        return AcksFile(path=path, text=None, read=ReadAcks(acknowledgements=(), diagnostics=()))
    read = _read(workspace, path, content)
    if read.diagnostics:
        raise InvalidInput(f"{path} has mistakes; nothing was read or written", read.diagnostics)
    return AcksFile(path=path, text=content.decode("utf-8-sig"), read=read)


def _content(path: Path) -> bytes | None:
    """The file's bytes, None where there is none. Raises UsageError for what is no file; a pipe is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            other = _other(os.fstat(descriptor).st_mode)
            if not other:
                with os.fdopen(descriptor, "rb", closefd=False) as stream:
                    return stream.read()
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        if not path.is_symlink():
            return None
        raise UsageError(
            f"{path} is a link to nothing", "Mend it or take it away: it says which drift is known."
        ) from error
    except OSError as error:  # also for a socket, which cannot be opened
        other = _other(path.stat().st_mode) if path.exists() else ""
        if not other:
            raise UsageError(
                f"cannot read {path}: {error.strerror or error}", "It says which drift is known."
            ) from error
    raise UsageError(
        f"{path} is {other} and no file", "Take it away: the file that says which drift is known belongs there."
    )


def _other(mode: int) -> str:
    """What it is that is no regular file, or ""."""
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return "" if stat.S_ISREG(mode) else kinds.get(stat.S_IFMT(mode), "a device")


def rewrite(
    workspace: Workspace, file: AcksFile, *, gone: Collection[str] = (), added: Sequence[Acknowledgement] = ()
) -> None:
    """Take those of the fingerprints `gone` out and put others in; every other line stays.

    Raises ReconcilerError where the file has a layout in which that cannot be done, or cannot be written.
    """
    from reconciler.manifest.acknowledgements import acks_text, with_acks

    wanted = [*(one for one in file.acknowledgements if one.fingerprint not in gone), *added]
    if file.text is None or len(wanted) == len(added):
        text = acks_text(workspace.stack.name, workspace.environment.name, wanted)
    else:
        text = with_acks(file.text, file.read, gone=gone, added=added)
    written = _read(workspace, file.path, text.encode())
    if written.diagnostics or [one.fingerprint for one in written.acknowledgements] != [
        one.fingerprint for one in wanted
    ]:
        raise ReconcilerError(
            f"{file.path} has a layout of its own, in which this cannot be written",
            "Edit it by hand. Nothing was written.",
        )
    try:
        write_whole(file.path, text)
    except OSError as error:
        raise ReconcilerError(f"cannot write {file.path}: {error.strerror or error}", "Nothing was written.") from error


def _read(workspace: Workspace, path: Path, content: bytes) -> ReadAcks:
    from reconciler.manifest import ManifestFile
    from reconciler.manifest.acknowledgements import read_acks

    return read_acks(
        ManifestFile(str(path), content),
        stack=workspace.stack.name,
        environment=workspace.environment.name,
        today=today(),
    )
