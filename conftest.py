"""Options of the whole test suite; pytest wants them beside its configuration."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.torture.figures import summary

# A suite started in the background (by a script, nohup, some CI runners) inherits SIGINT or SIGHUP ignored, and so would
# every process that its tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-cases",
        action="store_true",
        help="rewrite the expected files of tests/cases instead of comparing them",
    )


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the long runs counted, one line each."""
    reports = (one for found in terminalreporter.stats.values() for one in found if getattr(one, "when", "") == "call")
    for line in summary(pair for one in reports for pair in one.user_properties):
        terminalreporter.write_line(line)
