"""A repository with the fleet in many files, and a change of it that nobody has committed: what `review` is measured on.

Run as a process of its own (`python -m benchmarks.reviewed FOLDER N`), as `benchmarks.fleet` is.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.fleet import identity, manifest

FILES, CHANGES = 100, 20
BASE = "main"
FOLDER = "manifests"
_SECTION = "workloadIdentities:\n"
_WHO = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com")


def parts(count: int) -> dict[str, str]:
    """The manifest by file: what holds for all, and the identities in `FILES` files."""
    head, _, entries = manifest(count).partition(_SECTION)
    blocks = [f"  agent-{block}" for block in entries.split("  agent-")[1:]]
    size = -(-count // FILES)
    cut = (blocks[at : at + size] for at in range(0, count, size))
    return {"fleet.yaml": head} | {f"agents-{at:02}.yaml": _SECTION + "".join(some) for at, some in enumerate(cut)}


def changed(files: dict[str, str], count: int) -> dict[str, str]:
    """The same with one more return URL for `CHANGES` identities, each on the host of its own that it has."""
    asked = {f"  {one.name}:\n": one for one in map(identity, range(0, count, max(1, count // CHANGES)))}
    edited = dict(files)
    for name, text in files.items():
        for line, one in list(asked.items())[:CHANGES]:
            last = f"      - {one.urls[-1]}\n"
            if line in text:
                edited[name] = edited[name].replace(last, f"{last}      - {one.urls[-1]}/again\n")
    return edited


def write(folder: Path, count: int) -> None:
    """The repository: the fleet on `BASE`, and the change in the working tree."""
    place = folder / FOLDER
    place.mkdir(parents=True)
    files = parts(count)
    for name, text in files.items():
        (place / name).write_text(text, encoding="utf-8")
    for words in (["init", "--quiet", "-b", BASE], ["add", "-A"], [*_WHO, "commit", "--quiet", "-m", "The fleet"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    for name, text in changed(files, count).items():
        (place / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
