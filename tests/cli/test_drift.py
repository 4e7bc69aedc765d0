"""`drift` from the command line: classes, exit codes, formats, several targets; and that it writes nothing but its memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.errors import StateError
from reconciler.schema_files import schema

URLS = ["https://app.example.com/oauth/callback", "https://evil.example/cb"]


@pytest.fixture
def applied(project: Any) -> Any:
    assert project.run("apply", "--auto-approve").code == 0
    return project


def as_json(project: Any, *arguments: str) -> tuple[int, dict[str, Any]]:
    ran = project.run("drift", *arguments, "--format", "json")
    raw = json.loads(ran.out)
    Draft202012Validator(schema("drift")).validate(raw)
    return ran.code, raw


def findings(raw: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["class"], one["name"], one["status"]) for target in raw["targets"] for one in target["findings"]]


def meddle(project: Any) -> None:
    with project.outside() as client:
        client.update_workload_identity(name="invoice-agent", allowedResourceOauth2ReturnUrls=URLS)


def test_no_drift(applied: Any) -> None:
    ran = applied.run("drift")
    assert (ran.code, ran.err) == (0, "")
    assert "No drift: what stands is what was applied." in ran.out
    code, raw = as_json(applied)
    assert (code, raw["has_drift"], raw["complete"], raw["summary"]) == (0, False, True, "no drift")


def test_what_changed_outside_is_told_with_its_line_and_who_did_it(applied: Any) -> None:
    applied.run("drift")
    meddle(applied)
    ran = applied.run("drift")
    assert ran.code == 2
    said = " ".join(ran.out.split())
    assert "workload_identity.invoice-agent was given the return URL https://evil.example/cb outside" in said
    assert "reconciler.yaml:6" in said
    assert "UpdateWorkloadIdentity at 20" in said


def test_text_json_and_exit_code_say_the_same(applied: Any) -> None:
    applied.run("drift")
    meddle(applied)
    code, raw = as_json(applied)
    assert (code, raw["has_drift"], raw["to_change"]) == (2, True, 1)
    assert findings(raw) == [("changed", "invoice-agent", "new")]
    code, raw = as_json(applied)
    assert (code, findings(raw)) == (2, [("changed", "invoice-agent", "standing")])
    code, raw = as_json(applied, "--new-only")
    assert (code, findings(raw)) == (0, [])
    assert (raw["has_drift"], raw["to_change"], raw["targets"][0]["hidden"]) == (None, 0, 1)
    assert "1 finding of earlier runs still stand" in applied.run("drift", "--new-only").out


def test_what_cannot_be_read_is_an_error_and_no_all_clear(applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    applied.run("drift")
    store = applied.folder / ".reconciler/directory.sqlite"
    store.write_bytes(b"not a database, " * 1000)
    ran = applied.run("drift", "--full")
    assert ran.code == 1


@pytest.mark.parametrize("where", ["json=/dev/full", "json=nowhere/at/all/drift.json"])
def test_what_no_report_showed_is_new_to_the_next_run(applied: Any, where: str) -> None:
    applied.run("drift")
    meddle(applied)
    with applied.outside() as client:
        client.create_workload_identity(name="stranger")
    assert applied.run("drift", "--new-only", "--output", where).code == 1
    code, raw = as_json(applied, "--new-only")
    assert (code, findings(raw)) == (2, [("changed", "invoice-agent", "new"), ("newcomer", "stranger", "new")])
    assert as_json(applied, "--new-only")[0] == 0


def test_what_was_found_is_shown_though_it_cannot_be_remembered(applied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    applied.run("drift")
    meddle(applied)
    with monkeypatch.context() as disk:
        disk.setattr("reconciler.state.memory.write_atomically", full)
        ran = applied.run("drift", "--without-trail")
    assert ran.code == 1
    assert "evil.example" in ran.out
    assert "the disk is full" in ran.err
    assert findings(as_json(applied)[1]) == [("changed", "invoice-agent", "new")]


def full(path: Any, *_: Any) -> None:
    raise StateError(f"{path} cannot be written: the disk is full")


def test_what_an_apply_does_meanwhile_is_not_told_as_done_outside(
    applied: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reconciler import watching

    applied.run("drift")
    looked = watching.look

    def and_then(*given: Any, **more: Any) -> Any:
        seen = looked(*given, **more)
        lock = json.loads(applied.lockfile.read_text())
        applied.lockfile.write_text(json.dumps({**lock, "serial": lock["serial"] + 1}))
        return seen

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(watching, "look", and_then)
        ran = applied.run("drift")
    assert (ran.code, ran.out) == (5, "")
    assert "was written while the directory was read" in ran.err
    assert applied.run("drift").code == 0


def test_without_a_lockfile_nobody_knows_what_should_stand(project: Any) -> None:
    ran = project.run("drift")
    assert ran.code == 1
    assert "there is no lockfile" in ran.err


def test_a_run_that_fails_leaves_no_report_of_an_earlier_one_as_its_own(applied: Any) -> None:
    assert applied.run("drift", "--output", "json=drift-report.json").code == 0
    report = applied.folder / "drift-report.json"
    assert json.loads(report.read_text())["has_drift"] is False
    applied.lockfile.unlink()
    ran = applied.run("drift", "--output", "json=drift-report.json")
    raw = json.loads(report.read_text())
    Draft202012Validator(schema("drift")).validate(raw)
    assert (ran.code, ran.out, raw["has_drift"], raw["complete"]) == (1, "", None, False)
    assert "there is no lockfile" in report.read_text()


def test_nothing_but_the_memory_is_written(applied: Any) -> None:
    before = {file.name: file.read_bytes() for file in applied.folder.iterdir() if file.is_file()}
    meddle(applied)
    applied.run("drift")
    after = {file.name: file.read_bytes() for file in applied.folder.iterdir() if file.is_file()}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"reconciler.local.drift.json", "reconciler.local.drift.json.guard"}


def test_a_damaged_memory_says_what_to_do(applied: Any) -> None:
    applied.run("drift")
    (applied.folder / "reconciler.local.drift.json").write_text("{", encoding="utf-8")
    ran = applied.run("drift")
    assert ran.code == 1
    assert "Remove it: the next run reads everything and tells what stands as new." in ran.err


def test_while_an_apply_is_at_work_nothing_is_looked_at(applied: Any) -> None:
    from reconciler.state import LocalState

    with LocalState(applied.lockfile).exclusive("apply"):
        ran = applied.other("drift")
    assert (ran.code, ran.out) == (5, "")
    assert "is being written by" in ran.err
    assert "Run this again when that is done." in ran.err


def test_what_runs_remember_is_not_written_by_one_that_lost_its_lock(applied: Any) -> None:
    from reconciler.state import LocalState

    applied.run("drift")
    with LocalState(applied.lockfile).remembering("drift") as remembered:
        memory = remembered.read()
        assert memory is not None
        (applied.folder / "reconciler.local.drift.json.guard").unlink()
        with pytest.raises(StateError, match="removed or replaced in mid-run"):
            remembered.write(memory)


def test_a_second_run_leaves_at_once(applied: Any) -> None:
    from reconciler.state import LocalState

    with LocalState(applied.lockfile).remembering("drift"):
        ran = applied.other("drift")
    assert ran.code == 5
    assert "reconciler.local.drift.json is locked" in ran.err
    assert "Nothing was looked at. Run this again when that run is done" in ran.err
    assert "--lock-timeout" not in ran.err


def test_what_is_declared_and_not_applied_is_told_only_against_the_manifest(applied: Any) -> None:
    applied.declare("invoice-agent", "ledger-agent", "new-agent")
    assert applied.run("drift").code == 0
    code, raw = as_json(applied, "--against", "manifest")
    assert code == 2
    assert ("unapplied", "new-agent", "new") in findings(raw)
    assert raw["targets"][0]["against"] == "manifest"
    ran = applied.run("drift", "--against", "manifest")
    assert "workload_identity.new-agent is declared, and not applied yet" in ran.out
    assert "critical" not in ran.out
    assert "Compared with what the manifest declares" in ran.out


def test_what_is_not_applied_yet_is_told_apart_from_what_changed_outside(applied: Any) -> None:
    applied.run("drift")
    meddle(applied)  # invoice-agent, whose URL and tags are declared otherwise from now on
    applied.declare("invoice-agent", "new-agent")
    code, raw = as_json(applied, "--against", "manifest")
    told = {
        (one["class"], one["name"], one["attribute"]): one for target in raw["targets"] for one in target["findings"]
    }
    urls = "allowedResourceOauth2ReturnUrls"
    assert (code, set(told)) == (
        2,
        {
            ("changed", "invoice-agent", urls),
            ("unapplied", "invoice-agent", urls),
            ("unapplied", "invoice-agent", "tags"),
            ("unapplied", "ledger-agent", ""),
            ("unapplied", "new-agent", ""),
        },
    )
    changed = told["changed", "invoice-agent", urls]
    assert (changed["level"], changed["before"], changed["after"]) == ("critical", URLS[:1], URLS)
    assert "was given the return URL https://evil.example/cb outside" in changed["summary"]
    declared = told["unapplied", "invoice-agent", urls]
    assert (declared["before"], declared["after"]) == (["https://app.example.com/invoice-agent"], URLS)
    for key, one in told.items():
        if key[0] == "unapplied":
            assert (one["level"], one["events"], one["untraced"]) == ("notice", [], "")
            assert "not applied yet" in one["summary"]
    assert told["unapplied", "new-agent", ""]["address"] is None
    assert told["unapplied", "new-agent", ""]["source"]["line"] > 0
    assert told["unapplied", "ledger-agent", ""]["address"] == "workload_identity.ledger-agent"
    assert raw["summary"] == "1 changed, 3 not applied yet"
    text = applied.run("drift", "--against", "manifest").out
    assert "Drift: 1 changed, 3 not applied yet." in text
    assert "Unchanged: -" not in text
    assert text.count("UpdateWorkloadIdentity at") == 1
    assert "Who did it is not known" not in text


def test_a_name_that_is_declared_otherwise_and_not_applied_yet(applied: Any) -> None:
    applied.declare("ledger-agent")
    applied.run("apply", "--auto-approve", "--allow-deletes", "1")
    applied.declare("renamed-agent")
    text = (applied.folder / "reconciler.yaml").read_text(encoding="utf-8")
    applied.write(text.replace("  renamed-agent:\n", "  renamed-agent:\n    previously: ledger-agent\n"))
    _, raw = as_json(applied, "--against", "manifest")
    named = [one for target in raw["targets"] for one in target["findings"] if one["attribute"] == "name"]
    assert [(one["class"], one["before"], one["after"]) for one in named] == [
        ("unapplied", "renamed-agent", "ledger-agent")
    ]


def test_what_is_as_declared_is_told_as_such(applied: Any) -> None:
    assert "No drift: what stands is what the manifest declares." in applied.run("drift", "--against", "manifest").out


def test_drift_in_one_target_wins_over_a_lock_on_another(project: Any) -> None:
    from reconciler.state import LocalState

    project.declare(
        "invoice-agent",
        head="environments: {a: {directory: embedded}, b: {directory: embedded, account: '111111111111'}}",
    )
    assert project.run("apply", "--all", "--auto-approve").code == 0
    with LocalState(project.folder / "reconciler.b.lock.json").remembering("drift"):
        code, raw = as_json(project, "--all")
        assert (code, raw["has_drift"], raw["complete"]) == (5, None, False)
        meddle(project)
        code, raw = as_json(project, "--all")
        assert (code, raw["has_drift"], raw["complete"]) == (2, True, False)


def test_several_targets_are_one_report(project: Any) -> None:
    project.declare(
        "one-agent", head="environments: {a: {directory: embedded}, b: {directory: embedded, account: '111111111111'}}"
    )
    assert project.run("apply", "--all", "--auto-approve").code == 0
    code, raw = as_json(project, "--all")
    assert (code, [one["environment"] for one in raw["targets"]]) == (0, ["a", "b"])
    (project.folder / "reconciler.b.lock.json").unlink()
    code, raw = as_json(project, "--all")
    assert code == 1
    assert [one["environment"] for one in raw["failures"]] == ["b"]
    assert raw["complete"] is False


def test_reports_are_written_in_every_format(applied: Any, tmp_path: Path) -> None:
    applied.run("drift")
    meddle(applied)
    forms = ("text", "json", "markdown", "html", "sarif", "gitlab", "junit", "labels", "summary", "annotations")
    words = [word for form in forms for word in ("--output", f"{form}={tmp_path / form}")]
    assert applied.run("drift", *words).code == 2
    for form in forms:
        assert (tmp_path / form).stat().st_size, form
    assert "drift-changed" in (tmp_path / "sarif").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments", [["--existence", "trail", "--without-trail"], ["--full-every", "soon"], ["--plan", "reconciler.yaml"]]
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(applied: Any, arguments: list[str]) -> None:
    ran = applied.run("drift", *arguments)
    assert ran.code == 1
    assert not (applied.folder / "reconciler.local.drift.json").exists()
