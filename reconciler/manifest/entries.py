"""One declared resource as it stands in a file, with its places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.diagnostics import Diagnostic, Source
from reconciler.manifest.documents import Marks, error, source_in
from reconciler.model.addresses import Address
from reconciler.model.kinds import Kind


class Entry(NamedTuple):
    """One declared resource as it stands in the file; `raw` is sound by the schema."""

    kind: Kind
    key: str
    raw: Mapping[str, Any]
    file: str
    key_place: int
    marks: Marks

    @property
    def address(self) -> Address:
        """How the resource is called."""
        return Address(self.kind.type, self.key)

    def source(self, *path: str | int, key: bool = False) -> Source:
        """Where a part of the entry stands; without a path, its key."""
        start = self.marks if path else self.key_place
        return source_in(self.file, start, path, key=key)

    def error(self, code: str, summary: str, detail: str, *path: str | int, key: bool = False) -> Diagnostic:
        """A mistake in the entry, at that path in it."""
        return error(code, summary, detail, source=self.source(*path, key=key), address=str(self.address))
