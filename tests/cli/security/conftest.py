"""Secrets that can be recognised, everywhere they could enter; and services that repeat what they were sent."""

from __future__ import annotations

import base64
import http.server
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

MARK = "C4N4RY"
TOKEN = f"FwoGZXIvYXdz{MARK}" + "Qb7/xW9+" * 40
SECRET_KEY = f"{MARK}wJalrXUtnFEMI7MDENGbPxRfiCYzzzzz"
PASSWORD = f"{MARK}-password"


def disguises(mark: str) -> list[bytes]:
    """The mark as it is, and as base64 has it, wherever in a longer text it begins."""
    found = [mark.lower().encode()]
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + mark.encode())
        found.append(coded[(before * 8 + 5) // 6 : (before + len(mark)) * 8 // 6].lower())
    return found


class Canaries:
    """The planted secrets, and where they came out."""

    mark, token, secret_key, password = MARK, TOKEN, SECRET_KEY, PASSWORD

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, set[bytes]] = {}

    def look(self, *_: object) -> None:
        """Take down every byte of every file that stands in the folder now, those of a moment included."""
        for path in sorted(self._folder.rglob("*")):
            try:
                content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
            except OSError:  # it went while we looked
                continue
            if content is not None:
                self._seen.setdefault(path.name, set()).add(content)

    def kinds_of_files(self) -> set[str]:
        """The last suffix of every file that was seen."""
        return {Path(name).suffix for name in self._seen}

    def came_out(self, *said: str, apart_from: tuple[str, ...] = ()) -> list[str]:
        """What holds a canary: streams by their beginning, files by their name. Empty, if all is well."""
        self.look()
        marks = disguises(self.mark)
        streams = [text for text in said if any(mark in text.encode("utf-8", "replace").lower() for mark in marks)]
        files = [
            name
            for name, contents in self._seen.items()
            if name not in apart_from and any(mark in content.lower() for content in contents for mark in marks)
        ]
        return [text[:3000] for text in streams] + files


@pytest.fixture
def canaries(project: Any, monkeypatch: pytest.MonkeyPatch) -> Canaries:
    """Secrets in the environment: keys, tokens, proxies, and what belongs to others."""
    for name, value in {
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_SESSION_TOKEN": TOKEN,
        "RECONCILER_PLAN_KEY": f"{MARK}-plan-key-" + "0123456789abcdef" * 4,
        "HTTPS_PROXY": f"http://robot:{PASSWORD}@127.0.0.1:9",
        "HTTP_PROXY": f"http://robot:{PASSWORD}@127.0.0.1:9",
        "NO_PROXY": "*",
        "GITHUB_TOKEN": f"ghp_{MARK}",
        "DATABASE_URL": f"postgres://robot:{PASSWORD}@db/prod",
    }.items():
        monkeypatch.setenv(name, value)
    return Canaries(project.folder)


@pytest.fixture(autouse=True)
def log_of_pytest() -> Iterator[None]:
    """A command run in this process sets up the log of the whole process: put back what was there."""
    root, ours = logging.getLogger(), logging.getLogger("reconciler")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


class Echo(http.server.ThreadingHTTPServer):
    """Answers every request with an error that repeats the whole of it: `code`, `status`."""

    code, status = "AccessDeniedException", 403
    requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Repeat(http.server.BaseHTTPRequestHandler):
    server: Echo

    def answer(self) -> None:
        self.server.requests += 1
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        said = " ".join(f"{name}: {value}" for name, value in self.headers.items()) + body
        code = self.server.code
        if "x-www-form-urlencoded" in self.headers.get("Content-Type", ""):
            error = f"<Code>{code}</Code><Message>{escape(said)}</Message>"
            content, kind = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>", "text/xml"
        else:
            content, kind = json.dumps({"message": said}), "application/json"
        self.send_response(self.server.status)
        self.send_header("Content-Type", kind)
        self.send_header("x-amzn-ErrorType", code)
        self.send_header("Content-Length", str(len(content.encode())))
        self.end_headers()
        self.wfile.write(content.encode())

    def __getattr__(self, name: str) -> object:  # do_GET and all the others
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[Echo]:
    """A hostile service on this machine."""
    server = Echo(("127.0.0.1", 0), _Repeat)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
