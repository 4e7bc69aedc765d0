"""A git repository made by the test: no configuration of whoever runs it, fixed names and times."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

MANIFEST = """\
version: 1
stack: payments
environments:
  prod: {account: "222222222222", region: us-east-1}
workloadIdentities:
  invoice-agent: {allowedResourceOauth2ReturnUrls: ["https://app.example.com/cb"]}
"""


@dataclass(frozen=True)
class Git:
    """A working tree with its repository."""

    root: Path

    def __call__(self, *arguments: str, at: Path | None = None) -> str:
        said = subprocess.run(["git", *arguments], cwd=at or self.root, capture_output=True, text=True, check=True)
        return said.stdout.strip()

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return file

    def commit(self, words: str = "change") -> str:
        self("add", "-A")
        self("commit", "--quiet", "--allow-empty", "-m", words)
        return self("rev-parse", "HEAD")
