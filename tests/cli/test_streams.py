"""What goes to standard output and what to standard error, and what happens when nobody reads or nothing can be written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.console import open_console
from reconciler.cli.verb import ending
from reconciler.errors import ExitCode

ESCAPE = "\x1b"


@pytest.mark.parametrize(
    "command", [["plan", "--format", "json"], ["lock", "status", "--json"], ["validate", "--format", "json"]]
)
def test_json_stands_alone_on_standard_output(project: Any, command: list[str]) -> None:
    ran = project.other(*command)
    assert ran.code == 0, ran.err
    assert isinstance(json.loads(ran.out), dict)


def test_an_export_stands_alone_on_standard_output(project: Any) -> None:
    project.run("apply", "--auto-approve")
    ran = project.other("export")
    assert set(yaml.safe_load(ran.out)["workloadIdentities"]) == {"invoice-agent", "ledger-agent"}


def test_what_accompanies_a_json_plan_goes_to_standard_error(project: Any) -> None:
    ran = project.run("plan", "--format", "json", "--out", "saved.plan")
    saved = json.loads(Path("saved.plan").read_text())
    printed = json.loads(ran.out)
    assert {**printed, "created_at": saved["created_at"], "digest": saved["digest"]} == saved
    assert "saved.plan" in ran.err


def test_a_text_plan_is_the_product_and_goes_to_standard_output(project: Any) -> None:
    ran = project.run("plan")
    assert "+ create" in ran.out
    assert "+ create" not in ran.err


def test_an_apply_reports_to_standard_output_and_its_progress_to_standard_error(project: Any) -> None:
    ran = project.run("apply", "--auto-approve")
    assert "Applied" in ran.out
    assert "[2/2]" in ran.err
    assert "[2/2]" not in ran.out


def test_a_progress_that_breaks_ends_an_apply_and_takes_no_report_away(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> str:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("reconciler.render.event_line", broken)
    ran = project.run("apply", "--auto-approve", "--threads", "1")
    assert ran.code == 1
    assert "internal error" in ran.err
    assert "Left: never started" in ran.out, "the plan was shown before, and this is the report"
    assert set(project.lock["resources"]) == {"workload_identity.invoice-agent"}


def test_without_a_terminal_there_is_no_colour_and_no_animation(project: Any) -> None:
    for command in (["plan"], ["apply", "--auto-approve"], ["plan"]):
        ran = project.other(*command)
        assert ESCAPE not in ran.out + ran.err
        assert "\r" not in ran.out + ran.err


def test_an_error_names_the_thing_and_the_next_step(project: Any) -> None:
    ran = project.run("plan", "--env", "prod")
    assert "reconciler.yaml declares no environment 'prod'" in ran.err
    assert "It declares: local." in ran.err
    assert ran.out == ""


def test_the_mistakes_of_a_manifest_come_all_at_once_with_their_places(project: Any) -> None:
    project.write("version: 1\nstack: payments\nworkloadIdentities:\n  x: {}\n  good-name: {colour: red}\n")
    ran = project.run("plan")
    assert {"reconciler.yaml:4", "reconciler.yaml:5"} <= set(re.findall(r"reconciler\.yaml:\d", ran.err))
    assert ran.out == ""


def test_a_plan_that_cannot_be_saved_is_shown_all_the_same(project: Any) -> None:
    ran = project.run("plan", "--out", "missing/folder/saved.plan")
    assert ran.code == 1
    assert "workload_identity.invoice-agent" in ran.out
    assert "missing/folder/saved.plan" in ran.err


def test_a_saved_plan_replaces_the_one_before_as_a_whole_and_leaves_nothing_beside_it(project: Any) -> None:
    saved = project.folder / "saved.plan"
    saved.write_text("old")
    saved.chmod(0o640)
    before = set(project.folder.iterdir())
    assert project.run("plan", "--out", "saved.plan", "--refresh", "none").code == 0
    assert json.loads(saved.read_text())["format_version"]
    assert saved.stat().st_mode & 0o777 == 0o640
    assert set(project.folder.iterdir()) == before


def test_a_new_saved_plan_is_for_its_owner_alone_and_an_export_for_everybody(project: Any) -> None:
    project.run("plan", "--out", "saved.plan")
    project.run("export", "--out", "all.yaml")
    modes = [(project.folder / name).stat().st_mode & 0o777 for name in ("saved.plan", "all.yaml")]
    assert modes == [0o600, 0o644]


def test_a_plan_can_be_saved_into_a_pipe(project: Any) -> None:
    os.mkfifo(project.folder / "pipe")
    process = project.spawn("plan", "--out", "pipe")
    text = (project.folder / "pipe").read_text()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(text)["created_at"]


@pytest.mark.parametrize("stream", ["/dev/stdout", "/dev/fd/1"])
def test_a_plan_saved_into_standard_output_takes_nothing_away_that_stands_there(project: Any, stream: str) -> None:
    piped = project.other("plan", "--out", stream)
    assert json.loads(piped.out.splitlines()[-1])["created_at"]
    log = project.folder / "log"
    log.write_text("before\n")
    with log.open("a") as out:
        assert project.other("plan", "--out", stream, stdout=out).code == 0
    lines = log.read_text().splitlines()
    assert lines[0] == "before"
    assert any("+ create" in line for line in lines)
    assert json.loads(lines[-1])["created_at"]


def test_a_reader_that_goes_away_ends_it_quietly(project: Any) -> None:
    project.declare(*(f"agent-{number:04}" for number in range(3000)))
    process = project.spawn("plan", "--refresh", "none")
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=30)
    assert said == ""


def test_a_reader_that_is_gone_from_the_start_keeps_apply_from_writing(project: Any) -> None:
    ran = subprocess.run(
        "python -m reconciler apply --auto-approve | true; exit ${PIPESTATUS[0]}",
        shell=True, executable="/bin/bash", cwd=project.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


def test_names_from_outside_cannot_steer_the_terminal(project: Any) -> None:
    with project.outside() as client:
        client.create_workload_identity(name="victim-agent", tags={"note": "ok"})
    project.write(
        "version: 1\nstack: payments\nenvironments: {local: {directory: embedded}}\n"
        'workloadIdentities: {"bad\\e[2Jname\\u202e": {}}\n'
    )
    for command in (
        ["validate"],
        ["plan"],
        ["adopt", "workload_identity.\x1b[2J", "--auto-approve"],
        ["plan", "\x1b[2J.yaml"],
        ["plan", "--\x1b[2J"],
        ["\x1b[2J"],
        ["show", "\x1b[2J.plan"],
        ["plan", "--env", "\x1b[2J"],
    ):
        ran = project.run(*command)
        assert ran.code == 1
        assert ESCAPE not in ran.out + ran.err
        assert "\u202e" not in ran.out + ran.err


def test_an_encoding_that_lacks_a_sign_does_not_end_the_program(project: Any) -> None:
    project.declare("agent-a", extra="# é\n")
    path = project.folder / "réconcilier.yaml"
    (project.folder / "reconciler.yaml").rename(path)
    ran = project.other("plan", str(path.name), env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert ran.code == 0, ran.err
    assert "agent-a" in ran.out


def test_an_embedded_directory_that_is_damaged_is_an_error_in_words(project: Any) -> None:
    (project.folder / ".reconciler").mkdir()
    (project.folder / ".reconciler" / "directory.sqlite").write_bytes(b"no database at all" * 100)
    ran = project.run("plan")
    assert ran.code == 1
    assert "directory.sqlite cannot be used" in ran.err


def test_an_internal_error_is_a_message_and_with_the_debug_log_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> ExitCode:
        raise ZeroDivisionError("division by zero")

    console = open_console(no_color=True)
    assert ending(broken, console) == ExitCode.ERROR
    said = capsys.readouterr().err
    assert "internal error in reconciler 0." in said
    assert "--log-level debug" in said
    assert "Traceback" not in said
    assert ending(broken, console, debug=True) == ExitCode.ERROR
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupted_reading_says_that_nothing_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> ExitCode:
        raise KeyboardInterrupt

    assert ending(interrupted, open_console(no_color=True)) == ExitCode.ERROR
    assert "nothing was written" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("plan",), ("validate", "--format", "json"), ("--help",), ("lock", "status")])
def test_streams_that_the_caller_closed_are_no_reason_to_fail(project: Any, arguments: tuple[str, ...]) -> None:
    for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
        ran = closing(project, arguments, closed)
        assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [("plan",), ("plan", "--format", "json"), ("lock", "show"), ("--help",)])
def test_a_full_disk_under_standard_output_is_an_error_and_says_so(project: Any, arguments: tuple[str, ...]) -> None:
    ran = closing(project, arguments, ">/dev/full")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "internal error" not in ran.stderr
    if arguments != ("--help",):
        assert "standard output cannot be written: No space left on device" in ran.stderr


def test_a_full_disk_under_standard_error_stops_no_apply(project: Any) -> None:
    assert closing(project, ("apply", "--auto-approve"), "2>/dev/full").returncode == 0
    assert len(project.lock["resources"]) == 2


def test_a_plan_that_could_not_be_shown_is_not_applied(project: Any) -> None:
    ran = closing(project, ("apply", "--auto-approve"), ">/dev/full")
    assert ran.returncode == 1
    assert not project.lockfile.exists()


@pytest.mark.parametrize("verb", ["plan", "export"])
@pytest.mark.parametrize(
    ("out", "what"), [("reconciler.yaml", "the manifest"), ("reconciler.local.lock.json", "a lockfile")]
)
def test_what_nobody_can_make_again_is_not_written_over(project: Any, verb: str, out: str, what: str) -> None:
    project.run("apply", "--auto-approve")
    before = Path(out).read_bytes()
    ran = project.run(verb, "--out", out)
    assert ran.code == 1
    assert f"--out {out} would replace {what}" in ran.err
    assert Path(out).read_bytes() == before


def test_a_part_of_a_manifest_folder_is_not_written_over(project: Any) -> None:
    (project.folder / "stack").mkdir()
    part = Path("reconciler.yaml").rename("stack/agents.yaml")
    ran = project.run("plan", "stack", "--out", "stack/agents.yaml")
    assert (ran.code, "would replace the manifest" in ran.err) == (1, True)
    assert part.read_text(encoding="utf-8").startswith("version: 1")


@pytest.mark.parametrize("file", ["pipe.yaml", "/dev/zero"])
def test_a_manifest_that_is_no_regular_file_is_not_waited_for(project: Any, file: str) -> None:
    os.mkfifo(project.folder / "pipe.yaml")
    ran = project.other("validate", file)
    assert ran.code == 1
    assert "is not a regular file" in ran.err


def closing(project: Any, arguments: tuple[str, ...], redirection: str) -> subprocess.CompletedProcess[str]:
    """The command run by a shell with that redirection."""
    line = f'exec "$0" -m reconciler "$@" {redirection}'
    return subprocess.run(
        ["sh", "-c", line, sys.executable, *arguments],
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
