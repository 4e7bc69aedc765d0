"""What a shell offers while a command line is typed. Never fails: where nothing can be told, nothing is offered."""

from __future__ import annotations

from pathlib import Path

from reconciler.errors import ReconcilerError


def names_in(path: Path | str | None, begun: str) -> list[str]:
    """The environments of the manifest that begin so, and those that several targets belong to."""
    from reconciler.manifest import find, load

    try:
        manifest = load(find(Path(path) if path else None)).manifest
    except ReconcilerError:
        return []
    if manifest is None:
        return []
    names = {name for one in manifest.environments.values() for name in (one.name, one.declared)}
    return sorted(name for name in names if name.startswith(begun))
