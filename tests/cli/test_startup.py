"""Start-up is a feature: a light verb must not pay for what the heavy ones import. Counted in modules, not by the clock."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

HEAVY = {
    "boto3", "botocore", "moto", "jsonschema", "rich.progress", "rich.console", "werkzeug", "flask", "asyncio",
    "urllib3", "http.client", "sqlite3", "filelock",
}  # fmt: skip
PROGRAM = """
import sys
from reconciler.cli.main import run
try:
    code = run(sys.argv[1:])
except SystemExit as end:
    code = end.code
print("\\n" + " ".join(sys.modules), file=sys.stderr)
raise SystemExit(code)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["plan", "--help"], ["validate"], ["validate", "--format", "json"], ["schema", "plan"]],
    ids=" ".join,
)
def test_light_commands_import_nothing_heavy(project: Any, arguments: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=project.folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert HEAVY & set(ran.stderr.splitlines()[-1].split()) == set()


def test_a_plan_that_asks_nobody_imports_no_sdk(project: Any) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, "plan", "--refresh", "none"],
        cwd=project.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert {"boto3", "botocore"} & set(ran.stderr.splitlines()[-1].split()) == set()
