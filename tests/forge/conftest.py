"""A request to write on, at a forge of this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.forge import Forge, Request
from tests.forge.opening import opened
from tests.forges import Forges, serve_forges


@pytest.fixture
def forges() -> Iterator[Forges]:
    with serve_forges() as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that somebody wanted to sleep."""
    return []


@pytest.fixture(params=list(Forge), ids=lambda forge: forge.value)
def request_there(request: pytest.FixtureRequest, forges: Forges, pauses: list[float]) -> Iterator[Request]:
    """Request 12 of acme/identities, on each host in turn."""
    with opened(forges, pauses)(request.param) as there:
        yield there


@pytest.fixture
def on_github(forges: Forges, pauses: list[float]) -> Iterator[Request]:
    with opened(forges, pauses)(Forge.GITHUB) as there:
        yield there
