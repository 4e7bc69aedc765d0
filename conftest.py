"""Options of the whole test suite; pytest wants them beside its configuration."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-cases",
        action="store_true",
        help="rewrite the expected files of tests/cases instead of comparing them",
    )
