"""Help teaches: every verb says what it is for, shows how it is used, and which exit codes to expect."""

from __future__ import annotations

import re
from typing import Any

import pytest

VERBS = [
    "graph", "compare", "review", "verify", "drift", "drift accept", "drift ack", "drift acks",
    "drift unack", "access policy", "access matrix", "access check",
    "validate", "plan", "check", "apply", "show", "destroy", "adopt", "forget", "export", "output", "schema", "emulator",
    "ci comment", "ci labels", "ci merged", "import terraform", "import cloudformation", "lock show", "lock status",
    "lock unlock", "lock migrate", "lock history",
    "lock restore", "lock rebuild",
]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_has_examples_and_exit_codes(project: Any, verb: str) -> None:
    ran = project.run(*verb.split(), "--help")
    assert ran.code == 0
    assert f"reconciler {verb}" in ran.out.split("For example:")[1]
    assert re.search(r"Exit codes:\s+0 ", ran.out)
    assert ran.err == ""


def test_help_lists_every_verb_with_a_whole_sentence(project: Any) -> None:
    ran = project.run("--help")
    listing = ran.out.split("Commands:")[1]
    listed = re.findall(r"^  ([a-z]+)  +(.+)$", listing, re.MULTILINE)
    assert {name for name, _ in listed} == {verb.split()[0] for verb in VERBS}
    assert [words for _, words in listed if words.endswith("...")] == []


def test_no_command_at_all_is_a_usage_error_that_shows_the_help(project: Any) -> None:
    ran = project.run()
    assert ran.code == 1
    assert "Commands:" in ran.err
    assert ran.out == ""


def test_the_version_is_printed_to_standard_output(project: Any) -> None:
    from reconciler import __version__

    assert project.run("--version") == (0, f"reconciler {__version__}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered_for_the_usual_shells(project: Any, shell: str) -> None:
    ran = project.other(
        "--show-completion", env={"SHELL": f"/bin/{shell}", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": ""}
    )
    assert "reconciler" in ran.out + ran.err


def test_completion_completes_verbs(project: Any) -> None:
    ran = project.other(
        env={"_RECONCILER_COMPLETE": "complete_bash", "COMP_WORDS": "reconciler val", "COMP_CWORD": "1"}
    )
    assert ran.out.split() == ["validate"]
