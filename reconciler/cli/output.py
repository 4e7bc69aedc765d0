"""Files that a command was asked to write, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from reconciler.errors import ReconcilerError, UsageError

_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd")
_STATE = (".lock.json.journal", *(f".{what}.json.{end}" for what in ("lock", "drift") for end in ("guard", "holder")))
_BESIDE = {".lock.json": "a lockfile", ".drift.json": "what drift runs remember", ".acks.yaml": "acknowledgements"}


def check_replaceable(file: Path, manifest: Path, *, option: str = "--out") -> None:
    """Raise UsageError where `file` is, or leads to, the manifest, a part of it, what stands beside it, state, or git's: nobody
    can make those again. Also where it is a link to anything else.

    The manifest may be gone; it is one of those that git still has.
    """
    place = _outside_git(file)
    part = manifest.is_dir() and place.suffix in (".yaml", ".yml") and place.parent == manifest.resolve()
    same = place == Path(os.path.realpath(manifest)) or (
        file.exists() and manifest.exists() and file.samefile(manifest)
    )
    what = _state_at(place) or ("the manifest" if same or (part and file.exists()) else "")
    if what:
        raise UsageError(
            f"{option} {file} would replace {what}; nothing was written", f"Choose another file for {option}."
        )
    check_no_link(file, option=option)


def _state_at(place: Path) -> str:
    if beside := next((what for end, what in _BESIDE.items() if place.name.endswith(end)), ""):
        return beside
    return "state" if place.name.endswith(_STATE) or place.parent.name == ".reconciler" else ""


def _outside_git(file: Path) -> Path:
    """Where the file really is. Raises UsageError where that is within a repository's own files: its configuration names
    programs that git runs.
    """
    place = Path(os.path.realpath(file))
    if any(part.lower() == ".git" for part in place.parts) or any(map(_is_repository, place.parents)):
        raise UsageError(
            f"{file} is among the files that git keeps for itself; nothing was written", "Choose another file."
        )
    return place


def _is_repository(folder: Path) -> bool:
    """Whether git would take the folder for one, however it is called: a bare one, or one that was put elsewhere."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()


def check_new(file: Path, *, absent: bool = False) -> None:
    """Raise UsageError where `file` is or would be state of ours or git's; with `absent`, also where anything stands there."""
    what = _state_at(_outside_git(file))
    if what:
        raise UsageError(f"{file} would be {what}; nothing was written", "Choose another file.")
    if absent and (file.exists() or file.is_symlink()):
        raise _exists(file)


def check_no_link(file: Path, *, option: str) -> None:
    """Raise UsageError where `file` is a link: a branch may hold one, and where it leads is not for the branch to say."""
    if file.is_symlink() and not _is_ours(file):
        raise UsageError(
            f"{option} {file} is a link to {os.fspath(file.readlink())}; nothing was written",
            "Take the link away, or name the file itself.",
        )


def check_kind(file: Path, *, option: str) -> None:
    """Raise UsageError where something stands at `file` that is written to without end, or that keeps whoever writes waiting.

    A device that takes characters, as /dev/null, does neither.
    """
    if _is_ours(file) or not file.exists() or file.is_file() or file.is_char_device():
        return
    kinds = {"a folder": file.is_dir(), "a pipe": file.is_fifo(), "a socket": file.is_socket()}
    what = next((kind for kind, is_it in kinds.items() if is_it), "a device")
    raise UsageError(
        f"{option}: {file} is {what}; nothing was written", f"Give a file for {option}, in a folder that exists."
    )


def write_new(file: Path, text: str) -> None:
    """Put `text` into a file that does not exist yet, in one step; one that holds the very same text is left as it is.

    Raises UsageError for one that holds anything else, ReconcilerError where it cannot be written.
    """
    try:
        if file.exists() or file.is_symlink():
            if file.is_file() and file.read_text(encoding="utf-8", errors="replace") == text:
                return
            raise _exists(file)
        write_whole(file, text)
    except OSError as error:
        raise ReconcilerError(
            f"cannot write {file}: {error.strerror or error}", "Give a file in a folder that can be written to."
        ) from error


def _exists(file: Path) -> UsageError:
    return UsageError(
        f"{file} exists; nothing was written", "It is never replaced. Give another file, or move it away."
    )


def _is_ours(file: Path) -> bool:
    """Whether it is where a stream of this process leads."""
    return str(file) in _STREAMS or str(file.parent) in _STREAMS


def write_whole(file: Path, text: str, *, mode: int = 0o644, through_link: bool = True) -> None:
    """Put `text` into `file` in one step, so that no reader ever sees half of it. Raises OSError.

    A file that is new gets that `mode`; one that was there keeps its own. Something that is no
    regular file (a pipe, a terminal) is written to as it stands, and where a stream of ours leads (/dev/stdout) it is added.
    A link is written through, or (`through_link` False) replaced itself.
    """
    ours, link = _is_ours(file), file.is_symlink() and not through_link
    if ours or (file.exists() and not file.is_file() and not link):
        with file.open("a" if ours else "w", encoding="utf-8") as there:
            there.write(text)
        return
    place = file.parent.resolve() / file.name if link else file.resolve()
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name[:64]}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(place.stat().st_mode & 0o777 if place.exists() and not link else mode)
        part.replace(place)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
