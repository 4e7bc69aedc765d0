"""A stack in a folder of its own, and the ways to run the command line on it: in this process, in another, on a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from reconciler.cli.main import run
from reconciler.emulator import Store, attach
from reconciler.emulator.server import Server, serve
from reconciler.model.values import digest

MANIFEST = """\
version: 1
stack: payments
environments:
  local: {directory: embedded}
workloadIdentities:
  invoice-agent:
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/oauth/callback"]
    tags: {team: payments}
  ledger-agent:
    allowedResourceOauth2ReturnUrls: ["https://app.example.com/ledger/callback"]
"""


class Ran(NamedTuple):
    """How a command ended, and what it said where."""

    code: int
    out: str
    err: str


@dataclass
class Project:
    """A folder with a manifest, which is also where commands run."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, text: str, name: str = "reconciler.yaml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def declare(self, *names: str, head: str = "environments: {local: {directory: embedded}}", extra: str = "") -> Path:
        """A manifest that declares these identities, each with one URL."""
        entries = "".join(
            f'  {name}:\n    allowedResourceOauth2ReturnUrls: ["https://app.example.com/{name}"]\n' for name in names
        )
        section = f"workloadIdentities:\n{entries}" if names else "workloadIdentities: {}\n"
        return self.write(f"version: 1\nstack: payments\n{head}\n{extra}{section}")

    def run(self, *arguments: str) -> Ran:
        """In this process."""
        self.capture.readouterr()
        try:
            code = int(run(arguments))
        except SystemExit as end:  # --help and --version end the process themselves
            code = int(end.code or 0) if not isinstance(end.code, str) else 1
        out, err = self.capture.readouterr()
        return Ran(code, out, err)

    def spawn(self, *arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
        """In another process, without waiting for it."""
        settings: dict[str, Any] = {
            "cwd": self.folder,
            "env": {**os.environ, **(env or {})},
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "encoding": "utf-8",
        }
        command = [sys.executable, "-m", "reconciler", *arguments]
        self.started.append(subprocess.Popen(command, **{**settings, **options}))
        return self.started[-1]

    def other(self, *arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> Ran:
        """In another process, to its end."""
        with self.spawn(*arguments, env=env, **options) as process:
            out, err = process.communicate(timeout=60)
        return Ran(process.returncode, out, err)

    def reseal(self, **members: Any) -> None:
        """Edit saved.plan as somebody who knows how digests are made, and has no key; None takes a member out."""
        file = self.folder / "saved.plan"
        raw = {**json.loads(file.read_text(encoding="utf-8")), **members}
        raw = {name: value for name, value in raw.items() if value is not None}
        sealed = digest({name: value for name, value in raw.items() if name not in ("digest", "signature")})
        file.write_text(json.dumps({**raw, "digest": sealed}), encoding="utf-8")

    @property
    def lockfile(self) -> Path:
        return self.folder / "reconciler.local.lock.json"

    @property
    def lock(self) -> dict[str, Any]:
        lock: dict[str, Any] = json.loads(self.lockfile.read_text(encoding="utf-8"))
        return lock

    @contextlib.contextmanager
    def outside(self) -> Iterator[Any]:
        """A client of somebody else's, on the embedded directory of this folder."""
        with contextlib.closing(Store(self.folder / ".reconciler" / "directory.sqlite")) as store:
            client = boto3.client("bedrock-agentcore-control", region_name="us-east-1")
            attach(client, store)
            yield client
            client.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Project]:
    """A stack with two identities in one embedded environment; the working folder is its own."""
    monkeypatch.chdir(tmp_path)
    made = Project(tmp_path, capsys)
    made.write(MANIFEST)
    yield made
    for process in made.started:
        process.kill()
        process.communicate()


class Terminal:
    """A command on a pseudo-terminal, as somebody at a keyboard runs it."""

    def __init__(self, project: Project, arguments: tuple[str, ...], env: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **env}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=project.folder,
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def expect(self, text: str, seconds: float = 30) -> None:
        """Return once the screen has shown it."""
        until = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < until, f"{text!r} did not come; the screen:\n{self.seen}"
            assert self._read(), f"ended without {text!r}; the screen:\n{self.seen}"

    def type(self, line: str) -> None:
        os.write(self._ours, line.encode() + b"\n")

    def hang_up(self) -> None:
        """Close the window: the terminal is gone, and the system says so."""
        os.close(self._ours)
        self.process.send_signal(signal.SIGHUP)

    def close(self) -> int:
        """The exit code, once it has ended."""
        while self._read():
            pass
        code = self.process.wait(timeout=30)
        os.close(self._ours)
        return code

    def _read(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], 30)
        try:
            data = os.read(self._ours, 65536) if ready else b""
        except OSError:  # Linux says EIO once the other side is closed
            data = b""
        self.seen += data.decode("utf-8", "replace")
        return bool(data)


@pytest.fixture
def terminal(project: Project) -> Iterator[Any]:
    """`terminal("apply", ...)`: a command on a pseudo-terminal."""
    started: list[Terminal] = []

    def start(*arguments: str, env: Mapping[str, str] | None = None) -> Terminal:
        started.append(Terminal(project, arguments, env or {}))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGKILL)
            one.process.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    """The emulated directory over HTTP, in memory."""
    with serve() as running:
        yield running


@pytest.fixture
def aws(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Environments without `directory: embedded` speak to that server, for the directory and for STS."""
    for service in ("BEDROCK_AGENTCORE_CONTROL", "BEDROCK_AGENTCORE", "STS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", server.url)
    return server
