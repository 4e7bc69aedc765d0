"""Questions to a git repository, asked of the program `git` itself, which knows every format that repositories come in.

Only plumbing that reads objects and names: `rev-parse`, `show-ref`, `merge-base`, `ls-tree`, `rev-list`, `cat-file`,
`config --get`. None of it runs a hook, a filter, a `textconv` or a file-system monitor, asks for a password, or fetches what a
partial clone lacks; so nothing that a branch or its configuration holds is executed. Paths are bytes to git; here they are
text, with what is not UTF-8 as surrogates.

The repository is the one whose `.git` stands above: git lets no commit hold an entry of that name. What else looks like one, a
bare repository among the files of a commit, is files.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import ReconcilerError, UsageError

_SAFE = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
_OTHERS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_PREFIX")
"""What hooks set for the repository that they run in; the manifest's own is found from where it is."""

_ALWAYS = ("-c", "safe.bareRepository=explicit")  # git before 2.38 does not know it: `_checkout` is what counts

_LACKING = "A partial clone lacks it, and nothing is fetched on the way. Fetch it: git fetch --refetch --no-filter."

REGULAR, LINK, SUBMODULE, TREE = "100", "120000", "160000", "040000"
"""Modes of entries in a tree; a regular file's only begins so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a tree. Whether the repository has its content is another question."""

    mode: str
    oid: str
    path: str

    @property
    def regular(self) -> bool:
        """Whether it is a file like any other."""
        return self.mode.startswith(REGULAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository by the root of its working tree. `shallow`: it lacks history."""

    root: Path
    shallow: bool

    def commit(self, ref: str) -> str | None:
        """The commit that the words mean, None where there is none."""
        said = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        return said.stdout.decode("ascii").strip() if said.returncode == 0 else None

    def ref(self, name: str) -> str | None:
        """The commit of the branch or tag with exactly that full name, as in `refs/heads/main`; None where there is none."""
        said = self._run("show-ref", "--verify", "--hash", "--", name)
        return self.commit(said.stdout.decode("ascii").strip()) if said.returncode == 0 else None

    def commits_beginning(self, digits: str) -> list[str]:
        """The commits whose names begin with those digits."""
        said = self._run("rev-parse", f"--disambiguate={digits}")
        return [one for one in said.stdout.decode("ascii").split() if self.commit(one) == one]

    def merge_base(self, one: str, other: str) -> str | None:
        """The commit from which both went on, None where the repository knows none."""
        said = self._run("merge-base", "--end-of-options", one, other)
        return said.stdout.decode("ascii").split()[0] if said.returncode == 0 else None

    def entries(self, commit: str, path: str, *, below: bool = False) -> list[Entry]:
        """What stands at the path in that commit: the entry itself, or (`below`) what is directly in the folder.

        `path` "" is the root. Raises ReconcilerError where git cannot say.
        """
        asked = [f"{path}/" if below and path else path] if path else []
        # Read literally: a path may begin with `:` or hold a wildcard.
        said = self._run("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *asked)
        if said.returncode:
            raise _failed(f"git cannot list {path or 'the root'} of {commit[:12]}", said)
        return sorted(_entries(said.stdout), key=lambda one: one.path)

    def every_entry(self, commit: str) -> list[Entry]:
        """Every file of that commit, at any depth."""
        said = self._run("ls-tree", "-r", "-z", "--full-tree", commit)
        if said.returncode:
            raise _failed(f"git cannot list {commit[:12]}", said)
        return sorted(_entries(said.stdout), key=lambda one: one.path)

    def lacking(self, commit: str) -> frozenset[str]:
        """The ids of what that commit holds and the repository does not have, as a partial clone."""
        said = self._run("rev-list", "--objects", "--no-walk", "--missing=print", commit)
        if said.returncode:
            raise _failed(f"git cannot tell what it has of {commit[:12]}", said)
        return frozenset(one[1:].decode("ascii") for one in said.stdout.splitlines() if one.startswith(b"?"))

    def sizes(self, entries: Sequence[Entry]) -> list[int]:
        """How many bytes the files have, in that order. Raises ReconcilerError for one that the repository lacks."""
        if not entries:
            return []
        said = self._run("cat-file", "--batch-check", given=_ids(entries))
        found = [line.split() for line in said.stdout.splitlines()]
        for at, one in enumerate(entries):  # git may end at the first that a partial clone lacks, without a line on it
            if at >= len(found) or found[at][1:2] != [b"blob"]:
                raise _lost(one)
        return [int(size) for _, _, size in found]

    def contents(self, entries: Sequence[Entry]) -> list[bytes]:
        """What the files hold, in that order. Raises ReconcilerError for one that the repository lacks."""
        if not entries:
            return []
        said = self._run("cat-file", "--batch", given=_ids(entries))
        if said.returncode:
            raise _failed("git cannot read the manifest's files", said)
        contents, rest = [], memoryview(said.stdout)
        for one in entries:
            head, _, _ = bytes(rest[:200]).partition(b"\n")
            words = head.split()
            if len(words) != 3 or words[1] != b"blob":
                raise _lost(one)
            start, size = len(head) + 1, int(words[2])
            contents.append(bytes(rest[start : start + size]))
            rest = rest[start + size + 1 :]
        return contents

    def texts(self, commit: str, paths: Iterable[str]) -> dict[str, bytes]:
        """What the regular files at these paths hold in that commit, by path, without those that it does not have."""
        asked = sorted(set(paths))
        if not asked:
            return {}
        said = self._run("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *asked)
        if said.returncode:
            raise _failed(f"git cannot list {asked[0]} of {commit[:12]}", said)
        found = [one for one in _entries(said.stdout) if one.regular]
        return dict(zip((one.path for one in found), self.contents(found), strict=True))

    def text(self, commit: str, path: str) -> str | None:
        """What a file holds in that commit, None where it has none. Raises ReconcilerError for one that is not UTF-8."""
        found = [one for one in self.entries(commit, path) if one.regular] if path else []
        if not found:
            return None
        try:
            return self.contents(found)[0].decode("utf-8")
        except UnicodeDecodeError as error:
            raise ReconcilerError(f"{path} in {commit[:12]} is not UTF-8") from error

    def _run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return _git(self.root, *arguments, given=given)


def open_repository(folder: Path) -> Repository:
    """The repository that the folder belongs to, a submodule's own in a submodule. Raises UsageError where it is in none."""
    said = _git(_checkout(folder), "rev-parse", "--is-shallow-repository", "--show-toplevel")
    if said.returncode:
        why = _words(said)
        if "not a git repository" in why and os.path.lexists(standing := _checkout(folder) / ".git"):
            raise ReconcilerError(
                f"git does not take {standing} for a repository, though it looks like one",
                f"Something in it is missing or cannot be read by this user. Look with: git -C {standing.parent} status",
            )
        if "not a git repository" in why:
            raise UsageError(
                f"{folder} is in no git repository, and a review compares two of its versions",
                "Go where the repository is checked out, or give the path of a manifest in one.",
            )
        raise ReconcilerError(f"git cannot open the repository of {folder}", why)
    shallow, _, root = said.stdout.decode("utf-8", "surrogateescape").rstrip("\n").partition("\n")
    return Repository(root=Path(root), shallow=shallow == "true")


def _checkout(folder: Path) -> Path:
    """The folder above that has a `.git`; the one given where none has."""
    here = Path(os.path.realpath(folder))
    return next((one for one in (here, *here.parents) if os.path.lexists(one / ".git")), folder)


def author(folder: Path) -> str:
    """Who commits from that folder are by, as git is configured: `Jane <jane@example.com>`, or what of it there is, or ""."""
    checkout = _checkout(folder)
    name, mail = (_git(checkout, "config", "--get", key) for key in ("user.name", "user.email"))
    said = [one.stdout.decode("utf-8", "replace").strip() for one in (name, mail)]
    return " ".join(one for one in (said[0], f"<{said[1]}>" if said[1] and said[0] else said[1]) if one)


def _git(folder: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environ = {name: value for name, value in os.environ.items() if name not in _OTHERS} | _SAFE
    command = ["git", *_ALWAYS, "-C", os.fspath(folder), *arguments]
    try:
        return subprocess.run(command, input=given, capture_output=True, env=environ, check=False)
    except FileNotFoundError as error:
        detail = "Install it: reviews read both versions of a manifest from the repository."
        raise ReconcilerError("there is no program git on the PATH", detail) from error
    except OSError as error:
        raise ReconcilerError(f"git cannot be run: {error.strerror or error}") from error


def _entries(said: bytes) -> Iterator[Entry]:
    for line in said.split(b"\0"):
        if line:
            about, _, path = line.partition(b"\t")
            mode, _, oid = about.decode("ascii").split()
            yield Entry(mode=mode, oid=oid, path=path.decode("utf-8", "surrogateescape"))


def _ids(entries: Sequence[Entry]) -> bytes:
    return "".join(f"{one.oid}\n" for one in entries).encode("ascii")


def _words(said: subprocess.CompletedProcess[bytes]) -> str:
    return said.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ").expandtabs(2)


def _lost(one: Entry) -> ReconcilerError:
    return ReconcilerError(f"the repository does not have the content of {one.path}", _LACKING)


def _failed(summary: str, said: subprocess.CompletedProcess[bytes]) -> ReconcilerError:
    words = _words(said)
    return ReconcilerError(summary, _LACKING if "promisor" in words else words)
