"""Versions of a manifest from texts, and what a review says of two."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.manifest import ManifestFile, Readings, load_files
from reconciler.model.report import ChangeReport, Finding, Version
from reconciler.reviewing import Reviewed, review

HEAD = """\
version: 1
stack: payments
environments:
  dev: {account: "111111111111", region: us-east-1, variables: {host: dev.example.com}}
  prod: {account: "222222222222", region: us-east-1, protect: true, variables: {host: app.example.com}}
"""


def version(files: str | Mapping[str, str] | None, readings: Readings | None = None) -> Reviewed:
    """A version of one text, or of texts by file name; None: it has no manifest. `readings`: of files, with another's."""
    if files is None:
        return Reviewed(version=Version(label="x"), loaded=None)
    texts = {"m.yaml": files} if isinstance(files, str) else files
    held = [ManifestFile(name, text.encode("utf-8", "surrogatepass")) for name, text in texts.items()]
    return Reviewed(version=Version(label="x"), loaded=load_files(held, readings=readings))


def reviewed(base: str | Mapping[str, str] | None, head: str | Mapping[str, str] | None) -> ChangeReport:
    """The whole review of the two."""
    return review(version(base), version(head), lambda _: True)


def identity(*urls: str, name: str = "agent") -> str:
    """A manifest of one identity with these return URLs."""
    listed = "".join(f"\n      - '{one}'" for one in urls)
    return f"{HEAD}workloadIdentities:\n  {name}:\n    allowedResourceOauth2ReturnUrls:{listed or ' []'}\n"


def told(base: str, head: str) -> dict[str, Finding]:
    """The findings by code, of which each may stand once in a sound test."""
    found = reviewed(base, head)
    assert found.complete, found.unread
    return {one.code: one for one in found.findings}
