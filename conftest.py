"""Options of the whole test suite; pytest wants them beside its configuration."""

from __future__ import annotations

import signal

import pytest

# A suite started in the background (by a script, nohup, some CI runners) inherits SIGINT ignored, and so would every
# process that its tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-cases",
        action="store_true",
        help="rewrite the expected files of tests/cases instead of comparing them",
    )
