"""Files that a command was asked to write, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from reconciler.errors import UsageError

_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd")
_STATE = (".lock.json.journal", ".lock.json.guard", ".lock.json.holder")


def check_replaceable(file: Path, manifest: Path) -> None:
    """Raise UsageError where `file` is, or leads to, the manifest, a part of it, or state: nobody can make those again."""
    place = Path(os.path.realpath(file))
    part = manifest.is_dir() and place.suffix in (".yaml", ".yml") and place.parent == manifest.resolve()
    what = ""
    if place.name.endswith(".lock.json"):
        what = "a lockfile"
    elif place.name.endswith(_STATE) or place.parent.name == ".reconciler":
        what = "state"
    elif file.exists() and (part or file.samefile(manifest)):
        what = "the manifest"
    if what:
        raise UsageError(f"--out {file} would replace {what}; nothing was written", "Choose another --out FILE.")


def write_whole(file: Path, text: str, *, mode: int = 0o644) -> None:
    """Put `text` into `file` in one step, so that no reader ever sees half of it. Raises OSError.

    A file that is new gets that `mode`; one that was there keeps its own. Something that is no
    regular file (a pipe, a terminal) is written to as it stands, and where a stream of ours leads (/dev/stdout) it is added.
    """
    ours = str(file) in _STREAMS or str(file.parent) in _STREAMS
    if ours or (file.exists() and not file.is_file()):
        with file.open("a" if ours else "w", encoding="utf-8") as there:
            there.write(text)
        return
    place = file.resolve()
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name[:64]}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(place.stat().st_mode & 0o777 if place.exists() else mode)
        part.replace(place)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
