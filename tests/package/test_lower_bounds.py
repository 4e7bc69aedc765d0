"""`make test-lower-bounds` installs exactly the oldest versions that pyproject.toml allows."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_constraints_are_the_lower_bounds_of_the_runtime_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    constraints = (ROOT / "tests" / "lower-bounds.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line for line in constraints if line and not line.startswith("#")}
    bounds = [
        *project["dependencies"],
        *(one for extra in ("dask", "policy") for one in project["optional-dependencies"][extra]),
    ]
    assert pinned == {bound.replace(">=", "==") for bound in bounds}
