"""A manifest's text in, what is said about it out, as `validate` would: loaded, and resolved in every environment."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping

import pytest

from reconciler.diagnostics import Diagnostic, in_order
from reconciler.manifest import ManifestFile, load_files, resolve
from reconciler.model.resources import Stack

Files = str | bytes | Mapping[str, str]


def _loaded(files: Files):
    if isinstance(files, str | bytes):
        files = {"m.yaml": textwrap.dedent(files) if isinstance(files, str) else files}
    return load_files(
        [
            ManifestFile(name, text if isinstance(text, bytes) else textwrap.dedent(text).encode())
            for name, text in files.items()
        ]
    )


@pytest.fixture(scope="session")
def findings() -> Callable[[Files], tuple[Diagnostic, ...]]:
    """Every diagnostic of a manifest, given as one text or as texts by file name."""

    def all_of(files: Files) -> tuple[Diagnostic, ...]:
        loaded = _loaded(files)
        found = list(loaded.diagnostics)
        if loaded.manifest is not None:
            for name in loaded.manifest.environments:
                found += resolve(loaded.manifest, name).diagnostics
        return in_order(found)

    return all_of


@pytest.fixture(scope="session")
def places(findings) -> Callable[[Files], list[str]]:
    """The same as `file:line:column code`."""
    return lambda files: [f"{one.source} {one.code}" for one in findings(files)]


@pytest.fixture(scope="session")
def stack_of() -> Callable[..., Stack]:
    """The stack of a manifest without errors, in one environment."""

    def stack(files: Files, environment: str = "default") -> Stack:
        loaded = _loaded(files)
        assert loaded.manifest is not None, loaded.diagnostics
        resolved = resolve(loaded.manifest, environment)
        assert resolved.stack is not None, resolved.diagnostics
        return resolved.stack

    return stack
