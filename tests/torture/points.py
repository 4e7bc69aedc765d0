"""The points of a run: every HTTP attempt and every touch of the disk, before and after, where a process can be made to end.

Put into a process by `watch`. At a chosen point the process sends itself a signal, before it goes on: SIGKILL ends it there.
Works on the transport below the AWS SDK and on `reconciler.state.Disk`, so that new calls and new files are points by
themselves.
"""

from __future__ import annotations

import functools
import os
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.httpsession import URLLib3Session

from reconciler.state import Disk

_RUN = re.compile(r"/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[0-9]{8}")
_TEMPORARY = re.compile(r"^\.(.*)\.[0-9a-f]{12}\.tmp$")


class Points:
    """Counts the points passed, from 1. `signals`: (number or label of a point, number of the signal to send there).

    A label stands for the first point of that name. `told` hears the label of each point at which a signal is sent.
    """

    def __init__(self, signals: Iterable[tuple[int | str, int]], told: Callable[[str], object]) -> None:
        self.labels: list[str] = []
        self._signals = list(signals)
        self._told = told
        self._counting = threading.Lock()

    def at(self, label: str) -> None:
        """Pass a point; `label` says before or after what."""
        with self._counting:
            self.labels.append(label)
            number = len(self.labels)
            due = [one for one in self._signals if one[0] in (number, label)]
            self._signals = [one for one in self._signals if one not in due]
        for _, one in due:
            self._told(label)
            os.kill(os.getpid(), one)


def watch(points: Points) -> None:
    """Make points of every HTTP attempt and every verb of the disk in this process, for good."""
    URLLib3Session.send = _attempt(points, URLLib3Session.send)
    open_files: dict[int, str] = {}
    Disk.create = _create(points, Disk.create, open_files)
    Disk.write = _write(points, Disk.write, open_files)
    Disk.sync = _around(points, Disk.sync, lambda descriptor: f"sync {open_files.get(descriptor, 'folder')}")
    Disk.replace = _around(points, Disk.replace, lambda source, destination: f"replace {_named(destination)}")
    Disk.remove = _around(points, Disk.remove, lambda path: f"remove {_named(path)}")
    Disk.sync_folder = _around(points, Disk.sync_folder, lambda folder: "sync the folder")


def _around(points: Points, real: Any, name: Callable[..., str]) -> Any:
    @functools.wraps(real)
    def verb(self: Any, *arguments: Any) -> Any:
        label = name(*arguments)
        points.at(f"before {label}")
        result = real(self, *arguments)
        points.at(f"after {label}")
        return result

    return verb


def _attempt(points: Points, real: Any) -> Any:
    return _around(points, real, lambda request: f"{request.method} {_path(request.url)}")


def _create(points: Points, real: Any, open_files: dict[int, str]) -> Any:
    def create(self: Any, path: Path) -> int:
        descriptor: int = real(self, path)
        open_files[descriptor] = _named(path)
        return descriptor

    return _around(points, create, lambda path: f"create {_named(path)}")


def _write(points: Points, real: Any, open_files: dict[int, str]) -> Any:
    def write(self: Any, descriptor: int, data: bytes) -> None:
        half = len(data) // 2
        real(self, descriptor, data[:half])
        points.at(f"half-way in write {open_files.get(descriptor, '')}")
        real(self, descriptor, data[half:])

    return _around(points, write, lambda descriptor, data: f"write {open_files.get(descriptor, '')}")


def _named(path: Path) -> str:
    """The file's name; of a temporary one, the name it is going to have."""
    temporary = _TEMPORARY.match(path.name)
    return f"new {temporary[1]}" if temporary else path.name


def _path(url: str) -> str:
    """The URL's path, without what differs from one resource to the next."""
    path = unquote(urlsplit(url).path)
    return "/tags" if path.startswith("/tags/") else _RUN.sub("/RUN/N", path)
