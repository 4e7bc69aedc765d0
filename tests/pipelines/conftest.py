"""A job on GitHub Actions, and the forge that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forges import Forges, serve_forges
from tests.pipelines.jobs import Job


@pytest.fixture
def forges() -> Iterator[Forges]:
    with serve_forges() as running:
        yield running


@pytest.fixture
def job(tmp_path: Path, forges: Forges) -> Job:
    """A checkout with a manifest of two identities in an embedded directory; the host's files are beside it."""
    return Job(tmp_path / "checkout of main", tmp_path / "runner", forges)
