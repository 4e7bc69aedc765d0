"""Which environments a word of the command line means: a name, an environment with several targets, a glob."""

from __future__ import annotations

from fnmatch import fnmatchcase

from reconciler.manifest.declarations import Manifest


def meant(manifest: Manifest, asked: str) -> tuple[str, ...]:
    """The names, sorted: the one called so, else the targets of the environment called so, else all that match the glob."""
    if asked in manifest.environments:
        return (asked,)
    targets = tuple(name for name, one in manifest.environments.items() if one.group and one.group == asked)
    return targets or tuple(name for name in manifest.environments if fnmatchcase(name, asked))


def is_glob(asked: str) -> bool:
    """Whether the word can mean several names by its form alone."""
    return any(one in asked for one in "*?[")
