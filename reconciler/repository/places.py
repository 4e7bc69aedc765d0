"""Where in a repository a path of the command line is: by its words, whatever links the checkout has on the way.

A link that a branch puts in the place of a folder would else make both versions of a manifest those of another one.
"""

from __future__ import annotations

import os
from pathlib import Path


def standing_folder(path: Path) -> Path:
    """The nearest folder on the way to the path that exists and that no link in a checkout leads to."""
    way = _spelt(path)
    here, checked_out = Path(way.anchor), False
    for part in way.parts[1:]:
        checked_out = checked_out or os.path.lexists(here / ".git")
        if not (here / part).is_dir() or (checked_out and (here / part).is_symlink()):
            break
        here /= part
    return here


def path_inside(root: Path, path: Path) -> str | None:
    """The path from the root of the repository, "" for the root itself; None for one that is not in there."""
    way, real = _spelt(path), Path(os.path.realpath(root))
    for folder in (*reversed(way.parents), way):
        here = Path(os.path.realpath(folder))
        if here.is_relative_to(real):  # from here on, what is on the way is the branch's
            inside = str(here.relative_to(real) / way.relative_to(folder))
            return "" if inside == "." else inside
    return None


def _spelt(path: Path) -> Path:
    return Path(os.path.normpath(Path.cwd() / path))  # by its words: Path.resolve follows links
