"""The journal in a bucket: numbered objects, each a batch of lines, the first and each new beginning marked as a head.

`<lockfile>.journal/<run>/00000001.head`, `00000002.rows`, … What stands before the last head is folded and counts no more, so
a journal is put in the place of another by one write. Without a head there is nothing but what was left when one was removed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from itertools import groupby

from reconciler.aws.objects import Objects
from reconciler.errors import ObjectChanged, StateError
from reconciler.state.group_commit import GroupCommit, encoded
from reconciler.state.journal import Journal, parse_journal

_HEAD, _ROWS = ".head", ".rows"
_LOOKS = 3


class JournalObjects(GroupCommit):
    """An open journal of one run, whose objects begin with `folder`."""

    def __init__(
        self, objects: Objects, folder: str, first_line: str, check: Callable[[], None] = lambda: None
    ) -> None:
        """A new journal that durably holds its first line. Raises StateError.

        `check` is asked before each write, and raises where this run may not write any more.
        """
        super().__init__(objects.url(folder))
        self._objects, self._folder, self._check = objects, folder, check
        self._number = 0
        self._put(_HEAD, encoded(first_line))

    def restart(self, text: str) -> None:
        """Begin anew with this text, in one step. Only after `close`."""
        self._put(_HEAD, encoded(text))

    def _carry(self, data: bytes) -> None:
        self._put(_ROWS, data)

    def _put(self, suffix: str, data: bytes) -> None:
        self._check()
        self._number += 1
        self._objects.put(f"{self._folder}{self._number:08}{suffix}", data, replacing=None)

    def _let_go(self) -> None:
        """Nothing is held open."""


def read_journals(objects: Objects, folder: str) -> list[Journal]:
    """The journals below `folder`, one for each run that left one. Raises StateError for a damaged one."""
    for _ in range(_LOOKS - 1):
        with contextlib.suppress(ObjectChanged):  # a run that is at work has just folded it
            return _read(objects, folder)
    return _read(objects, folder)


def _read(objects: Objects, folder: str) -> list[Journal]:
    found = []
    for run, keys in groupby(objects.keys(folder), key=_run):
        valid = _since_last_head(list(keys))
        if valid:
            journal = parse_journal(b"".join(objects.get_all(valid)), file=objects.url(run))
            if journal is not None:
                found.append(journal)
    return found


def remove_journals(objects: Objects, folder: str, before: Callable[[], None] = lambda: None) -> None:
    """Remove all that is below `folder` now; should it break off, what is left is the same journal, or none.

    `before` is asked once it is known what goes, and raises where nothing may be removed any more.
    """
    found = objects.keys(folder)
    before()
    for _, run in groupby(found, key=_run):
        keys = list(run)
        valid = _since_last_head(keys)
        objects.remove_all(key for key in keys if key not in set(valid))
        objects.remove_all(valid[:1])
        objects.remove_all(valid[1:])


def only_one(journals: list[Journal], *, place: str) -> Journal | None:
    """The journal that counts: one in which nothing was intended says nothing. Raises StateError where several do."""
    telling = [one for one in journals if one.intents or one.edits]
    if len(telling) > 1:
        runs = "; ".join(f"{one.header.command} by {one.header.who} at {one.header.when}" for one in telling)
        raise StateError(
            f"{place}: several runs left a journal: {runs}",
            "Two runs wrote at the same time, which a lease is there to prevent. Move the objects of one of them away and run "
            "plan: what that run made shows as ours by its ownership tag, what it changed or deleted shows as drift.",
        )
    return telling[0] if telling else None


def _run(key: str) -> str:
    return key.rpartition("/")[0]


def _since_last_head(keys: list[str]) -> list[str]:
    heads = [at for at, key in enumerate(keys) if key.endswith(_HEAD)]
    return keys[heads[-1] :] if heads else []
